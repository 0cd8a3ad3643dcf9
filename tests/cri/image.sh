#!/bin/sh
# image.sh [OPTION...] OUT NAME[:TAG] LAYER...: an image from directories, lowest layer first, with nothing but shell, tar, gzip and sha256sum.
# A LAYER is a directory, a ready FILE.tar, @busybox (a shell, users, /tmp) or @probe (build/bin/plumbline-probe). The same input gives
# the same digests.
#   -f layout|tar|docker   OUT is an OCI layout (default), a tar of one, or what docker save writes
#   -c JSON                the member "config" of the image: {"User":"1000","Entrypoint":["/bin/sh"]}; default {}
#   -z gzip|zstd|none      how layers are compressed; docker archives are not
#   -a ARCHITECTURE        default: this machine's
set -eu
here=$(cd "$(dirname "$0")" && pwd)
format=layout config='{}' compression=gzip
case $(uname -m) in
x86_64) architecture=amd64 ;;
aarch64) architecture=arm64 ;;
*) architecture=$(uname -m) ;;
esac
usage() {
	sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
	exit 2
}
while getopts f:c:z:a: option; do
	case $option in
	f) format=$OPTARG ;;
	c) config=$OPTARG ;;
	z) compression=$OPTARG ;;
	a) architecture=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 3 ] || usage
out=$1 name=$2
shift 2
work=$(mktemp -d "${TMPDIR:-/tmp}/plumbline-image.XXXXXX")
trap 'rm -rf "$work"' EXIT

recipe_busybox() {
	mkdir -p "$1/bin" "$1/etc" "$1/home/user" "$1/root" "$1/tmp" "$1/var/log"
	cp "$(command -v busybox)" "$1/bin/busybox"
	for applet in $(busybox --list); do [ -e "$1/bin/$applet" ] || ln -s busybox "$1/bin/$applet"; done
	printf '%s\n' root:x:0:0:root:/root:/bin/sh daemon:x:1:1::/:/bin/false user:x:1000:1000::/home/user:/bin/sh \
		other:x:1001:1001::/:/bin/sh > "$1/etc/passwd"
	printf '%s\n' root:x:0: daemon:x:1: user:x:1000: other:x:1001: extra:x:2000:user tty:x:5: > "$1/etc/group"
	chmod 1777 "$1/tmp"
	chmod 700 "$1/root"
	chown -R 1000:1000 "$1/home/user"
}
recipe_probe() {
	mkdir -p "$1/bin" "$1/etc" "$1/tmp"
	cp "$here/../../build/bin/plumbline-probe" "$1/bin/plumbline-probe"
	printf '%s\n' root:x:0:0:root:/root:/bin/false user:x:1000:1000::/:/bin/false > "$1/etc/passwd"
	printf '%s\n' root:x:0: user:x:1000: > "$1/etc/group"
	chmod 1777 "$1/tmp"
}
# Without pipes: an image of many layers is mostly the start of programs.
digest() {
	sum=$(sha256sum < "$1")
	printf %s "${sum%% *}"
}
size() { wc -c < "$1"; }
# pack LAYER FILE: as a tar that depends on nothing but the content.
pack() {
	case $1 in
	@busybox | @probe)
		rm -rf "$work/recipe"
		mkdir "$work/recipe"
		"recipe_${1#@}" "$work/recipe"
		set -- "$work/recipe" "$2"
		;;
	esac
	if [ -f "$1" ]; then
		cp "$1" "$2"
	else
		tar --format=posix --pax-option=delete=atime,delete=ctime --sort=name --mtime=@0 --numeric-owner --xattrs --xattrs-include='security.*' -C "$1" -cf "$2" .
	fi
}
# blob FILE: moves it to where its digest says, and prints the digest.
blob() {
	hash=$(digest "$1")
	mv "$1" "$work/image/blobs/sha256/$hash"
	printf %s "$hash"
}

mkdir -p "$work/image/blobs/sha256"
diff_ids='' descriptors='' paths=''
for layer; do
	pack "$layer" "$work/layer.tar"
	diff_ids="$diff_ids,\"sha256:$(digest "$work/layer.tar")\""
	case $format/$compression in
	docker/* | */none) suffix= && mv "$work/layer.tar" "$work/layer" ;;
	*/gzip) suffix=+gzip && gzip -n < "$work/layer.tar" > "$work/layer" ;;
	*/zstd) suffix=+zstd && zstd -q < "$work/layer.tar" > "$work/layer" ;;
	*) usage ;;
	esac
	bytes=$(size "$work/layer") hash=$(blob "$work/layer")
	descriptors="$descriptors,{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar$suffix\",\"digest\":\"sha256:$hash\",\"size\":$bytes}"
	paths="$paths,\"blobs/sha256/$hash\""
done
printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":[%s]}}' \
	"$architecture" "$config" "${diff_ids#,}" > "$work/config"
bytes=$(size "$work/config") hash=$(blob "$work/config")
if [ "$format" = docker ]; then
	printf '[{"Config":"blobs/sha256/%s","RepoTags":["%s"],"Layers":[%s]}]' "$hash" "$name" "${paths#,}" > "$work/image/manifest.json"
else
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"%s","digest":"sha256:%s","size":%s},"layers":[%s]}' \
		application/vnd.oci.image.config.v1+json "$hash" "$bytes" "${descriptors#,}" > "$work/manifest"
	bytes=$(size "$work/manifest") hash=$(blob "$work/manifest")
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"%s"},"platform":{"architecture":"%s","os":"linux"}}]}' \
		"$hash" "$bytes" "$name" "$architecture" > "$work/image/index.json"
	printf '{"imageLayoutVersion":"1.0.0"}' > "$work/image/oci-layout"
fi
case $format in
layout)
	mkdir -p "$out"
	cp -R "$work/image/." "$out"
	;;
*) tar --sort=name --mtime=@0 -C "$work/image" -cf "$out" . ;;
esac
