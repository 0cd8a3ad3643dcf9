# Sourced by end-to-end tests of the reference CRI server; each test runs itself again in a world (tests/oci/world.sh).
# shellcheck shell=sh disable=SC2154 # lib.sh sets bin and top
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

if [ "${IN_WORLD:-}" != yes ]; then
	[ "$(id -u)" = 0 ] || { skip "$(basename "$0")" 'it needs root' && exit 0; }
	rmdir "$W" # exec forgets the trap, and there $W is another
	IN_WORLD=yes exec "$top/tests/oci/world.sh" "$top/tests/e2e/$(basename "$0")"
fi
W=/run/w
trap - EXIT
socket=$W/cri.sock

# call METHOD [REQUEST]; calls: JSON lines in and out.
call() { "$bin/plumbline-cri-call" --endpoint "$socket" --deadline "${DEADLINE:-20000}" "$@"; }
calls() { "$bin/plumbline-cri-call" --endpoint "$socket"; }

# of FILE PATH: a value of a JSON document.
of() { "$top/build/tests/json" "$2" < "$1"; }

# server_start [OPTION...]: $server is its pid; returns when it has answered, or has ended. Its log is $W/log.
server_start() {
	"$bin/${CRI:-plumbline-cri}" --listen "$socket" --root "$W/root" --state "$W/state" "$@" 2>> "$W/log" &
	server=$!
	tries=0
	until call Version > /dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] && kill -0 "$server" 2> /dev/null || return 1
	done
}
# Its exit status.
server_stop() {
	kill -TERM "$server"
	wait "$server"
}
