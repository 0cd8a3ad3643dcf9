#!/bin/sh
# What the reference runtime's exec, ps and run do for callers beside the cases: streams, descriptors, odd words, no privileges.
# shellcheck source=tests/e2e/oci-lib.sh disable=SC2016 # the inner shell expands
. "$(dirname "$0")/oci-lib.sh"

bundle one '/"\/dev"/s|}$|},\n{ "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"] }|'
ln -s busybox "$W/one/rootfs/bin/tty"
ln -s busybox "$W/one/rootfs/bin/id"
check 'a container runs' oci run -d -b "$W/one" one < /dev/null

is 'a process object comes over standard input' 'from stdin' \
	"$(echo '{ "args": ["/bin/busybox", "echo", "from stdin"], "cwd": "/" }' | oci exec --process - one)"
is '-- may stand before the command' yes "$(oci exec one -- /bin/busybox echo yes)"
is 'a user, a group and one more' 'uid=7 gid=8 groups=9' "$(oci exec -u 7:8 -g 9 one id)"
(
	trap '' CHLD
	oci exec one sh -c 'exit 9'
)
is 'the exit code is known where SIGCHLD is ignored' 9 $?

# A descriptor that is passed on, and one that is not open.
exec 3< tests/e2e/oci-exec.sh
is 'a descriptor is passed on' "$(head -n 1 tests/e2e/oci-exec.sh)" \
	"$(oci exec --preserve-fds 1 one sh -c 'read -r line <&3 && echo "$line"')"
is 'and counted for socket activation' '1 yes' \
	"$(LISTEN_FDS=1 oci exec one sh -c 'echo "$LISTEN_FDS $([ "$LISTEN_PID" = $$ ] && echo yes)"')"
exec 3<&-
oci exec --preserve-fds 1 one true 2> "$W/err"
is 'one that is not open is an error' 255 $?

# Errors are told as callers expect them, on both ways.
oci --log "$W/log" --log-format json exec one not-there 2> "$W/err"
is 'a missing program is 255' 255 $?
is 'the log says so in a line of JSON' 1 "$(grep -c '"level":"error","msg":"exec failed: .*executable file not found in' "$W/log")"
is 'standard error too' 1 "$(grep -c 'executable file not found in' "$W/err")"
for words in 'exec' 'exec one' 'exec --bad one true' 'exec --user x one id' 'exec --cgroup ../x one true' 'exec --cgroup nowhere one true' 'exec none true'; do
	# shellcheck disable=SC2086 # words
	oci $words 2> "$W/err"
	is "$words is refused" 255 $?
done
is 'the container itself is a cgroup of its own' ok "$(oci exec --cgroup / one /bin/busybox echo ok)"

# Terminals, without a console socket: this end is one (script), or is none.
is 'a relayed terminal has its line ends once' '/dev/pts/0^M$' \
	"$(script -qec "$runtime --root $W/state exec -t one tty" /dev/null < /dev/null | cat -A | grep -o '/dev/pts.*')"
is 'a terminal whose other end is a pipe' '/dev/pts/0^M$' "$(oci exec -t one tty < /dev/null | cat -A)"
oci exec -t -d one true 2> "$W/err"
is 'a detached one needs a socket' 255 $?

# ps, by its own words and by those of ps(1).
oci exec -d --pid-file "$W/pid" one sleep 1000 < /dev/null > /dev/null 2>&1
init=$(oci state one | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
is 'ps lists both pids' "[$init,$(cat "$W/pid")]" "$(oci ps --format json one | tr -d ' \n')"
is 'and the lines of ps(1)' 'PID CMD sleep sleep ' \
	"$(oci ps one -o pid,cmd | sed 's/^ *[0-9]* //; s/ 1000$//; s/^ *//; s|/bin/||' | tr -s ' \n' ' ')"
oci ps --format xml one 2> "$W/err"
is 'another format is refused' 1 $?

oci delete --force one

# Nobody special: one user in a user namespace of his own, without cgroups.
mkdir -p "$W/poor"
cp -r "$W/one/rootfs" "$W/poor/rootfs"
sed 's|"cgroupsPath": .*|"uidMappings": [{ "containerID": 0, "hostID": 1000, "size": 1 }], "gidMappings": [{ "containerID": 0, "hostID": 1000, "size": 1 }],|
	s|{ "type": "pid" }|{ "type": "user" }, &|; s|{ "type": "network" }, ||; s|, "gid=5"||' "$W/one/config.json" > "$W/poor/config.json"
chown -R 1000:1000 "$W/poor"
chmod 755 /run "$W"
mkdir -p "$W/poor-state"
chown 1000:1000 "$W/poor-state"
poor() { setpriv --reuid 1000 --regid 1000 --clear-groups "$runtime" --root "$W/poor-state" "$@"; }
check 'a container of a user without privileges runs' poor run -d -b "$W/poor" poor < /dev/null
is 'and takes a command' 'uid=0 gid=0' "$(poor exec poor id)"
is 'with a score' 77 "$(echo '{ "args": ["/bin/cat", "/proc/self/oom_score_adj"], "cwd": "/", "oomScoreAdj": 77 }' | poor exec --process - poor)"
poor exec poor sh -c 'exit 5'
is 'and its exit code' 5 $?
is 'ps knows its first process' 1 "$(poor ps --format json poor | tr ',' '\n' | grep -c '[0-9]')"
check 'it is deleted' poor delete --force poor
