#!/bin/sh
# Pods of plumbline-cri on runtimes that nobody here wrote, runsc among them, whose pods have a kernel of their own: each runs, tells what
# it printed and how it ended, outlives the server, and leaves nothing.
# shellcheck source=tests/e2e/cri-life-lib.sh disable=SC2154 # the library sets c
. "$(dirname "$0")/cri-life-lib.sh"

# A sandbox that may not trace, nor make cgroups above the world's own, still runs: as its profile has it.
# shellcheck disable=SC2016 # of the script that is written
printf '#!/bin/sh\nexec runsc --platform=ptrace --network=none --ignore-cgroups "$@"\n' > "$W/runsc"
chmod +x "$W/runsc"
server_begin() { server_start --network none --import "$W/box.tar" --runtime tested="$1"; }
pod_on() {
	ask RunPodSandbox '{"config":{"metadata":{"name":"'"$1"'","uid":"u1","namespace":"default"},"hostname":"'"$1"'","log_directory":"'"$W"'/logs",
		"linux":{"cgroup_parent":"/pods"}},"runtime_handler":"tested"}' | value pod_sandbox_id
}
exec_in() { ask ExecSync "$(of_container "$1" ',"cmd":["/bin/sh","-c","'"$2"'"],"timeout":60')"; }
# runsc makes cgroups of containers even where it is told to make none, and forgets them.
left() {
	if [ "$1" = runsc ]; then census | grep -v '^/sys/fs/cgroup'; else census; fi
	pgrep -fa '^runsc'
}
DEADLINE=60000
try() {
	p=$(pod_on web)
	is "$1: a pod is ready" SANDBOX_READY "$(pod_state "$p")"
	running "$p" one 'echo out; echo err >&2; exec sleep 1000'
	one=$c
	is "$1: a container runs" CONTAINER_RUNNING "$(status "$one" state)"
	check "$1: what it prints is logged" until_true has_logged one 'stdout F out'
	check "$1: on both streams" until_true has_logged one 'stderr F err'
	exec_in "$one" 'hostname; exit 7' > "$W/exec"
	is "$1: a command in it is told how it ended" 7 "$(value exit_code < "$W/exec")"
	is "$1: and has printed" web "$(value stdout < "$W/exec" | base64 -d)"
	running "$p" two 'exit 42'
	check "$1: one that ends by itself is seen to" until_true has_exited "$c"
	is "$1: with its code" 42 "$(status "$c" exit_code)"
	is "$1: and goes" OK "$(code RemoveContainer "$(of_container "$c")")"
	c=$(ask CreateContainer '{"pod_sandbox_id":"'"$p"'","config":{"metadata":{"name":"none"},"image":{"image":"docker.io/library/box:1"},"command":["/no/such/program"]},"sandbox_config":{}}' | value container_id)
	is "$1: one that cannot start says so" UNKNOWN "$(code StartContainer "$(of_container "$c")")"
	is "$1: and has ended" CONTAINER_EXITED "$(status "$c" state)"
	is "$1: and goes too" OK "$(code RemoveContainer "$(of_container "$c")")"
	kill -KILL "$server"
	wait "$server"
	check "$1: the next server starts" server_begin "$2"
	is "$1: the container has outlived the last one" CONTAINER_RUNNING "$(status "$one" state)"
	is "$1: it is stopped" OK "$(code StopContainer "$(of_container "$one" ',"timeout":0')")"
	is "$1: by force" 137 "$(status "$one" exit_code)"
	is "$1: and removed" OK "$(code RemoveContainer "$(of_container "$one")")"
	running "$p" three 'exec sleep 1000'
	is "$1: the pod is stopped around another" OK "$(code StopPodSandbox "$(of_pod "$p")")"
	is "$1: which has ended" CONTAINER_EXITED "$(status "$c" state)"
	is "$1: the pod is removed" OK "$(code RemovePodSandbox "$(of_pod "$p")")"
	is "$1: nothing is left" '' "$(left "$1")"
}
for name in crun runc runsc youki; do
	program=$(PATH=$PATH:/usr/sbin:${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}/bin command -v $name) ||
		{ skip "$name" 'it is not installed' && continue; }
	# The server mounts the cgroups in every container.
	if [ $name = youki ] && [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
		skip youki 'it cannot mount cgroups of v1 in a container ("failed to mount cgroup v1: procfs failed", 0.7.0)'
		continue
	fi
	[ $name != runsc ] || program=$W/runsc
	server_begin "$program" || { not_ok "$name: the server starts" "$(tail -n 1 "$W/log")" && exit; }
	if [ $name = runsc ] && [ -z "$(pod_on probe)" ]; then
		skip $name "it makes no pod here: $(head -n 1 "$W/err")"
	else
		[ $name != runsc ] || remove_pod "$(ask ListPodSandbox '{}' | value 'items[0].id')"
		try $name "$program"
	fi
	server_stop
done
