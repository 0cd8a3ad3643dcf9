#!/bin/sh
# Writes the table of areas from the names of the case files: DIR/oci/mounts.c must define `oci_mounts`.
set -eu
files=$(find "$@" -name '*.c' | LC_ALL=C sort)
symbols=
for dir in "$@"; do
	for f in $(printf '%s\n' "$files" | grep "^$dir/" || true); do
		name=${f#"$dir"/}
		symbols="$symbols $(printf '%s' "${name%.c}" | tr '/-' '__')"
	done
done
printf '/* Generated from the case files; do not edit. */\n#include "harness/area.h"\n\n'
for s in $symbols; do printf 'extern const struct area %s;\n' "$s"; done
printf '\nconst struct area *const areas[] = {\n'
for s in $symbols; do printf '\t&%s,\n' "$s"; done
printf '\tNULL,\n};\n'
