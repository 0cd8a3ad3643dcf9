# Sourced by the checks: they stand in the root of their own tree, and each prints "ok NAME" or "not ok NAME: why".
# shellcheck shell=sh
cd "$(dirname "$0")/../.." || exit 1

# What our sources are compiled with, for tools that read them as a compiler does; the quotes are C's.
# shellcheck disable=SC2034,SC2089 # for the scripts
flags='-std=gnu11 -Ulinux -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Ibuild -DPLUMBLINE_VERSION="lint"'
# shellcheck disable=SC2034 # for the scripts
folders='base bpf harness reports cases runtime-under-test tests'

# tool PROGRAM PACKAGE NAME: a missing tool is a failure, or a machine without it would pass everything.
tool() {
	command -v "$1" > /dev/null && return
	printf 'not ok %s: %s is missing; apt-get install %s\n' "$3" "$1" "$2"
	exit 1
}
# user_sources FOLDER...: the sources that are compiled for this machine, not for the kernel.
user_sources() {
	find "$@" -name '*.c' ! -name '*.bpf.c' | LC_ALL=C sort
}
# found NAME TEXT: nothing found is good.
found() {
	if [ -z "$2" ]; then
		printf 'ok %s\n' "$1"
	else
		printf '%s\n' "$2" >&2
		printf 'not ok %s: %s\n' "$1" "$(printf '%s\n' "$2" | head -n 3 | tr '\n' ' ')"
	fi
}
# clean NAME COMMAND...: the tool's exit status decides; a tool that dies is no tool that found nothing.
clean() {
	name=$1
	shift
	if said=$("$@" 2>&1); then
		found "$name" ''
	else
		worst=$(printf '%s\n' "$said" | grep -E '(error|warning):')
		found "$name" "${worst:-$1 ended with status $?: $said}"
	fi
}
