#!/bin/sh
# What containers and pods use, in numbers and metrics; lists in parts; events in order.
# shellcheck source=tests/e2e/cri-life-lib.sh
. "$(dirname "$0")/cri-life-lib.sh"
command -v jq > /dev/null || { skip cri-stats.sh 'it reads answers with jq' && exit 0; }

# The node's clock as the server sees it goes an hour ahead once $W/ahead is there.
cat > "$W/clock.c" << 'C'
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int r = (int) syscall(SYS_clock_gettime, clock, now);
	if (clock == CLOCK_REALTIME && access(getenv("AHEAD"), F_OK) == 0)
		now->tv_sec += 3600;
	return r;
}
C
check 'a clock that can be set' cc -shared -fPIC -o "$W/clock.so" "$W/clock.c"
export LD_PRELOAD="$W/clock.so" AHEAD="$W/ahead"
check 'the server starts' server_start --import "$W/box.tar" --network builtin
unset LD_PRELOAD
mkfifo "$W/lines"
calls < "$W/lines" > "$W/events" &
listener=$!
exec 8> "$W/lines"
echo '{"id":1,"method":"GetContainerEvents"}' >&8
until_true grep -q '"headers"' "$W/events"

pod=$(pod one)
running "$pod" busy 'dd if=/dev/zero of=/tmp/x bs=1k count=300 2>/dev/null; while :; do :; done' \
	',"labels":{"a":"1"},"annotations":{"note":"kept"},"linux":{"resources":{"cpu_period":100000,"cpu_quota":20000,"memory_limit_in_bytes":67108864}}'
busy=$c
idle=$(container "$pod" idle 'sleep 1000')

# stats JQ: of the busy container.
stats() { ask ContainerStats "$(of_container "$busy")" | jq -r "$1"; }
has_written() { [ "$(stats '.stats.writable_layer.used_bytes.value')" -ge 307200 ]; }
check 'what it wrote is counted' until_true has_written
is 'on the file system that ImageFsInfo names' "$(ask ImageFsInfo | jq -r '.image_filesystems[0].fs_id.mountpoint')" \
	"$(stats '.stats.writable_layer.fs_id.mountpoint')"
is 'attributes are its own' 'busy 1 kept' "$(stats '.stats.attributes | "\(.metadata.name) \(.labels.a) \(.annotations.note)"')"
has_worked() { [ "$(stats '.stats.cpu.usage_core_nano_seconds.value // 0')" -gt 200000000 ]; }
check 'processor time grows' until_true has_worked

# The kernel's own count, before and after.
# A cgroup2 beside cgroups v1 counts on its own, and a little differently.
counter=$(find /sys/fs/cgroup -path "*pods/$busy/cpuacct.usage")
[ -n "$counter" ] || counter=$(find /sys/fs/cgroup -path "*pods/$busy/cpu.stat")
kernel_ns() {
	case $counter in
	*cpuacct.usage) cat "$counter" ;;
	*) sed -n 's/^usage_usec \(.*\)/\1000/p' "$counter" ;;
	esac
}
before=$(kernel_ns)
told=$(stats '.stats.cpu.usage_core_nano_seconds.value')
after=$(kernel_ns)
check "it is the kernel's count ($before, $told, $after)" test "$before" -le "$told" -a "$told" -le "$after"
is 'its rate stays below the quota and above nothing' true \
	"$(stats '.stats.cpu.usage_nano_cores.value | . > 1000000 and . < 900000000')"
date +%s > "$W/now"
: > "$W/ahead"
stats .stats.cpu > "$W/cpu"
check 'the clock is set ahead' test "$(jq '.timestamp / 1e9 | floor' "$W/cpu")" -ge $(($(cat "$W/now") + 3600))
is 'which makes no rate smaller' true "$(jq '.usage_nano_cores.value | . > 1000000 and . < 900000000' "$W/cpu")"
is 'nor that of a pod since its start' true \
	"$(ask PodSandboxStats "$(of_pod "$pod")" | jq '.stats.linux.cpu.usage_nano_cores.value | . > 1000000 and . < 900000000')"
is 'available memory is the limit less the working set' 67108864 \
	"$(stats '.stats.memory | .available_bytes.value + .working_set_bytes.value')"
is 'the working set is no more than what is used' true "$(stats '.stats.memory | .working_set_bytes.value <= .usage_bytes.value')"

# names METHOD REQUEST: of the containers in a list of stats.
names() { ask ListContainerStats "$1" | jq -r '[.stats[].attributes.metadata.name] | join(" ")'; }
is 'only what runs is listed' busy "$(names '{}')"
is 'a label selects' busy "$(names '{"filter":{"label_selector":{"a":"1"}}}')"
is 'another label selects nothing' '' "$(names '{"filter":{"label_selector":{"a":"2"}}}')"
is 'the pod selects' busy "$(names "{\"filter\":{\"pod_sandbox_id\":\"$pod\"}}")"
is 'one that was never started has a disk alone' 'true null' \
	"$(ask ContainerStats "$(of_container "$idle")" | jq -r '.stats | "\(.writable_layer != null) \(.cpu)"')"
is 'one that is not there is NOT_FOUND' 'NOT_FOUND NOT_FOUND' \
	"$(code ContainerStats '{"container_id":"none"}') $(code PodSandboxStats '{"pod_sandbox_id":"none"}')"

