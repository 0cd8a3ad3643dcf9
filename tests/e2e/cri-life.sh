#!/bin/sh
# The life of pods and containers in plumbline-cri: what each step shows, what may be done twice, and what is left at the end.
# shellcheck source=tests/e2e/cri-life-lib.sh disable=SC2154 # the library sets them
. "$(dirname "$0")/cri-life-lib.sh"
mkdir -p "$W/nodes/n"
mknod -m 666 "$W/nodes/n/kmsg" c 1 11
"$top/tests/cri/image.sh" -f tar "$W/nodes.tar" docker.io/library/nodes:1 @busybox "$W/nodes"
server_start --network none --import "$W/box.tar" --import "$W/nodes.tar" || { not_ok 'the server starts' "$(tail -n 1 "$W/log")" && exit; }

p=$(pod one)
is 'a pod is ready when its id is told' SANDBOX_READY "$(pod_state "$p")"
is 'a second one of that name is refused' ALREADY_EXISTS "$(code RunPodSandbox '{"config":{"metadata":{"name":"one","uid":"u1","namespace":"default"}}}')"
is 'a pod without metadata is refused' INVALID_ARGUMENT "$(code RunPodSandbox '{"config":{}}')"
is 'an unknown handler is refused' INVALID_ARGUMENT "$(code RunPodSandbox '{"config":{"metadata":{"name":"h","uid":"u"}},"runtime_handler":"none"}')"
is 'a pod is found by the beginning of its id' SANDBOX_READY "$(pod_state "$(printf %.12s "$p")")"

c=$(container "$p" first 'echo out; echo err >&2; exec sleep 100')
is 'a container is created' CONTAINER_CREATED "$(status "$c" state)"
is 'and runs nothing yet' '' "$(cat "$W/logs/first.log" 2> /dev/null)"
is 'stopping what was never started is no error' OK "$(code StopContainer "$(of_container "$c")")"
is 'and leaves it as it is' CONTAINER_CREATED "$(status "$c" state)"
is 'it is started' OK "$(code StartContainer "$(of_container "$c")")"
is 'it runs' CONTAINER_RUNNING "$(status "$c" state)"
is 'a second start is refused' FAILED_PRECONDITION "$(code StartContainer "$(of_container "$c")")"
is 'and changes nothing' CONTAINER_RUNNING "$(status "$c" state)"
is 'a second one of that name is refused' ALREADY_EXISTS "$(code CreateContainer '{"pod_sandbox_id":"'"$p"'","config":{"metadata":{"name":"first"},"image":{"image":"docker.io/library/box:1"}}}')"
check 'both streams are logged' until_true has_logged first 'stderr F err'
info=$(ask ContainerStatus "$(of_container "$c" ',"verbose":true')" | value info.info)
is 'verbose status names the first process' "sleep 100" "$(ps -o args= -p "$(printf %s "$info" | value pid)")"
is 'and what the runtime was told' /bin/sh "$(printf %s "$info" | value 'runtimeSpec.process.args[0]')"
is 'and where that came from' cri "$(printf %s "$info" | value 'origins[process.args[0]].from')"
is 'and its sandbox' "$p" "$(printf %s "$info" | value sandboxID)"
exec_code() { ask ExecSync "$(of_container "$c" ',"cmd":["/bin/sh","-c","'"$1"'"],"timeout":20')" | value exit_code; }
is 'a command in it tells its exit code' 7 "$(exec_code 'exit 7')"
is 'a command that takes too long is ended' DEADLINE_EXCEEDED "$(code ExecSync "$(of_container "$c" ',"cmd":["sh","-c","sleep 555 & sleep 556"],"timeout":1')")"
is 'with all that it started' '' "$(pgrep -fx 'sleep 55[56]')"
is 'it is stopped' OK "$(code StopContainer "$(of_container "$c" ',"timeout":10')")"
is 'by its signal' 'CONTAINER_EXITED 143 Error' "$(status "$c" state) $(status "$c" exit_code) $(status "$c" reason)"
is 'and can be stopped again' OK "$(code StopContainer "$(of_container "$c")")"
is 'a command in it is refused then' FAILED_PRECONDITION "$(code ExecSync "$(of_container "$c" ',"cmd":["true"]')")"
mv "$W/logs/first.log" "$W/logs/first.log.1"
is 'its log is not opened again' FAILED_PRECONDITION "$(code ReopenContainerLog "$(of_container "$c")")"
is 'and no file is made' '' "$(ls "$W/logs/first.log" 2> /dev/null)"
is 'limits of what has exited are refused' FAILED_PRECONDITION "$(code UpdateContainerResources "$(of_container "$c" ',"linux":{"cpu_shares":100}')")"
is 'it is removed' OK "$(code RemoveContainer "$(of_container "$c")")"
is 'and can be removed again' OK "$(code RemoveContainer "$(of_container "$c")")"
is 'of what is gone there is no status' NOT_FOUND "$(code ContainerStatus "$(of_container "$c")")"

