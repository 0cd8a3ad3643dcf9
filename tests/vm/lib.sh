# Sourced by the scripts of this folder: where things lie, and how a guest is made. Everything is below build/vm.
# shellcheck shell=sh

top=$(cd "$(dirname "$0")/../.." && pwd)
vm=$top/build/vm
programs="plumbline plumbline-oci plumbline-oci-faulty plumbline-faulty"
# In the order they are asked for; a dependency comes before whoever needs it.
modules="overlay virtio_pci virtio_blk virtio_console ext4 veth bridge loop bfq null_blk"

die() {
	printf '%s: %s\n' "$(basename "$0")" "$1" >&2
	exit 1
}

words_of() {
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$top/fixtures/packages/$1.txt"
}

# The kernel package is unpacked, never installed: its scripts would touch this machine's boot loader.
fetch_kernel() {
	[ -e "$vm/kernel/vmlinuz" ] && return
	meta=$(words_of vm-guest | grep '^linux-image-')
	package=$(apt-cache depends "$meta" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	[ -n "$package" ] || die "no kernel behind $meta: is the list of packages there (apt-get update)?"
	rm -rf "$vm/kernel" "$vm/debs"
	mkdir -p "$vm/debs"
	(cd "$vm/debs" && apt-get -q download "$package") >&2 || die "$package cannot be fetched"
	dpkg-deb -x "$vm"/debs/linux-image-*.deb "$vm/kernel"
	ln -s "$(cd "$vm/kernel/boot" && echo vmlinuz-*)" "$vm/kernel/boot/vmlinuz"
	ln -s boot/vmlinuz "$vm/kernel/vmlinuz"
	depmod -b "$vm/kernel" "$(ls "$vm/kernel/lib/modules")"
}

# ext4 is built in, in some kernels: what is not a file needs no loading.
copy_modules() {
	mkdir -p "$1/modules"
	version=$(ls "$vm/kernel/lib/modules")
	for module in $modules; do
		modprobe -d "$vm/kernel" -S "$version" --show-depends "$module" 2> /dev/null
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		cp "$file" "$1/modules/"
		basename "$file"
	done > "$1/modules/order"
}

# A program and what it is linked with, each library where it lies here. A world passes no LD_LIBRARY_PATH on.
copy_program() {
	cp -L "$1" "$2/plumbline/bin/"
	ldd "$1" 2> /dev/null | grep -o '/[^ ]*' | while read -r library; do
		[ ! -e "$2$library" ] || continue
		mkdir -p "$2$(dirname "$library")"
		cp -L "$library" "$2$library"
	done
}

# What every guest has: busybox, modules, our programs, init. $1: directory, $2: flavour
make_tree() {
	rm -rf "$1"
	mkdir -p "$1/bin" "$1/plumbline/bin" "$1/systemd"
	cp "$(command -v busybox)" "$1/bin/busybox"
	ln -s busybox "$1/bin/sh"
	copy_modules "$1"
	cp "$vm/guest-exit" "$vm/device-programs" "$(command -v busybox)" "$1/plumbline/bin/"
	if [ "$2" = systemd ] || [ "$2" = hybrid ]; then
		# The libraries and the other runtimes come with the disk.
		for program in $programs; do cp "$top/build/bin/$program" "$1/plumbline/bin/"; done
		cp "$top/tests/vm/plumbline-guest.service" "$1/systemd/"
	else
		for program in $programs; do copy_program "$top/build/bin/$program" "$1"; done
		for program in runc crun; do
			if path=$(command -v $program); then copy_program "$path" "$1"; fi
		done
	fi
	cp "$top/tests/vm/guest-init" "$1/init"
	cp "$top/tests/vm/guest-run" "$1/guest-run"
	chmod 755 "$1/init" "$1/guest-run"
}

pack() {
	(cd "$1" && find . -print0 | cpio -o -0 -H newc --quiet)
}

# The mirror is the one that this machine's own apt uses.
mirror() {
	{
		sed -n 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' /etc/apt/sources.list.d/*.sources
		sed -n 's/^deb[[:space:]]\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p' /etc/apt/sources.list \
			/etc/apt/sources.list.d/*.list
	} 2> /dev/null | grep -v security | head -n 1
}

# The disk of the systemd guest: made once.
make_disk() {
	[ -e "$vm/disk.ext4" ] && return
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
