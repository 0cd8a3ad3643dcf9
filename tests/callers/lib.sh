# Sourced inside a world by the tests of callers: an image made from busybox, checks, and waiting for a condition.
# shellcheck shell=sh disable=SC2034,SC2154 # the scripts use runtime and set caller

runtime=$1
W=/run/callers
mkdir -p "$W"
cd "$W" || exit 1
export HOME=$W XDG_RUNTIME_DIR=$W
# A service manager's socket of the host must not be talked to.
unset NOTIFY_SOCKET DBUS_SESSION_BUS_ADDRESS

ok() { printf 'ok %s: %s\n' "$caller" "$1"; }
not_ok() { printf 'not ok %s: %s: %s\n' "$caller" "$1" "$2"; }
# is NAME EXPECTED OBSERVED
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', observed '$3'"; fi
}
# like NAME PATTERN OBSERVED: an extended regular expression
like() {
	if printf '%s\n' "$3" | grep -Eq -e "$2"; then ok "$1"; else not_ok "$1" "'$3' is not like '$2'"; fi
}
# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@" > "$W/out" 2>&1; then ok "$name"; else not_ok "$name" "$(tail -n 2 "$W/out" | tr '\n' ' ')"; fi
}
# until_true COMMAND...: tries at most ten seconds
until_true() {
	end=$(($(date +%s) + 10))
	until "$@" > /dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || return 1
	done
}
# terminal_of COMMAND: the terminal that it names, run with standard streams that are one
terminal_of() { script -qec "$1" /dev/null < /dev/null | grep -o '/dev/pts/[0-9]*' | head -n 1; }

make_image() {
	mkdir -p "$W/image/bin" "$W/image/tmp" "$W/image/etc" "$W/image/proc" "$W/image/dev" "$W/image/sys"
	cp "$(command -v busybox)" "$W/image/bin/busybox"
	for applet in sh ls cat sleep echo true id hostname dd tty stty env kill; do
		ln -sf busybox "$W/image/bin/$applet"
	done
	printf 'root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' > "$W/image/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' > "$W/image/etc/group"
	tar -C "$W/image" -cf "$W/image.tar" .
}

# nothing_left PARENT: no cgroup but the one that the caller keeps for all of its containers
nothing_left() {
	is 'no cgroup is left' '' "$(find /sys/fs/cgroup/pids /sys/fs/cgroup/memory -mindepth 1 -type d ! -name "$1" \
		! -path '*/libpod_parent/conmon' | head -n 3)"
}

digest_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# add_blob FILE: into the layout; prints its digest
add_blob() {
	digest=$(digest_of "$1")
	cp "$1" "$W/layout/blobs/sha256/$digest"
	printf '%s' "$digest"
}

# make_oci_layout LAYER_TAR OUT_TAR REFERENCE: an image layout of one layer; its command is $command, JSON without brackets
make_oci_layout() {
	rm -rf "$W/layout"
	mkdir -p "$W/layout/blobs/sha256"
	layer=$(add_blob "$1")
	printf '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":[%s]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"${command:-\"sh\"}" "$layer" > "$W/config.json"
	config=$(add_blob "$W/config.json")
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%s}]}' \
		"$config" "$(stat -c %s "$W/config.json")" "$layer" "$(stat -c %s "$1")" > "$W/manifest.json"
	manifest=$(add_blob "$W/manifest.json")
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' \
		"$manifest" "$(stat -c %s "$W/manifest.json")" "$3" "$3" > "$W/layout/index.json"
	printf '{"imageLayoutVersion":"1.0.0"}' > "$W/layout/oci-layout"
	tar -C "$W/layout" -cf "$2" .
}