# How containers end.
for row in '0 Completed exit 0' '1 Error exit 1' '255 Error exit 255' '137 Error exit 137' '137 Error kill -9 $$' '143 Error kill -15 $$'; do
	# shellcheck disable=SC2086 # words
	set -- $row
	expected="$1 $2"
	shift 2
	running "$p" ends "$*"
	check "sh -c '$*' ends" until_true has_exited "$c"
	is "sh -c '$*' is told" "$expected" "$(status "$c" exit_code) $(status "$c" reason)"
	remove "$c"
done
running "$p" hungry 'exec tail -c 200000000 /dev/zero' ',"linux":{"resources":{"memory_limit_in_bytes":33554432}}'
check 'a container without memory ends' until_true has_exited "$c"
is 'and is told to have been killed for it' '137 OOMKilled' "$(status "$c" exit_code) $(status "$c" reason)"
remove "$c"
c=$(ask CreateContainer '{"pod_sandbox_id":"'"$p"'","config":{"metadata":{"name":"missing"},"image":{"image":"docker.io/library/box:1"},"command":["/no/such/program"]}}' | value container_id)
is 'a program that is not there fails the start' UNKNOWN "$(code StartContainer "$(of_container "$c")")"
is 'and is told' 'CONTAINER_EXITED 128 StartError' "$(status "$c" state) $(status "$c" exit_code) $(status "$c" reason)"
is 'in a sentence' 1 "$(status "$c" message | grep -c 'no/such/program.*no such file')"
is 'and the container is removable' OK "$(code RemoveContainer "$(of_container "$c")")"

# Stops that meet.
forever='echo ready; while :; do sleep 1; done'
running "$p" shorter "trap 'echo signalled' TERM; $forever"
check 'a container that ignores its signal runs' until_true has_logged shorter ready
stop "$c" 86400 &
first=$!
check 'and has been signalled' until_true has_logged shorter signalled
is 'a stop with less grace ends it' OK "$(code StopContainer "$(of_container "$c" ',"timeout":1')")"
check 'and the stop that was waiting' wait $first
is 'it was killed' 137 "$(status "$c" exit_code)"
is 'after one signal' 1 "$(grep -c signalled "$W/logs/shorter.log")"
remove "$c"
running "$p" longer "trap '' TERM; $forever"
check 'another runs' until_true has_logged longer ready
stop "$c" 1 &
first=$!
is 'a stop with more grace does not lengthen that of another' OK "$(code StopContainer "$(of_container "$c" ',"timeout":86400')")"
check 'and both return' wait $first
remove "$c"
running "$p" left "trap 'echo signalled' TERM; $forever"
check 'a third runs' until_true has_logged left ready
DEADLINE=500
is 'a stop whose caller does not wait' DEADLINE_EXCEEDED "$(code StopContainer "$(of_container "$c" ',"timeout":8')")"
DEADLINE=20000
is 'kills nobody' CONTAINER_RUNNING "$(status "$c" state)"
is 'the next one goes on where it was left' OK "$(code StopContainer "$(of_container "$c" ',"timeout":86400')")"
is 'and does not signal again' '137 1' "$(status "$c" exit_code) $(grep -c signalled "$W/logs/left.log")"
remove "$c"
running "$p" many 'exec sleep 100'
pids=
for i in 1 2 3 4 5 6 7 8 9 10; do
	stop "$c" 20 &
	pids="$pids $!"
