#!/bin/sh
# plumbline-cri among things that fail: runtimes and plugins that hang, lie or break, a full disk, and many pods one after the other. Each
# call ends with a sentence, nothing is left of it, and the next one works.
# shellcheck source=tests/e2e/cri-life-lib.sh
. "$(dirname "$0")/cri-life-lib.sh"
mkdir -p "$W/cni" "$W/plugins" "$W/root" "$W/state"
mount -t tmpfs -o size=32m root "$W/root"
mount -t tmpfs -o size=8m state "$W/state"

# runtime NAME SHELL: a runtime that does that where a container is begun, and is ours else; $* are its arguments.
runtime() {
	# shellcheck disable=SC2016,SC2154 # of the script that is written; bin is set by the library
	printf '#!/bin/sh\ncase " $* " in *" run "* | *" create "*) %s ;; esac\nexec %s "$@"\n' "$2" "$bin/plumbline-oci" > "$W/$1"
	chmod +x "$W/$1"
}
runtime silent 'exit 3'
runtime loud 'echo "no such luck" >&2; exit 1'
runtime hanging 'exec sleep 800'
runtime killed 'kill -9 $$'
runtime liar 'exit 0'
runtime noisy 'head -c 3000000 /dev/zero; exit 1'
set -- --runtime false=/bin/false --runtime absent=/nowhere
for name in silent loud hanging killed liar noisy; do set -- "$@" --runtime "$name=$W/$name"; done
printf '{"cniVersion":"0.4.0","name":"n","plugins":[{"type":"plugin"}]}' > "$W/cni/1.conflist"
# plugin SHELL: of $CNI_COMMAND
plugin() {
	printf '#!/bin/sh\n%s\n' "$1" > "$W/plugins/plugin.new"
	chmod +x "$W/plugins/plugin.new"
	mv "$W/plugins/plugin.new" "$W/plugins/plugin"
}
# shellcheck disable=SC2016
good='[ "$CNI_COMMAND" != ADD ] || echo "{\"cniVersion\":\"0.4.0\",\"ips\":[{\"version\":\"4\",\"address\":\"10.9.8.7/24\"}]}"'
plugin "$good"
server_start --network cni --cni-conf "$W/cni" --cni-bin "$W/plugins" --import "$W/box.tar" "$@" ||
	{ not_ok 'the server starts' "$(tail -n 1 "$W/log")" && exit; }

with() { printf '{"config":{"metadata":{"name":"t","uid":"u","namespace":"n"},"hostname":"t","linux":{"cgroup_parent":"/pods"}},"runtime_handler":"%s"}' "$1"; }
sentence() { sed -n '1s/^[A-Z_]*: //p' "$W/err"; }
for name in silent loud killed liar noisy; do
	is "a runtime that is $name" UNKNOWN "$(code RunPodSandbox "$(with $name)")"
	is 'is told in a sentence' 1 "$(sentence | grep -c 'pause: .')"
	is 'and leaves nothing' '' "$(census)"
done
# Of these every verb fails, delete too, and nothing was begun that it could have deleted.
is 'a program that is no runtime' UNKNOWN "$(code RunPodSandbox "$(with false)")"
is 'leaves nothing' '' "$(census)"
is 'a runtime that is not there' UNKNOWN "$(code RunPodSandbox "$(with absent)")"
is 'leaves nothing' '' "$(census)"
is 'what it said is handed on' UNKNOWN "$(code RunPodSandbox "$(with loud)")"
is 'to the word' 1 "$(sentence | grep -c 'no such luck$')"
DEADLINE=1000
is 'a runtime that hangs is given up at the deadline' DEADLINE_EXCEEDED "$(code RunPodSandbox "$(with hanging)")"
DEADLINE=20000
is_clean() { [ -z "$(census)" ]; }
check 'and leaves nothing' until_true is_clean
check 'and is not there any more' until_true sh -c '! pgrep -fx "sleep 80[0]"'

