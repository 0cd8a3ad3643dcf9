#!/bin/sh
# What callers seldom ask of the reference runtime, and no case can see: --pidfd-socket, --no-pivot, --no-new-keyring, policies of real
# time, the size of exec's terminal, exec in a time namespace.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

# hear SOCKET: the pid that the one descriptor sent to it stands for
hear() {
	python3 - "$1" << 'P'
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1] + '.new')
server.listen(1)
os.rename(sys.argv[1] + '.new', sys.argv[1]) # there is only what listens
server.settimeout(20)
peer, _ = server.accept()
_, descriptors, _, _ = socket.recv_fds(peer, 4096, 8)
lines = open('/proc/self/fdinfo/%d' % descriptors[0]).read().splitlines()
print(len(descriptors), *(line.split()[1] for line in lines if line.startswith('Pid:')))
P
}
# listen NAME: hear() in the background, once its socket is there
listen() {
	hear "$W/$1.sock" > "$W/$1.heard" &
	end=$(($(date +%s) + 20))
	while [ ! -e "$W/$1.sock" ] && [ "$(date +%s)" -lt $end ]; do :; done
}

bundle one '/"\/dev"/s|}$|},\n{ "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"] }|'
for applet in readlink stty grep; do ln -s busybox "$W/one/rootfs/bin/$applet"; done
listen run
check 'a container runs' oci run -d --pidfd-socket "$W/run.sock" --pid-file "$W/pid" -b "$W/one" one < /dev/null
wait
is 'its pidfd comes over the socket' "1 $(cat "$W/pid")" "$(cat "$W/run.heard")"
listen exec
detached() { oci exec -d "$@" < /dev/null > /dev/null 2> "$W/err"; }
check 'a command runs in it' detached --pidfd-socket "$W/exec.sock" --pid-file "$W/pid" one sleep 1000
wait
is "exec's comes too, and is the command's" "1 $(cat "$W/pid")" "$(cat "$W/exec.heard")"
detached --pidfd-socket "$W/nobody.sock" one sleep 1000
is 'a socket where nobody listens is an error' 255 $?

process='"args": ["/bin/stty", "size"], "cwd": "/", "env": ["PATH=/bin"]'
is 'a process object gives exec a terminal of its size' 33x111 \
	"$(echo "{ $process, \"terminal\": true, \"consoleSize\": { \"height\": 33, \"width\": 111 } }" |
		oci exec --process - one | tr ' ' x | tr -d '\r\n')"
oci delete --force one

# root_switch OPTION...: how a run with them gets its root, as the kernel saw it
root_switch() {
	"$bin/plumbline" trace --raw -- "$runtime" --root "$W/state" run "$@" -b "$W/short" short 2>&1 < /dev/null |
		grep -oE ' (pivot_root|chroot)\(' | tr -d ' (' | sort -u | tr '\n' ' '
}
bundle short "$(args '"/bin/ls", "/"')"
if ! "$bin/plumbline" trace -- true > /dev/null 2>&1; then
	skip 'how the root is switched to' 'nothing can be recorded here'
else
	is 'the root is pivoted to' 'pivot_root ' "$(root_switch)"
	is 'and with --no-pivot is not' 'chroot ' "$(root_switch --no-pivot)"
fi
is 'with --no-pivot it is the same' "$(oci run -b "$W/short" short < /dev/null)" "$(oci run --no-pivot -b "$W/short" short < /dev/null)"
bundle mounts "$(args '"/bin/cat", "/proc/self/mountinfo"')"
is 'and nothing of the host is mounted below it' ' / /dev /proc' \
	"$(oci run --no-pivot -b "$W/mounts" mounts < /dev/null | cut -d ' ' -f 5 | sort | tr '\n' ' ' | sed 's/^/ /; s/ $//')"

# Everybody's keys may be seen by who has the right: the name tells whose they are.
bundle keys "$(args '"/bin/sh", "-c", "cat /proc/keys"')"
is 'a session keyring is made' 1 "$(oci run -b "$W/keys" keyed-$$ < /dev/null | grep -c "_ses.keyed-$$")"
is 'and with --no-new-keyring is not' 0 "$(oci run --no-new-keyring -b "$W/keys" keyless-$$ < /dev/null | grep -c "_ses.keyless-$$")"

# policy JSON [CPU]: "PRIORITY POLICY" of a program that has it, as proc_pid_stat(5) numbers them, or the error
policy() {
	bundle policy "$(args '"/bin/cat", "/proc/self/stat"')s|^\"user\"|\"scheduler\": $1, &|; s|^\"cgroupsPath\"|\"resources\": { \"cpu\": { ${2:-} } }, &|"
	if oci run -b "$W/policy" policy < /dev/null > "$W/stat" 2> "$W/err"; then
		sed 's/.*) //' "$W/stat" | cut -d ' ' -f 38-39
	else
		cat "$W/err"
	fi
}
fifo='{ "policy": "SCHED_FIFO", "priority": 7 }' share='"realtimePeriod": 1000000, "realtimeRuntime": 1000'
is 'a deadline is the program'"'"'s' '0 6' \
	"$(policy '{ "policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 20000000, "period": 20000000 }')"
# Where groups share real time, a new one has none; this one is the world's own and goes with it.
runtime_file=/sys/fs/cgroup/cpu/cpu.rt_runtime_us
if [ ! -e $runtime_file ]; then
	is 'a FIFO priority is the program'"'"'s' '7 1' "$(policy "$fifo")"
elif ! echo 2000 2> /dev/null > $runtime_file; then
	skip 'policies of real time' 'the cgroup above has no share of it to give'
else
	is 'a FIFO priority is the program'"'"'s' '7 1' "$(policy "$fifo" "$share")"
	is 'a RR priority too' '3 2' "$(policy '{ "policy": "SCHED_RR", "priority": 3 }' "$share")"
	is 'without a share of real time it is told which policy is refused' \
		'plumbline-oci: process.scheduler: SCHED_FIFO: Operation not permitted' "$(policy "$fifo")"
fi

offsets='{ "monotonic": { "secs": 86400 } }'
bundle time "$(linux "\"timeOffsets\": $offsets")s|{ \"type\": \"pid\" }|&, { \"type\": \"time\" }|"
for applet in readlink grep; do ln -s busybox "$W/time/rootfs/bin/$applet"; done
check 'a container with a clock of its own runs' oci run -d -b "$W/time" time < /dev/null
init=$(oci state time | jq .pid)
is 'exec is in its time namespace' "$(readlink "/proc/$init/ns/time")" "$(oci exec time readlink /proc/self/ns/time)"
is 'and its children will be' "$(readlink "/proc/$init/ns/time")" "$(oci exec time readlink /proc/self/ns/time_for_children)"
is 'which is not ours' yes "$([ "$(readlink "/proc/$init/ns/time")" != "$(readlink /proc/self/ns/time)" ] && echo yes)"
oci delete --force time
