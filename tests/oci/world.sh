#!/bin/sh
# world.sh COMMAND...: runs it in new PID, mount, cgroup, IPC, UTS and network namespaces, over cgroups of its own, with
# fresh /run, /tmp and /var: what a runtime does there, even kill -9 -1, ends with it. Exits as the command does.
set -u
if [ "${1:-}" != --in-world ]; then
	name=plumbline-test-$$
	made=
	for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
		[ ! -L "$hierarchy" ] || continue
		[ -e "$hierarchy/cgroup.procs" ] || continue
		mkdir "$hierarchy/$name" || continue
		made="$made $hierarchy/$name"
		# An empty cpuset takes no process.
		for knob in cpuset.cpus cpuset.mems; do
			[ ! -e "$hierarchy/$name/$knob" ] || cat "$hierarchy/$knob" > "$hierarchy/$name/$knob"
		done 2> /dev/null
	done
	trap '' INT TERM
	(
		trap - INT TERM
		# Beside v1, one further down in cgroup2, where nothing is handed on whatever the machine's root does: crun refuses a hybrid
		# host with controllers.
		for directory in $made; do
			inner=$directory
			[ "${directory%/*}" = /sys/fs/cgroup ] || [ ! -e "$directory/cgroup.controllers" ] || { inner=$directory/world && mkdir "$inner"; } || exit 1
			sh -c 'echo $PPID > "$1/cgroup.procs"' - "$inner" || exit 1
		done
		exec unshare --cgroup --pid --mount --ipc --uts --net --fork --kill-child --mount-proc "$0" --in-world "$@"
	)
	status=$?
	for directory in $made; do
		# The world's processes are dying: rmdir works when the last one is gone. Bounded by the tries.
		tries=0
		while ! find "$directory" -depth -type d -exec rmdir {} + 2> /dev/null && [ $tries -lt 200 ]; do
			tries=$((tries + 1))
			find "$directory" -name cgroup.procs -exec cat {} + 2> /dev/null | while read -r pid; do kill -9 "$pid"; done
		done
	done
	exit $status
fi
shift
mount --make-rprivate / || exit 1

# The same hierarchies once more, seen from the new cgroup namespace.
rows=$(grep -E ' - cgroup2? ' /proc/self/mountinfo) || exit 1
mount -t tmpfs -o mode=755 plumbline /mnt || exit 1
umount -l /sys/fs/cgroup
case $rows in *" - cgroup "*) mount -t tmpfs cgroup /sys/fs/cgroup || exit 1 ;; esac
while read -r _ _ _ _ at rest; do
	rest=${rest##* - }
	type=${rest%% *}
	options=$(printf %s "${rest##* }" | tr , '\n' | grep -vxE 'rw|ro|nsdelegate|memory_recursiveprot|release_agent=.*|clone_children|xattr' | paste -sd,)
	mkdir -p "$at" || exit 1
	if [ "$type" = cgroup2 ]; then mount -t cgroup2 cgroup2 "$at"; else mount -t cgroup -o "$options" cgroup "$at"; fi || exit 1
done << ROWS
$rows
ROWS
for directory in /run /tmp /var; do
	mkdir -p "/mnt/upper$directory" "/mnt/work$directory"
	mount -t overlay -o "lowerdir=$directory,upperdir=/mnt/upper$directory,workdir=/mnt/work$directory" overlay "$directory" || exit 1
done
# Everybody's standard input: runsc, and crun with user namespaces, give it to another user, which would be the host's.
mknod -m 666 /mnt/null c 1 3 && mount --bind /mnt/null /dev/null || exit 1
mkdir -p /run/w
mount -t tmpfs -o size=64m,mode=755 plumbline /run/w || exit 1
ip link set lo up 2> /dev/null
exec "$@"
