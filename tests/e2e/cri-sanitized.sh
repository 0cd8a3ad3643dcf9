#!/bin/sh
# The CRI server and its monitors under the address, leak and undefined-behaviour sanitizers: ten thousand calls, good and bad, and
# the lives of some pods.
# shellcheck source=tests/e2e/cri-life-lib.sh
. "$(dirname "$0")/cri-life-lib.sh"

san=$top/build/san/bin
for program in plumbline-cri plumbline-monitor; do
	[ -x "$san/$program" ] && continue
	skip 'the CRI server under sanitizers' "$program is not built: make SAN=address,undefined"
	exit 0
done
# The server finds the others beside itself. plumbline-unpack limits its memory, which the sanitizers cannot bear.
mkdir "$W/bin"
cp "$san/plumbline-cri" "$san/plumbline-monitor" "$bin/plumbline-unpack" "$bin/plumbline-oci" "$W/bin"
server_start() {
	"$W/bin/plumbline-cri" --listen "$socket" --root "$W/root" --state "$W/state" "$@" 2>> "$W/log" &
	server=$!
	until_true call Version
}
check 'the server starts' server_start --import "$W/box.tar" --network builtin --grace 1000

# lines NUMBER FIRST...: calls of these kinds in turn; a kind is what follows the id in a line.
lines() {
	number=$1 i=0
	shift
	while [ $i -lt "$number" ]; do
		for kind; do
			i=$((i + 1))
			printf '{"id":%d,%s}\n' $i "$kind"
		done
	done
}
# All at once would be ten thousand at once: parts of a thousand.
part=0
while [ $part -lt 10 ]; do
	part=$((part + 1))
	lines 1000 '"method":"Version"' '"method":"Status","request":{"verbose":true}' '"method":"ListContainers"' '"method":"ListPodSandbox"' \
		'"method":"ListImages"' '"method":"RuntimeConfig"' '"method":"ContainerStatus","request":{"container_id":"none"}' \
		'"method":"Version","raw":"CgH/"' '"method":"StreamContainers"' '"method":"/a/b","raw":""' | calls
done > "$W/answers"
is 'ten thousand calls are answered' 10000 "$(grep -c '"status"' "$W/answers")"
is 'the good ones well' 7000 "$(grep -c '"status":"OK"' "$W/answers")"
is 'the bad ones not' 0 "$(grep -cE '"status":"(UNAVAILABLE|UNKNOWN|CANCELLED)"' "$W/answers")"

mkfifo "$W/lines"
calls < "$W/lines" > "$W/events" &
listener=$!
exec 8> "$W/lines"
lines 3 '"method":"GetContainerEvents"' >&8
round=0
while [ $round -lt 3 ]; do
	round=$((round + 1))
	pod=$(pod "pod$round")
	running "$pod" "c$round" 'echo said; sleep 1000'
	is "round $round: a command" said "$(ask ExecSync "$(of_container "$c" ',"cmd":["echo","said"],"timeout":20')" | value stdout | base64 -d)"
	ask ContainerStats "$(of_container "$c")" > /dev/null
	ask ListPodSandboxMetrics > /dev/null
	stop "$c"
	[ $round = 1 ] && remove "$c"
	stop_pod "$pod"
	[ $round = 3 ] || remove_pod "$pod"
done
echo '{"cancel":1}' >&8
server_stop
is 'the server stops clean' 0 $?
exec 8>&-
wait $listener
is 'no sanitizer says a word' '' "$(grep -E 'Sanitizer|runtime error:' "$W/log" | head -n 3)"
# Found again by the next one.
check 'it starts again' server_start
remove_pod "$pod"
server_stop
is 'and stops clean' 0 $?
is 'nor of what it found' '' "$(grep -E 'Sanitizer|runtime error:' "$W/log" | head -n 3)"
tail -n 40 "$W/log" >&2
