# shellcheck shell=sh disable=SC2154 # check.sh puts an assignment in front
# In the guest: what no case can ask, for it is about the reference runtime's own way with cgroups.
failures=0 checks=0
ok() { echo "ok $flavour $1"; checks=$((checks + 1)); }
not_ok() { echo "not ok $flavour $1: $2"; failures=1 checks=$((checks + 1)); }
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', observed '$3'"; fi; }
contains() { case $3 in *"$2"*) ok "$1" ;; *) not_ok "$1" "'$2' is not in '$3'" ;; esac; }

oci() { plumbline-oci --root /tmp/state "$@"; }
# bundle NAME JQ-LIKE-SED: a bundle with busybox whose program sleeps.
bundle() {
	mkdir -p "/tmp/$1/rootfs/bin"
	cp /plumbline/bin/busybox "/tmp/$1/rootfs/bin/busybox"
	for name in sh sleep cat stat mkdir; do ln -sf busybox "/tmp/$1/rootfs/bin/$name"; done
	cat > "/tmp/$1/config.json"
}
config() {
	cat <<-END
		{ "ociVersion": "1.3.0", "root": { "path": "rootfs" },
		  "process": { "cwd": "/", "args": ["sh", "-c", "$1"], "env": ["PATH=/bin"], "user": { "uid": ${2:-0}, "gid": 0 } },
		  "mounts": [ { "destination": "/proc", "type": "proc", "source": "proc" },
		    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs" }$4 ],
		  "linux": { "cgroupsPath": "${5:-/plumbline-test}", "namespaces": [ { "type": "pid" }, { "type": "mount" }, { "type": "cgroup" } ]$3 } }
	END
}
up() { oci create --bundle "/tmp/$1" "$1" > /dev/null 2>&1 < /dev/null && oci start "$1"; }
down() { oci delete --force "$1"; }

resources() {
	cat <<-END
		, "resources": { "memory": { "limit": 67108864, "swap": 100663296, "reservation": 33554432 },
		  "cpu": { "shares": 2048, "quota": 50000, "period": 200000, "burst": 10000, "cpus": "0", "mems": "0" },
		  "pids": { "limit": 42 }, "hugepageLimits": [ { "pageSize": "2MB", "limit": 4194304 } ]$1 }
	END
}

# Every kind of resource stands in its file.
limits_v2() {
	block=$(cat /sys/block/nullb0/dev)
	config 'while :; do sleep 1; done' 0 "$(resources ", \"unified\": { \"memory.high\": \"60000000\", \"cgroup.max.descendants\": \"5\" },
		\"blockIO\": { \"weight\": 500, \"throttleReadBpsDevice\": [ { \"major\": ${block%:*}, \"minor\": ${block#*:}, \"rate\": 1048576 } ],
		\"throttleWriteIOPSDevice\": [ { \"major\": ${block%:*}, \"minor\": ${block#*:}, \"rate\": 77 } ] }")" '' | bundle limits
	up limits || not_ok limits "it does not start: $(oci create --bundle /tmp/limits limits 2>&1)"
	c=/sys/fs/cgroup/plumbline-test
	while read -r file value; do
		is "limits $file" "$value" "$(cat $c/$file)"
	done <<-END
		memory.max 67108864
		memory.swap.max 33554432
		memory.low 33554432
		memory.high 59998208
		cpu.weight 174
		cpu.max 50000 200000
		cpu.max.burst 10000
		cpuset.cpus 0
		cpuset.mems 0
		pids.max 42
		hugetlb.2MB.max 4194304
		hugetlb.2MB.rsvd.max 4194304
		cgroup.max.descendants 5
		io.max $block rbps=1048576 wbps=max riops=max wiops=77
	END
	if [ -e $c/io.bfq.weight ]; then weight=$(cat $c/io.bfq.weight); else weight=$(cat $c/io.weight); fi
	[ -e $c/io.bfq.weight ] && wanted=500 || wanted=4950
	contains "limits io weight" "default $wanted" "$weight"
	is "limits membership" "0::/plumbline-test" "$(cat "/proc/$(head -n 1 $c/cgroup.procs)/cgroup")"
}

