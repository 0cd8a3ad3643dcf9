#!/bin/sh
# plumbline-cri killed at each step of everything it does, and started again: what was half made is undone, what was half
# removed goes, what ran runs on, and the whole life works once more.
# shellcheck source=tests/e2e/cri-life-lib.sh
. "$(dirname "$0")/cri-life-lib.sh"
options="--network none --import $W/box.tar"
# shellcheck disable=SC2086 # words
begin() { server_start $options; }
# shellcheck disable=SC2154 # the library sets it
kill_server() {
	kill -9 "$server" 2> /dev/null
	wait "$server" 2> /dev/null
}
has_died() { ! grep -q '^State:[[:space:]]*[^Z]' "/proc/$server/status"; }
# One of everything; ends where the server does.
life() {
	p=$(pod one) && [ -n "$p" ] || return
	c=$(container "$p" one 'echo ready; exec sleep 700') && [ -n "$c" ] || return
	start "$c" && ask UpdateContainerResources "$(of_container "$c" ',"linux":{"cpu_shares":512}')" > /dev/null &&
		stop "$c" 20 && remove "$c" || return
	c=$(container "$p" two 'echo ready; exec sleep 701') && [ -n "$c" ] || return
	start "$c" && stop_pod "$p" && remove_pod "$p"
}
clear_all() {
	ask ListPodSandbox '{}' | grep -oE '"id": "[0-9a-f]{64}' | grep -oE '[0-9a-f]{64}' | while read -r id; do
		stop_pod "$id" && remove_pod "$id" || echo "$id: $(cat "$W/err")"
	done
}
# What is known of the container at hand, in one word.
seen() { ask ListContainers '{}' | grep -oE 'CONTAINER_[A-Z]+' | head -n 1 | sed 's/CONTAINER_//'; }
pod_seen() { ask ListPodSandbox '{}' | grep -oE 'SANDBOX_[A-Z]+' | head -n 1 | sed 's/SANDBOX_//'; }

# point, what the next server says of the pod and of the container; ? is either way: the stop is under way.
while read -r point of_the_pod of_the_container; do
	: > "$W/log"
	export PLUMBLINE_CRASH="$point"
	CRI=plumbline-cri-faulty begin || not_ok "$point: the server starts" "$(tail -n 1 "$W/log")"
	if life; then
		not_ok "$point: is reached" 'the server lives'
		kill_server
	elif until_true has_died; then
		wait "$server" 2> /dev/null
		is "$point: is reached" 137 $?
	else
		not_ok "$point: is reached" "$(cat "$W/err")"
		kill_server
	fi
	unset PLUMBLINE_CRASH
	if begin; then ok "$point: the next server starts"; else not_ok "$point: the next server starts" "$(tail -n 1 "$W/log")"; fi
	is "$point: what it finds" "${of_the_pod#-} ${of_the_container#-}" "$(pod_seen) $(seen)"
	is "$point: all of it can be removed" '' "$(clear_all)"
	if life; then ok "$point: the same names live again"; else not_ok "$point: the same names live again" "$(cat "$W/err")"; fi
	server_stop
	is "$point: nothing is left" '' "$(census)"
done << 'POINTS'
sandbox-folders - -
sandbox-namespaces - -
sandbox-network - -
sandbox-files - -
sandbox-shm - -
sandbox-bundle - -
sandbox-created - -
sandbox-pause - -
sandbox-pins - -
sandbox-addresses - -
sandbox-ready READY -
container-image READY -
container-rootfs READY -
container-images READY -
container-namespaces READY -
container-spec READY -
container-volumes READY -
container-bundle READY -
container-record READY CREATED
start-recorded READY CREATED
start-created READY CREATED
start-started READY RUNNING
start-running READY RUNNING
update-noted READY RUNNING
update-applied READY RUNNING
update-config READY RUNNING
stop-signalled READY EXITED
stop-ended READY EXITED
remove-stopped READY -
forget-rootfs READY -
forget-files READY -
stop-recorded NOTREADY RUNNING
stop-containers NOTREADY EXITED
release-pause NOTREADY EXITED
release-network NOTREADY EXITED
release-pins NOTREADY EXITED
release-shm NOTREADY EXITED
remove-recorded - -
remove-containers - -
forget-folder - -
POINTS

