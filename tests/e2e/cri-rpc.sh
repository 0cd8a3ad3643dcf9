#!/bin/sh
# The wire of the CRI server: what peers do wrong, how calls end early, and how the server starts beside others and stops.
# shellcheck source=tests/e2e/cri-lib.sh
. "$(dirname "$0")/cri-lib.sh"

begun=$(date +%s%N)
check 'the server answers' server_start --grace 500
printf 'first answer after start: %s us, with the start of the caller\n' $((($(date +%s%N) - begun) / 1000)) >&2

is 'Version has its four fields' '0.1.0 plumbline-cri v1' \
	"$(call Version > "$W/v" && of "$W/v" version) $(of "$W/v" runtime_name) $(of "$W/v" runtime_api_version)"

# refused NAME SENTENCE LINE: the status and the beginning of the message of a call given as a JSON line.
refused() {
	printf '%s\n' "$3" | calls | tail -n 1 > "$W/answer"
	got="$(of "$W/answer" status): $(of "$W/answer" message)"
	case $got in
	"$2"*) ok "$1" ;;
	*) not_ok "$1" "expected '$2', observed '$(printf %.200s "$got")'" ;;
	esac
}
refused 'a method that nobody has' 'UNIMPLEMENTED: unknown method /runtime.v1.RuntimeService/Nothing' \
	'{"id":1,"method":"/runtime.v1.RuntimeService/Nothing","raw":""}'
refused 'a service that nobody has' 'UNIMPLEMENTED: unknown method /x/Version' '{"id":1,"method":"/x/Version","raw":""}'
refused 'a request cut short' 'INTERNAL: Version: VersionRequest: field 1 (version) is cut short' \
	'{"id":1,"method":"Version","raw":"Cgph"}'
refused 'a request of garbage' 'INTERNAL: Version: VersionRequest: ' '{"id":1,"method":"Version","raw":"/////w=="}'
refused 'invalid UTF-8' 'INTERNAL: Version: VersionRequest: field version: holds invalid UTF-8' \
	'{"id":1,"method":"Version","raw":"CgH/"}'
refused 'a NUL in a string' 'INTERNAL: Version: VersionRequest: field version: holds a NUL byte' \
	'{"id":1,"method":"Version","raw":"CgEA"}'
refused 'unknown fields are ignored' 'OK: ' '{"id":1,"method":"Version","raw":"+gYBeA=="}'
refused 'a deadline' 'DEADLINE_EXCEEDED: ' '{"id":1,"method":"GetContainerEvents","deadline_ms":50}'

# big BYTES: the status of a call whose request is that long.
big() {
	{
		printf '{"id":1,"method":"Version","request":{"version":"'
		head -c "$1" /dev/zero | tr '\0' a
		printf '"}}\n'
	} | calls > "$W/answer"
	of "$W/answer" status
}
is 'a request of 5 MB is taken' OK "$(big 5000000)"
is 'one of 17 MB is refused' RESOURCE_EXHAUSTED "$(big 17000000)"

# Answers come from several threads, and are longer than what a pipe takes at once.
awk 'BEGIN {
	for (i = 1000; i < 1400; i++) {
		id = ""
		while (length(id) < 20000) id = id i
		printf "{\"id\":\"%s\",%s}\n", id, i % 2 ? "\"open\":\"nonsense\"" : "\"method\":\"Version\""
	}
}' > "$W/long"
calls < "$W/long" | dd bs=512 2> "$W/dd" > "$W/answer"
is 'long lines do not mix' '400 of 400' "$(awk '
	match($0, /"id":"[0-9]+"/) {
		id = substr($0, RSTART + 6, RLENGTH - 7)
		whole = length(id) == 20000
		gsub(substr(id, 1, 4), "", id)
		good += whole && id == "" && /^[{].*[}]$/
	}
	END { print good + 0 " of " NR }' "$W/answer")"

