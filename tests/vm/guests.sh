#!/bin/sh
# guests.sh [disk]: what guests start from, below build/vm: a kernel and, when it is asked for, the disk with systemd. Each is made once.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
vm=$top/build/vm

die() {
	printf 'guests.sh: %s\n' "$1" >&2
	exit 1
}

words_of() {
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$top/fixtures/packages/$1.txt"
}

# The kernel package is unpacked, never installed: its scripts would touch this machine's boot loader.
fetch_kernel() {
	meta=$(words_of vm-guest | grep '^linux-image-')
	package=$(apt-cache depends "$meta" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	[ -n "$package" ] || die "no kernel behind $meta: is the list of packages there (apt-get update)?"
	rm -rf "$vm/kernel" "$vm/kernel.new" "$vm/debs"
	mkdir -p "$vm/debs"
	(cd "$vm/debs" && apt-get -q download "$package") >&2 || die "$package cannot be fetched"
	dpkg-deb -x "$vm"/debs/linux-image-*.deb "$vm/kernel.new"
	depmod -b "$vm/kernel.new" "$(ls "$vm/kernel.new/lib/modules")"
	ln -s "boot/$(cd "$vm/kernel.new/boot" && echo vmlinuz-*)" "$vm/kernel.new/vmlinuz"
	rm -r "$vm/debs"
	mv "$vm/kernel.new" "$vm/kernel"
}

# The mirror is the one that this machine's own apt uses.
mirror() {
	{
		sed -n 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' /etc/apt/sources.list.d/*.sources
		sed -n 's/^deb[[:space:]]\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p' /etc/apt/sources.list \
			/etc/apt/sources.list.d/*.list
	} 2> /dev/null | grep -v security | head -n 1
}

make_disk() {
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	include=$(words_of vm-guest | grep -v '^linux-image-' | paste -sd,)
	rm -rf "$vm/disk"
	debootstrap --variant=minbase --include="$include" "$codename" "$vm/disk" "$(mirror)" >&2 ||
		die "debootstrap did not work: see above"
	echo plumbline > "$vm/disk/etc/hostname"
	useradd --root "$vm/disk" --uid 1000 --create-home --shell /bin/sh plumb
	rm -rf "$vm/disk/var/cache/apt" "$vm/disk/usr/share/doc" "$vm/disk/usr/share/locale"
	mke2fs -q -t ext4 -d "$vm/disk" "$vm/disk.new" 1G >&2
	mv "$vm/disk.new" "$vm/disk.ext4"
	rm -rf "$vm/disk"
}

mkdir -p "$vm"
[ -e "$vm/kernel/vmlinuz" ] || fetch_kernel
[ "${1:-}" != disk ] || [ -e "$vm/disk.ext4" ] || make_disk
