#!/bin/sh
# update and events of the reference runtime where no case can look: device rules as a difference, what a failed update takes
# back, options, events while memory runs out. On cgroup v1; tests/vm has the same for v2.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

[ -e /sys/fs/cgroup/devices ] || { skip 'resources of v1' 'needs the hierarchies of cgroup v1' && exit 0; }
of() { cat "/sys/fs/cgroup/$1/c1/$2"; }
rules() { of devices devices.list | sort | paste -sd,; }
update() { oci update --resources - c1; }

bundle c1 "$(linux '"resources": { "pids": { "limit": 50 }, "devices": [ { "allow": false, "access": "rwm" }, { "allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm" } ] }')"
oci create -b "$W/c1" c1 > /dev/null 2>&1 < /dev/null
oci start c1
before=$(rules)
case $before in *'c 10:229 rwm'*) ok 'rules of the config' ;; *) not_ok 'rules of the config' "$before" ;; esac
echo '{ "devices": [ { "allow": false, "access": "rwm" }, { "allow": true, "type": "c", "major": 10, "minor": 229, "access": "r" } ] }' | update
is 'an update narrows a rule' "$(echo "$before" | sed 's/10:229 rwm/10:229 r/')" "$(rules)"
echo '{ "devices": [ { "allow": false, "access": "rwm" }, { "allow": true, "type": "c", "major": 10, "minor": 200, "access": "rw" } ], "unified": { "no.such": "1" } }' | update 2> /dev/null
is 'a failed one takes its rules back' "$(echo "$before" | sed 's/10:229 rwm/10:229 r/')" "$(rules)"
echo '{ "devices": [ { "allow": true, "access": "rwm" } ], "unified": { "no.such": "1" } }' | update 2> /dev/null
is 'also from allowing everything' "$(echo "$before" | sed 's/10:229 rwm/10:229 r/')" "$(rules)"
echo '{ "devices": [ { "allow": true, "access": "rwm" } ] }' | update
is 'everything may be allowed' 'a *:* rwm' "$(rules)"
echo '{ "devices": [ { "allow": false, "access": "rwm" } ], "unified": { "no.such": "1" } }' | update 2> /dev/null
is 'and stays so when the next one fails' 'a *:* rwm' "$(rules)"

oci update --memory 64M --memory-swap 128m --cpu-share 300 --cpu-quota 8000 --cpu-period 10000 c1
is 'sizes have units' '67108864 134217728' "$(of memory memory.limit_in_bytes) $(of memory memory.memsw.limit_in_bytes)"
is 'quota and period' '8000 10000 300' "$(of cpu cpu.cfs_quota_us) $(of cpu cpu.cfs_period_us) $(of cpu cpu.shares)"
oci update --cpu-burst 4000 c1
oci update --cpu-quota 2000 --cpu-burst 1000 c1
is 'a quota below the old burst comes with a new one' '2000 1000' "$(of cpu cpu.cfs_quota_us) $(of cpu cpu.cfs_burst_us)"
oci update --cpu-idle 1 c1
oci update --cpu-idle 0 --cpu-share 200 c1
is 'an idle group gets shares again' '0 200' "$(of cpu cpu.idle) $(of cpu cpu.shares)"
oci update --memory 1X c1 2> "$W/err"
is 'a size that is none is refused' '1 1' "$? $(grep -c '"1X" is no value for memory.limit' "$W/err")"
oci update --memory -1 c1
is 'no limit of memory is none of the sum' "$(of memory memory.limit_in_bytes)" "$(of memory memory.memsw.limit_in_bytes)"
echo '{ "memory": { "limit": 0 }, "cpu": { "quota": 0, "shares": 0 }, "pids": { "limit": 44 } }' | update
is 'zeros are unset' '2000 200 44' "$(of cpu cpu.cfs_quota_us) $(of cpu cpu.shares) $(of pids pids.max)"

oci update --cpu-quota -1 --memory 20M --memory-swap 20M c1
oci events --interval 20ms c1 > "$W/events" &
watcher=$!
# It has begun when it has spoken.
tries=0
until [ -s "$W/events" ] || [ $tries = 500 ]; do tries=$((tries + 1)); cat /dev/null > "$W/nothing"; done
oci exec c1 sh -c 'x=12345678; while :; do x=$x$x; done' > "$W/out" 2>&1
is 'a program that takes too much is killed' 137 $?
tries=0
until grep -q '"oom"' "$W/events" || [ $tries = 500 ]; do tries=$((tries + 1)); cat /dev/null > "$W/nothing"; done
check 'lack of memory is an event' grep -q '^{"type":"oom","id":"c1"}$' "$W/events"
check 'and there are statistics' grep -q '^{"type":"stats","id":"c1","data":{.*"limit":20971520' "$W/events"
oci events --interval 0s c1 2> "$W/err"
is 'an interval of nothing is refused' '1 1' "$? $(grep -c 'no time such as 5s' "$W/err")"

oci pause c1
oci kill c1 KILL
check 'events ends with the container, which SIGKILL ends although it is paused' wait $watcher
check 'delete' oci delete c1
is 'nothing is left' '' "$(find /sys/fs/cgroup -name c1 2> /dev/null)"

bundle many
oci create -b "$W/many" many > /dev/null 2>&1 < /dev/null
oci start many
# shellcheck disable=SC2016 # for the container's shell
oci exec many sh -c 'i=0; while [ $i -lt 150 ]; do sleep 1000 & i=$((i + 1)); done' > /dev/null 2>&1 < /dev/null
# shellcheck disable=SC3045 # dash has it
check 'more processes than may be open are signalled' sh -c 'ulimit -n 100 && exec "$@"' sh "$runtime" --root "$W/state" kill --all many KILL
check 'and deleted' oci delete --force many