# Lines go by a pipe of our own, so that a call is cancelled once it is known to be under way.
mkfifo "$W/lines" "$W/answers"
calls < "$W/lines" > "$W/answers" &
exec 8> "$W/lines" 9< "$W/answers"
echo '{"id":1,"method":"GetContainerEvents"}' >&8
read -r line <&9
is 'a stream says that it listens' '{"id":1,"headers":true}' "$line"
echo '{"cancel":1}' >&8
read -r line <&9
case $line in
*'"status":"CANCELLED"'*) ok 'a stream is cancelled' ;;
*) not_ok 'a stream is cancelled' "$line" ;;
esac
exec 8>&- 9<&-
wait $!

{
	i=0
	while [ $i -lt 200 ]; do
		i=$((i + 1))
		echo "{\"id\":$i,\"method\":\"Status\"}"
	done
} | calls | grep -c '"status":"OK"' > "$W/count"
is 'two hundred calls at once' 200 "$(cat "$W/count")"

# Streams have a number, and what is above it an answer. The server's stop ends the ones there are, and says so.
{
	i=0
	while [ $i -lt 65 ]; do
		i=$((i + 1))
		echo "{\"id\":$i,\"method\":\"GetContainerEvents\",\"deadline_ms\":1000}"
	done
} | calls > "$W/streams"
is 'streams are 64 at most' '64 1' \
	"$(grep -c DEADLINE_EXCEEDED "$W/streams") $(grep -c RESOURCE_EXHAUSTED "$W/streams")"

# A second server, in every way to stand in the first one's place.
"$bin/plumbline-cri" --listen "$socket" --root "$W/root2" --state "$W/state2" 2> "$W/err"
is 'a second server on the socket ends' 1 $?
is 'and says whose it is' 1 "$(grep -c "$socket is served by process $server already" "$W/err")"
"$bin/plumbline-cri" --listen "$W/other.sock" --root "$W/root" --state "$W/state" 2> "$W/err"
is 'a second server on the state ends' 1 $?
is 'and says why' 1 "$(grep -c "$W/state is used by another server" "$W/err")"
mv "$socket.lock" "$W/kept.lock"
"$bin/plumbline-cri" --listen "$socket" --root "$W/root2" --state "$W/state2" 2> "$W/err"
is 'one without a lock to see asks the socket' 1 "$(grep -c "$socket is served by another program" "$W/err")"
mv "$W/kept.lock" "$socket.lock"
echo kept > "$W/file"
"$bin/plumbline-cri" --listen "$W/file" --root "$W/root2" --state "$W/state2" 2> "$W/err"
is 'a file is not a socket to replace' "kept 1" "$(cat "$W/file") $(grep -c "$W/file is there and no socket" "$W/err")"
check 'the first server answers still' call Version

# A server that was killed left its socket.
kill -KILL "$server"
wait "$server"
check 'the socket of a dead server is there' test -S "$socket"
check 'and is taken over' server_start --grace 500

# Peers that listen, and one that sends and reads nothing. Answers without a message know no flow control: they fill the socket.
echo '{"id":1,"method":"GetContainerEvents"}' | calls > "$W/listener" &
listener=$!
{
	i=0
	while [ $i -lt 20000 ]; do
		i=$((i + 1))
		echo "{\"id\":$i,\"method\":\"/x/y\",\"raw\":\"\"}"
	done
} > "$W/flood"
mkfifo "$W/unread" "$W/sent"
"$bin/plumbline-cri-call" --endpoint "$socket" > "$W/unread" < "$W/sent" 2> "$W/flood.err" &
stalled=$!
exec 7< "$W/unread"
cat "$W/flood" > "$W/sent"
kill -STOP "$stalled"
check 'who reads nothing does not hold up others' call Version
server_stop
is 'the server stops clean' 0 $?
check 'its socket is gone' test ! -e "$socket"
wait "$listener"
is 'who listened was told' UNAVAILABLE "$(tail -n 1 "$W/listener" > "$W/answer" && of "$W/answer" status)"
kill -KILL "$stalled"
exec 7<&-
wait "$stalled"
is 'nothing was said on standard error but the two lines of each server' '' "$(grep -vE ' (serving on |SIGTERM: stopping)' "$W/log")"
cat "$W/log" >&2