# What only the runtime finds out, behind all that was made for it; and what the file of a pod cannot hold.
pod_with() { printf '{"config":{"metadata":{"name":"t","uid":"u","namespace":"n"},"hostname":"t"%s,"linux":{"cgroup_parent":"/pods"%s}}}' "$2" "$1"; }
is 'a sysctl that there is not' UNKNOWN "$(code RunPodSandbox "$(pod_with ',"sysctls":{"net.none":"1"}' '')")"
is 'leaves nothing' '' "$(census)"
is 'a search list of two lines' INVALID_ARGUMENT "$(code RunPodSandbox "$(pod_with '' ',"dns_config":{"searches":["a\nb"]}')")"
is 'leaves nothing' '' "$(census)"
is 'a mapping of more ids than there are' INVALID_ARGUMENT "$(code RunPodSandbox "$(pod_with ',"security_context":{"namespace_options":{"userns_options":{
	"mode":"POD","uids":[{"host_id":4294967290,"length":100}],"gids":[{"host_id":4294967290,"length":100}]}}}' '')")"
is 'leaves nothing' '' "$(census)"

# shellcheck disable=SC2016
plugin '[ "$CNI_COMMAND" != ADD ] || { echo "{\"code\":7,\"msg\":\"out of luck\"}"; exit 1; }'
is 'a plugin that fails' UNKNOWN "$(code RunPodSandbox "$(with '')")"
is 'is quoted' 1 "$(sentence | grep -c 'out of luck')"
is 'and leaves nothing' '' "$(census)"
plugin 'echo "{\"code\":7,\"msg\":\"not now\"}"; exit 1'
is 'a plugin that does not even take back what it failed to give' UNKNOWN "$(code RunPodSandbox "$(with '')")"
p=$(ask ListPodSandbox '{}' | grep -oE '"id": "[0-9a-f]{64}' | grep -oE '[0-9a-f]{64}')
is 'leaves a pod that can be found' SANDBOX_NOTREADY "$(pod_state "$p")"
plugin "$good"
is 'and removed when it does' OK "$(code RemovePodSandbox "$(of_pod "$p")")"
is 'with all that it had' '' "$(census)"
# shellcheck disable=SC2016
plugin '[ "$CNI_COMMAND" != ADD ] || exec sleep 800'
DEADLINE=1000
is 'a plugin that hangs is given up at the deadline' DEADLINE_EXCEEDED "$(code RunPodSandbox "$(with '')")"
DEADLINE=20000
check 'and leaves nothing' until_true is_clean
plugin "$good"
p=$(ask RunPodSandbox "$(with '')" | value pod_sandbox_id)
is 'then the name is free, and the plugin gives an address' 10.9.8.7 "$(ask PodSandboxStatus "$(of_pod "$p")" | value status.network.ip)"
plugin 'echo "{\"code\":7,\"msg\":\"not now\"}"; exit 1'
is 'a plugin that does not take its network back' UNKNOWN "$(code StopPodSandbox "$(of_pod "$p")")"
is 'is quoted too' 1 "$(sentence | grep -c 'not now')"
is 'and the pod is still known' SANDBOX_NOTREADY "$(pod_state "$p")"
plugin "$good"
is 'until it does' OK "$(code StopPodSandbox "$(of_pod "$p")")"
is 'after which there is no address' '' "$(ask PodSandboxStatus "$(of_pod "$p")" | value status.network.ip)"
remove_pod "$p"

for disk in root state; do
	dd if=/dev/zero of="$W/$disk/fill" bs=64k 2> /dev/null
	is "a full disk under --$disk" RESOURCE_EXHAUSTED "$(code RunPodSandbox "$(with '')")"
	rm "$W/$disk/fill"
	is 'leaves nothing' '' "$(census)"
