#!/bin/sh
# What the build knows of the tree it builds: of which commit it is, and what that makes it compile again.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

script=$top/tests/build/commit.sh
# said DIRECTORY: the commit that a build there would name
said() { (cd "$1" && "$script") | sed -n 's/^const char commit\[\] = "\(.*\)";$/\1/p'; }
git() { command git -C "$W/tree" -c user.name=plumb -c user.email=plumb@localhost "$@"; }

mkdir -p "$W/tree/below"
is 'outside of a checkout no commit is known' unknown "$(said "$W")"
git init -q
is 'before the first commit none is known' unknown "$(said "$W/tree")"
echo one > "$W/tree/file"
git add file
git commit -q -m one
is 'a checkout is of its commit' "$(git rev-parse HEAD)" "$(said "$W/tree")"
is 'a tree inside of a checkout that is not its own is of none' unknown "$(said "$W/tree/below")"
echo two > "$W/tree/file"
is 'a change is told' "$(git rev-parse HEAD)-dirty" "$(said "$W/tree")"

if [ "$(id -u)" = 0 ]; then
	is 'the reference runtime says the commit it was built from' "$(sed -n 's/^const char commit\[\] = "\(.*\)";$/commit: \1/p' build/commit.c)" \
		"$(tests/oci/world.sh "$bin/plumbline-oci" --version | sed -n 2p)"
else
	skip 'the reference runtime says the commit it was built from' 'it needs root'
fi
# -n runs nothing, so make would think that all it generates had changed: -o says that only the commit has.
old=$(sed -nE 's/^\$\(B\)\/([a-zA-Z.]+): FORCE$/-o build\/\1/p' Makefile runtime-under-test/cri/build.mk | grep -v commit)
# shellcheck disable=SC2086 # words
is 'a commit compiles nothing but its name, and links two programs' 'build/bin/plumbline-oci build/bin/plumbline-oci-faulty build/obj/commit.o' \
	"$(command "${MAKE:-make}" -n $old -W build/commit.c all | grep -oE -e ' -o build/[^ ]+' | sed 's/ -o //' | sort | paste -sd' ')"