updates_v2() {
	oci update --cpu-quota 8000 --cpu-period 10000 --cpu-burst 5000 --cpu-idle 1 limits
	is "update cpu.max" "8000 10000" "$(cat $c/cpu.max)"
	is "update cpu.max.burst" 5000 "$(cat $c/cpu.max.burst)"
	is "update cpu.idle" 1 "$(cat $c/cpu.idle)"
	oci update --cpu-share 512 --cpu-idle 0 limits
	is "update leaves idle and takes shares" "59 0" "$(cat $c/cpu.weight) $(cat $c/cpu.idle)"
	oci update --memory 32M --memory-swap 48M limits
	is "update memory and swap" "33554432 16777216" "$(cat $c/memory.max) $(cat $c/memory.swap.max)"
	oci update --resources - limits < /dev/null 2> /dev/null && not_ok "update of nothing" "an empty stdin was accepted"
	echo '{ "memory": { "limit": 4096, "checkBeforeUpdate": true } }' | oci update -r - limits 2> /tmp/errors
	contains "update below use is refused" "in use" "$(cat /tmp/errors)"
	echo "{ \"pids\": { \"limit\": 9 }, \"blockIO\": { \"throttleReadBpsDevice\": [ { \"major\": ${block%:*}, \"minor\": ${block#*:}, \"rate\": 9 } ] },
		\"unified\": { \"io.nothing\": \"1\" } }" | oci update -r - limits 2> /tmp/errors
	contains "update with an unknown file is refused" "io.nothing" "$(cat /tmp/errors)"
	is "a failed update takes pids.max back" 42 "$(cat $c/pids.max)"
	is "a failed update takes io.max back" "$block rbps=1048576 wbps=max riops=max wiops=77" "$(cat $c/io.max)"
	oci pause limits
	contains "paused" '"paused"' "$(oci state limits)"
	contains "frozen" "frozen 1" "$(cat $c/cgroup.events)"
	oci resume limits
	contains "thawed" "frozen 0" "$(cat $c/cgroup.events)"
	contains "statistics" '"limit":33554432' "$(oci events --stats limits)"
	oci events --interval 1h limits > /tmp/events &
	watcher=$!
	sleep 1
	oci exec limits sh -c 'x=12345678; while :; do x=$x$x; done' > /dev/null 2>&1
	oci pause limits && oci kill limits KILL
	wait $watcher
	contains "lack of memory is told" '"type":"oom"' "$(cat /tmp/events)"
	down limits
	is "nothing is left" "" "$(ls -d $c 2> /dev/null)"
}

can_open() { oci exec devices sh -c "exec 3< /dev/$1" 2> /dev/null && echo yes || echo no; }

# One program, whatever happens, and the one that was asked for last.
devices_v2() {
	config 'while :; do sleep 1; done' 0 ', "resources": { "devices": [ { "allow": false, "access": "rwm" } ] }' '' | bundle devices
	up devices || not_ok devices "it does not start"
	is "device programs at first" 1 "$(device-programs $c)"
	is "null opens" yes "$(can_open null)"
	for n in 1 2 3; do echo '{ "devices": [ { "allow": false, "access": "rwm" }, { "allow": false, "type": "c", "major": 1, "minor": 5, "access": "rwm" } ] }' |
		oci update -r - devices; done
	is "device programs after three updates" 1 "$(device-programs $c)"
	is "what an update allowed before is denied now" no "$(can_open zero)"
	echo '{ "devices": [ { "allow": true, "access": "rwm" } ], "unified": { "io.nothing": "1" } }' | oci update -r - devices 2> /dev/null
	is "device programs after an update that failed" 1 "$(device-programs $c)"
	is "an update that failed changes no device rule" no "$(can_open zero)"
	oci update --pids-limit 30 devices
	is "an update without devices changes no device rule" no "$(can_open zero)"
	echo '{ "devices": [ { "allow": true, "access": "rwm" } ] }' | oci update -r - devices
	is "a later update allows again" yes "$(can_open zero)"
	down devices
}

# config-linux.md#cgroup-ownership
delegation_v2() {
	mount=', { "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev"] }'
	config 'mkdir /sys/fs/cgroup/mine && echo made > /tmp/made; while :; do sleep 1; done' 1000 '' "$mount" | bundle given
	up given || not_ok given "it does not start"
	is "the cgroup is the user's" 1000 "$(stat -c %u $c)"
	is "cgroup.procs is the user's" 1000 "$(stat -c %u $c/cgroup.procs)"
	is "cgroup.subtree_control is the user's" 1000 "$(stat -c %u $c/cgroup.subtree_control)"
	is "the limits are not" 0 "$(stat -c %u $c/pids.max)"
	n=0
	until [ -d $c/mine ] || [ $n = 50 ]; do n=$((n + 1)); sleep 1; done
	is "the user makes cgroups" yes "$([ -d $c/mine ] && echo yes)"
	mkdir -p $c/mine/deeper
	oci exec given sh -c 'exit 0'
	down given
	is "what the user made is gone too" "" "$(ls -d $c 2> /dev/null)"
	config 'while :; do sleep 1; done' 1000 '' "$(echo "$mount" | sed 's/"nosuid"/"ro", "nosuid"/')" | bundle kept
	up kept || not_ok kept "it does not start"
	is "a read-only mount gives nothing away" 0 "$(stat -c %u $c)"
	down kept
}

