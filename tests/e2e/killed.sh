#!/bin/sh
# kill -9 of the harness at random moments, then `plumbline clean`: no cgroup, mount, process or file of that run is left. Other runs may be alive
# on this machine, so every check looks at the killed run's own name, and at a word in the environment of its processes.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline
kills=${KILLS:-26} # of each runtime
span_ms=800 # later than the first case's start, earlier than the end of the selection; grows on a loaded machine

[ "$(id -u)" = 0 ] || { skip 'kill -9 of the harness' 'worlds need root'; exit 0; }

# A number below $1, for moments that no two runs of this script share.
below() { echo $(($(od -An -N4 -tu4 /dev/urandom) % $1)); }
pause_ms() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

# Pids of live processes that have the tag in their environment, or lie in a cgroup of the run. A zombie waits for whoever
# inherited it, and holds nothing.
processes_of() {
	{
		grep -lzxF "PLUMBLINE_TEST_TAG=$1" /proc/[0-9]*/environ
		[ -z "$2" ] || grep -lF "$2" /proc/[0-9]*/cgroup
	} 2> /dev/null | cut -d/ -f3 | sort -u | while read -r pid; do
		grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2> /dev/null || echo "$pid"
	done
}

# What is left of run $1 (tag $2, directory $3), one line each.
left_of() {
	find /sys/fs/cgroup/ -type d -name "$1*" -prune 2> /dev/null
	grep -F "$1" /proc/self/mountinfo
	find /tmp /run /var/tmp /var/lib /dev/shm -name "*$1*" 2> /dev/null
	for pid in $(processes_of "$2" "$1"); do
		printf 'process %s: %s\n' "$pid" "$(tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null)"
	done
	find "$3" -type f ! -name '*.json' ! -name 'cases.jsonl' ! -name '*.rec' 2> /dev/null
	# A killed run stays readable: whole lines, whole observations.
	find "$3" -type f -name '*.json*' -exec sh -c 'for f; do [ -z "$(tail -c 1 "$f")" ] || echo "half of $f"; done' sh {} + 2> /dev/null
}

# one RUNTIME NUMBER RECORD: adds to $W/bad what is left, to $W/moments one word.
one() {
	tag=$2.$$
	PLUMBLINE_TEST_TAG=$tag "$plumbline" test 'oci/lifecycle/*' 'oci/hooks/*' 'oci/kill/*' --runtime "$1" --jobs 2 --record "$3" --out "$W/run-$2" > /dev/null 2>&1 &
	pid=$!
	pause_ms "$(below $span_ms)"
	# Stopped first, so that what it holds can be read at the very moment of its death.
	if ! kill -STOP "$pid" 2> /dev/null; then
		echo ended >> "$W/moments"
		wait "$pid"
		return
	fi
	run=$(find "/proc/$pid/fd" -type l -printf '%l\n' 2> /dev/null | sed -n 's,^/sys/fs/cgroup/.*/\(plumbline-[0-9]*-[0-9]*-[0-9a-f]*\)$,\1,p' | head -n 1)
	# Which worlds there are now says how far it had come.
	find /sys/fs/cgroup/pids/ -type d -name "${run:-none}" -exec find {} -mindepth 1 -type d \; 2> /dev/null | grep -q . && echo inside >> "$W/worlds"
	kill -KILL "$pid"
	wait "$pid" 2> /dev/null
	if [ -z "$run" ]; then
		echo early >> "$W/moments"
		[ $span_ms -ge 3000 ] || span_ms=$((span_ms + 200))
		"$plumbline" clean none > "$W/clean" 2>&1
		processes_of "$tag" '' >> "$W/bad"
		return
	fi
	echo running >> "$W/moments"
	"$plumbline" clean "$run" > "$W/clean" 2>> "$W/clean.err"
	left_of "$run" "$tag" "$W/run-$2" > "$W/left"
	sed "s/^/$run: /" "$W/left" >> "$W/bad"
}

for runtime in plumbline-oci crun; do
	if [ $runtime = plumbline-oci ]; then path=$bin/plumbline-oci; else path=$(command -v crun); fi
	[ -n "$path" ] || { skip "kill -9 with $runtime" 'it is not installed'; continue; }
	: > "$W/bad" && : > "$W/moments" && : > "$W/worlds" && : > "$W/clean.err"
	n=0
	while [ $n -lt "$kills" ]; do
		n=$((n + 1))
		one "$path" "$runtime-$n" "$([ $((n % 3)) = 0 ] && echo auto || echo off)"
	done
	cat "$W/bad" "$W/clean.err" >&2
	is "$runtime: $kills times kill -9 and clean, nothing is left" '' "$(head -c 600 "$W/bad")"
	is "$runtime: clean had nothing to complain about" '' "$(head -c 600 "$W/clean.err")"
	running=$(grep -c running "$W/moments")
	check "$runtime: enough of them hit a run ($running of $kills, $(grep -c . "$W/worlds") with live worlds)" test "$running" -ge $((kills / 3))
done

# Janitors that look all the time take nothing away from runs that are just starting.
if path=$(command -v crun); then
	: > "$W/racing"
	for janitor in 1 2; do
		while [ -e "$W/racing" ]; do "$plumbline" clean > /dev/null 2>> "$W/janitor-$janitor"; done &
	done
	failed=0 n=0
	while [ $n -lt 12 ]; do
		n=$((n + 1))
		"$plumbline" test oci/lifecycle/start_runs_the_program --runtime "$path" --record off --out "$W/raced" > /dev/null 2>> "$W/race.err" || failed=$((failed + 1))
	done
	rm "$W/racing"
	wait
	cat "$W/race.err" >&2
	is 'runs that start beside janitors' '0 of 12 failed' "$failed of $n failed"
	is 'the janitors had nothing to complain about' '' "$(cat "$W"/janitor-*)"
fi
