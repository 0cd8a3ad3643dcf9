#!/bin/sh
# The probe under seccomp filters, without privileges, and as a hook.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "skip probe-seccomp: needs root"; exit 0; }
for tool in busybox bwrap setpriv capsh; do
	command -v "$tool" >/dev/null || { echo "skip probe-seccomp: needs $tool"; exit 0; }
done
[ "$(uname -m)" = x86_64 ] || { echo "skip probe-seccomp: knows the call numbers of x86-64 alone"; exit 0; }
. tests/probe/world.sh

# filter ACTION NUMBER...: classic BPF on stdout; everything else is allowed. seccomp(2)
filter() {
	action=$1
	shift
	{
		echo 32 0 0 0
		for number; do echo 21 0 1 "$number"; echo 6 0 0 "$action"; done
		echo 6 0 0 2147418112
	} | awk '{ printf "\\%03o\\%03o\\%03o\\%03o", $1 % 256, int($1 / 256), $2, $3; k = $4
		for (i = 0; i < 4; i++) { printf "\\%03o", k % 256; k = int(k / 256) } }' >"$W/octal"
	# shellcheck disable=SC2059 # the escapes are the point
	printf "$(cat "$W/octal")"
}
kill_process=2147483648 kill_thread=0 trap_call=196608 errno_eperm=327681

# confined FILTER TRIES: in bubblewrap, as uid 0 of its user namespace or the real one
confined() {
	rm -rf "$W/out"
	mkdir -m 777 "$W/out"
	mkdir -p "$W/root/.plumbline"
	cp "$probe" "$W/root/probe"
	printf '%s\n' nonce "$2" >"$W/root/.plumbline/tries"
	code=0
	eval "filter $1" >"$W/filter"
	timeout 60 bwrap --unshare-all --die-with-parent --ro-bind "$W/root" / --proc /proc --dev /dev --tmpfs /tmp \
		--ro-bind /bin/busybox /tmp/busybox --seccomp 9 /probe 9<"$W/filter" </dev/null >"$W/out/lines" 2>"$W/out/err" || code=$?
	sed -n 's/^nonce \({"census"\)/\1/p' "$W/out/lines" >"$W/out/census.json"
}
mkdir -p "$W/root/proc" "$W/root/dev" "$W/root/tmp"
odd='125 157 118 120 315 252 239 41 140 79 204 439 117'

confined "$errno_eperm $odd 302" 'stat /
syscall 125
memory 1'
is errno/code 0 "$code"
lines_valid errno/json
is errno/end 'nonce {"end":true}' "$(tail -n 1 "$W/out/lines")"
for key in caps cwd uid gid scheduler io_priority memory_policy interfaces nice affinity rlimits; do
	is "errno/missing-$key" EPERM "$(fact "missing.$key")"
done
is errno/seccomp-mode 2 "$(fact seccomp.mode)"
is errno/filters 1 "$(fact seccomp.filters)"
is errno/no_new_privs-file EPERM "$(fact missing.no_new_privs)"
is errno/others /probe "$(fact exe)"
is errno/try EPERM "$(tried 'syscall 125' errno)"

confined "$kill_process 125 315 79 41" 'syscall 125
syscall capget
syscall getppid
thread 125
exec /tmp/busybox true'
is kill/code 0 "$code"
lines_valid kill/json
for key in caps cwd scheduler interfaces routes; do
	is "kill/missing-$key" SIGSYS "$(fact "missing.$key")"
done
is kill/others '[0,1]' "$(fact affinity | sed 's/,.*/,1]/; s/^\[0\]$/[0,1]/')"
is kill/try SIGSYS "$(tried 'syscall 125' signal)"
is kill/try-errno EINTR "$(tried 'syscall 125' errno)"
is kill/by-name SIGSYS "$(tried 'syscall capget' signal)"
is kill/another 0 "$(tried 'syscall getppid' ret)"
is kill/thread SIGSYS "$(tried 'thread 125' signal)"
is kill/exec 0 "$(tried 'exec /tmp/busybox true' code)"
is kill/end 'nonce {"end":true}' "$(tail -n 1 "$W/out/lines")"

confined "$kill_thread 110" 'thread getppid
thread getpid
syscall getppid'
is kill-thread/thread killed "$(tried 'thread getppid' thread)"
is kill-thread/another '(no thread)' "$(tried 'thread getpid' thread)"
is kill-thread/alone SIGSYS "$(tried 'syscall getppid' signal)"

confined "$trap_call 63" 'syscall uname &
syscall32 122 &'
is trap/try SIGSYS "$(tried 'syscall uname &' signal)"
is trap/census SIGSYS "$(fact missing.hostname)"

# Neither fork nor pidfd_open.
confined "$errno_eperm 56 57 58 435 434" 'fork 1
memory 1
stat /'
is no-fork/code 0 "$code"
lines_valid no-fork/json
is no-fork/guarded EPERM "$(fact missing.caps)"
is no-fork/try EPERM "$(tried 'fork 1' errno)"
is no-fork/goes-on directory "$(tried 'stat /' kind)"
confined "$errno_eperm 434" "exec /tmp/busybox sh -c 'exit 4'
memory 1"
is no-pidfd/exec 4 "$(tried "exec /tmp/busybox sh -c 'exit 4'" code)"
is no-pidfd/memory 0 "$(tried 'memory 1' code)"

