# Sourced by end-to-end tests of the reference runtime; each test runs itself again in a world (tests/oci/world.sh).
# shellcheck shell=sh disable=SC2154 # lib.sh sets bin and top
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

if [ "${IN_WORLD:-}" != yes ]; then
	[ "$(id -u)" = 0 ] || { skip "$(basename "$0")" 'it needs root' && exit 0; }
	rmdir "$W" # exec forgets the trap, and there $W is another
	IN_WORLD=yes exec "$top/tests/oci/world.sh" "$top/tests/e2e/$(basename "$0")"
fi
W=/run/w
trap - EXIT
runtime=$bin/${OCI:-plumbline-oci}
oci() { "$runtime" --root "$W/state" "$@"; }

# bundle NAME [SED-PROGRAM]: a busybox image under the name, and a config whose lines the program edits.
bundle() {
	mkdir -p "$W/$1/rootfs/bin" "$W/$1/rootfs/proc" "$W/$1/rootfs/dev" "$W/$1/rootfs/m"
	cp /bin/busybox "$W/$1/rootfs/bin/busybox"
	for applet in sh cat ls true sleep ip touch stat mount umount setsid head; do ln -sf busybox "$W/$1/rootfs/bin/$applet"; done
	sed "${2:-}" > "$W/$1/config.json" <<'J'
{
"ociVersion": "1.0.2",
"process": {
"args": ["/bin/sleep", "1000"],
"env": ["PATH=/bin"], "cwd": "/", "noNewPrivileges": true,
"user": { "uid": 0, "gid": 0 }
},
"root": { "path": "rootfs" },
"mounts": [
{ "destination": "/proc", "type": "proc", "source": "proc" },
{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"] }
],
"linux": {
"cgroupsPath": "/NAME",
"namespaces": [{ "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }]
}
}
J
	sed -i "s/NAME/$1/" "$W/$1/config.json"
}
# Edits for bundle(): what the program is, and a member of linux.
args() { printf 's|"args": .*|"args": [%s],|;' "$1"; }
linux() { printf 's|^"cgroupsPath"|%s, &|;' "$1"; }
