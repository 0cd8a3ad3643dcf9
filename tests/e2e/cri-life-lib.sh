# Sourced by end-to-end tests of sandboxes and containers: requests in one line each, and a census of what is left.
# shellcheck shell=sh disable=SC2154,SC2034 # cri-lib.sh sets top, bin and W; the scripts use what is set here
# shellcheck source=tests/e2e/cri-lib.sh
. "$(dirname "$0")/cri-lib.sh"

"$top/tests/cri/image.sh" -f tar -c '{"Cmd":["sleep","100000"]}' "$W/box.tar" docker.io/library/box:1 @busybox
ask() { call "$@" 2> "$W/err"; }
# value PATH: of an answer.
value() { "$top/build/tests/json" "$1" 2> /dev/null; }
# pod NAME [MORE-OF-LINUX]: its id.
pod() {
	ask RunPodSandbox '{"config":{"metadata":{"name":"'"$1"'","uid":"u1","namespace":"default"},"hostname":"'"$1"'","log_directory":"'"$W"'/logs",
		"linux":{"cgroup_parent":"/pods"'"${2:-}"'}}}' | value pod_sandbox_id
}
# container POD NAME SCRIPT [MORE-OF-CONFIG]: its id; the script has no double quotes.
container() {
	ask CreateContainer '{"pod_sandbox_id":"'"$1"'","config":{"metadata":{"name":"'"$2"'"},"image":{"image":"docker.io/library/box:1"},
		"command":["/bin/sh","-c","'"$3"'"],"log_path":"'"$2"'.log"'"${4:-}"'},"sandbox_config":{}}' | value container_id
}
of_pod() { printf '{"pod_sandbox_id":"%s"%s}' "$1" "${2:-}"; }
of_container() { printf '{"container_id":"%s"%s}' "$1" "${2:-}"; }
start() { ask StartContainer "$(of_container "$1")" > /dev/null; }
# running POD NAME SCRIPT [MORE-OF-CONFIG]: $c is a container that was started.
running() {
	c=$(container "$@")
	start "$c"
}
# status ID PATH: a value of ContainerStatus.
status() { ask ContainerStatus "$(of_container "$1")" | value "status.$2"; }
pod_state() { ask PodSandboxStatus "$(of_pod "$1")" | value status.state; }
stop() { ask StopContainer "$(of_container "$1" ',"timeout":'"${2:-0}")" > /dev/null; }
remove() { ask RemoveContainer "$(of_container "$1")" > /dev/null; }
stop_pod() { ask StopPodSandbox "$(of_pod "$1")" > /dev/null; }
remove_pod() { ask RemovePodSandbox "$(of_pod "$1")" > /dev/null; }
# code METHOD REQUEST: the status code of a call.
code() {
	if ask "$@" > /dev/null; then echo OK; else sed -n '1s/:.*//p' "$W/err"; fi
}
# until_true COMMAND...: asks again until it is, for as long as a slow machine may need.
until_true() {
	give_up=$(($(date +%s) + 60))
	until "$@" > /dev/null 2>&1; do
		[ "$(date +%s)" -lt $give_up ] || return 1
	done
}
has_exited() { [ "$(status "$1" state)" = CONTAINER_EXITED ]; }
has_logged() { grep -q "$2" "$W/logs/$1.log"; }
# Whatever a pod may leave on the machine: files, mounts, cgroups, processes. Empty when there is nothing.
census() {
	find "$W/root" "$W/state" -mindepth 1 | sed "s|^$W/||" | grep -E '/(sandboxes|containers|runtimes/[^/]*|net)/'
	grep -E " $W/(root|state)/" /proc/self/mountinfo | cut -d' ' -f5 | grep -vF "$W/root/images"
	find /sys/fs/cgroup -path '*/pods/*' -type d
	pgrep -fa '^(/pause|[^ ]*plumbline-monitor|sleep [0-9]|/bin/sh -c)'
}
