#!/bin/sh
# linux.intelRdt of the reference runtime, against a tree of files that stands for resctrl: config-linux.md#intelrdt.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

R=$W/resctrl
mkdir -p "$R/ready" "$R/mon_groups"
printf '    L3:0=fffff;1=fffff\n    MB:0=100;1=100\n' > "$R/schemata"
printf '    L3:0=00ff;1=0f\n    MB:0=50;1=70\n' > "$R/ready/schemata"
rdt() { "$runtime" --root "$W/state" --resctrl "$R" "$@"; }
pid() { oci state "$1" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p'; }
# refuses NAME SENTENCE MEMBERS
refuses() {
	bundle refused "$(linux "\"intelRdt\": { $3 }")"
	rdt create -b "$W/refused" refused 2> "$W/err"
	is "$1" '1 1' "$? $(grep -c "$2" "$W/err")"
}

bundle own "$(linux '"intelRdt": { "schemata": ["L3:0=7f0"], "l3CacheSchema": "L3:0=f;1=f0", "memBwSchema": "MB:0=20" }')"
check 'without a closID it gets a group of its own' rdt create -b "$W/own" own
is 'its schemata are written in their order' 'L3:0=f;1=f0 MB:0=20 L3:0=7f0' "$(paste -sd' ' "$R/own/schemata")"
is 'init is in it' "$(pid own)" "$(cat "$R/own/tasks")"
check 'update takes other schemata' oci update --l3-cache-schema L3:0=3 --mem-bw-schema MB:0=30 own
is 'and writes both' 'L3:0=3 MB:0=30' "$(head -n 2 "$R/own/schemata" | paste -sd' ')"
oci delete --force own
is 'delete takes the group away' '' "$(ls -d "$R/own" 2> /dev/null)"

bundle ready "$(linux '"intelRdt": { "closID": "ready" }')"
check 'a closID alone is a group that is there' rdt create -b "$W/ready" ready
is 'init is in that one' "$(pid ready)" "$(cat "$R/ready/tasks")"
is 'whose schemata stay' '    L3:0=00ff;1=0f' "$(head -n 1 "$R/ready/schemata")"
oci update --l3-cache-schema L3:0=3 own 2> /dev/null && not_ok 'update of what is not there' 'it exited 0'
oci delete --force ready
check 'delete leaves it' test -d "$R/ready"
bundle same "$(linux '"intelRdt": { "closID": "ready", "schemata": ["L3:1=f;0=ff", "MB:0=50"] }')"
check 'schemata that are the ones of the group are fine' rdt create -b "$W/same" same
oci delete --force same
refuses 'others are refused' 'the group .*ready exists and has another schema than L3:0=fe' '"closID": "ready", "l3CacheSchema": "L3:0=fe"'
refuses 'so is a domain that it does not have' 'another schema than L3:7=1' '"closID": "ready", "schemata": ["L3:7=1"]'
refuses 'a closID that nobody made is refused' 'closID: there is no group nobody' '"closID": "nobody"'
refuses 'monitoring that cannot be is refused' 'make .*mon_groups/refused' '"closID": "ready", "enableMonitoring": true'
is 'nothing of the refused is left' '' "$(find "$R" -name refused)$(ls -d "$W/state/refused" 2> /dev/null)"

bundle made "$(linux '"intelRdt": { "closID": "made", "schemata": ["L3:0=1"] }')"
check 'a closID with schemata is made' rdt create -b "$W/made" made
is 'with them' 'L3:0=1' "$(cat "$R/made/schemata")"
oci delete --force made
check 'and stays for others after delete' test -d "$R/made"
bundle root "$(linux '"intelRdt": { "closID": "/", "enableMonitoring": true }')"
check 'the closID / is the default class' rdt create -b "$W/root" root
is 'init is in it and in its monitoring group' "$(pid root) $(pid root)" "$(cat "$R/tasks") $(cat "$R/mon_groups/root/tasks")"
oci delete --force root
is 'delete takes the monitoring group away' 'mon_groups' "$(cd "$R" && find mon_groups)"

bundle none
cp "$R/tasks" "$W/before"
check 'without intelRdt resctrl is left alone' rdt create -b "$W/none" none
check 'its tasks are those of before' cmp -s "$W/before" "$R/tasks"
oci delete --force none
bundle unmounted "$(linux '"intelRdt": { "closID": "x" }')"
oci create -b "$W/unmounted" unmounted 2> "$W/err"
is 'without resctrl it is refused' '1 1' "$? $(grep -c 'no resctrl file system is mounted' "$W/err")"
