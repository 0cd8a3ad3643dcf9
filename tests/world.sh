#!/bin/sh
# world.sh COMMAND...: runs a foreign program where it can end nothing but itself: in new pid, mount, cgroup, ipc, uts and net
# namespaces, over cgroups of its own in every hierarchy, with a private /run. Exits as the command does.
# What the harness does in harness/world.c for cases, this does for programs that bring runtimes of their own.
set -eu

# HOST MOUNT_POINT TYPE OPTIONS of every cgroup mount, one a line.
cgroup_mounts() {
	sed -n 's,^[0-9]* [0-9]* [0-9:]* [^ ]* \(/sys/fs/cgroup/[^ ]*\) .* - \(cgroup2*\) [^ ]* \(.*\)$,\1 \2 \3,p' /proc/self/mountinfo
}

# The controllers are what is left of the super block's options; "name=systemd" stays.
controllers() {
	printf '%s\n' "$1" | tr ',' '\n' | grep -vxE 'rw|ro|clone_children|release_agent=.*|cpuset_v2_mode|xattr|nsdelegate.*|memory_.*' |
		paste -s -d , -
}

inside() {
	mount --make-rprivate /
	mounts=$(cgroup_mounts)
	umount -l /sys/fs/cgroup
	mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
	printf '%s\n' "$mounts" | while read -r place type options; do
		mkdir -p "$place"
		if [ "$type" = cgroup2 ]; then
			mount -t cgroup2 cgroup2 "$place"
		else
			mount -t cgroup -o "$(controllers "$options")" cgroup "$place"
		fi
	done
	mount -t tmpfs -o mode=755 tmpfs /run
	ip link set lo up
	"$@"
}

if [ "${1:-}" = --inside ]; then
	shift
	inside "$@"
	exit $?
fi

name=plumbline-world-$$
own=$(mktemp "${TMPDIR:-/tmp}/plumbline-world.XXXXXX")

# Depth first; a cgroup that is still being left says EBUSY for a moment.
remove_cgroups() {
	while read -r cgroup; do
		tries=0
		while [ -d "$cgroup" ] && [ $tries -lt 50 ]; do
			find "$cgroup" -name cgroup.procs -exec cat {} + 2> /dev/null | while read -r pid; do
				kill -9 "$pid" 2> /dev/null || true
			done
			find "$cgroup" -depth -type d -exec rmdir {} + 2> /dev/null || true
			tries=$((tries + 1))
		done
	done < "$own"
	rm -f "$own"
}
trap remove_cgroups EXIT
trap 'exit 130' INT TERM

cgroup_mounts | while read -r place _; do
	mkdir "$place/$name"
	printf '%s\n' "$place/$name" >> "$own"
	for file in cpuset.cpus cpuset.mems; do
		[ ! -e "$place/$name/$file" ] || [ -n "$(cat "$place/$name/$file")" ] || cat "$place/$file" > "$place/$name/$file"
	done
done

# A shell of its own enters them, so that this one is left to clean up.
status=0
# shellcheck disable=SC2016 # for the inner shell
sh -c 'while read -r cgroup; do echo 0 > "$cgroup/cgroup.procs"; done < "$1"
	shift
	exec unshare --pid --mount --cgroup --ipc --uts --net --fork --kill-child --mount-proc "$@"' \
	sh "$own" "$0" --inside "$@" || status=$?
exit $status
