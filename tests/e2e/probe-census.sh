#!/bin/sh
# Every key of the probe's census beside what an independent program says in the same namespaces.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "skip probe-census: needs root"; exit 0; }
for tool in busybox unshare pivot_root script stty; do
	command -v "$tool" >/dev/null || { echo "skip probe-census: needs $tool"; exit 0; }
done
. tests/probe/world.sh

# Written by busybox in the process that becomes the probe, so $$ is the probe's own directory.
# shellcheck disable=SC2016 # expanded inside the world
snapshot='
for f in status mountinfo cgroup limits uid_map gid_map setgroups timens_offsets oom_score_adj coredump_filter stat; do
	$b cat /proc/$$/$f >/out/$f
done
for n in user mnt pid net ipc uts cgroup time pid_for_children time_for_children; do
	echo "$n $($b readlink /proc/$$/ns/$n)"
done >/out/ns
$b hostname >/out/hostname
$b uname -r >/out/release
$b uname -m >/out/machine
$b ip link >/out/links
$b ip addr >/out/addr
$b ip route >/out/route
$b ls -a / >/out/entries
$b stat -c "%d %i %a %u %g" / >/out/root
$b find /dev ! -type d ! -type l -exec $b stat -c "%n %t:%T %a %u %g" {} + >/out/dev
$b find /dev -type l -exec $b sh -c "echo \$0 \$($b readlink \$0)" {} \; >/out/symlinks
$b sysctl -n net.ipv4.ip_forward kernel.shmmax user.max_user_namespaces kernel.sem | $b tr "\t" " " >/out/sysctl
for p in /proc/sys /proc/keys /proc/timer_stats /sys/firmware; do
	if [ -e "$p" ]; then echo "$p true"; else echo "$p false"; fi
done >/out/usual
$b date +%s >/out/date
'
status() { sed -n "s/^$1:[[:space:]]*//p" "$W/out/status"; }
namespace() { sed -n "s/^$1 //p" "$W/out/ns"; }
# The names of the bits of a hexadecimal set, by capsh.
caps_of() { capsh --decode="$1" | sed 's/^[^=]*=//' | tr ',' '\n' | tr '[:lower:]' '[:upper:]' | LC_ALL=C sort | paste -sd,; }
list_of() { fact "$1" | tr -d '[]" '; }

# --- a plain world, with something to see in every corner
world -s 'mkdir -p data/ro "data/with space" dev/pts run/deep
	mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
	mount -t tmpfs -o ro,nosuid,size=64k tmpfs data/ro
	mount -t tmpfs -o noexec tmpfs "data/with space"
	mount --make-shared "data/with space"; mount --make-unbindable data/ro
	mknod -m 640 dev/blk b 7 99; chown 3:4 dev/blk; mkfifo -m 622 dev/pipe; : > dev/plain
	ln -s pts/ptmx dev/ptmx; ip link set lo up; ip link add v0 mtu 1400 address 02:00:00:00:00:07 type veth peer name v1
	ip addr add 10.9.8.7/24 dev v0; ip link set v0 up; ip route add 10.50.0.0/16 via 10.9.8.1; hostname inner' \
	-b "umask 027; ulimit -n 333; ulimit -S -c 0; echo 321 >/proc/self/oom_score_adj; cd /tmp
	export A=1 B='two words' C='x=y'; sysctl() { :; }; $snapshot
	exec 7</etc 8>>/tmp/log 9<>/tmp/log; \$b ls /proc/self/fd >/out/fds" -c 'exec /bin/busybox env A=last /probe one "two  words" "" "qu\"ote"'

