#!/bin/sh
# A file that does one thing is short: no function over 50 lines, no file over 600.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2086 # names of our own folders hold no blanks
sources=$(find $folders -name '*.[ch]' | LC_ALL=C sort)

# Lines between the braces that stand alone in the first column, where clang-format puts those of a function.
# shellcheck disable=SC2086
found 'no function over 50 lines' "$(awk -v max=50 '
	FNR == 1 { start = 0 }
	/^\{/ { start = FNR; head = before }
	/^\}/ && start {
		if (FNR - start - 1 > max)
			printf "%s:%d: %s has %d lines\n", FILENAME, start, head, FNR - start - 1
		start = 0
	}
	{ before = $0 }' $sources)"
# shellcheck disable=SC2086
found 'no file over 600 lines' "$(wc -l $sources | awk '$2 != "total" && $1 > 600 { print $2 " has " $1 " lines" }')"
