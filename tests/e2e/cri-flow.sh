#!/bin/sh
# plumbline flow at an endpoint that runs already: its server is watched from outside, and goes on as if nothing had been.
# shellcheck source=tests/e2e/cri-lib.sh
. "$(dirname "$0")/cri-lib.sh"

plumbline=$bin/plumbline
: > "$W/nothing"
flow() {
	timeout 120 "$plumbline" flow --cri "unix://$socket" "$@" > "$W/out" 2> "$W/err" < "$W/nothing"
	code=$?
}
says() { grep -q -e "$2" "$W/$1"; }
never() { ! says "$@"; }

# shellcheck disable=SC2119
if ! server_start; then
	not_ok 'the server starts' "$(tail -n 1 "$W/log")"
	exit 1
fi
recorded=1
"$plumbline" trace -- /bin/true > "$W/out" 2> "$W/err" || recorded=
flow -o "$W/kept"
is 'a pod comes to its end there' 0 "$code"
check 'its calls are told' says out '^── 9 RemovePodSandbox .* OK '
check 'origins are told' says out 'linux.resources.cpu.shares: 512  *<- cpu_shares$'
if [ "$recorded" ]; then
	check 'its runtime is told' says out 'plumbline-oci --root .* start$'
	check 'kernel calls are tied to config.json' says out 'installs a system call filter  *<- linux.seccomp$'
	check 'a value is followed all the way' says out '^✓ CPU shares  *512  *512  *cpu.shares=512  *512$'
	check 'the recording is kept' test -s "$W/kept/plumbline-cri/recordings/flow/one_pod.rec"
	cp "$W/out" "$W/first"
	timeout 60 "$plumbline" flow "$W/kept" > "$W/out" 2> "$W/err"
	check 'and told once more in the same words' cmp "$W/first" "$W/out"
else
	skip 'the kernel calls of a server that runs' "$(head -n 1 "$W/err")"
fi
flow --record off
is 'it can be told without a recording' 0 "$code"
check 'which it says' says out 'its calls are not recorded (asked for by --record off)'
check 'nothing of a pod stays at the server' test "$(call ListPodSandbox | grep -c '"id"')" = 0
check 'the server lives' kill -0 "$server"
server_stop
flow
is 'a server that has gone is no server' 2 "$code"
