#!/bin/sh
# What recording costs on each runtime here, with strace -f beside it: medians of interleaved rounds. ROUNDS=30 tests/bench/recorder.sh
set -eu
cd "$(dirname "$0")/../.."
[ "${IN_WORLD:-}" = yes ] || IN_WORLD=yes exec tests/oci/world.sh "$PWD/tests/bench/recorder.sh"

W=/run/w
mkdir -p "$W/bundle/rootfs/bin"
cp /bin/busybox "$W/bundle/rootfs/bin/true"
cat > "$W/bundle/config.json" <<'J'
{
"ociVersion": "1.0.2",
"process": { "args": ["/bin/true"], "env": ["PATH=/bin"], "cwd": "/", "user": { "uid": 0, "gid": 0 } },
"root": { "path": "rootfs" },
"mounts": [
	{ "destination": "/proc", "type": "proc", "source": "proc" },
	{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"] }
],
"linux": { "namespaces": [{ "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }] }
}
J
for runtime in crun runc "$PWD/build/bin/plumbline-oci"; do
	command -v "$runtime" > /dev/null || continue
	build/tests/recorder-bench "${ROUNDS:-30}" "$runtime" --root "$W/state" run --bundle "$W/bundle" 'b%d'
done