limits_v1() {
	config 'while :; do sleep 1; done' 0 ', "resources": { "network": { "classID": 1048577, "priorities": [ { "name": "lo", "priority": 5 } ] },
		"hugepageLimits": [ { "pageSize": "2MB", "limit": 4194304 } ], "memory": { "limit": 67108864, "swap": 67108864 } }' '' | bundle limits
	up limits || not_ok limits "it does not start"
	is "net_cls.classid" 1048577 "$(cat /sys/fs/cgroup/net_cls,net_prio/plumbline-test/net_cls.classid)"
	contains "net_prio.ifpriomap" "lo 5" "$(cat /sys/fs/cgroup/net_cls,net_prio/plumbline-test/net_prio.ifpriomap)"
	is "hugetlb.2MB.limit_in_bytes" 4194304 "$(cat /sys/fs/cgroup/hugetlb/plumbline-test/hugetlb.2MB.limit_in_bytes)"
	is "hugetlb.2MB.rsvd.limit_in_bytes" 4194304 "$(cat /sys/fs/cgroup/hugetlb/plumbline-test/hugetlb.2MB.rsvd.limit_in_bytes)"
	echo '{ "network": { "classID": 1048578 }, "rdma": { "none0": { "hcaHandles": 3 } } }' | oci update -r - limits 2> /tmp/errors
	contains "rdma of a device that is not there is refused" "rdma.max" "$(cat /tmp/errors)"
	is "and the class is as it was" 1048577 "$(cat /sys/fs/cgroup/net_cls,net_prio/plumbline-test/net_cls.classid)"
	contains "statistics of huge pages" '"hugetlb":{"2MB"' "$(oci events --stats limits)"
	echo '{ "cpu": { "realtimeRuntime": 1000 } }' | oci update -r - limits 2> /tmp/errors
	contains "realtime without the kernel's support is refused" "cpu.realtimeRuntime" "$(cat /tmp/errors)"
	down limits
}

