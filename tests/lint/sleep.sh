#!/bin/sh
# Nothing waits by sleeping: there is always a descriptor, a process or a deadline to wait for.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2086 # names of our own folders hold no blanks
found 'no sleep' "$(grep -nE '\b(sleep|usleep|nanosleep|clock_nanosleep)[[:space:]]*\(' -r $folders --include='*.[ch]')"
