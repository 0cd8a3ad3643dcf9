#!/bin/bash
# cri.sh [ROUNDS]: the life of one pod with one container, by plumbline-cri and by containerd, on the same runtime (plumbline-oci) and
# the same CNI network, turn by turn. Milliseconds that the client waited, median of the rounds. Root; a world of its own.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ "${IN_WORLD:-}" != yes ]; then
	IN_WORLD=yes exec tests/oci/world.sh "$PWD/tests/bench/cri.sh" "$@"
fi
rounds=${1:-30} bin=$PWD/build/bin W=/run/w
mkdir -p "$W/logs"
tests/cri/containerd-config.sh "$W" "$bin/plumbline-oci" overlayfs
tests/cri/image.sh -f tar -c '{"Cmd":["sleep","100000"]}' "$W/box.tar" docker.io/library/box:1 @busybox
tests/cri/image.sh -f tar -c '{"Cmd":["sleep","100000"]}' "$W/pause.tar" docker.io/library/pause:1 @busybox
containerd --config "$W/config.toml" > "$W/containerd.log" 2>&1 &
containerd=$!
"$bin/plumbline-cri" --listen "$W/cri.sock" --root "$W/root" --state "$W/state" --network cni --cni-conf "$W/cni" \
	--cni-bin /usr/lib/cni --import "$W/box.tar" > "$W/cri.log" 2>&1 &
cri=$!
for socket in containerd cri; do
	until "$bin/plumbline-cri-call" --endpoint "$W/$socket.sock" Version > /dev/null 2>&1; do
		if ! kill -0 $containerd $cri; then cat "$W"/*.log; exit 1; fi
	done
done
for image in box pause; do
	ctr -a "$W/containerd.sock" -n k8s.io images import --snapshotter overlayfs "$W/$image.tar" > /dev/null || exit 1
done

# One client a server, so that no connecting is measured.
coproc ONE { "$bin/plumbline-cri-call" --endpoint "$W/cri.sock"; }
one=("${ONE[@]}")
{ coproc TWO { "$bin/plumbline-cri-call" --endpoint "$W/containerd.sock"; }; } 2> /dev/null
two=("${TWO[@]}")
# call METHOD REQUEST: $answer, and its milliseconds into the file of the method
call() {
	printf '{"id":1,"method":"%s","request":%s}\n' "$1" "$2" >&"${client[1]}"
	read -r answer <&"${client[0]}"
	case $answer in *'"status":"OK"'*) ;; *) echo "$name $1: $answer" >&2; exit 1 ;; esac
	ms=$(printf %s "$answer" | sed 's/.*"ms":\([0-9.]*\).*/\1/')
	printf '%s\n' "$ms" >> "$W/$name.$1"
	total="$total + $ms"
}
id_of() { printf %s "$answer" | grep -oE '[0-9a-f]{64}'; }
life() {
	total=0
	sandbox='{"metadata":{"name":"pod'$round'","uid":"u'$round'","namespace":"default"},"hostname":"pod","log_directory":"'$W/logs'","linux":{"cgroup_parent":"/pods"}}'
	call RunPodSandbox '{"config":'"$sandbox"'}'
	pod=$(id_of)
	call CreateContainer '{"pod_sandbox_id":"'"$pod"'","config":{"metadata":{"name":"c"},"image":{"image":"docker.io/library/box:1"},"log_path":"c.log"},"sandbox_config":'"$sandbox"'}'
	container=$(id_of)
	call StartContainer '{"container_id":"'"$container"'"}'
	call StopContainer '{"container_id":"'"$container"'","timeout":0}'
	call RemoveContainer '{"container_id":"'"$container"'"}'
	call StopPodSandbox '{"pod_sandbox_id":"'"$pod"'"}'
	call RemovePodSandbox '{"pod_sandbox_id":"'"$pod"'"}'
	echo "$total" | bc >> "$W/$name.total"
	# What the goal counts: without the end of the pod.
	for method in RunPodSandbox CreateContainer StartContainer StopContainer RemoveContainer; do tail -n 1 "$W/$name.$method"; done |
		paste -sd+ | bc >> "$W/$name.goal"
}
for round in $(seq "$rounds"); do
	name=cri client=("${one[@]}")
	life
	name=containerd client=("${two[@]}")
	life
done
median() { sort -n "$1" | sed -n "$((($(wc -l < "$1") + 1) / 2))p"; }
printf '%-18s %12s %12s   ms, median of %s\n' '' plumbline-cri containerd "$rounds"
for method in RunPodSandbox CreateContainer StartContainer StopContainer RemoveContainer StopPodSandbox RemovePodSandbox total; do
	printf '%-18s %12s %12s\n' $method "$(median "$W/cri.$method")" "$(median "$W/containerd.$method")"
done
paste -d' ' "$W/cri.goal" "$W/containerd.goal" | while read -r ours theirs; do echo "scale=3; $ours / $theirs" | bc; done > "$W/ratios"
printf 'Run+Create+Start+Stop+Remove: %s to %s ms, median of the ratios of the rounds %s\n' "$(median "$W/cri.goal")" \
	"$(median "$W/containerd.goal")" "$(median "$W/ratios")"
kill $cri $containerd
wait $cri