done
failed=0
for i in $pids; do wait "$i" || failed=$((failed + 1)); done
is 'ten stops at once all return well' 0 $failed
remove "$c"
running "$p" signal "trap 'exit 9' USR1; $forever" ',"stop_signal":"SIGNAL_SIGUSR1"'
check 'one with a signal of its own runs' until_true has_logged signal ready
stop "$c" 20
is 'and is stopped by that' '9 SIGNAL_SIGUSR1' "$(status "$c" exit_code) $(status "$c" stop_signal)"
remove "$c"
running "$p" family 'sleep 555 & sleep 555 & echo ready; exec sleep 556'
check 'one with children in the pid namespace of its pod runs' until_true has_logged family ready
stop "$c"
is 'none of them outlives it' '' "$(pgrep -fx 'sleep 55[56]')"
remove "$c"

# Whose pid namespace it is.
running "$p" target 'echo ready; exec sleep 557' ',"linux":{"security_context":{"namespace_options":{"pid":"CONTAINER"}}}'
target=$c
running "$p" debugger 'exec sleep 558' ',"linux":{"security_context":{"namespace_options":{"pid":"TARGET","target_id":"'"$target"'"}}}'
seen() { ask ExecSync "$(of_container "$1" ',"cmd":["ps"],"timeout":20')" | value stdout | base64 -d | grep -cE '^ +1 .*sleep 557'; }
is 'a container joins the pid namespace of its target' 1 "$(seen "$c")"
other=$(pod two)
is 'but of none in another pod' INVALID_ARGUMENT "$(code CreateContainer '{"pod_sandbox_id":"'"$other"'","config":{"metadata":{"name":"spy"},"image":{"image":"docker.io/library/box:1"},
	"linux":{"security_context":{"namespace_options":{"pid":"TARGET","target_id":"'"$target"'"}}}}}')"
stop "$target"
late=$(container "$p" late 'exit 0' ',"linux":{"security_context":{"namespace_options":{"pid":"TARGET","target_id":"'"$target"'"}}}')
is 'nor of one that has ended' '' "$late"

# Whose namespaces a pod has.
u=$(pod user ',"security_context":{"namespace_options":{"userns_options":{"mode":"POD","uids":[{"host_id":100000,"length":65536}],
	"gids":[{"host_id":100000,"length":65536}]}}}')
running "$u" user 'touch /made && ls -ln /made; echo ready; exec sleep 559'
check 'a pod with a user namespace runs a container' until_true has_logged user ready
owner() { stat -c %u "/proc/$(ask ContainerStatus "$(of_container "$1" ',"verbose":true')" | value info.info | value pid)"; }
is 'whose root is another user of the machine' 100000 "$(owner "$c")"
is 'and owns what it makes' 1 "$(grep -c ' 0 *0 .*/made' "$W/logs/user.log")"
is 'and it is stopped' OK "$(code StopContainer "$(of_container "$c")")"
# opens POD NAME [MORE-OF-LINUX]: whether a device that came in a layer of the image can be opened, as its mode has it.
opens() {
	c=$(ask CreateContainer '{"pod_sandbox_id":"'"$1"'","config":{"metadata":{"name":"'"$2"'"},"image":{"image":"docker.io/library/nodes:1"},
		"command":["/bin/sh","-c","[ -c /n/kmsg ] && if (: < /n/kmsg); then echo opened; else echo refused; fi; exec sleep 564"],
		"log_path":"'"$2"'.log"'"${3:-}"'},"sandbox_config":{}}' | value container_id)
	start "$c"
	until_true has_logged "$2" 'opened\|refused'
	grep -oE 'opened$|refused$' "$W/logs/$2.log"
}
is 'a device of a layer stays closed to it' refused "$(opens "$u" nodes-user)"
is 'as to any container' refused "$(opens "$p" nodes)"
p2=$(pod open ',"security_context":{"privileged":true}')
is 'but one that is privileged' opened "$(opens "$p2" nodes-open ',"linux":{"security_context":{"privileged":true}}')"
remove_pod "$p2"
is 'and its pod removed' OK "$(code RemovePodSandbox "$(of_pod "$u")")"
n=$(pod node ',"security_context":{"namespace_options":{"network":"NODE","pid":"NODE","ipc":"NODE"}}')
running "$n" node 'for ns in net ipc pid; do readlink /proc/self/ns/$ns; done; echo ready; exec sleep 560' \
	',"linux":{"security_context":{"namespace_options":{"network":"NODE","pid":"NODE","ipc":"NODE"}}}'
