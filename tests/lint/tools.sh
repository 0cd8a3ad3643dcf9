#!/bin/sh
# What other people's tools say: shellcheck, clang's warnings, cppcheck. A missing tool is a failure.
set -u
cd "$(dirname "$0")/../.." || exit 1

# tool NAME PACKAGE COMMAND...
tool() {
	name=$1 package=$2
	shift 2
	if ! command -v "$1" > /dev/null; then
		printf 'not ok %s: %s is missing; apt-get install %s\n' "$name" "$1" "$package"
	elif "$@" >&2; then
		printf 'ok %s\n' "$name"
	else
		printf 'not ok %s: see above\n' "$name"
	fi
}
# shellcheck disable=SC2046 # names of our own files hold no blanks
tool shellcheck shellcheck shellcheck -x -S warning .ci/run $(find tests -name '*.sh')
# shellcheck disable=SC2046 # names of our own files hold no blanks
folders='base harness reports cases runtime-under-test/faulty'
[ ! -e runtime-under-test/oci/create.c ] || folders="$folders runtime-under-test/oci"
# shellcheck disable=SC2046,SC2086 # names of our own files hold no blanks
tool 'clang warns of nothing' clang clang -fsyntax-only -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Ibuild \
	-DPLUMBLINE_VERSION='"lint"' -Wall -Wextra -Wshadow -Wno-missing-field-initializers -Werror \
	$(find $folders -name '*.c')
# It does not know the cleanup attribute (memleak), and the probe dies by a null pointer on purpose.
tool 'cppcheck finds nothing' cppcheck cppcheck -q -j2 --error-exitcode=1 --inline-suppr --suppress=redundantInitialization --suppress=memleak \
	--suppress=nullPointer:harness/probe/try_flow.c \
	--std=c11 -D__linux__ -I. base harness reports
