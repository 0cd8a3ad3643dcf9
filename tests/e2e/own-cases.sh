#!/bin/sh
# A folder of one's own cases, as docs/CASES.md has it: it is built in, listed and proved; an id that is in no table ends the build.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

if [ "${OWN:-}" != yes ]; then
	[ "$(id -u)" = 0 ] || { skip 'cases of one'\''s own' 'laying a tree over this one needs root' && exit 0; }
	# What is built here lies over the tree, and is gone with the mount: build/ stays as it is.
	rmdir "$W"
	exec unshare --mount --propagation private env OWN=yes "$0"
fi
trap 'cd / && umount -l "$top" "$W/over"; rm -rf "$W"' EXIT
mkdir "$W/over" && mount -t tmpfs plumbline "$W/over" && mkdir "$W/over/upper" "$W/over/work" &&
	mount -t overlay -o "lowerdir=$top,upperdir=$W/over/upper,workdir=$W/over/work" overlay "$top" && cd "$top" || exit 1
plumbline=$top/build/bin/plumbline

# own: builds the cases of $W/mine; what was built before stays, whatever it was built with
own() {
	env -u MAKEFLAGS make --no-print-directory -o build/flags CASES="$W/mine" build/bin/plumbline > "$W/out" 2> "$W/err"
}
mkdir -p "$W/mine/local"
sed -n "/<< *'C'\$/,/^    C\$/s/^    //p" docs/CASES.md | sed '1d;$d' > "$W/mine/local/hostname.c"
check 'the case that docs/CASES.md shows is built' own
id=local/hostname/the_configured_name_is_seen
is 'and listed' $id "$("$plumbline" list "$id")"
check 'and its fault refutes it' "$plumbline" prove $id
cp "$W/mine/local/hostname.c" "$W/good.c"

# unknown WHAT EDIT SENTENCE: the build ends with that one sentence
unknown() {
	sed "$2" "$W/good.c" > "$W/mine/local/hostname.c"
	own
	is "$1 ends the build" 2 $?
	is "$1 is one sentence" "plumbline: $W/mine/local/hostname.c:4: the case the_configured_name_is_seen $3" \
		"$(grep '^plumbline: ' "$W/err")"
	check "$1: nothing is built that could be run" test ! -e "$plumbline"
}
unknown 'a clause that there is not' 's/config.def.hostname/config.def.hostnam/' 'claims config.def.hostnam, which is no clause of fixtures/clauses'
unknown 'a fault that there is not' 's/hostname-dropped/hostname-droped/' 'is refuted by hostname-droped, which is no fault of fixtures/faults.tsv'
sed 's/MUST("config.def.hostname")/HARDENING("mine.own")/' "$W/good.c" > "$W/mine/local/hostname.c"
check 'hardening has no clause' own