check 'a pod with the namespaces of the node runs a container' until_true has_logged node ready
is 'in those' "$(readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/pid)" "$(sed -n 's/.* F \(.*:\[.*\)/\1/p' "$W/logs/node.log")"
is 'its pod has no address' '' "$(ask PodSandboxStatus "$(of_pod "$n")" | value status.network.ip)"
is 'and it is removed' OK "$(code RemovePodSandbox "$(of_pod "$n")")"
running "$p" writer 'echo shared > /dev/shm/note; echo ready; exec sleep 561'
check 'one container writes to shared memory' until_true has_logged writer ready
running "$p" reader 'cat /dev/shm/note; exec sleep 562'
check 'another of its pod reads it' until_true has_logged reader shared

# An image as a volume.
running "$p" volume 'cat /image/etc/passwd; echo ready; exec sleep 563' ',"mounts":[{"container_path":"/image","readonly":true,"image":{"image":"docker.io/library/box:1"}}]'
check 'an image is mounted' until_true has_logged volume 'root:x:0'
is 'and told by its id' "$(status "$c" image_id)" "$(status "$c" 'mounts[0].image.image')"

# Limits.
running "$p" limits 'exec sleep 100' ',"linux":{"resources":{"cpu_shares":512,"memory_limit_in_bytes":67108864}}'
knob() { cat "$(find /sys/fs/cgroup -path "*/pods/$c/$1" | head -n 1)"; }
if [ -n "$(find /sys/fs/cgroup -path "*/pods/$c/cpu.shares")" ]; then
	is 'limits are changed' 'OK 700' "$(code UpdateContainerResources "$(of_container "$c" ',"linux":{"cpu_shares":700}')") $(knob cpu.shares)"
	is 'what is not named stays' '700 67108864' "$(status "$c" resources.linux.cpu_shares) $(status "$c" resources.linux.memory_limit_in_bytes)"
	is 'a change that fails in part' UNKNOWN "$(code UpdateContainerResources "$(of_container "$c" ',"linux":{"cpu_shares":800,"cpuset_cpus":"4095"}')")"
	is 'changes neither the kernel' 700 "$(knob cpu.shares)"
	is 'nor the status' 700 "$(status "$c" resources.linux.cpu_shares)"
	is 'nor the config' 700 "$(ask ContainerStatus "$(of_container "$c" ',"verbose":true')" | value info.info | value runtimeSpec.linux.resources.cpu.shares)"
	mkdir "$W/state/containers/$c/bundle/config.json.new"
	is 'a change that cannot be written down' UNKNOWN "$(code UpdateContainerResources "$(of_container "$c" ',"linux":{"cpu_shares":900}')")"
	rmdir "$W/state/containers/$c/bundle/config.json.new"
	is 'is taken back in the kernel' '700 700' "$(knob cpu.shares) $(status "$c" resources.linux.cpu_shares)"
else
	skip 'limits are changed' 'no cpu hierarchy of version 1 is here'
fi

