#!/bin/sh
# clang-format decides the layout (.clang-format; `make format` applies it). The tables of cases and their language are
# exempt: their columns carry meaning.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

name='clang-format changes nothing'
tool clang-format clang-format "$name"
# shellcheck disable=SC2046,SC2086 # names of our own files hold no blanks
clean "$name" clang-format --style=file --dry-run --Werror \
	$(find $folders -name '*.[ch]' ! -path 'cases/*' ! -path harness/case.h)
