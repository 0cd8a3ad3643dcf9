#!/bin/sh
# Configs that the reference runtime must refuse: exit status 1, a sentence that names the field, and nothing left. The reader's own
# tests know every type and range; here it is the program, from its arguments to what is on the machine afterwards.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

bundle good
ok_count=0
# What may not change: processes, mounts, cgroups, the state directory.
look() {
	cat /proc/self/mountinfo
	find /sys/fs/cgroup -type d | wc -l
	find "$W/state" 2> /dev/null
	# Those that are dying are no longer there.
	awk '$3 != "Z" && $2 ~ /plumbline|sleep/' /proc/[0-9]*/stat 2> /dev/null | wc -l
}
# refused WHAT PATTERN: the config in $W/bad is.
refused() {
	oci create -b "$W/bad" bad > "$W/out" 2> "$W/err"
	status=$?
	look > "$W/after"
	if [ $status != 1 ]; then
		not_ok "$1" "exit status $status: $(head -c 300 "$W/err")"
		oci delete --force bad
	elif [ "$(wc -l < "$W/err")" != 1 ] || ! grep -qF "$2" "$W/err"; then
		not_ok "$1" "no sentence with '$2': $(head -c 300 "$W/err")"
	elif ! cmp -s "$W/before" "$W/after"; then
		not_ok "$1" "left: $(diff "$W/before" "$W/after" | head -n 5 | tr '\n' ' ')"
	else
		ok "$1"
		ok_count=$((ok_count + 1))
	fi
}
mkdir "$W/bad"
cp -r "$W/good/rootfs" "$W/bad/"
oci create -b "$W/good" good && oci delete --force good
look > "$W/before"

# field <TAB> jq edit <TAB> what the sentence must hold, when that is not the field
while IFS='	' read -r field edit words; do
	case $field in '' | '#'*) continue ;; esac
	jq "$edit" "$W/good/config.json" > "$W/bad/config.json" || { not_ok "$field" "jq: $edit" && continue; }
	refused "$edit" "${words:-$field}"
done <<'T'
# missing
ociVersion	del(.ociVersion)
root	del(.root)
root.path	del(.root.path)
mounts[0].destination	del(.mounts[0].destination)
process.cwd	del(.process.cwd)
linux.namespaces[0].type	del(.linux.namespaces[0].type)
linux.devices[0].type	.linux.devices = [{"path": "/dev/x", "major": 1, "minor": 3}]
linux.devices[0].path	.linux.devices = [{"type": "c", "major": 1, "minor": 3}]
linux.devices[0].major	.linux.devices = [{"type": "c", "path": "/dev/x", "minor": 3}]
linux.seccomp.defaultAction	.linux.seccomp = {}
linux.memoryPolicy.mode	.linux.memoryPolicy = {}
linux.personality.domain	.linux.personality = {}
process.rlimits[0].soft	.process.rlimits = [{"type": "RLIMIT_NOFILE", "hard": 10}]
process.scheduler.policy	.process.scheduler = {}
hooks.poststop[0].path	.hooks.poststop = [{"args": ["x"]}]
linux.uidMappings[0].size	.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 0}] | .linux.gidMappings = .linux.uidMappings
# of the wrong type
ociVersion	.ociVersion = 1
root	.root = []
mounts	.mounts = {}
mounts[1].options[0]	.mounts[1].options = [1]
process	.process = "sh"
process.args[0]	.process.args = [null]
process.user.uid	.process.user.uid = "0"
process.noNewPrivileges	.process.noNewPrivileges = "true"
linux	.linux = true
linux.resources.pids.limit	.linux.resources.pids.limit = "10"
linux.sysctl.x	.linux.sysctl = {"x": 1}
annotations.a	.annotations = {"a": 1}
# out of range
process.user.uid	.process.user.uid = -1
process.user.uid	.process.user.uid = 4294967296
process.oomScoreAdj	.process.oomScoreAdj = 1001
process.user.umask	.process.user.umask = -1
process.rlimits[0]	.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 11, "hard": 10}]
process.ioPriority.priority	.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 8}
linux.devices[0].minor	.linux.devices = [{"type": "c", "path": "/dev/x", "major": 1, "minor": 1048576}]
linux.timeOffsets.monotonic.nanosecs	.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets.monotonic = {"secs": 1, "nanosecs": 1000000000}
hooks.prestart[0].timeout	.hooks.prestart = [{"path": "/bin/true", "timeout": 0}]
linux.memoryPolicy.nodes	.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0-"}
linux.resources.cpu.quota	.linux.resources.cpu.quota = 18446744073709551616
mounts[0].uidMappings[0].size	.mounts[0].uidMappings = [{"containerID": 0, "hostID": 0, "size": -18446744073709551616}]
hostname	.hostname = ("x" * 65)
# unknown words
linux.namespaces[0].type	.linux.namespaces[0].type = "pids"
linux.namespaces[0].type	.linux.namespaces[0].type = "pid\u0000zz"
process.rlimits[0].type	.process.rlimits = [{"type": "RLIMIT_X", "soft": 1, "hard": 1}]
linux.rootfsPropagation	.linux.rootfsPropagation = "shred"
linux.seccomp.defaultAction	.linux.seccomp.defaultAction = "SCMP_ACT_SHRUG"
linux.personality.domain	.linux.personality.domain = "BSD"
linux.memoryPolicy.flags[0]	.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_ODD"]}
process.scheduler.policy	.process.scheduler.policy = "SCHED_LAZY"
linux.timeOffsets.realtime	.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets.realtime = {"secs": 1}
mounts[2] at /x	.mounts += [{"destination": "/x", "type": "no-such-fs", "source": "none"}]
mounts[2] at /x	.mounts += [{"destination": "/x", "type": "tmpfs", "options": ["size=much"]}]
# relative where absolute is demanded
process.cwd	.process.cwd = "tmp"
hooks.poststart[0].path	.hooks.poststart = [{"path": "true"}]
linux.maskedPaths[0]	.linux.maskedPaths = ["proc/kcore"]
linux.readonlyPaths[0]	.linux.readonlyPaths = ["proc/sys"]
linux.namespaces[0].path	.linux.namespaces[0].path = "proc/self/ns/pid"
linux.devices[0].path	.linux.devices = [{"type": "c", "path": "dev/x", "major": 1, "minor": 3}]
# twice
linux.namespaces[5]	.linux.namespaces += [{"type": "pid"}]
process.rlimits[1]	.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 1}, {"type": "RLIMIT_NOFILE", "soft": 2, "hard": 2}]
# what needs something else
linux.timeOffsets	.linux.timeOffsets.monotonic = {"secs": 1}
hostname	.hostname = "x" | del(.linux.namespaces[] | select(.type == "uts"))
linux.netDevices	.linux.netDevices = {"eth0": {}} | del(.linux.namespaces[] | select(.type == "network"))
linux.sysctl	.linux.sysctl = {"kernel.panic": "1"}
mounts[2] at /x	.mounts += [{"destination": "/x", "type": "bind", "source": "/nowhere", "options": ["bind"]}]
mounts[2] at /x	.mounts += [{"destination": "/x", "type": "bind", "options": ["bind"]}]
root.path	.root.path = "nowhere"
root.path	.root.path = "config.json"
linux.namespaces	.linux.namespaces[0].path = "/proc/self/ns/net"	pid namespace /proc/self/ns/net
# versions
ociVersion	.ociVersion = "2.0.0"
ociVersion	.ociVersion = "1.4.0"
ociVersion	.ociVersion = "one"
T