# The scope that systemd makes, what it is told, and that it is gone.
systemd_driver() {
	c=/sys/fs/cgroup/machine.slice/machine-plumb.slice/box-c1.scope
	config 'while :; do sleep 1; done' 0 ', "resources": { "pids": { "limit": 42 }, "memory": { "limit": 67108864, "swap": 67108864 },
		"cpu": { "shares": 2048, "quota": 33333, "period": 100000, "cpus": "0" },
		"devices": [ { "allow": false, "access": "rwm" }, { "allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw" } ] }' '' \
		machine-plumb.slice:box:c1 | bundle c1
	oci --systemd-cgroup create --bundle /tmp/c1 c1 > /dev/null 2>&1 < /dev/null || not_ok create "status $?"
	oci start c1
	pid=$(oci state c1 | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
	is "init is in the scope" "0::${c#/sys/fs/cgroup}" "$(cat "/proc/$pid/cgroup")"
	# Once: emulated, each question to systemd takes a second.
	told=$(systemctl show box-c1.scope)
	while read -r property value; do
		is "property $property" "$value" "$(echo "$told" | sed -n "s/^$property=//p")"
	done <<-END
		ActiveState active
		Slice machine-plumb.slice
		Delegate yes
		TasksMax 42
		MemoryMax 67108864
		MemorySwapMax 0
		CPUWeight 174
		CPUQuotaPerSecUSec 333.330ms
		AllowedCPUs 0
		DevicePolicy strict
	END
	contains "property DeviceAllow" "/dev/char/10:229 rw" "$(echo "$told" | sed -n 's/^DeviceAllow=//p')"
	is "cpu.max is what was asked for" "33333 100000" "$(cat $c/cpu.max)"
	oci update --memory 32M --memory-swap 32M --pids-limit 20 --cpu-quota 50000 c1
	is "an update is told" "20 33554432 500ms" "$(systemctl show -P TasksMax box-c1.scope) $(systemctl show -P MemoryMax box-c1.scope) $(systemctl show -P CPUQuotaPerSecUSec box-c1.scope)"
	systemctl daemon-reload
	is "a reload takes nothing back" "20 33554432 50000 100000" "$(cat $c/pids.max $c/memory.max $c/cpu.max | paste -sd' ')"
	echo '{ "pids": { "limit": 9 }, "unified": { "io.nothing": "1" } }' | oci update -r - c1 2> /dev/null
	is "a failed update is not told" "20 20" "$(cat $c/pids.max) $(systemctl show -P TasksMax box-c1.scope)"
	echo '{ "devices": [ { "allow": false, "access": "rwm" } ] }' | oci update -r - c1
	is "systemd's device program and ours" 2 "$(device-programs $c)"
	oci pause c1 && contains "it is paused" paused "$(oci state c1)"
	oci delete --force c1 || not_ok delete "status $?"
	is "the scope is gone" "inactive" "$(systemctl show -P ActiveState box-c1.scope)"
	is "its cgroup is gone" "" "$(ls -d $c 2> /dev/null)"

	config 'exit 0' 0 '' '' 'not a path' | bundle bad
	oci --systemd-cgroup create --bundle /tmp/bad bad > /tmp/errors 2>&1 < /dev/null
	contains "another form of path is refused" "SLICE:PREFIX:NAME" "$(cat /tmp/errors)"
	config 'exit 0' 0 '' '' '../x.slice:a:b' | bundle bad
	oci --systemd-cgroup create --bundle /tmp/bad bad > /tmp/errors 2>&1 < /dev/null
	contains "a slice that is none is refused" "no name of a slice" "$(cat /tmp/errors)"
	sed 's|"resources": {|&"unified": { "io.nothing": "1" },|' /tmp/c1/config.json > /tmp/bad/config.json
	oci --systemd-cgroup create --bundle /tmp/bad bad > /tmp/errors 2>&1 < /dev/null
	contains "a limit that is none is refused" "io.nothing" "$(cat /tmp/errors)"
	is "a failed create leaves no scope" "inactive" "$(systemctl show -P ActiveState box-c1.scope)"
	config 'exit 0' 0 ', "resources": { "pids": { "limit": 1 } }' '' ':plumb:small' | bundle small
	oci --systemd-cgroup run --bundle /tmp/small small < /dev/null
	is "one process is enough" 0 $?
	is "the default slice" "" "$(ls -d /sys/fs/cgroup/system.slice/plumb-small.scope 2> /dev/null)"
}

