#!/bin/sh
# Measures what people wait for: a whole run on each runtime here, single commands, sizes. Medians of interleaved rounds:
# load from elsewhere meets all of them alike. It judges nothing. ROUNDS=5 JOBS=2 tests/bench.sh
set -eu
cd "$(dirname "$0")/.."

rounds=${ROUNDS:-5} jobs=${JOBS:-2}
bin=build/bin
plumbline=$bin/plumbline
W=$(mktemp -d "${TMPDIR:-/tmp}/plumbline-bench.XXXXXX")
trap 'rm -rf "$W"' EXIT
trap 'exit 130' INT TERM

# Starting date(1) is part of what is measured: about a millisecond.
now_ms() {
	ns=$(date +%s%N)
	echo "${ns%??????}"
}

# timed LABEL COMMAND...: one line "LABEL=MS" for the table; the command's verdicts do not matter here.
timed() {
	label=$1
	shift
	begin=$(now_ms)
	"$@" > "$W/out" 2> "$W/err" || status=$?
	end=$(now_ms)
	case ${status:-0} in
	0 | 1 | 5 | 6) printf '%s=%s\n' "$label" $((end - begin)) >> "$W/times" ;;
	*) printf '%s: ended with %s: %s\n' "$label" "$status" "$(tail -n 1 "$W/err")" >&2 ;;
	esac
	status=0
}

# median LABEL: the middle of its times, with the least and the most.
median() {
	sed -n "s|^$1=||p" "$W/times" | sort -n | awk '{ t[NR] = $1 }
		END { if (NR) printf "%9d  %7d .. %d\n", t[int((NR + 1) / 2)], t[1], t[NR]; else print "        -" }'
}

runtimes=
for runtime in crun runc "$bin/plumbline-oci"; do
	command -v "$runtime" > /dev/null && runtimes="$runtimes $runtime"
done
: > "$W/times"

round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	[ ! -t 2 ] || printf '\rround %s of %s ' $round "$rounds" >&2
	for runtime in $runtimes; do
		name=$(basename "$runtime")
		timed "run:$name" "$plumbline" test --runtime "$runtime" --jobs "$jobs" --out "$W/run"
		rm -rf "$W/run"
		timed "one:$name" "$plumbline" test oci/lifecycle/start_runs_the_program --runtime "$runtime" --out "$W/run"
		rm -rf "$W/run"
	done
	timed list "$plumbline" list
	timed 'list clauses' "$plumbline" list clauses --coverage
	timed help "$plumbline" help
done
[ ! -t 2 ] || printf '\r                     \r' >&2

cases=$("$plumbline" list 2> /dev/null | wc -l)
printf '%s, %s CPUs, %s rounds, %s jobs, %s cases\n\n' "$(uname -sr)" "$(nproc)" "$rounds" "$jobs" "$cases"
printf '%-40s %9s  %s\n' 'milliseconds' 'median' '  least .. most'
for runtime in $runtimes; do
	name=$(basename "$runtime")
	printf '%-40s %s\n' "all cases on $name" "$(median "run:$name")"
	printf '%-40s %s\n' "one case on $name" "$(median "one:$name")"
done
for name in list 'list clauses' help; do
	printf '%-40s %s\n' "plumbline $name" "$(median "$name")"
done

printf '\n%-40s %9s\n' 'kilobytes' 'size'
for program in "$bin"/*; do
	[ -f "$program" ] || continue
	strip -o "$W/stripped" "$program" 2> /dev/null || cp "$program" "$W/stripped"
	printf '%-40s %9s\n' "$(basename "$program"), stripped" "$(($(stat -c %s "$W/stripped") / 1024))"
done
