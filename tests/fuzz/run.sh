#!/bin/sh
# Runs both fuzzers for FUZZ_SECONDS each (60) on a copy of the corpus in the tree. What breaks a promise is kept in build/fuzz
# and belongs, made small, into tests/fuzz/corpus.
set -u
cd "$(dirname "$0")/../.." || exit 1
status=0
for target in config state; do
	grown=build/fuzz/corpus-$target
	mkdir -p "$grown"
	# Field names and words, so that it need not guess them.
	grep -oh '"[A-Za-z0-9_.:/-][A-Za-z0-9_.:/-]*"' tests/fuzz/corpus/$target/* | sort -u | sed 's|/|\\x2f|g' > build/fuzz/words-$target
	if "build/fuzz/fuzz-$target" -max_total_time="${FUZZ_SECONDS:-60}" -max_len=16384 -timeout=10 -rss_limit_mb=2048 \
		-dict="build/fuzz/words-$target" -artifact_prefix="build/fuzz/$target-" -print_final_stats=1 \
		"$grown" "tests/fuzz/corpus/$target" > "build/fuzz/$target.log" 2>&1; then
		printf 'ok fuzz-%s: %s inputs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log")"
	else
		tail -n 40 "build/fuzz/$target.log"
		printf 'not ok fuzz-%s: see build/fuzz/%s.log\n' "$target" "$target"
		status=1
	fi
done
exit $status