# No mistake: one place may be mounted on again and again (docs/DEVIATIONS.md).
mkdir "$W/first" "$W/second"
jq --arg w "$W" '.process.args = ["/bin/ls", "/m"] | .mounts += [range(999) | {destination: "/m", type: "bind", source: "\($w)/first", options: ["bind"]}]
	+ [{destination: "/m", type: "bind", source: "\($w)/second", options: ["bind"]}]' "$W/good/config.json" > "$W/bad/config.json"
: > "$W/second/on-top"
is 'of a thousand mounts at one place the last is seen' on-top "$(oci run -b "$W/bad" bad < /dev/null)"
look > "$W/after"
check 'and nothing of them is left' cmp "$W/before" "$W/after"

# More than the kernel makes in minutes.
jq -c '.mounts += [range(100000) | {destination: "/m", type: "tmpfs", source: "tmpfs"}]' "$W/good/config.json" > "$W/bad/config.json"
refused 'a hundred thousand mounts' 'mounts: 100002 mounts, more than 4096'

# Not even JSON, or hardly.
printf '{"ociVersion": "1.0.2", "root": {"path": "ro\\u0000ot"}}' > "$W/bad/config.json"
refused 'a NUL in a string' 'root.path'
printf '{"ociVersion": "1.0.2", "root": {"path": "\377"}}' > "$W/bad/config.json"
refused 'bytes that are no UTF-8' 'line 1'
printf '{"ociVersion": "1.0.2"' > "$W/bad/config.json"
refused 'half a document' 'line 1'
: > "$W/bad/config.json"
refused 'an empty file' 'config.json'
rm "$W/bad/config.json"
refused 'no config.json' 'config.json'
mkdir "$W/bad/config.json"
refused 'a directory called config.json' 'config.json'
rmdir "$W/bad/config.json"
mkfifo "$W/bad/config.json"
refused 'a fifo called config.json' 'config.json'
rm "$W/bad/config.json"
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "{\"linux\":"; }' > "$W/bad/config.json"
refused 'a hundred thousand levels' 'line 1'
awk 'BEGIN { printf "{\"ociVersion\": \"1.0.2\", \"annotations\": {"; for (i = 0; i < 1000000; i++) printf "%s\"k%d\": \"v\"", i ? "," : "", i;
	printf "}, \"process\": { \"cwd\": \"relative\", \"args\": [\"x\"] }, \"root\": {\"path\": \"rootfs\"}}"; }' > "$W/bad/config.json"
refused 'ten megabytes with a mistake behind them' 'process'
truncate -s 20M "$W/bad/config.json"
refused 'more than sixteen megabytes' 'config.json'
printf '%s refusals\n' "$ok_count" >&2
