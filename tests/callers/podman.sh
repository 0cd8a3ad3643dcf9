#!/bin/sh
# podman with the runtime given: podman.sh RUNTIME, inside a world.
caller=podman
# shellcheck source=tests/callers/lib.sh
. "$(dirname "$0")/lib.sh"

podman() {
	command podman --root "$W/root" --runroot "$W/runroot" --tmpdir "$W/tmp" --cgroup-manager cgroupfs \
		--storage-driver vfs --events-backend none --runtime "$runtime" "$@"
}

make_image
check 'imports an image' podman import "$W/image.tar" box
is 'runs a command' hello "$(podman run --rm --network none box echo hello 2>&1)"
podman run --rm --network none box sh -c 'exit 42' > /dev/null 2>&1
is 'hands the exit code on' 42 $?
podman run --rm --network none box /no/such/program > "$W/out" 2>&1
is 'a program that is not there is 127' 127 $?
podman run --rm --network none box /etc > "$W/out" 2>&1
is 'a program that cannot be executed is 126' 126 $?
is 'runs in a terminal' /dev/pts/0 "$(terminal_of "podman --root $W/root --runroot $W/runroot --tmpdir $W/tmp \
	--cgroup-manager cgroupfs --storage-driver vfs --events-backend none --runtime $runtime run --rm -it --network none box tty")"

check 'starts in the background' podman run -d --name one --network none --memory 64m --pids-limit 20 --cpu-shares 512 \
	box sh -c 'trap "exit 3" TERM; while :; do sleep 1 & wait; done'
is 'sees it running' running "$(podman inspect -f '{{.State.Status}}' one)"
is 'executes a command in it' plumb "$(podman exec one echo plumb 2>&1)"
is 'as another user' 1000 "$(podman exec -u 1000 one id -u 2>&1)"
is 'with an environment' value "$(podman exec -e KEY=value one sh -c 'echo $KEY' 2>&1)"
podman exec one sh -c 'exit 7' > /dev/null 2>&1
is 'hands the exit code of exec on' 7 $?
podman exec one /no/such/program > /dev/null 2>&1
is 'exec of nothing is 127' 127 $?
is 'executes in a terminal' /dev/pts/0 "$(terminal_of "podman --root $W/root --runroot $W/runroot --tmpdir $W/tmp \
	--cgroup-manager cgroupfs --storage-driver vfs --events-backend none --runtime $runtime exec -it one tty")"
is 'limits memory' 67108864 "$(podman exec one cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>&1)"
is 'limits pids' 20 "$(podman exec one cat /sys/fs/cgroup/pids/pids.max 2>&1)"
like 'shows statistics' '^[0-9.]+k?M?B / 67.11MB [1-9]' \
	"$(podman stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' one 2>&1)"
like 'shows the processes' 'sleep 1' "$(podman top one args 2>&1)"
check 'pauses' podman pause one
is 'sees it paused' paused "$(podman inspect -f '{{.State.Status}}' one)"
check 'resumes' podman unpause one
check 'updates the limits' podman update --memory 32m one
is 'to the new value' 33554432 "$(podman exec one cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>&1)"
check 'stops it by its signal' podman stop -t 8 one
is 'and learns how it ended' 3 "$(podman inspect -f '{{.State.ExitCode}}' one)"
check 'starts it again' podman start one
is 'and it runs' running "$(podman inspect -f '{{.State.Status}}' one)"
check 'kills it' podman kill one
check 'removes it' podman rm -f one
is 'nothing is left of it' '' "$(podman ps -a -q)"

check 'keeps capabilities out' sh -c "$(command -v podman) --root $W/root --runroot $W/runroot --tmpdir $W/tmp \
	--cgroup-manager cgroupfs --storage-driver vfs --events-backend none --runtime $runtime \
	run --rm --network none --cap-drop all --security-opt no-new-privileges box cat /proc/self/status | grep -q 'CapEff:.0000000000000000'"
is 'runs with a read-only root' 'no' "$(podman run --rm --network none --read-only box sh -c '(: > /x) && echo yes || echo no' 2> /dev/null)"
is 'binds a volume' content "$(mkdir -p "$W/volume" && echo content > "$W/volume/file" &&
	podman run --rm --network none -v "$W/volume:/data:ro" box cat /data/file 2>&1)"
# What the pod is made of comes from the same image: there is no registry to ask for another one.
check 'makes a pod' podman pod create --name pod --network none --infra-image localhost/box --infra-command '/bin/sleep 1000'
in_pod() { podman run --rm --pod pod "$@" box busybox readlink /proc/self/ns/net 2>&1; }
shared=$(in_pod)
like 'a container joins its network' '^net:\[[0-9]+\]$' "$shared"
is 'a second one joins the same' "$shared" "$(in_pod)"
is 'which is not what the host has' 0 "$(readlink /proc/self/ns/net | grep -cxF -e "$shared")"
like 'one that wants no part of it does not' '^net:\[[0-9]+\]$' "$(in_pod --network none | grep -vxF -e "$shared")"
check 'stops the pod' podman pod stop -t 1 pod
check 'removes the pod' podman pod rm pod
is 'nothing is left of the pod' '' "$(podman pod ps -q; podman ps -a -q)"
nothing_left libpod_parent