# Whatever kills the server in an update: kernel, config.json and status agree afterwards, and the client may ask again.
shares_of() {
	wanted=config
	[ "$(status "$1" resources.linux.cpu_shares)" = "$(value linux.resources.cpu.shares < "$W/state/containers/$1/bundle/config.json")" ] || wanted='another config'
	printf '%s %s %s' "$(status "$1" resources.linux.cpu_shares)" "$wanted" "$(find /sys/fs/cgroup -path "*$1*" -name cpu.shares -exec cat {} +)"
}
for point in update-noted update-applied update-config; do
	: > "$W/log"
	export PLUMBLINE_CRASH="$point"
	CRI=plumbline-cri-faulty begin
	unset PLUMBLINE_CRASH
	running "$(pod update)" update 'exec sleep 704' ',"linux":{"resources":{"cpu_shares":300}}'
	is "$point: before" '300 config 300' "$(shares_of "$c")"
	ask UpdateContainerResources "$(of_container "$c" ',"linux":{"cpu_shares":512}')" > /dev/null
	check "$point: is reached" until_true has_died
	wait "$server" 2> /dev/null
	begin
	is "$point: after" '512 config 512' "$(shares_of "$c")"
	is "$point: again" OK "$(code UpdateContainerResources "$(of_container "$c" ',"linux":{"cpu_shares":700}')")"
	is "$point: as if nothing had been" '700 config 700' "$(shares_of "$c")"
	clear_all
	server_stop
done

# A server that is away misses nothing.
begin
p=$(pod away)
running "$p" ends 'until [ -e /tmp/go ]; do sleep 0.1; done; exit 9'
ends=$c
running "$p" stays "echo ready; trap 'exit 5' TERM; while :; do sleep 0.1; done"
stays=$c
check 'a container runs' until_true has_logged stays ready
root=/proc/$(ask ContainerStatus "$(of_container "$ends" ',"verbose":true')" | value info.info | value pid)/root
kill_server
: > "$root/tmp/go"
is_written() { [ -e "$W/state/containers/$ends/exit" ]; }
check 'another ends while no server is there' until_true is_written
begin
is 'its end is known' 'CONTAINER_EXITED 9 Error' "$(status "$ends" state) $(status "$ends" exit_code) $(status "$ends" reason)"
is 'the first runs still' CONTAINER_RUNNING "$(status "$stays" state)"
is 'and takes commands' 0 "$(ask ExecSync "$(of_container "$stays" ',"cmd":["true"],"timeout":20')" | value exit_code)"
mv "$W/logs/stays.log" "$W/logs/stays.log.1"
is 'its log is opened again' OK "$(code ReopenContainerLog "$(of_container "$stays")")"
check 'in a new file' [ -e "$W/logs/stays.log" ]
is 'and it is stopped as before' 'OK 5' "$(code StopContainer "$(of_container "$stays" ',"timeout":20')") $(status "$stays" exit_code)"

# A monitor that is lost takes its container with it.
running "$p" lost 'exec sleep 702'
kill -9 "$(pgrep -f "plumbline-monitor.*--id $c")"
check 'a container without its monitor has exited' until_true has_exited "$c"
is 'in a way that nobody knows' '255 Unknown' "$(status "$c" exit_code) $(status "$c" reason)"
is_dead() { ! pgrep -fa "$1"; }
check 'and does not run' until_true is_dead '^sleep 702'
is 'it is removed' OK "$(code RemoveContainer "$(of_container "$c")")"

# The machine starts again: /run is empty, nothing runs.
running "$p" reboot 'exec sleep 703'
created=$(container "$p" created 'exit 0')
kill_server
all='plumbline-monitor|^/pause|^sleep 703'
for pid in $(pgrep -f "$all"); do kill -9 "$pid"; done
check 'everything is dead' until_true is_dead "$all"
grep -oE " $W/state/[^ ]*" /proc/self/mountinfo | sort -r | while read -r mount; do umount -l "$mount"; done
rm -rf "$W/state"
find /sys/fs/cgroup -path '*/pods/*' -depth -type d -exec rmdir {} +
mkdir "$W/root/sandboxes/$(printf '0123456789abcdef%.0s' 1 2 3 4)"
begin
is 'after a reboot the pod is not ready' SANDBOX_NOTREADY "$(pod_state "$p")"
is 'what ran has exited' 'CONTAINER_EXITED 255 Unknown' "$(status "$c" state) $(status "$c" exit_code) $(status "$c" reason)"
is 'what was created too' CONTAINER_EXITED "$(status "$created" state)"
is 'what had exited still has its code' 9 "$(status "$ends" exit_code)"
is 'the name is taken still' '' "$(pod away)"
is 'all of it can be removed' '' "$(clear_all)"
is 'a record without content is cleared away' '' "$(ls "$W/root/sandboxes")"
server_stop
is 'nothing is left' '' "$(census)"
