#!/bin/sh
# Mistakes inside the CRI server that no case of the harness is about: each must make the unit tests fail that its row names.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

tests=$top/build/tests/cri-faulty
# A test that fails leaves its files.
export TMPDIR="$W"
tab=$(printf '\t')
sed -n "s/^\([^$tab]*\)${tab}cri$tab.*${tab}built$tab(tests\/cri: \([a-z_]*\))$/\1 \2/p" fixtures/faults.tsv > "$W/rows"
check 'there are rows' test "$(wc -l < "$W/rows")" -ge 30
cut -d' ' -f2 "$W/rows" | sort -u > "$W/suites"
while read -r suite; do
	CK_RUN_SUITE=$suite "$tests" > "$W/out" 2>&1
	is "$suite passes without a fault" '0 failed' "$(tail -n 1 "$W/out" | grep -o '[0-9]* failed')"
done < "$W/suites"
while read -r fault suite; do
	PLUMBLINE_FAULT=$fault CK_RUN_SUITE=$suite "$tests" > "$W/out" 2>&1
	case $(tail -n 1 "$W/out") in
	*' 0 failed'*) not_ok "$fault is noticed" "all of $suite passed" ;;
	*' failed'*) ok "$fault is noticed" ;;
	*) not_ok "$fault is noticed" "$(tail -n 1 "$W/out")" ;;
	esac
done < "$W/rows"
