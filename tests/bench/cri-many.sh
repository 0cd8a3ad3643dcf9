#!/bin/bash
# cri-many.sh [PODS]: that many pods with a container each, all calls of a kind sent at once by one client, without a network: how long each
# kind took, how many failed, and the server's resident memory before and with all of them running. Root; a world of its own.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ "${IN_WORLD:-}" != yes ]; then
	IN_WORLD=yes exec tests/oci/world.sh "$PWD/tests/bench/cri-many.sh" "$@"
fi
pods=${1:-100} bin=$PWD/build/bin W=/run/w
mkdir -p "$W/logs"
tests/cri/image.sh -f tar -c '{"Cmd":["sleep","100000"]}' "$W/box.tar" docker.io/library/box:1 @busybox
"$bin/plumbline-cri" --listen "$W/cri.sock" --root /tmp/root --state "$W/state" --network none --import "$W/box.tar" 2> "$W/log" &
cri=$!
until "$bin/plumbline-cri-call" --endpoint "$W/cri.sock" Version > /dev/null 2>&1; do
	kill -0 $cri || { cat "$W/log"; exit 1; }
done
resident() { printf 'resident memory, %s: %s kB\n' "$1" "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$cri/status)"; }
# all METHOD FILTER: one request for each line of standard input, by jq; the answers stay in $W/METHOD.
all() {
	jq -c "{id: input_line_number, deadline_ms: 60000, method: \"$1\", request: ($2)}" > "$W/requests"
	began=$(date +%s%N)
	"$bin/plumbline-cri-call" --endpoint "$W/cri.sock" < "$W/requests" > "$W/$1"
	printf '%s %s: %s ms, %s failed\n' "$(wc -l < "$W/$1")" "$1" $((($(date +%s%N) - began) / 1000000)) \
		"$(jq -r 'select(.status != "OK").id' "$W/$1" | wc -l)"
}
resident before
seq "$pods" | all RunPodSandbox '{config: {metadata: {name: "p\(.)", uid: "u\(.)", namespace: "n"}, log_directory: "'$W/logs'", linux: {cgroup_parent: "/pods"}}}'
all CreateContainer '{pod_sandbox_id: .response.pod_sandbox_id, sandbox_config: {}, config: {metadata: {name: "c"},
	image: {image: "docker.io/library/box:1"}, log_path: "\(.id).log"}}' < "$W/RunPodSandbox"
all StartContainer '{container_id: .response.container_id}' < "$W/CreateContainer"
resident "$pods running"
all RemovePodSandbox '{pod_sandbox_id: .response.pod_sandbox_id}' < "$W/RunPodSandbox"
resident after
kill $cri
wait $cri