# Ends of pods.
q=$(pod three)
pause=$(ask PodSandboxStatus "$(of_pod "$q" ',"verbose":true')" | value info.info | value pid)
kill -9 "$pause"
not_ready() { [ "$(pod_state "$1")" = SANDBOX_NOTREADY ]; }
check 'a pod whose first process dies is not ready' until_true not_ready "$q"
is 'and takes no container' FAILED_PRECONDITION "$(code CreateContainer '{"pod_sandbox_id":"'"$q"'","config":{"metadata":{"name":"x"},"image":{"image":"docker.io/library/box:1"}}}')"
is 'a pod is removed with what runs in it' OK "$(code RemovePodSandbox "$(of_pod "$p")")"
is 'and its containers are gone' NOT_FOUND "$(code ContainerStatus "$(of_container "$c")")"
for id in $q $other; do
	is 'a pod is stopped' OK "$(code StopPodSandbox "$(of_pod "$id")")"
	is 'twice' OK "$(code StopPodSandbox "$(of_pod "$id")")"
	is 'and removed' OK "$(code RemovePodSandbox "$(of_pod "$id")")"
	is 'twice' OK "$(code RemovePodSandbox "$(of_pod "$id")")"
done
is 'of what is gone there is no status' NOT_FOUND "$(code PodSandboxStatus "$(of_pod "$q")")"
for method in StopPodSandbox RemovePodSandbox PodSandboxStatus; do
	is "$method without an id is refused" INVALID_ARGUMENT "$(code $method '{}')"
done
for method in StartContainer StopContainer RemoveContainer ContainerStatus UpdateContainerResources ReopenContainerLog ExecSync; do
	is "$method without an id is refused" INVALID_ARGUMENT "$(code $method '{}')"
done

# Nobody waits for the answer: the pod is whole, when the deadline passed behind the last step, or nothing is left of it.
is_settled() { [ "$(find "$W/root/sandboxes" -mindepth 1 -maxdepth 1 | wc -l)" = "$(pods | wc -l)" ]; }
pods() { ask ListPodSandbox '{}' | grep -oE '"id": "[0-9a-f]{64}' | grep -oE '[0-9a-f]{64}'; }
for DEADLINE in 2 5 10 15 20 30 40; do
	code RunPodSandbox '{"config":{"metadata":{"name":"late","uid":"u1","namespace":"default","attempt":'$DEADLINE'}}}' > /dev/null
done
DEADLINE=20000
check 'pods that nobody waits for are whole or undone' until_true is_settled
for id in $(pods); do
	is 'a whole one is ready' SANDBOX_READY "$(pod_state "$id")"
	remove_pod "$id"
done

# All at once.
number=100
count() { grep -c '"status":"OK"' "$W/answers"; }
each() { calls < "$W/lines" > "$W/answers"; }
i=0
while [ $i -lt $number ]; do
	i=$((i + 1))
	echo '{"id":'$i',"method":"RunPodSandbox","request":{"config":{"metadata":{"name":"p'$i'","uid":"u","namespace":"n"},"hostname":"h","linux":{"cgroup_parent":"/pods"}}}}'
done > "$W/lines"
each
is "$number pods at once" $number "$(count)"
grep -oE '[0-9a-f]{64}' "$W/answers" | sort -u > "$W/ids"
for method in StopPodSandbox RemovePodSandbox; do
	awk '{ printf "{\"id\":%d,\"method\":\"'$method'\",\"request\":{\"pod_sandbox_id\":\"%s\"}}\n", NR, $1 }' "$W/ids" > "$W/lines"
	each
	is "$method of all" $number "$(count)"
done
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	echo '{"id":'$i',"method":"RunPodSandbox","request":{"config":{"metadata":{"name":"same","uid":"u","namespace":"n"},"hostname":"h"}}}'
done > "$W/lines"
each
is 'of twenty pods of one name one is made' 1 "$(count)"
is 'and the others are told why' 19 "$(grep -c '"status":"ALREADY_EXISTS"' "$W/answers")"
remove_pod "$(grep -oE '"pod_sandbox_id":"[0-9a-f]{64}' "$W/answers" | grep -oE '[0-9a-f]{64}')"

server_stop
is 'the server ends well' 0 $?
is 'nothing is left' '' "$(census)"
