#!/bin/sh
# delete --force where the state cannot be read: nothing is signalled or removed by guess, and what stays is said.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

bundle one
if ! oci run -d --pid-file "$W/pid" -b "$W/one" one < /dev/null; then
	not_ok 'a container runs' "$(oci state one 2>&1)"
	exit 0
fi
state=$W/state/one/state.json
init=$(cat "$W/pid")
began=$(awk '{ print $22 }' "/proc/$init/stat")
cp "$state" "$W/good.json"
cgroups() { find /sys/fs/cgroup -type d -name one | wc -l; }
made=$(cgroups)

# damaged WHAT SENTENCE: the state is; without a way to tell what is the container's, all stays
damaged() {
	oci delete --force one > "$W/out" 2> "$W/err"
	is "$1: exit code 1" 1 $?
	is "$1: one sentence" 1 "$(grep -c . "$W/err")"
	check "$1: what is wrong" grep -qF "$2" "$W/err"
	check "$1: what is left" grep -qF "$W/state/one" "$W/err"
	is "$1: its program goes on" "$began" "$(awk '{ print $22 }' "/proc/$init/stat")"
	is "$1: its cgroups and its state are there" "$made yes" "$(cgroups) $([ -e "$state" ] && echo yes)"
}
head -c 100 "$W/good.json" > "$state"
damaged 'half a state' 'state.json: line 1'
: > "$state"
damaged 'an empty state' 'state.json: line 1'
jq '.status = "asleep"' "$W/good.json" > "$state"
damaged 'a status that is none' 'status is no status'
jq '.cgroups = "/"' "$W/good.json" > "$state"
damaged 'cgroups that are none' 'cgroups is no object'
jq '.config = []' "$W/good.json" > "$state"
damaged 'a config that is none' 'config is no object'
rm "$state"
mkdir "$state"
damaged 'a directory in its place' 'state.json'
rmdir "$state"

cp "$W/good.json" "$state"
check 'with its state it is deleted' oci delete --force one
check 'its program has ended' test ! -e "/proc/$init"
is 'nothing of it is left' '0 no' "$(cgroups) $([ -e "$W/state/one" ] && echo yes || echo no)"

# Callers count on these.
check 'what never was is deleted by force' oci delete --force nobody
mkdir "$W/state/early"
check 'so is what died before it had a state' oci delete --force early
check 'whose directory goes' test ! -e "$W/state/early"
