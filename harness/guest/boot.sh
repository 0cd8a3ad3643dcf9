#!/bin/sh
# boot.sh FLAVOUR SCRIPT [SECONDS]: a guest runs the script, under QEMU without KVM. What the script prints comes out here while it runs, and boot.sh
# ends as the script did; with 3 when this machine cannot have the guest, with 125 when nobody knows how the script ended. In the environment:
#   GUEST     the folder with the guests' kernel/ and disk.ext4
#   PROGRAMS  paths, one a line, that become /plumbline/bin/*
#   FILES     paths, one a line, that are there under the same path
#   RESULTS   the file that takes what the script writes to /dev/vport0p4
#   CONSOLE   the file that takes what the guest's kernel says
#   WORK      a folder for what is made on the way; it is removed
#   START     seconds that it may take until the guest begins
set -eu
PATH=$PATH:/usr/sbin:/sbin

die() {
	printf 'guest: %s\n' "$1" >&2
	exit 3
}

# shellcheck source=harness/guest/tree.sh
. "$(dirname "$0")/tree.sh"

quiet="systemd.getty_auto=no systemd.show_status=error"
flavour=$1 script=$2 seconds=${3:-3600} disk=
case $flavour in
v2) cgroups=cgroup_no_v1=all ;;
v1) cgroups= ;;
systemd) cgroups="cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1 $quiet" disk=$GUEST/disk.ext4 ;;
hybrid) cgroups="systemd.unified_cgroup_hierarchy=0 $quiet" disk=$GUEST/disk.ext4 ;;
*) die "there is no flavour $flavour: v2, v1, systemd and hybrid are known" ;;
esac
while read -r program package; do
	command -v "$program" > /dev/null || die "$program is missing: apt-get install $package"
done <<-END
	qemu-system-x86_64 qemu-system-x86
	cpio cpio
	modprobe kmod
	busybox busybox-static
END
[ -r "$GUEST/kernel/vmlinuz" ] || die "there is no kernel $GUEST/kernel/vmlinuz: make guests, in plumbline's source, fetches one"
[ -z "$disk" ] || [ -r "$disk" ] || die "there is no disk $disk: make guests, in plumbline's source, makes one"

START=${START:-240}
work=${WORK:-$(mktemp -d)} emulator='' begun=
console=${CONSOLE:-$work/console}
# shellcheck disable=SC2317 # by the traps
leave() {
	begun=yes
	[ -z "$emulator" ] || kill "$emulator" 2> /dev/null || true
	exit "$1"
}
# Ends the guest if it has not, and whoever copies its output: those wait for a first writer for ever.
stop() {
	kill "$emulator" 2> /dev/null || true
	: <> "$work/out" <> "$work/err"
	wait
	emulator=
}
# What cannot be made here is this machine's lack, whatever the status of the command that could not.
trap 'rm -rf "$work"; [ -n "$begun" ] || exit 3' EXIT
trap 'leave 130' INT
trap 'leave 143' TERM
make_tree "$work/tree" "$flavour"
cp "$script" "$work/tree/guest-script"
pack "$work/tree" > "$work/initrd"
rm -rf "$work/tree"
mkfifo "$work/out" "$work/err" "$work/end"
begun=yes
exec 3<> "$work/end"

port() {
	printf ' -chardev file,id=%s,path=%s -device virtserialport,chardev=%s' "$1" "$2" "$1"
}
# shellcheck disable=SC2046 # options are words
set -- $(port out "$work/out"; port err "$work/err"; port end "$work/end"; port results "${RESULTS:-/dev/null}")
[ -z "$disk" ] || set -- "$@" -drive "if=virtio,format=raw,readonly=on,file=$disk"

# Nehalem without cx16: QEMU 7.2 crashes under 6.12 with it. On a busy machine the timer looks broken: no_timer_check.
emulate() {
	nice timeout -k 5 "$seconds" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -M q35 \
		-accel tcg,thread=multi,tb-size=512 -cpu Nehalem-v1,-cx16 -smp 2 -m 2048 -serial "file:$console" \
		-device virtio-serial-pci -kernel "$GUEST/kernel/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyS0 panic=-1 nokaslr no_timer_check mitigations=off tsc=reliable $cgroups pl.flavour=$flavour" \
		"$@" < /dev/null >&2 3>&- &
	child=$!
	trap 'kill "$child"' TERM
	status=0
	wait "$child" || status=$?
	echo "over $status" >&3
}

# The next line of what the guest and its end say. $1: seconds, at most
next() {
	# shellcheck disable=SC2016 # the inner shell's
	timeout "$1" sh -c 'read -r line && echo "$line"' <&3 > "$work/line" &
	wait $! || true
	cat "$work/line"
}

# Seldom a guest comes to a halt while it starts, its processors busy: it is started once more.
for try in 1 2; do
	cat "$work/out" &
	cat "$work/err" >&2 &
	emulate "$@" &
	emulator=$!
	word=$(next "$START")
	[ -z "$word" ] || break
	printf 'guest: it did not begin within %s s (start %s)\n' "$START" "$try" >&2
	stop
	next 5 > /dev/null # that it is over
done
told=
while [ -n "$word" ] && [ "${word#over }" = "$word" ]; do
	told=$word
	word=$(next "$seconds")
done
stop

# 0 is also QEMU's status for a power-off, a reboot or a panic: only the guest's last words count.
case $told in guest-end\ *) exit "${told#guest-end }" ;; esac
case ${word#over } in
'') printf 'guest: it never began\n' >&2 ;;
124 | 137) printf 'guest: it did not end within %s s and was stopped\n' "$seconds" >&2 ;;
*) printf 'guest: it crashed: QEMU ended with status %s\n' "${word#over }" >&2 ;;
esac
tail -n 5 "$console" 2> /dev/null | sed 's/^/guest: console: /' >&2
exit 125
