#!/bin/sh
# Runs each fuzzer for FUZZ_SECONDS each (60) on a copy of the corpus in the tree. What breaks a promise is kept in build/fuzz
# and belongs, made small, into tests/fuzz/corpus.
set -u
cd "$(dirname "$0")/../.." || exit 1
status=0
for target in config state recording frames request layer image yaml; do
	grown=build/fuzz/corpus-$target seeds=tests/fuzz/corpus/$target length=16384
	mkdir -p "$grown"
	# Recordings are seeds as they are, and longer than a config.
	[ "$target" != recording ] || { seeds=fixtures/recordings length=262144; }
	# Field names and words, so that it need not guess them.
	printf '"PLMBREC"\n' > "build/fuzz/words-$target"
	case $target in config | state) grep -oh '"[A-Za-z0-9_.:/-][A-Za-z0-9_.:/-]*"' tests/fuzz/corpus/$target/* | sort -u | sed 's|/|\\x2f|g' > build/fuzz/words-$target ;; esac
	if "build/fuzz/fuzz-$target" -max_total_time="${FUZZ_SECONDS:-60}" -max_len="$length" -timeout=10 -rss_limit_mb=2048 \
		-dict="build/fuzz/words-$target" -artifact_prefix="build/fuzz/$target-" -print_final_stats=1 \
		"$grown" "$seeds" > "build/fuzz/$target.log" 2>&1; then
		printf 'ok fuzz-%s: %s inputs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log")"
	else
		tail -n 40 "build/fuzz/$target.log"
		printf 'not ok fuzz-%s: see build/fuzz/%s.log\n' "$target" "$target"
		status=1
	fi
done
exit $status