# annotate NAME VALUE...: a container in a scope of its own whose annotations ask systemd for that.
annotate() {
	annotations=
	while [ $# -gt 0 ]; do
		annotations="$annotations${annotations:+, }\"org.systemd.property.$1\": \"$2\""
		shift 2
	done
	config 'while :; do sleep 1; done' 0 '' '' ':box:noted' | sed "s|\"ociVersion\": \"1.3.0\",|& \"annotations\": { $annotations },|" | bundle noted
	oci --systemd-cgroup create --bundle /tmp/noted noted > /tmp/errors 2>&1 < /dev/null
}

properties() {
	annotate Description "'a box'" TimeoutStopSec 7 CollectMode "'inactive'" TasksMax 'uint64 33' After "['sysinit.target', 'dbus.service']" IOAccounting true ||
		not_ok annotations "$(cat /tmp/errors)"
	told=$(systemctl show box-noted.scope)
	while read -r property value; do
		is "annotation $property" "$value" "$(echo "$told" | sed -n "s/^$property=//p")"
	done <<-END
		Description a box
		TimeoutStopUSec 7s
		CollectMode inactive
		TasksMax 33
		IOAccounting yes
	END
	contains "annotation After" "dbus.service" "$(echo "$told" | sed -n 's/^After=//p')"
	is "what systemd was asked for holds" 33 "$(cat /sys/fs/cgroup/system.slice/box-noted.scope/pids.max)"
	down noted
	annotate TimeoutStopSec "'soon'" && not_ok "an annotation that is no time" "it was accepted"
	contains "an annotation that is no time is refused" "TimeoutStopSec takes seconds" "$(cat /tmp/errors)"
	annotate NoSuchThing 7 && not_ok "a property that systemd has not" "it was accepted"
	contains "a property that systemd has not is refused" "start box-noted.scope" "$(cat /tmp/errors)"
	is "neither leaves a scope" "inactive" "$(systemctl show -P ActiveState box-noted.scope)"
	is "neither leaves a container" "" "$(ls /tmp/state)"
}

# The same on v1: systemd has no files for some controllers, and there the directories are ours.
systemd_v1() {
	scope=/machine.slice/box-c1.scope
	config 'while :; do sleep 1; done' 0 ', "resources": { "pids": { "limit": 42 }, "memory": { "limit": 67108864 }, "cpu": { "shares": 512, "quota": 50000 },
		"devices": [ { "allow": false, "access": "rwm" } ] }' '' machine.slice:box:c1 | bundle c1
	before=$(find /sys/fs/cgroup/freezer /sys/fs/cgroup/cpuset -maxdepth 1 -name machine.slice)
	oci --systemd-cgroup create --bundle /tmp/c1 c1 > /tmp/errors 2>&1 < /dev/null || not_ok create "$(cat /tmp/errors)"
	oci start c1
	pid=$(oci state c1 | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
	for controller in pids memory freezer cpuset devices name=systemd; do
		contains "init is in the scope of $controller" ":$scope" "$(grep -E "[:,]${controller}[:,]" "/proc/$pid/cgroup")"
	done
	is "properties" "42 67108864 512 500ms" "$(for p in TasksMax MemoryLimit CPUShares CPUQuotaPerSecUSec; do systemctl show -P $p box-c1.scope; done | paste -sd' ')"
	is "files" "42 67108864 512 50000" "$(cd /sys/fs/cgroup && cat pids$scope/pids.max memory$scope/memory.limit_in_bytes cpu$scope/cpu.shares cpu$scope/cpu.cfs_quota_us | paste -sd' ')"
	oci update --memory 32M --pids-limit 20 c1
	systemctl daemon-reload
	is "a reload takes no update back" "20 33554432" "$(cat /sys/fs/cgroup/pids$scope/pids.max /sys/fs/cgroup/memory$scope/memory.limit_in_bytes | paste -sd' ')"
	oci pause c1 && contains "it is paused" paused "$(oci state c1)"
	oci delete --force c1 || not_ok delete "status $?"
	is "no scope is left in any hierarchy" "" "$(find /sys/fs/cgroup -name 'box-c1.scope')"
	is "nor a slice that was not there" "$before" "$(find /sys/fs/cgroup/freezer /sys/fs/cgroup/cpuset -maxdepth 1 -name machine.slice)"
	is "systemd knows of none" inactive "$(systemctl show -P ActiveState box-c1.scope)"
}

# Without root: the user's own manager, and the part of the tree that it was given.
rootless() {
	loginctl enable-linger plumb
	n=0
	until [ -S /run/user/1000/bus ] || [ $n = 60 ]; do n=$((n + 1)); sleep 1; done
	cp -a /tmp/c1 /tmp/mine
	chown -R plumb /tmp/mine
	config 'while :; do sleep 1; done' 0 ', "uidMappings": [ { "containerID": 0, "hostID": 1000, "size": 1 } ],
		"gidMappings": [ { "containerID": 0, "hostID": 1000, "size": 1 } ], "resources": { "pids": { "limit": 42 }, "memory": { "limit": 67108864 } }' '' \
		user.slice:plumb:mine | sed 's/{ "type": "pid" }/{ "type": "user" }, &/' > /tmp/mine/config.json
	cat > /tmp/rootless.sh <<-END
		export PATH=$PATH
		oci() { plumbline-oci --root /run/user/1000/state "\$@"; }
		oci --systemd-cgroup create --bundle /tmp/mine mine < /dev/null > /dev/null && oci start mine && echo started
		c=/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/plumb-mine.scope
		cat \$c/pids.max \$c/memory.max
		oci update --pids-limit 7 mine && cat \$c/pids.max
		oci exec mine sh -c 'echo inside'
		oci pause mine && oci state mine | grep -o '"paused"'
		oci delete --force mine; ls -d \$c
	END
	runuser -u plumb -- env XDG_RUNTIME_DIR=/run/user/1000 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus \
		systemd-run --user --quiet --wait --pipe sh /tmp/rootless.sh > /tmp/rootless.out 2> /tmp/rootless.err < /dev/null
	is "rootless under the user's manager" 'started 42 67108864 7 inside "paused"' "$(paste -sd' ' /tmp/rootless.out)"
	[ -s /tmp/rootless.err ] && sed 's/^/# /' /tmp/rootless.err
}

case $flavour in
v2)
	limits_v2
	updates_v2
	devices_v2
	delegation_v2
	;;
v1) limits_v1 ;;
systemd)
	systemd_driver
	properties
	rootless
	;;
hybrid) systemd_v1 ;;
esac
echo "checks $checks"
exit $failures
