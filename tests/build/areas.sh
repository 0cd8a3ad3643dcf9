#!/bin/sh
# Writes the table of areas from the names of the case files: DIR/oci/mounts.c must define `oci_mounts`.
set -eu

symbols=$(for dir; do
	[ -d "$dir" ] || { echo "areas: $dir is no directory of cases" >&2; exit 1; }
	(cd "$dir" && find . -name '*.c') | LC_ALL=C sort | sed -e 's|^\./||' -e 's|\.c$||' -e 's|[^A-Za-z0-9_]|_|g'
done) || exit 1

printf '/* Generated from the names of the case files; do not edit. */\n#include "harness/area.h"\n\n'
for symbol in $symbols; do printf 'extern const struct area %s;\n' "$symbol"; done
printf '\nconst struct area *const areas[] = {\n'
for symbol in $symbols; do printf '\t&%s,\n' "$symbol"; done
printf '\tNULL,\n};\n'