is probe/ends 0 "$code"
lines_valid probe/json
is probe/end-line '{"end":true}' "$(sed -n '$s/^- //p' "$W/out/lines")"
is census/pid 1 "$(fact pid)"
is census/ppid "$(status PPid)" "$(fact ppid)"
is census/pgid "$(cut -d' ' -f5 "$W/out/stat")" "$(fact pgid)"
is census/sid "$(cut -d' ' -f6 "$W/out/stat")" "$(fact sid)"
is census/argv '["/probe","one","two  words","","qu\"ote"]' "$(fact argv)"
is census/exe /probe "$(fact exe)"
is census/exec_path /probe "$(fact exec_path)"
is census/cwd /tmp "$(fact cwd)"
is census/env-last-wins last "$(fact env.A)"
is census/env-blanks 'two words' "$(fact env.B)"
is census/env-equals 'x=y' "$(fact env.C)"
like census/env_list '*"B=two words"*' "$(fact env_list)"
is census/uid '{"real":0,"effective":0,"saved":0,"fs":0}' "$(fact uid)"
is census/gid '{"real":0,"effective":0,"saved":0,"fs":0}' "$(fact gid)"
is census/groups "$(status Groups | tr ' ' ',' | sed 's/,$//')" "$(list_of groups)"
is census/umask 0027 "$(fact umask)"
for set in Eff:effective Prm:permitted Inh:inheritable Bnd:bounding Amb:ambient; do
	is "census/caps-${set#*:}" "$(caps_of "$(status "Cap${set%:*}")")" "$(list_of "caps.${set#*:}")"
done
is census/last_cap "$(cat /proc/sys/kernel/cap_last_cap)" "$(fact last_cap)"
is census/securebits 0 "$(fact securebits)"
is census/keep_caps false "$(fact keep_caps)"
is census/no_new_privs "$(status NoNewPrivs)" "$(fact no_new_privs)"
is census/dumpable 1 "$(fact dumpable)"
is census/seccomp-mode "$(status Seccomp)" "$(fact seccomp.mode)"
is census/secure false "$(fact secure)"
is census/rlimits-nofile '{"soft":333,"hard":333}' "$(fact rlimits.RLIMIT_NOFILE)"
is census/rlimits-core 0 "$(fact rlimits.RLIMIT_CORE.soft)"
sed -e 's/unlimited/18446744073709551615/g' "$W/out/limits" >"$W/limits"
while IFS=: read -r title name; do
	# shellcheck disable=SC2046 # words are wanted
	set -- $(sed -n "s/^$title  *\([0-9]*\)  *\([0-9]*\).*/\1 \2/p" "$W/limits")
	is "census/rlimits-$name" "{\"soft\":$1,\"hard\":$2}" "$(fact "rlimits.$name")"
done <<'E2'
Max cpu time:RLIMIT_CPU
Max file size:RLIMIT_FSIZE
Max data size:RLIMIT_DATA
Max stack size:RLIMIT_STACK
Max resident set:RLIMIT_RSS
Max processes:RLIMIT_NPROC
Max locked memory:RLIMIT_MEMLOCK
Max address space:RLIMIT_AS
Max file locks:RLIMIT_LOCKS
Max pending signals:RLIMIT_SIGPENDING
Max msgqueue size:RLIMIT_MSGQUEUE
Max nice priority:RLIMIT_NICE
Max realtime priority:RLIMIT_RTPRIO
Max realtime timeout:RLIMIT_RTTIME
E2
for pair in user:user mnt:mount pid:pid net:network ipc:ipc uts:uts cgroup:cgroup time:time; do
	is "census/namespaces-${pair#*:}" "$(namespace "${pair%:*}")" "$(fact "namespaces.${pair#*:}")"
done
is census/for_children-pid "$(namespace pid_for_children)" "$(fact namespaces_for_children.pid)"
is census/for_children-time "$(namespace time_for_children)" "$(fact namespaces_for_children.time)"
is census/owners-network "$(readlink /proc/self/ns/user)" "$(fact namespace_owners.network)"
is census/hostname "$(cat "$W/out/hostname")" "$(fact hostname)"
is census/domainname "$(cat /proc/sys/kernel/domainname)" "$(fact domainname)"
is census/kernel-release "$(cat "$W/out/release")" "$(fact kernel.release)"
is census/kernel-machine "$(cat "$W/out/machine")" "$(fact kernel.machine)"
is census/proc real "$(fact proc)"
is census/mounts-all "$(cut -d' ' -f1 "$W/out/mountinfo" | paste -sd,)" \
	"$(each mounts id | paste -sd,)"
is census/mounts-flags '["ro","nosuid","relatime"]' "$(fact 'mounts[/data/ro].flags')"
is census/mounts-unbindable unbindable "$(fact 'mounts[/data/ro].propagation')"
is census/mounts-blank '["rw","noexec","relatime"]' "$(fact 'mounts[/data/with space].flags')"
is census/mounts-shared shared "$(fact 'mounts[/data/with space].propagation')"
is census/mounts-peer "$(sed -n 's/.*with.040space .*shared:\([0-9]*\).*/\1/p' "$W/out/mountinfo")" \
	"$(fact 'mounts[/data/with space].peer')"
is census/mounts-type devpts "$(fact 'mounts[/dev/pts].type')"
like census/mounts-super '*"size=64k"*' "$(fact 'mounts[/data/ro].super')"
is census/mounts-private private "$(fact 'mounts[/proc].propagation')"
# 3 is the directory that ls itself reads.
is census/fd_list "$(grep -vx 3 "$W/out/fds" | sort -n | paste -sd,)" "$(list_of fd_list)"
is census/fds-target /etc "$(fact 'fds[7].target')"
is census/fds-kind directory "$(fact 'fds[7].kind')"
is census/fds-append '["O_APPEND","O_WRONLY"]' "$(fact 'fds[8].flags')"
is census/fds-rdwr '["O_RDWR"]' "$(fact 'fds[9].flags')"
is census/fds-null char "$(fact 'fds[0].kind')"
is census/tty-none '{"stdin":false,"stdout":false,"stderr":false,"controlling":false}' "$(fact tty)"
while IFS=: read -r _ controllers path; do
	for controller in $(echo "$controllers" | tr ',' ' '); do
		is "census/cgroup-$controller" "$path" "$(fact "cgroup[$controller]")"
	done
	[ -n "$controllers" ] || like census/cgroup-unified "*\"\":\"$path\"*" "$(fact cgroup)"
done <"$W/out/cgroup"
is census/cgroup_files-unmounted '{}' "$(fact cgroup_files)"
is census/oom_score_adj 321 "$(fact oom_score_adj)"
is census/coredump_filter "$(printf %d "0x$(cat "$W/out/coredump_filter")")" "$(fact coredump_filter)"
is census/nice 0 "$(fact nice)"
is census/personality 0 "$(fact personality)"
is census/scheduler SCHED_OTHER "$(fact scheduler.policy)"
is census/io_priority IOPRIO_CLASS_NONE "$(fact io_priority.class)"
is census/affinity "$(status Cpus_allowed_list)" "$(fact affinity | tr -d '[]' | sed 's/^\([0-9]*\),.*,\([0-9]*\)$/\1-\2/; s/^\(0\),\(1\)$/\1-\2/')"
is census/memory_policy MPOL_DEFAULT "$(fact memory_policy.mode)"
is census/timer_slack_ns "$(cat /proc/$$/timerslack_ns)" "$(fact timer_slack_ns)"
like census/parent_death_signal '' "$(fact parent_death_signal | sed 's/^SIGKILL$//')"
is census/child_subreaper false "$(fact child_subreaper)"
is census/threads "$(status Threads)" "$(fact threads)"
is census/sysctls "$(cat "$W/out/sysctl")" "$(for s in net.ipv4.ip_forward kernel.shmmax user.max_user_namespaces kernel.sem; do
	fact "sysctls[$s]"; done | tr '\t' ' ')"
is census/devices "$(awk '{print $1}' "$W/out/dev" | LC_ALL=C sort | paste -sd,)" \
	"$(each devices path | LC_ALL=C sort | paste -sd,)"
is census/devices-block '{"path":"/dev/blk","kind":"b","major":7,"minor":99,"mode":"0640","uid":3,"gid":4}' "$(fact 'devices[/dev/blk]')"
is census/devices-fifo '{"path":"/dev/pipe","kind":"p","mode":"0622","uid":0,"gid":0}' "$(fact 'devices[/dev/pipe]')"
is census/devices-null '{"path":"/dev/null","kind":"c","major":1,"minor":3,"mode":"0666","uid":0,"gid":0}' "$(fact 'devices[/dev/null]')"
is census/devices-plain f "$(fact 'devices[/dev/plain].kind')"
while read -r path target; do
	is "census/links-$path" "$target" "$(fact "links[$path]")"
done <"$W/out/symlinks"
# shellcheck disable=SC2046 # words are wanted
set -- $(cat "$W/out/root")
is census/root-inode "$2" "$(fact root.inode)"
is census/root-mode "0$3" "$(fact root.mode)"
is census/root-readonly false "$(fact root.readonly)"
is census/usual_paths "$(cat "$W/out/usual")" "$(while read -r p _; do echo "$p $(fact "usual_paths[$p]")"; done < "$W/out/usual")"
is census/root-entries "$(grep -vx '[.]*' "$W/out/entries" | LC_ALL=C sort | paste -sd,)" "$(list_of root.entries)"
is census/processes 1 "$(fact 'processes[0].pid')"
is census/processes-name probe "$(fact 'processes[0].name')"
is census/interfaces "$(grep -o '^[0-9]*: [a-z0-9]*' "$W/out/links" | sed 's/.*: //' | LC_ALL=C sort | paste -sd,)" \
	"$(each interfaces name | LC_ALL=C sort | paste -sd,)"
is census/interfaces-address 02:00:00:00:00:07 "$(fact 'interfaces[v0].address')"
is census/interfaces-mtu 1400 "$(fact 'interfaces[v0].mtu')"
is census/interfaces-up true "$(fact 'interfaces[v0].up')"
is census/interfaces-down false "$(fact 'interfaces[v1].up')"
is census/interfaces-kind veth "$(fact 'interfaces[v0].kind')"
is census/interfaces-addresses "$(sed -n '/: lo:/,/^[2-9]:/s/.*inet6* \([^ ]*\).*/\1/p' "$W/out/addr" | paste -sd,)" \
	"$(list_of 'interfaces[lo].addresses')"
is census/interfaces-details '{"scope":0,"permanent":true}' "$(fact 'interfaces[v0].address_details[10.9.8.7/24]')"
is census/routes 10.9.8.1 "$(fact routes | sed -n 's/.*"to":"10.50.0.0\/16","via":"\([^"]*\)".*/\1/p')"
is census/uid_map "$(awk '{print "[[" $1 "," $2 "," $3 "]]"}' "$W/out/uid_map")" "$(fact uid_map)"
is census/gid_map "$(awk '{print "[[" $1 "," $2 "," $3 "]]"}' "$W/out/gid_map")" "$(fact gid_map)"
is census/setgroups "$(cat "$W/out/setgroups")" "$(fact setgroups)"
is census/time_offsets '{"monotonic":{"secs":0,"nanosecs":0},"boottime":{"secs":0,"nanosecs":0}}' "$(fact time_offsets)"
seconds=$(fact clocks.realtime_ns)
[ $((${seconds%?????????} - $(cat "$W/out/date"))) -le 2 ] && ok census/clocks || not_ok census/clocks "$seconds"
is census/ipc '{"msg":0,"sem":0,"shm":0}' "$(fact ipc)"
# SIG32 and SIG33 are libc's own: whatever started this script may hand them down ignored, and no shell can change that.
without_libc_signals() { sed 's/,*"SIG3[23]"//g'; }
is census/signals '{"blocked":[],"ignored":[],"caught":[]}' "$(fact signals | without_libc_signals)"
is census/cut '[]' "$(fact cut)"
is census/missing-only-lsm 'lsm' "$(fact missing | grep -o '"[a-z_]*":' | tr -d '":' | paste -sd,)"
# A key that nobody compares here would be a key that nobody knows to be right.
for key in $("$probe" --help | sed -n 's/^census: //p'); do
	grep -q "census/$key" "$0" || [ "$key" = lsm ] || [ "$key" = started_ns ] || [ "$key" = namespaces_for_children ] ||
		[ "$key" = namespace_owners ] || [ "$key" = cgroup_dirs ] || not_ok "census/every-key" "$key is compared with nothing"
done

# --- other states of the same keys
world -u '--time --monotonic 1000 --boottime 2000' -p 'nice -n 7'
is census/time_offsets-set '{"monotonic":{"secs":1000,"nanosecs":0},"boottime":{"secs":2000,"nanosecs":0}}' "$(fact time_offsets)"
is census/nice-set 7 "$(fact nice)"
started=$(fact started_ns)
[ "${started%?????????}" -ge 1000 ] && ok census/started_ns-offset || not_ok census/started_ns-offset "$started"

world -u '--user --map-root-user'
is census/uid_map-user '[[0,0,1]]' "$(fact uid_map)"
is census/setgroups-deny deny "$(fact setgroups)"
is census/owners-user "$(fact namespaces.user)" "$(fact namespace_owners.network)"
is census/owners-user-hidden '(no namespace_owners.user)' "$(fact namespace_owners.user 2>/dev/null)"

world -s 'mkdir -p sys/fs/cgroup; mount -t cgroup -o pids none sys/fs/cgroup' -b '$b cat /sys/fs/cgroup/cgroup.procs >/out/procs
	$b ls /sys/fs/cgroup >/out/files; $b stat -c %u /sys/fs/cgroup/cgroup.procs >/out/owner'
if [ "$code" = 0 ] && [ -s "$W/out/owner" ]; then
	is census/cgroup_dirs-path /sys/fs/cgroup "$(fact cgroup_dirs.pids.path)"
	is census/cgroup_dirs-owner "$(cat "$W/out/owner")" "$(fact 'cgroup_dirs.pids.owners[cgroup.procs]')"
	is census/cgroup_dirs-writable true "$(fact cgroup_dirs.pids.writable)"
else
	skip census/cgroup_dirs-path "no v1 pids hierarchy"
fi

world -p 'ionice -c 2 -n 5 chrt -b 0 taskset 1' -b "trap '' HUP USR1"
is census/signals-ignored '["SIGHUP","SIGUSR1"]' "$(fact signals.ignored | without_libc_signals)"
is census/io_priority-set '{"class":"IOPRIO_CLASS_BE","priority":5}' "$(fact io_priority)"
is census/scheduler-set SCHED_BATCH "$(fact scheduler.policy)"
is census/affinity-set '[0]' "$(fact affinity)"

world -p 'setarch linux32'
is census/personality-set 8 "$(fact personality)"
is census/kernel-machine-set "$(setarch linux32 uname -m)" "$(fact kernel.machine)"

# A terminal of 33 x 77 that controls the session.
rm -rf "$W/out"
mkdir -m 777 "$W/out"
script -qec "stty rows 33 cols 77; cd '$W'; exec '$probe'" "$W/typescript" >"$W/tty" </dev/null
tr -d '\r' <"$W/tty" | sed -n 's/^- \({"census"\)/\1/p' >"$W/out/census.json"
like census/tty-stdin true "$(fact tty.stdin)"
is census/tty-size 33x77 "$(fact tty.rows)x$(fact tty.cols)"
is census/tty-controlling true "$(fact tty.controlling)"
like census/tty-name '/dev/pts/[0-9]*' "$(fact tty.name)"

finish
