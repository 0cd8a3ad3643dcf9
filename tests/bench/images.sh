#!/bin/sh
# images.sh [PASSES]: pulling and unpacking one image from a registry on the loopback device, by plumbline-cri and by containerd in turn.
# Both stores lie on a tmpfs; four layers of this machine's own files. Medians in milliseconds, clients' starts included.
# shellcheck source=tests/e2e/cri-lib.sh disable=SC2154 # cri-lib.sh sets top, bin and W
passes=${PASSES:-${1:-7}}
export PASSES="$passes"
cd "$(dirname "$0")/../.." || exit 1
if [ "${IN_WORLD:-}" != yes ]; then
	IN_WORLD=yes exec tests/oci/world.sh "$PWD/tests/bench/images.sh"
fi
bin=$PWD/build/bin W=/run/w
mount -t tmpfs -o size=1500m tmpfs /run/w || exit 1
set --
for directory in /usr/share/perl /usr/lib/python3 /usr/share/locale /usr/include; do
	mkdir -p "$W/layers${directory%/*}"
	rm -rf "$W/layer-${directory##*/}"
	mkdir -p "$W/layer-${directory##*/}${directory%/*}"
	cp -a "$directory" "$W/layer-${directory##*/}${directory%/*}/"
	set -- "$@" "$W/layer-${directory##*/}"
done
printf '%s files, %s MB in 4 layers\n' "$(find "$@" -type f | wc -l)" "$(du -cms "$@" | tail -n 1 | cut -f 1)"
tests/cri/image.sh "$W/image" bench:1 "$@" || exit 1
rm -rf "$@"
mkdir -p "$W/registry" "$W/c"
printf 'version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: %s } }\nhttp: { addr: "127.0.0.1:5000" }\n' \
	"$W/registry" > "$W/registry.yml"
docker-registry serve "$W/registry.yml" > "$W/registry.log" 2>&1 &
registry=$!
printf 'version = 2\nroot = "%s/c/root"\nstate = "%s/c/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "%s/c/sock"\n' \
	"$W" "$W" "$W" > "$W/c/config.toml"
containerd -c "$W/c/config.toml" > "$W/c/log" 2>&1 &
containerd=$!
"$bin/plumbline-cri" --listen "$W/sock" --root "$W/root" --state "$W/state" --network none 2> "$W/log" &
server=$!
until curl -s -o /dev/null http://127.0.0.1:5000/v2/ && [ -S "$W/c/sock" ] && [ -S "$W/sock" ]; do :; done
tests/cri/push.sh "$W/image" http://127.0.0.1:5000 bench 1 > /dev/null || exit 1

name=127.0.0.1:5000/bench:1
ours() { "$bin/plumbline-cri-call" --endpoint "$W/sock" --deadline 60000 "$1" "{\"image\":{\"image\":\"$name\"}}" > /dev/null; }
theirs() { ctr -a "$W/c/sock" images "$@" > /dev/null; }
timed() { # FILE COMMAND...
	file=$1
	shift
	begin=$(date +%s%N)
	"$@" || exit 1
	echo $((($(date +%s%N) - begin) / 100000)) >> "$file"
}
median() { sort -n "$1" | sed -n "$((($(wc -l < "$1") + 1) / 2))p" | sed 's/.$/.&/'; }
i=0
while [ "$i" -lt "$passes" ]; do
	timed "$W/ours" ours PullImage
	ours RemoveImage
	timed "$W/theirs" theirs pull --plain-http "$name"
	theirs rm --sync "$name"
	i=$((i + 1))
done
printf 'plumbline-cri %s ms, containerd %s ms, medians of %s\n' "$(median "$W/ours")" "$(median "$W/theirs")" "$passes"
printf 'peak memory in kB: plumbline-cri %s, containerd %s\n' "$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$server/status)" \
	"$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$containerd/status)"
kill $registry $containerd $server
