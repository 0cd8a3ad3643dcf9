#!/bin/sh
# Shell scripts, as shellcheck reads them.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

tool shellcheck shellcheck 'shellcheck finds nothing'
# shellcheck disable=SC2046 # names of our own files hold no blanks
clean 'shellcheck finds nothing' shellcheck -f gcc -x -S warning $(find .ci tests harness -type f \( -name '*.sh' -o -path .ci/run \))
