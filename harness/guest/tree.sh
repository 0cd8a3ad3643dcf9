# Sourced by boot.sh: what a guest's first file system is made of.
# shellcheck shell=sh

# In the order they are asked for; a dependency comes before whoever needs it.
modules="overlay virtio_pci virtio_blk virtio_console ext4 veth bridge loop bfq null_blk"

# ext4 is built in, in some kernels: what is not a file needs no loading.
copy_modules() {
	mkdir -p "$1/modules"
	version=$(ls "$GUEST/kernel/lib/modules")
	for module in $modules; do
		modprobe -d "$GUEST/kernel" -S "$version" --show-depends "$module" 2> /dev/null
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		cp "$file" "$1/modules/"
		basename "$file"
	done > "$1/modules/order"
}

# Paths of what a program is linked with, and of what it names inside and opens at run time, as the CRI server does libcurl: each with
# what that is linked with in turn. A static program has none.
libraries_of() {
	ldd "$1" 2> /dev/null | grep -o '/[^ ]*' || return 0
	grep -aoE 'lib[a-zA-Z0-9+_-]+\.so\.[0-9]+' "$1" | sort -u | while read -r name; do
		/sbin/ldconfig -p | awk -v name="$name" '$1 == name && !seen++ { print $NF }'
	done | while read -r library; do
		printf '%s\n' "$library"
		ldd "$library" 2> /dev/null | grep -o '/[^ ]*'
	done
}

# A program with its libraries, each where it lies here: a world passes no LD_LIBRARY_PATH on. A disk has the libraries.
copy_program() {
	mkdir -p "$(dirname "$2")"
	cp -L "$1" "$2"
	[ -z "$disk" ] || return 0
	libraries_of "$1" | while read -r library; do
		[ ! -e "$tree$library" ] || continue
		mkdir -p "$tree$(dirname "$library")"
		cp -L "$library" "$tree$library"
	done
}

# What every guest has: busybox, modules, programs, init. $1: directory, $2: flavour
make_tree() {
	tree=$1
	mkdir -p "$tree/bin" "$tree/plumbline/bin" "$tree/files"
	copy_program "$(command -v busybox)" "$tree/bin/busybox"
	ln -s busybox "$tree/bin/sh"
	cp "$tree/bin/busybox" "$tree/plumbline/bin/"
	copy_modules "$tree"
	printf '%s\n' "$PROGRAMS" | while read -r path; do
		copy_program "$path" "$tree/plumbline/bin/$(basename "$path")"
	done
	printf '%s\n' "${FILES:-}" | while read -r path; do
		[ -z "$path" ] || copy_program "$path" "$tree/files$path"
	done
	here=$(dirname "$0")
	cp "$here/init" "$tree/init"
	cp "$here/run" "$tree/guest-run"
	cp "$here/plumbline-guest.service" "$tree/"
	chmod 755 "$tree/init" "$tree/guest-run"
}

pack() {
	(cd "$1" && find . -print0 | cpio -o -0 -H newc -R 0:0 --quiet)
}
