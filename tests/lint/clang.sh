#!/bin/sh
# What clang warns of and gcc does not.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

name='clang warns of nothing'
tool clang clang "$name"
# shellcheck disable=SC2046,SC2086,SC2090 # flags are words; names of our own files hold no blanks
clean "$name" clang -fsyntax-only -Werror $flags -Wall -Wextra -Wshadow -Wno-missing-field-initializers \
	$(user_sources base bpf harness reports cases runtime-under-test)
