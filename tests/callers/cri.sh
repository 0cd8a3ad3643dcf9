#!/bin/sh
# containerd's CRI server with the runtime given as a handler, as a kubelet drives it, through crictl: cri.sh RUNTIME, inside a world.
caller=cri
configure=$(cd "$(dirname "$0")/../cri" && pwd)/containerd-config.sh
# shellcheck source=tests/callers/lib.sh
. "$(dirname "$0")/lib.sh"

socket=$W/containerd.sock
: > "$W/crictl.yaml"
crictl() { "$CRICTL" -c "$W/crictl.yaml" -r "unix://$socket" -i "unix://$socket" -t 20s "$@"; }
field() { crictl "$1" "$2" | jq -r "$3"; }
is_in() { [ "$(field "$1" "$2" .status.state)" = "$3" ]; }

mkdir -p "$W/logs"
"$configure" "$W" "$runtime" native
containerd --config "$W/config.toml" > "$W/containerd.log" 2>&1 &
daemon=$!
if ! until_true crictl info; then
	not_ok 'containerd answers' "$(grep -v level=info "$W/containerd.log" | tail -n 2)"
	exit
fi

# Images from the same files; the one of sandboxes stays until it is killed.
make_image
make_oci_layout "$W/image.tar" "$W/box.tar" docker.io/library/box:1
command='"sleep","100000"' make_oci_layout "$W/image.tar" "$W/pause.tar" docker.io/library/pause:1
for image in box pause; do
	check "imports the image $image" ctr -a "$socket" -n k8s.io images import --snapshotter native "$W/$image.tar"
done
is 'sees both' 2 "$(crictl images -q | sort -u | wc -l)"

# pod NAME NETWORK HOSTNAME: a sandbox's config; network 2 is the node's, in which a kubelet names no host, 0 the pod's own
pod() {
	cat > "$W/$1.pod" << POD
{ "metadata": { "name": "$1", "namespace": "default", "uid": "$1-uid", "attempt": 1 }, "log_directory": "$W/logs",
  "hostname": "$3", "linux": { "cgroup_parent": "/pods/$1", "security_context": { "namespace_options": { "network": $2 } } } }
POD
}
# container NAME COMMAND: a container's config; the command is JSON without brackets
container() {
	cat > "$W/$1.container" << CONTAINER
{ "metadata": { "name": "$1" }, "image": { "image": "docker.io/library/box:1" }, "command": [$2],
  "log_path": "$1.log", "linux": { "resources": { "memory_limit_in_bytes": 67108864, "cpu_shares": 512 } } }
CONTAINER
}
run_pod() { crictl runp --runtime tested "$W/$1.pod" 2> "$W/err"; }
create() { crictl create "$1" "$W/$2.container" "$W/$3.pod" 2> "$W/err"; }

pod web 0 web
sandbox=$(run_pod web)
like 'runs a sandbox' '^[0-9a-f]{64}$' "$sandbox$(cat "$W/err")"
is 'with the handler' tested "$(field inspectp "$sandbox" .status.runtimeHandler)"
is 'which is ready' SANDBOX_READY "$(field inspectp "$sandbox" .status.state)"
like 'with an address from CNI' '^10\.123\.0\.' "$(field inspectp "$sandbox" .status.network.ip)"
is 'in a cgroup below its parent' yes "$([ -d "/sys/fs/cgroup/memory/pods/web/$sandbox" ] && echo yes)"

container one "\"sh\", \"-c\", \"echo out; echo err >&2; trap 'exit 3' TERM; while :; do sleep 1 & wait; done\""
one=$(create "$sandbox" one web)
like 'creates a container' '^[0-9a-f]{64}$' "$one$(cat "$W/err")"
is 'which waits' CONTAINER_CREATED "$(field inspect "$one" .status.state)"
check 'starts it' crictl start "$one"
is 'which runs' CONTAINER_RUNNING "$(field inspect "$one" .status.state)"
is 'executes a command in it' web "$(crictl exec -s "$one" hostname 2>&1)"
like 'hands the exit code of exec on' 'code 7' "$(crictl exec "$one" sh -c 'exit 7' 2>&1)"
is 'executes over a stream' plumb "$(crictl exec "$one" echo plumb 2>&1)"
is 'executes in a terminal' /dev/pts/0 "$(terminal_of "$CRICTL -c $W/crictl.yaml -r unix://$socket exec -it $one tty")"
is 'it shares the network of its pod' "$(field inspectp "$sandbox" .status.network.ip)" \
	"$(crictl exec -s "$one" busybox ip -4 addr show eth0 2>&1 | sed -n 's|.*inet \(.*\)/.*|\1|p')"
is 'limits memory' 67108864 "$(cat "/sys/fs/cgroup/memory/pods/web/$one/memory.limit_in_bytes")"
is 'and cpu' 512 "$(cat "/sys/fs/cgroup/cpu/pods/web/$one/cpu.shares")"
check 'updates the limits' crictl update --memory 33554432 "$one"
is 'to the new value' 33554432 "$(cat "/sys/fs/cgroup/memory/pods/web/$one/memory.limit_in_bytes")"
has_logged() { [ "$(crictl logs "$one" 2>&1 | sort | tr '\n' ' ')" = 'err out ' ]; }
check 'keeps both streams in its log' until_true has_logged
has_stats() { [ "$(crictl stats -o json "$one" | jq -r '.stats[0].memory.workingSetBytes.value')" -gt 0 ]; }
check 'shows statistics' until_true has_stats
check 'stops it by its signal' crictl stop -t 8 "$one"
is 'and learns how it ended' 'CONTAINER_EXITED 3' "$(field inspect "$one" '"\(.status.state) \(.status.exitCode)"')"
check 'removes it' crictl rm "$one"

container two '"sh", "-c", "exit 42"'
two=$(create "$sandbox" two web)
check 'starts one that ends at once' crictl start "$two"
check 'sees it ended' until_true is_in inspect "$two" CONTAINER_EXITED
is 'with its code' 42 "$(field inspect "$two" .status.exitCode)"
container none '"/no/such/program"'
none=$(create "$sandbox" none web)
like 'a program that is not there is told' 'no such file' "$(crictl start "$none" 2>&1)"

pod node 2 ''
host=$(run_pod node)
like 'runs a sandbox in the network of the node' '^[0-9a-f]{64}$' "$host$(cat "$W/err")"
container three '"sleep", "1000"'
three=$(create "$host" three node)
check 'starts a container there' crictl start "$three"
like 'which sees the devices of the node' plumb0 "$(crictl exec -s "$three" busybox ip link 2>&1)"

for pod in "$sandbox" "$host"; do
	check 'stops a sandbox' crictl stopp "$pod"
	is 'which is ready no more' SANDBOX_NOTREADY "$(field inspectp "$pod" .status.state)"
	check 'removes it with its containers' crictl rmp "$pod"
done
is 'nothing is left of them' '' "$(crictl pods -q; crictl ps -a -q; ls "$W/runc/k8s.io" 2> /dev/null)"
is 'and no network namespace' '' "$(ls /run/netns 2> /dev/null)"
kill $daemon
wait $daemon
# The parents were named by us, as a kubelet makes and removes them.
find /sys/fs/cgroup -depth -type d -path '*/pods*' -exec rmdir {} + 2> /dev/null
nothing_left pods
