#!/bin/bash
# cri-rpc.sh [ROUNDS]: what the wire costs in plumbline-cri and in containerd, turn by turn: Version over one connection, the time from
# the start of the server to its first answer (less what the caller itself takes), and memory. Root; a world of its own.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ "${IN_WORLD:-}" != yes ]; then
	IN_WORLD=yes exec tests/oci/world.sh "$PWD/tests/bench/cri-rpc.sh" "$@"
fi
rounds=${1:-10} bin=$PWD/build/bin W=/run/w
cat > "$W/config.toml" << TOML
version = 2
root = "$W/containerd"
state = "$W/containerd-state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs",
	"io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$W/containerd.sock"
[ttrpc]
  address = "$W/containerd.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
TOML
declare -A server
server[plumbline-cri]="$bin/plumbline-cri --listen $W/plumbline-cri.sock --root $W/root --state $W/state"
server[containerd]="containerd --config $W/config.toml"

call() { "$bin/plumbline-cri-call" --endpoint "$W/$1.sock" "${@:2}"; }
median() { sort -n | awk '{ row[NR] = $1 } END { if (NR) print row[int((NR + 1) / 2)] }'; }
now_us() { echo "${EPOCHREALTIME/./}"; }
# start NAME: the microseconds until it answered; its pid is $pid.
start() {
	local begun
	begun=$(now_us)
	# shellcheck disable=SC2086 # words
	${server[$1]} 2> "$W/$1.log" > /dev/null &
	pid=$!
	until [ -S "$W/$1.sock" ] && call "$1" Version > /dev/null 2>&1; do
		kill -0 "$pid" 2> /dev/null || { cat "$W/$1.log" >&2 && exit 1; }
	done
	took=$(($(now_us) - begun))
}
stop() {
	kill "$pid"
	wait "$pid"
	rm -f "$W/$1.sock"
}

for name in plumbline-cri containerd; do
	command -v "${server[$name]%% *}" > /dev/null || unset "server[$name]"
done
for ((round = 0; round < rounds; round++)); do
	for name in "${!server[@]}"; do
		start "$name"
		echo "$took" >> "$W/$name.start"
		begun=$(now_us)
		call "$name" Version > /dev/null
		echo $(($(now_us) - begun)) >> "$W/$name.caller"
		call "$name" --repeat 2000 Version > "$W/times"
		sed 's/.*"p50_ms":\([0-9.]*\).*/\1/' "$W/times" >> "$W/$name.p50"
		sed 's/.*"p99_ms":\([0-9.]*\).*/\1/' "$W/times" >> "$W/$name.p99"
		sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" >> "$W/$name.rss"
		stop "$name"
	done
done
for name in "${!server[@]}"; do
	printf '%s: Version p50 %s ms, p99 %s ms; start to first answer %s us (caller alone: %s us); resident %s kB\n' "$name" \
		"$(median < "$W/$name.p50")" "$(median < "$W/$name.p99")" \
		$(($(median < "$W/$name.start") - $(median < "$W/$name.caller"))) "$(median < "$W/$name.caller")" "$(median < "$W/$name.rss")"
done
