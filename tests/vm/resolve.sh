#!/bin/sh
# A part of `make check-vm`, in a guest whose kernel takes fentry programs as this machine's may not: mounts are told by where the kernel put
# them. GUEST: the folder of `make guests`. About a minute.
set -u
cd "$(dirname "$0")/../.." || exit 1
W=$(mktemp -d build/vm-resolve.XXXXXX) || exit 1
trap 'rm -rf "$W"' EXIT
trap 'exit 130' INT TERM
cat > "$W/script" <<'SCRIPT'
is() { checks=$((checks + 1)); if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected '$2', observed '$3'"; failures=1; fi; }
failures=0 checks=0
echo "# $(uname -r)"
is 'doctor says that targets are resolved' 'ok: told as the kernel resolves them' \
	"$(plumbline doctor --json | sed -n 's/.*"mount targets","health":"\([a-z]*\)","detail":"\(.*\)".*/\1: \2/p')"
mkdir -p /tmp/t/real /tmp/t/source
ln -s real /tmp/t/link
# effects_of COMMAND...: those about mounts
effects_of() { plumbline trace --effects -- "$@" 2>&1 | grep -o 'mnt\.[a-z]*:[^ ]*' | paste -sd' '; }
is 'a bind by a link' 'mnt.bind:/tmp/t/real' "$(effects_of busybox mount -o bind /tmp/t/source /tmp/t/link)"
is 'its end by the link' 'mnt.umount:/tmp/t/real' "$(effects_of busybox umount /tmp/t/link)"
is 'a mount by dots' 'mnt.new:/tmp/t/real:tmpfs' "$(effects_of busybox mount -t tmpfs none /tmp/t/source/../link/.)"
plumbline trace --raw -- busybox mount -o bind /tmp/t/source /tmp/t/link 2>&1 | grep -o '"/tmp/t/link"<[^ ]*' > /tmp/t/raw
is 'the call shows both' '"/tmp/t/link"</tmp/t/real>,' "$(cat /tmp/t/raw)"
echo "checks $checks"
exit $failures
SCRIPT
PROGRAMS=$PWD/build/bin/plumbline CONSOLE=$W/console WORK=$PWD/$W/work harness/guest/boot.sh v2 "$W/script" 600
