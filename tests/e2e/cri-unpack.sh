#!/bin/sh
# Layers made by an enemy: what they reach outside of their directory, what they cost, and what is left of them.
# shellcheck source=tests/e2e/cri-lib.sh disable=SC2154 # cri-lib.sh sets top, bin and W
. "$(dirname "$0")/cri-lib.sh"
command -v python3 > /dev/null || { skip 'hostile layers' 'python3 is missing' && exit 0; }
hostile() { python3 "$top/tests/cri/hostile.py" "$1"; }
# unpack TAR [OPTION...]: into a fresh directory; /media/victim is what they are after.
unpack() {
	rm -rf "$W/x"
	mkdir -p "$W/x/tree"
	echo mine > /media/victim
	tar=$1
	shift
	hostile "$tar" | "$bin/plumbline-unpack" --into "$W/x/tree" "$@" > "$W/out" 2> "$W/err"
}
refuses() { # TAR SENTENCE [OPTION...]
	tar=$1 sentence=$2
	shift 2
	unpack "$tar" "$@"
	is "$tar ends with 1" 1 $?
	is "$tar is refused with a sentence" "$sentence" "$(cat "$W/err")"
	is "$tar reaches nothing outside" mine "$(cat /media/victim)"
}
mount -t tmpfs tmpfs /media || { skip 'hostile layers' 'nothing can be mounted on /media' && exit 0; }

# Contained: they unpack, and what they wanted outside lies inside.
for tar in dotdot absolute symlink symlink-up symlink-chain; do
	check "$tar unpacks" unpack $tar
	is "$tar does not reach out" mine "$(cat /media/victim)"
	is "$tar lands inside" got "$(cat "$W/x/tree/media/victim")"
done
for tar in whiteout-up whiteout-symlink opaque-symlink; do
	check "$tar unpacks" unpack $tar
	is "$tar hides nothing outside" mine "$(cat /media/victim)"
done
refuses hardlink 'entry got: link to media/victim: No such file or directory'
refuses hardlink-up 'entry got: link to media/victim: No such file or directory'
refuses whiteout-dot 'entry .wh..: a whiteout of nothing'
refuses whiteout-dotdot 'entry a/.wh...: a whiteout of nothing'
refuses whiteout-nothing 'entry .wh.: a whiteout of nothing'
refuses forged-whiteout 'entry w: character device 0:0, which overlay takes for a whiteout'
refuses root-file 'entry .: the root as something else than a directory'
refuses file-as-directory 'entry a/b: make directory a: Not a directory'
refuses own-link 'entry a: link to a: No such file or directory'
refuses owner 'entry a: owner 4294967295:0'

# Bounds.
refuses many 'more than 2999 entries' --entries 2999
check 'as many as are allowed' unpack many --entries 3000
head -c 3000000 /dev/zero > "$W/zeros"
refuses_bytes() { # NAME SENTENCE
	mkdir -p "$W/x/tree"
	is "$1 ends with 1" 1 "$("$bin/plumbline-unpack" --into "$W/x/tree" --bytes 1000000 2> "$W/err" > /dev/null; echo $?)"
	is "$1 is refused with a sentence" "$2" "$(cat "$W/err")"
}
tar -C "$W" -c zeros | gzip | refuses_bytes 'a small layer that is large' 'entry zeros: more than 1000000 bytes unpacked'
gzip < "$W/zeros" | refuses_bytes 'a compressed nothing' 'more than 1000000 bytes unpacked'
tar -C "$W" -c zeros | zstd -q | refuses_bytes 'the same by zstd' 'entry zeros: more than 1000000 bytes unpacked'
truncate -s 1T "$W/holes"
tar -C "$W" -cS holes | refuses_bytes 'a terabyte of nothing' 'entry holes: more than 1000000 bytes unpacked'
rm "$W/holes"
mkdir -p "$W/small/tree"
mount -t tmpfs -o size=20m tmpfs "$W/small/tree"
head -c 30000000 /dev/zero > "$W/zeros"
tar -C "$W" -c zeros | "$bin/plumbline-unpack" --into "$W/small/tree" --reserve 8000000 > /dev/null 2> "$W/err"
is 'the reserve of the disk ends with 3' 3 $?
check 'and says so' grep -qE 'entry zeros: the disk has [0-9]+ bytes left, and 8000000 are kept free' "$W/err"
umount "$W/small/tree"
rm "$W/zeros"

