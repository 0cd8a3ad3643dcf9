#!/bin/bash
# cri-rpc.sh [ROUNDS]: what the wire costs in plumbline-cri and in containerd, turn by turn: Version over one connection, and memory.
# cri-rpc.sh start [ROUNDS]: the time from the start of the server to its first answer, and what it ran on a processor for by then.
# Root; a world of its own.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ "${IN_WORLD:-}" != yes ]; then
	IN_WORLD=yes exec tests/oci/world.sh "$PWD/tests/bench/cri-rpc.sh" "$@"
fi
what=wire
[ "${1:-}" != start ] || { what=start && shift; }
rounds=${1:-20} bin=$PWD/build/bin W=/run/w
tests/cri/containerd-config.sh "$W" "$bin/plumbline-oci" overlayfs
declare -A server
server[plumbline-cri]="$bin/plumbline-cri --listen $W/plumbline-cri.sock --root $W/root --state $W/state"
server[containerd]="containerd --config $W/config.toml"

call() { "$bin/plumbline-cri-call" --endpoint "$W/$1.sock" "${@:2}"; }
median() { sort -n | awk '{ row[NR] = $1 } END { if (NR) print row[int((NR + 1) / 2)] }'; }
# start NAME: its pid is $pid.
start() {
	# shellcheck disable=SC2086 # words
	${server[$1]} 2> "$W/$1.log" > /dev/null &
	pid=$!
	until [ -S "$W/$1.sock" ] && call "$1" Version > /dev/null 2>&1; do
		kill -0 "$pid" 2> /dev/null || { cat "$W/$1.log" >&2 && exit 1; }
	done
}
stop() {
	kill "$pid"
	wait "$pid"
	rm -f "$W/$1.sock"
}
# A row of start-ups is begun without what an earlier server left.
first_answer() {
	rm -rf "$W/root" "$W/state" "$W/containerd" "$W/containerd-state"
	# shellcheck disable=SC2086 # words
	"$bin/../tests/first-answer" "$W/$1.sock" ${server[$1]} 2> "$W/$1.log" >> "$W/$1.start" || { tail -n 1 "$W/$1.log" >&2 && exit 1; }
}
of_column() { cut -d ' ' -f "$2" "$W/$1.start" | median; }

for name in plumbline-cri containerd; do
	command -v "${server[$name]%% *}" > /dev/null || unset "server[$name]"
done
if [ $what = start ]; then
	for ((round = 0; round < rounds; round++)); do
		for name in "${!server[@]}"; do first_answer "$name"; done
	done
	for name in "${!server[@]}"; do
		printf '%s: start to first answer %s us (%s to %s), %s us of them on a processor; medians of %s\n' "$name" "$(of_column "$name" 1)" \
			"$(sort -n "$W/$name.start" | head -n 1 | cut -d ' ' -f 1)" "$(sort -n "$W/$name.start" | tail -n 1 | cut -d ' ' -f 1)" \
			"$(of_column "$name" 2)" "$rounds"
	done
	[ ${#server[@]} -lt 2 ] || paste -d ' ' "$W"/{plumbline-cri,containerd}.start |
		awk '{ print $1 / $3 }' | median | sed 's/^/plumbline-cri to containerd, median of the ratios of the rounds: /'
	uptime
	exit
fi
for ((round = 0; round < rounds; round++)); do
	for name in "${!server[@]}"; do
		start "$name"
		call "$name" --repeat 2000 Version > "$W/times"
		sed 's/.*"p50_ms":\([0-9.]*\).*/\1/' "$W/times" >> "$W/$name.p50"
		sed 's/.*"p99_ms":\([0-9.]*\).*/\1/' "$W/times" >> "$W/$name.p99"
		sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" >> "$W/$name.rss"
		stop "$name"
	done
done
for name in "${!server[@]}"; do
	printf '%s: Version p50 %s ms, p99 %s ms; resident %s kB\n' "$name" "$(median < "$W/$name.p50")" "$(median < "$W/$name.p99")" \
		"$(median < "$W/$name.rss")"
done
