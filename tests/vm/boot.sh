#!/bin/sh
# boot.sh FLAVOUR SCRIPT [SECONDS]: a guest of that flavour (v2 and v1, both without systemd; systemd on v2; hybrid: systemd on v1) runs the script; what it prints comes out here,
# and so does whether it succeeded. 0: it did; 1: it did not; 3: the guest never told (console: build/vm/FLAVOUR.console).
set -eu
# shellcheck source=tests/vm/lib.sh
. "$(dirname "$0")/lib.sh"

[ $# -ge 2 ] || die "usage: boot.sh v2|v1|systemd|hybrid SCRIPT [SECONDS]"
flavour=$1 script=$2 seconds=${3:-1800}
case $flavour in
v2) cgroups="cgroup_no_v1=all" disk="" ;;
v1) cgroups="" disk="" ;;
hybrid) cgroups="systemd.unified_cgroup_hierarchy=0 systemd.getty_auto=no" disk=$vm/disk.ext4 ;;
systemd) cgroups="cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1 systemd.getty_auto=no" disk=$vm/disk.ext4 ;;
*) die "there is no flavour $flavour" ;;
esac
for program in qemu-system-x86_64 cpio modprobe busybox; do
	command -v $program > /dev/null || die "$program is missing: tests/setup.sh vm"
done

mkdir -p "$vm"
fetch_kernel
[ -z "$disk" ] || make_disk
for program in guest-exit device-programs; do
	${CC:-cc} -O1 -static -o "$vm/$program" "$top/tests/vm/$program.c"
done
work=$(mktemp -d "$vm/$flavour.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
make_tree "$work/tree" "$flavour"
cp "$script" "$work/tree/guest-script"
pack "$work/tree" > "$work/initrd"
rm -rf "$work/tree"

# Nehalem without cx16: QEMU 7.2 crashes under 6.12 with it. On a busy machine the timer looks broken: no_timer_check.
set -- -nodefaults -no-user-config -display none -no-reboot -M q35 -accel tcg,thread=multi,tb-size=512 \
	-cpu Nehalem-v1,-cx16 -smp 2 -m 2048 -serial "file:$work/console" -device virtio-serial-pci \
	-chardev "file,id=out,path=$work/out" -device virtserialport,chardev=out \
	-device isa-debug-exit,iobase=0x501,iosize=1 -kernel "$vm/kernel/vmlinuz" -initrd "$work/initrd" \
	-append "console=ttyS0 panic=-1 quiet nokaslr no_timer_check mitigations=off tsc=reliable $cgroups pl.flavour=$flavour"
[ -z "$disk" ] || set -- "$@" -drive "if=virtio,format=raw,readonly=on,file=$disk"
status=0
nice timeout -k 5 "$seconds" qemu-system-x86_64 "$@" >&2 || status=$?
cp "$work/console" "$vm/$flavour.console" 2> /dev/null || true
sed '$ { /^guest-end [0-9]*$/d }' "$work/out" 2> /dev/null || true
if ! tail -n 1 "$work/out" 2> /dev/null | grep -q '^guest-end [0-9]*$'; then
	case $status in
	124 | 137) printf 'boot.sh: the %s guest did not end within %s s\n' "$flavour" "$seconds" >&2 ;;
	*) printf 'boot.sh: the %s guest crashed, or never started: see %s\n' "$flavour" "$vm/$flavour.console" >&2 ;;
	esac
	exit 3
fi
[ "$status" = 33 ]