ask PodSandboxStats "$(of_pod "$pod")" > "$W/pod"
is 'a pod has its network and containers' 'eth0 busy' \
	"$(jq -r '.stats.linux | "\(.network.default_interface.name) \([.containers[].attributes.metadata.name] | join(" "))"' "$W/pod")"
is 'and more than its container' true \
	"$(jq -r '.stats.linux | .cpu.usage_core_nano_seconds.value >= .containers[0].cpu.usage_core_nano_seconds.value - 2e8 and .process.process_count.value >= 2' "$W/pod")"
received() { ask PodSandboxStats "$(of_pod "$pod")" | jq '.stats.linux.network.default_interface.rx_bytes.value'; }
was=$(received)
address=$(ask PodSandboxStatus "$(of_pod "$pod")" | jq -r .status.network.ip)
ping -c 1 -s 1000 "$address" > /dev/null 2>&1 || busybox ping -c 1 -s 1000 "$address" > /dev/null 2>&1
check 'bytes received are counted' test "$(received)" -ge $((was + 1000))

# Metrics: what is told was declared, with as many labels; what is declared is told where this machine counts it.
ask ListMetricDescriptors > "$W/descriptors"
ask ListPodSandboxMetrics > "$W/metrics"
is 'metrics are declared' 56 "$(jq '[.descriptors[].name] | unique | length' "$W/descriptors")"
is 'each with help and labels' 0 "$(jq '[.descriptors[] | select(.help == "" or .label_keys == [])] | length' "$W/descriptors")"
jq -r '.descriptors[] | "\(.name) \(.label_keys | length)"' "$W/descriptors" | sort -u > "$W/declared"
jq -r '.pod_metrics[] | (.metrics[], .container_metrics[].metrics[]) | "\(.name) \(.label_values | length)"' "$W/metrics" | sort -u > "$W/told"
is 'nothing is told that was not declared so' '' "$(comm -13 "$W/declared" "$W/told")"
is 'nothing is left out but devices and huge pages that are not there' '' \
	"$(comm -23 "$W/declared" "$W/told" | grep -vE '^container_(blkio|hugetlb|fs_(reads|writes)|pressure)')"
is 'a quota is told' 20000 \
	"$(jq '.pod_metrics[].container_metrics[].metrics[] | select(.name == "container_spec_cpu_quota").value.value' "$W/metrics")"
is 'and the periods that it is of' true \
	"$(jq '.pod_metrics[].container_metrics[].metrics[] | select(.name == "container_cpu_cfs_periods_total").value.value > 0' "$W/metrics")"

# Parts of a list: none is longer than it must be, together they are the list.
long=$(head -c 400000 /dev/zero | tr '\0' x)
i=0
while [ $i -lt 5 ]; do
	i=$((i + 1))
	printf '{"id":%d,"method":"CreateContainer","request":{"pod_sandbox_id":"%s","config":{"metadata":{"name":"long%d"},"image":{"image":"docker.io/library/box:1"},"annotations":{"long":"%s"}},"sandbox_config":{}}}\n' $i "$pod" $i "$long"
done | calls > "$W/made"
is 'long containers are made' 5 "$(grep -c '"status":"OK"' "$W/made")"
echo '{"id":1,"method":"StreamContainers"}' | calls > "$W/parts"
check 'a long list comes in parts' test "$(grep -c '"item"' "$W/parts")" -ge 2
is 'together they are the list' "$(ask ListContainers | jq -r '.containers[].id' | sort)" \
	"$(jq -r '.item.containers[]?.id' "$W/parts" | sort)"
is 'stats come as a stream too' "$busy" "$(ask StreamContainerStats | jq -r '.container_stats[].attributes.id')"
is 'and those of pods' "$pod" "$(ask StreamPodSandboxStats | jq -r '.pod_sandbox_stats[].attributes.id')"
is 'and metrics' "$pod" "$(ask StreamPodSandboxMetrics | jq -r '.pod_sandbox_metrics[].pod_sandbox_id')"

stop "$busy"
is 'one that has ended has a disk alone' 'true null' "$(stats '"\(.stats.writable_layer != null) \(.stats.cpu)"')"
remove "$busy"
stop_pod "$pod"
is 'a pod that was stopped is not listed' 0 "$(ask ListPodSandboxStats | jq '.stats | length')"
remove_pod "$pod"

# An event may come after the answer.
is_deleted() { jq -r 'select(.item.container_event_type == "CONTAINER_DELETED_EVENT").item.container_id' "$W/events" | grep -q "$pod"; }
check 'the end of the sandbox is told' until_true is_deleted
echo '{"cancel":1}' >&8
exec 8>&-
wait $listener
# told ID: the kinds of its events, in order.
told() {
	jq -r "select(.item.container_id == \"$1\").item.container_event_type" "$W/events" |
		sed 's/^CONTAINER_//; s/_EVENT$//' | paste -sd' '
}
is 'events of the container' 'CREATED STARTED STOPPED DELETED' "$(told "$busy")"
is 'events of the sandbox' 'CREATED STARTED STOPPED DELETED' "$(told "$pod")"
is 'each has the status of its sandbox' 0 "$(jq -r 'select(.item and .item.pod_sandbox_status.metadata.name != "one").id' "$W/events" | wc -l)"
is 'they are told in the order of their times' '' \
	"$(jq -r 'select(.item).item.created_at' "$W/events" > "$W/times" && sort -n "$W/times" | diff - "$W/times")"
server_stop
is 'the server stops clean' 0 $?