done
p=$(ask RunPodSandbox "$(with '')" | value pod_sandbox_id)
is 'and works when there is room' SANDBOX_READY "$(pod_state "$p")"
running "$p" full 'echo ready; exec sleep 801'
# The log: in a folder that is a file, or is not to be made.
: > "$W/file"
for place in "$W/file" /proc/none; do
	q=$(ask RunPodSandbox '{"config":{"metadata":{"name":"log","uid":"u","namespace":"n"},"log_directory":"'"$place"'","linux":{"cgroup_parent":"/pods"}}}' | value pod_sandbox_id)
	d=$(container "$q" log 'exit 0')
	is "a container whose log would lie in $place" UNKNOWN "$([ -z "$d" ] && sed -n '1s/:.*//p' "$W/err" || code StartContainer "$(of_container "$d")")"
	is 'and the pod goes with what it has' OK "$(code RemovePodSandbox "$(of_pod "$q")")"
	is 'to the last' 0 "$(census | grep -c "$q")"
done
for disk in root state; do
	dd if=/dev/zero of="$W/$disk/fill" bs=64k 2> /dev/null
	is "no container is made on a full --$disk" RESOURCE_EXHAUSTED "$(code CreateContainer '{"pod_sandbox_id":"'"$p"'","config":{"metadata":{"name":"more"},"image":{"image":"docker.io/library/box:1"}}}')"
	rm "$W/$disk/fill"
done
dd if=/dev/zero of="$W/root/fill" bs=64k 2> /dev/null
dd if=/dev/zero of="$W/state/fill" bs=64k 2> /dev/null
is 'but one that runs can be stopped' OK "$(code StopContainer "$(of_container "$c" ',"timeout":10')")"
is 'and its end is known' CONTAINER_EXITED "$(status "$c" state)"
is 'and removed' OK "$(code RemoveContainer "$(of_container "$c")")"
is 'and the pod too' OK "$(code RemovePodSandbox "$(of_pod "$p")")"
rm "$W/root/fill" "$W/state/fill"

# Descriptors and memory after some pods and after many.
# shellcheck disable=SC2154 # the library sets it
descriptors() { find "/proc/$server/fd" | wc -l; }
memory() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server/status"; }
cycles() {
	i=0
	while [ $i -lt "$1" ]; do
		i=$((i + 1))
		p=$(pod cycle)
		running "$p" cycle 'exit 0'
		remove_pod "$p"
	done
}
cycles 20
descriptors=$(descriptors) memory=$(memory)
cycles 100
# A connection may still be closing.
no_more() { [ "$(descriptors)" -le "$descriptors" ]; }
check 'a hundred pods leave no descriptor' until_true no_more
grown=$(($(memory) - memory))
is 'and less than 20 kB of memory each' yes "$([ $grown -lt 2000 ] && echo yes || echo "$grown kB")"
server_stop
is 'nothing is left' '' "$(census)"

# A deadline that passes behind the last step, when all is made and the answer not yet on the way: of what nobody heard, nothing stays.
# An answer that is lost on the way to the peer is found in the lists: docs/ARCHITECTURE.md.
late() {
	server_stop
	export PLUMBLINE_STALL="$1"
	CRI=plumbline-cri-faulty server_start --network none --import "$W/box.tar" || not_ok "$1: the server starts" "$(tail -n 1 "$W/log")"
	unset PLUMBLINE_STALL
}
server_start --network none --import "$W/box.tar"
late sandbox-answer
DEADLINE=1000
is 'a pod whose answer comes too late' DEADLINE_EXCEEDED "$(code RunPodSandbox "$(with '')")"
DEADLINE=20000
check 'is undone' until_true is_clean
late container-answer
p=$(ask RunPodSandbox "$(with '')" | value pod_sandbox_id)
is 'a pod whose answer comes in time stays' SANDBOX_READY "$(pod_state "$p")"
DEADLINE=1000
is 'a container whose answer comes too late' DEADLINE_EXCEEDED "$(code CreateContainer '{"pod_sandbox_id":"'"$p"'","config":{"metadata":{"name":"late"},"image":{"image":"docker.io/library/box:1"}}}')"
DEADLINE=20000
no_containers() { ask ListContainers '{}' > "$W/list" && ! grep -q '"id"' "$W/list"; }
check 'is undone' until_true no_containers
remove_pod "$p"
server_stop
is 'and then nothing is left' '' "$(census)"