# --- nobody in particular
cp "$probe" "$W/copy"
chmod 755 "$W" "$W/copy"
unprivileged="setpriv --reuid 4321 --regid 4322 --groups 9,7,8 --inh-caps -all --bounding-set -all,+chown,+kill --no-new-privs"
$unprivileged "$W/copy" >"$W/out/lines"
$unprivileged setpriv --dump >"$W/dump"
sed -n 's/^- \({"census"\)/\1/p' "$W/out/lines" >"$W/out/census.json"
dump() { sed -n "s/^$1: //p" "$W/dump"; }
lines_valid unprivileged/json
is unprivileged/uid "{\"real\":$(dump uid),\"effective\":$(dump euid),\"saved\":4321,\"fs\":4321}" "$(fact uid)"
is unprivileged/gid "{\"real\":$(dump gid),\"effective\":$(dump egid),\"saved\":4322,\"fs\":4322}" "$(fact gid)"
is unprivileged/groups '[7,8,9]' "$(fact groups)"
is unprivileged/nnp "$(dump no_new_privs)" "$(fact no_new_privs)"
is unprivileged/effective '[]' "$(fact caps.effective)"
is unprivileged/bounding "$(dump 'Capability bounding set' | tr ',' '\n' | sed 's/.*/CAP_&/' | tr '[:lower:]' '[:upper:]' |
	LC_ALL=C sort | paste -sd,)" "$(fact caps.bounding | tr -d '[]"')"
setpriv --reuid 4321 --clear-groups --inh-caps +kill --ambient-caps +kill --securebits +noroot --pdeathsig HUP "$W/copy" >"$W/out/lines"
sed -n 's/^- \({"census"\)/\1/p' "$W/out/lines" >"$W/out/census.json"
is ambient/set '["CAP_KILL"]' "$(fact caps.ambient)"
is ambient/effective '["CAP_KILL"]' "$(fact caps.effective)"
is ambient/securebits 1 "$(fact securebits)"
is ambient/parent_death_signal SIGHUP "$(fact parent_death_signal)"

# --- as a hook
hook() {
	code=0
	timeout 30 "$probe" --hook "$W/hooks" "$@" 2>"$W/out/err" || code=$?
}
last() { tail -n 1 "$W/hooks" | "$json" "$1" || echo "(no $1)"; }
umask 077
(cd /usr && printf '{\n  "id": "c1", "pid": 7,\n  "annotations": {"a": "line\\nbreak"}\n}\n' | A=b hook first exists=/bin exists=/nosuch exit=0)
umask 022
is hook/mode 666 "$(stat -c %a "$W/hooks")"
is hook/name first "$(last name)"
is hook/state c1 "$(last state.id)"
like hook/stdin_raw '{*"id"*}*' "$(last stdin_raw)"
is hook/stdin_ended true "$(last stdin_ended)"
is hook/cwd /usr "$(last cwd)"
is hook/root / "$(last root)"
is hook/env b "$(last env.A)"
is hook/exists '{"/.plumbline/tries":false,"/bin":true,"/nosuch":false}' "$(last exists)"
is hook/namespaces "$(readlink /proc/self/ns/pid)" "$(last namespaces.pid)"
is hook/argv exit=0 "$(last 'argv[6]')"
like hook/time_ns '[0-9]*' "$(last time_ns)"
like hook/pid '[1-9]*' "$(last pid)"
like hook/fd_list '[[]0,1,2*' "$(last fd_list)"
like hook/cgroup '{*}' "$(last cgroup)"
printf 'no json {' | hook second exit=7 'stderr=went wrong' || :
printf 'no json {' >"$W/in"
hook second exit=7 'stderr=went wrong' <"$W/in"
is hook/exit 7 "$code"
is hook/stderr 'went wrong' "$(cat "$W/out/err")"
is hook/no-state '(no state)' "$(last state)"
is hook/raw 'no json {' "$(last stdin_raw)"
hook third </dev/null
is hook/empty '' "$(last stdin_raw)"
hook closed <&-
is hook/closed false "$(last stdin_ended)"
# A pipe that nobody closes: the hook ends all the same.
mkfifo "$W/held"
exec 7<>"$W/held"
hook held <"$W/held"
exec 7>&-
is hook/held '0 false' "$code $(last stdin_ended)"
is hook/lines 6 "$(wc -l <"$W/hooks" | tr -d ' ')"
code=0
"$probe" --hook /nosuch/file name </dev/null || code=$?
is hook/no-file 111 "$code"
code=0
timeout 1 "$probe" --hook "$W/hooks" hangs hang </dev/null || code=$?
is hook/hangs '124 hangs' "$code $(last name)"
i=0
while [ $i -lt 20 ]; do
	"$probe" --hook "$W/hooks" "many$i" </dev/null &
	i=$((i + 1))
done
wait
while read -r line; do
	printf '%s\n' "$line" | "$json" . >/dev/null || not_ok hook/whole-lines "$line"
done <"$W/hooks"
is hook/many 27 "$(wc -l <"$W/hooks" | tr -d ' ')"

finish