# What is only unusual has to work.
check 'three hundred levels' unpack deep
check 'names of nearly 4096 bytes' unpack long
check 'names that are no text' unpack names
is 'and lie there as bytes' '2ffffe0a1b5b324a 2fc3bc 2f68' "$(find "$W/x/tree" -type f -printf '/%P\0' | sort -z | od -An -v -tx1 | tr -d ' \n' |
	sed 's/00$//; s/00/\n/g' | sort -r | paste -sd' ')"
is 'also in links' ü/ß "$(readlink "$W/x/tree/l")"
check 'devices' unpack device
is 'are made' 'character special file 1:3 666' "$(stat -c '%F %t:%T %a' "$W/x/tree/dev/null")"
check 'setuid and capabilities' unpack setuid
is 'stay' '6755 5:6' "$(stat -c '%a %u:%g' "$W/x/tree/s")"
xattrs() { python3 -c 'import os, sys; print(*sorted(os.listxattr(sys.argv[1])))' "$1"; }
is 'both' security.capability "$(xattrs "$W/x/tree/s")"
check 'notes of overlay in a layer' unpack forged-opaque
is 'are not taken over' '' "$(xattrs "$W/x/tree/d")$(xattrs "$W/x/tree/r")"
is 'but those of users are' user.kept "$(xattrs "$W/x/tree/u")"
check 'an empty layer' unpack names
: | "$bin/plumbline-unpack" --into "$W/x/tree" > "$W/out"
is 'has the digest of nothing' "sha256:$(sha256sum < /dev/null | cut -d ' ' -f 1)" "$(of "$W/out" diff_id)"

# Rubbish and halves.
halves() {
	mkdir -p "$W/x/tree"
	"$bin/plumbline-unpack" --into "$W/x/tree" > "$W/out" 2> "$W/err"
	is "$1 ends with 1" 1 $?
	check "$1 has a sentence" test -s "$W/err"
	is "$1 has no result" '' "$(cat "$W/out")"
}
head -c 100000 /dev/urandom | halves 'rubbish'
hostile many | gzip | head -c 5000 | halves 'half a gzip file'
hostile many | zstd -q | head -c 2000 | halves 'half a zstd file'
hostile dotdot | head -c 1200 | halves 'half a tar'

# What the unpacker may do itself: nothing but what unpacking takes.
mkfifo "$W/fifo"
rm -rf "$W/x"
mkdir -p "$W/x/tree"
"$bin/plumbline-unpack" --into "$W/x/tree" < "$W/fifo" > /dev/null 2>&1 7< / 8> "$W/leak" &
unpacker=$!
exec 9> "$W/fifo"
tries=0
until grep -q '^Seccomp:.2' "/proc/$unpacker/status" || [ $tries = 200 ]; do
	tries=$((tries + 1))
	sleep 0.02
done
value() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$unpacker/status"; }
# CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD; SETFCAP is bit 31.
is 'its capabilities' 000000008800001b "$(value CapEff)"
is 'it can get no others' 0000000000000000 "$(value CapBnd)"
is 'nor by executing' 1 "$(value NoNewPrivs)"
is 'its calls are filtered' 2 "$(value Seccomp)"
is 'its root is the tree' "$W/x/tree" "$(stat -Lc '%d:%i' "/proc/$unpacker/root" | grep -qx "$(stat -c '%d:%i' "$W/x/tree")" && echo "$W/x/tree")"
is 'its network is its own' 1 "$([ "$(readlink "/proc/$unpacker/ns/net")" != "$(readlink /proc/self/ns/net)" ] && echo 1)"
is 'it sees one mount' 1 "$(wc -l < "/proc/$unpacker/mountinfo")"
is 'and three descriptors' '0 1 2' "$(find "/proc/$unpacker/fd" -mindepth 1 -printf '%f\n' | sort -n | paste -sd' ')"
exec 9>&-
wait $unpacker
