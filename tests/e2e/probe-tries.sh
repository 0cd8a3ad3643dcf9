#!/bin/sh
# Every try of the probe, where it succeeds and where the kernel refuses, beside what is there afterwards.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "skip probe-tries: needs root"; exit 0; }
for tool in busybox unshare pivot_root script setpriv; do
	command -v "$tool" >/dev/null || { echo "skip probe-tries: needs $tool"; exit 0; }
done
. tests/probe/world.sh

table -s 'mkdir d ro; mount -t tmpfs -o ro tmpfs ro; printf abc >d/abc; mkfifo d/fifo; head -c 600 /dev/zero >d/long
	ln -s abc d/link; ln -s /nowhere d/broken; chmod 640 d/abc; chown 5:6 d/abc; mknod d/null c 1 3
	mount -t tmpfs -o size=64k,nr_inodes=20,nosuid,noexec tmpfs sys' -c 'exec /probe 2>/out/stderr' <<'ROWS'
write /d/new => ret=9; errno=(no errno)
write /d/text two  words => ret=10
read /d/text => data=two  words
write '/d/a b' x => ret=1
stat '/d/a b' => size=1
write /ro/x => ret=-1; errno=EROFS; step=open
write /d/broken => ret=9
write /d => errno=EISDIR; step=open
write /dev/full => errno=ENOSPC; step=write
append /d/abc def => ret=3
read /d/abc => ret=6; data=abcdef; more=(no more)
read /d/long => ret=512; more=true
read /d/fifo => ret=0; data=
read /nosuch => errno=ENOENT
read /d => errno=EISDIR
read-fd 0 => ret=0
read-fd 77 => errno=EBADF
write-fd 2 to stderr => ret=9
write-fd 77 => errno=EBADF
open /d/abc => ret=0
open /d/fifo w => errno=ENXIO
open /d/link nofollow => errno=ELOOP
open /d/abc directory => errno=ENOTDIR
open /d/abc sideways => errno=EINVAL; usage=open P*
create /d/created => ret=0
create /d/created => errno=EEXIST; try=create /d/created #2
copy /d/abc /d/copy => ret=0
stat /d/copy => size=6; mode=0755
copy /nosuch /d/copy => errno=ENOENT
list /ro => ret=0; entries=[[]]
list /d/abc => errno=ENOTDIR
truncate /d/copy 2 => ret=0
truncate /ro 0 => errno=EISDIR
mkdir /d/dir => ret=0
list /d => entries=*"copy"*"created"*"dir"*
mkdir /d/dir => errno=EEXIST
rmdir /d/dir => ret=0
rmdir /d => errno=E*
unlink /d/created => ret=0
unlink /d/created => errno=ENOENT
rename /d/copy /d/moved => ret=0
rename /d/moved /ro/x => errno=EXDEV
swap /d/moved /d/abc 0 => ret=0; pid=*
stat /d/moved => size=6
swap /d/abc /d/moved 0 => ret=0
swap /nosuch /d/abc 0 => errno=ENOENT
overwrite /d/abc 20000 => errno=EINVAL
overwrite /d/abc 0 => ret=0; pid=*
overwrite /nosuch 0 => errno=ENOENT
link /d/abc /d/hard => ret=0
stat /d/hard => links=2
link /d/abc /ro/hard => errno=E[XR]*
symlink /d/sym target => ret=0
readlink /d/sym => ret=6; target=target
symlink /ro/sym target => errno=EROFS
readlink /d/abc => errno=EINVAL
mkfifo /d/fifo2 => ret=0
stat /d/fifo2 => kind=fifo; mode=0644
mkfifo /d/fifo => errno=EEXIST
mknod /d/node c 1 5 => ret=0
stat /d/node => kind=char; major=1; minor=5
mknod /d/block b 7 9 => ret=0
lstat /d/block => kind=block; major=7; minor=9
mknod /d/sock s => ret=0
stat /d/sock => kind=socket
mknod /ro/node c 1 5 => errno=EROFS
mknod /d/bad z 1 1 => errno=EINVAL
chdir /d => ret=0
stat abc => kind=file; mode=0640; uid=5; gid=6; size=6; atime_ns=1*; mtime_ns=1*; device=*:*; inode=*
chdir /nosuch => errno=ENOENT
stat /nosuch => errno=ENOENT
lstat /d/link => kind=link; size=3
lstat /nosuch => errno=ENOENT
statfs /sys => type=tmpfs; size=65536; inodes=20; flags=*"noexec","nosuid"*
statfs /proc => type=proc
statfs /nosuch => errno=ENOENT
access /d/abc rw => ret=0
access /ro w => errno=EROFS
access /d/abc q => errno=EINVAL
chmod /d/abc 4711 => ret=0
stat /d/abc => mode=4711
chmod /ro 777 => errno=EROFS
chmod /d/abc 9 => errno=EINVAL
chown /d/abc 7 8 => ret=0
stat /d/abc => uid=7; gid=8
chown /ro 1 1 => errno=EROFS
setxattr /d/moved trusted.x value => ret=0
getxattr /d/moved trusted.x => ret=5; data=value
setxattr /nosuch trusted.x value => errno=ENOENT
getxattr /d/moved trusted.y => errno=ENODATA
setcap /d/moved effective CAP_NET_RAW => ret=0
getxattr /d/moved security.capability => ret=20
setcap /d/moved CAP_NONE => errno=EINVAL
nonsense here => errno=EINVAL; usage=unknown verb
write => errno=EINVAL; usage=write P*
umask 077 => ret=18
create /d/private => ret=0
stat /d/private => mode=0600
ROWS
lines_valid try/json
is try/write-fd/reached 'to stderr' "$(cat "$W/out/stderr")"
is try/end '{"end":true}' "$(sed -n '$s/^nonce //p' "$W/out/lines")"
is try/every-line-once 0 "$(grep -vc '^nonce {' "$W/out/lines")"

table -s 'mkdir a b new jail; mount -t tmpfs tmpfs a; mount -t tmpfs tmpfs new; mkdir new/inside' <<'ROWS'
mount none /b tmpfs nosuid,size=16k,mode=711 => ret=0
remount /b ro,nosuid => ret=0
statfs /b => size=16384; flags=*"nosuid"*"ro"*
create /b/x => errno=EROFS
stat /b => mode=0711
remount /b rw,nodev => ret=0
create /b/x => ret=0
mount /b /jail - bind => ret=0
stat /jail/x => kind=file
mount none /b tmpfs size=nonsense => errno=EINVAL
mount none /nosuch tmpfs => errno=ENOENT
mount none /b nosuchfs => errno=ENODEV
remount /nosuch ro => errno=ENOENT
remount /b ro super => ret=0
create /jail/y => errno=EROFS
umount /jail => ret=0
umount /jail => errno=EINVAL
umount /b detach => ret=0
census mounts => mounts[/a].type=tmpfs; mounts[/b].type=(no *
census nosuchkey => errno=EINVAL
chroot-escape /jail => ret=0; outside=false
chroot-escape /nosuch => errno=ENOENT; step=chroot
unshare uts => ret=0
sethostname from-inside => ret=0
setdomainname dom => ret=0
census hostname domainname => hostname=from-inside; domainname=dom
unshare nonsense => errno=EINVAL
setns uts /proc/1/ns/uts => ret=0
setns network /proc/1/ns/uts => errno=EINVAL
setns uts /nosuch => errno=ENOENT; step=open
setns nonsense /proc/1/ns/uts => errno=EINVAL
cgroup-mkdir x => ret=0; made={}
pivot /jail => errno=EBUSY; step=pivot_root
pivot /nosuch => errno=ENOENT; step=chdir
pivot /new => ret=0; step=umount
list / => entries=[[]"inside"[]]
chroot /inside => ret=0
list / => entries=[[][]]
chroot /nosuch => errno=ENOENT
ROWS

# A root that is only a chroot: ".." leads out of it.
world -c 'b=/bin/busybox; $b mkdir -p /c/sub /c/.plumbline; $b cp /probe /c/; printf "nonce\nchroot-escape /sub\nstat /probe\n" >/c/.plumbline/tries
	exec $b chroot /c /probe'
is try/chroot-escape/outside true "$(tried 'chroot-escape /sub' outside)"
is try/chroot-escape/returns file "$(tried 'stat /probe' kind)"

table -b '/bin/busybox cp /probe /copy; /bin/busybox chmod 4755 /copy; /bin/busybox cp /probe /capped' <<'ROWS'
setcap /capped effective CAP_NET_RAW => ret=0
syscall getppid => ret=0; value=1
syscall 39 => value=[0-9]*
syscall mkdirat -100 /tmp/made 0700 => value=0
stat /tmp/made => mode=0700
syscall uname & => value=0
syscall uname 0 => errno=EFAULT
syscall nosuchcall => errno=EINVAL
syscall 99999 => errno=ENOSYS
syscall32 20 => *=*
syscall32 getpid => errno=EINVAL
thread getppid => value=1; thread=(no thread)
thread 99999 => errno=ENOSYS
exec /bin/busybox echo a 'b c' => code=0; out=a b c*
exec /bin/busybox sh -c 'exit 7' => code=7
exec /bin/busybox sh -c 'kill -9 $$' => signal=SIGKILL; code=(no code)
exec /nosuch => errno=ENOENT
exec /tmp => errno=EACCES
fork 3 => ret=0; made=3
fork -1 => errno=EINVAL
memory 2 => ret=0; code=0; touched=2
kill 1 0 => ret=0
kill 12345 TERM => errno=ESRCH
kill 1 NONSENSE => errno=EINVAL
ptrace 12345 => errno=ESRCH
daemon => ret=0; pid=[0-9]*
kill -1 KILL => ret=0
capset CAP_SYS_TIME drop => ret=0
census caps => caps.effective=*CAP_SYS_ADMIN*
capset CAP_SYS_TIME => errno=EPERM
capset CAP_NONE => errno=EINVAL
capset CAP_KILL inheritable => ret=0
ambient CAP_KILL => ret=0
ambient CAP_SYS_CHROOT => errno=EPERM
capbset-drop CAP_SYS_MODULE => ret=0
census caps => caps.inheritable=[[]"CAP_KILL"[]]; caps.ambient=[[]"CAP_KILL"[]]
securebits 0x10 => ret=0
census securebits keep_caps => securebits=16; keep_caps=true
prlimit RLIMIT_NOFILE 20 30 => ret=0
open-many 100 => errno=EMFILE; made=1[0-9]
open-many 2 => ret=0; made=2
prlimit RLIMIT_NOFILE 40 30 => errno=EINVAL
prlimit RLIMIT_NONE 1 1 => errno=EINVAL
census rlimits => rlimits.RLIMIT_NOFILE.soft=20
nice 5 => ret=0
census nice => nice=5
personality => ret=0
personality 8 => ret=0
personality => ret=8
affinity 0 => ret=0
affinity 1000 => errno=EINVAL
census affinity => affinity=[[]0[]]
scheduler SCHED_BATCH => ret=0
scheduler SCHED_OTHER 5 => errno=EINVAL
scheduler NONSENSE => errno=EINVAL
sysctl net.ipv4.ip_forward 1 => ret=0
sysctl kernel/nonsense 1 => errno=ENOENT; step=open
read /proc/sys/net/ipv4/ip_forward => data=1*
loadavg => data=*/*
timens => clocks.monotonic_ns=[0-9]*; uptime=*.*; offsets.monotonic.secs=0
keyring => *=*
setgroups 77 => ret=0
setgid 1001 => ret=0
census gid groups => gid.real=1001; gid.effective=1001; groups=[[]77[]]
setgroups => ret=0
suid /copy => euid=0; uid.real=0; code=0
setuid 1000 => ret=0
census uid => uid={"real":1000,"effective":1000,"saved":1000,"fs":1000}
suid /copy => euid=0; uid.real=1000; secure=true; no_new_privs=0
suid /capped => euid=1000; caps.effective=*"CAP_NET_RAW"*
suid /bin/busybox => euid=(no euid); out=*
setuid 0 => errno=EPERM
setgid 0 => errno=EPERM
setgroups 5 => errno=EPERM
sethostname x => errno=EPERM
setdomainname x => errno=EPERM
nice -5 => errno=E[AP]*
no-new-privs => ret=0
suid /copy => euid=1000; no_new_privs=1
reap => ret=0
ROWS
lines_valid try/json-process

table -s 'ip link set lo up; mkdir dev/mqueue; mount -t mqueue none dev/mqueue' <<'ROWS'
listen /tmp/sock => ret=0
connect /tmp/sock => ret=0
listen /tmp/sock => errno=EADDRINUSE; step=bind
listen abstract:plumbline => ret=0
connect abstract:plumbline => ret=0
connect abstract:other => errno=ECONNREFUSED
connect /nosuch => errno=ENOENT
listen 127.0.0.1:7070 => ret=0
connect 127.0.0.1:7070 => ret=0
connect 127.0.0.1:7071 => errno=ECONNREFUSED
connect [::1]:7071 => errno=ECONNREFUSED
connect 10.1.2.3:80 => errno=ENETUNREACH
connect nonsense:port => errno=EINVAL
bind 81 => ret=0
bind 7070 => errno=EADDRINUSE; step=bind
bind 70000 => errno=EINVAL
socket inet raw => ret=0
socket netlink raw => ret=0
socket unix seqpacket => ret=0
socket 99 stream => errno=EAFNOSUPPORT
socket nonsense stream => errno=EINVAL
sysv shm 42 => errno=ENOENT
sysv shm 42 create => ret=0; id=[0-9]*
sysv sem 43 create => ret=0
sysv msg 44 create => ret=0
sysv nonsense 1 => errno=EINVAL
census ipc => ipc={"msg":1,"sem":1,"shm":1}
mq queue => errno=ENOENT
mq queue create => ret=0
list /dev/mqueue => entries=[[]"queue"[]]
ioctl-sti => errno=ENOTTY
winsize 10 20 => errno=ENOTTY
read-stdin => ret=0; data=
errors one line => ret=0
print 130 => ret=0
print -1 => errno=EINVAL
await NONSENSE => errno=EINVAL
die NONSENSE => errno=EINVAL
exit nonsense => errno=EINVAL
die TERM => survived=true; ret=0
exit 9 => *=*
ROWS
is try/exit/code 9 "$code"
is try/errors/line 'one line' "$(cat "$W/out/err")"
is try/print/bytes 130 "$(grep -v '^nonce' "$W/out/lines" | wc -c | tr -d ' ')"
# A client asks until somebody listens.
table -s 'ip link set lo up' -b 'until echo hi | $b nc 127.0.0.1 7073 >/out/said 2>/out/refused; do :; done &' <<'ROWS'
answer 127.0.0.1:7073 you say => ret=3
listen 127.0.0.1:7074 => ret=0
answer 127.0.0.1:7074 x => errno=EADDRINUSE; step=bind
answer nonsense:port x => errno=EINVAL
ROWS
lines_valid try/json-answer
is try/answer/waits '{"waiting":"127.0.0.1:7073"}' "$(sed -n 's/^nonce \({"waiting".*\)/\1/p' "$W/out/lines")"
# unshare itself cannot die of SIGKILL in its child's place and exits with 1.
for signal in KILL:1 SEGV:139 ILL:132 SYS:159; do
	world -t "die ${signal%:*}"
	is "try/die/pid-1-${signal%:*}" "${signal#*:}" "$code"
	is "try/die/end-${signal%:*}" '{"end":true}' "$(sed -n '$s/^nonce //p' "$W/out/lines")"
done

# --- tries that wait for somebody
# waits NAME: reads lines until one has that member, and leaves it in $line
waits() {
	line=''
	until case $line in *"{\"$1\":"*) true ;; *) false ;; esac do
		read -r line <&5 || { line='(no more lines)'; return; }
	done
}
# The first process of the world: the last of a chain of only children.
world_pid() {
	pid=$1
	while child=$(cut -d' ' -f1 "/proc/$pid/task/$pid/children") && [ -n "$child" ]; do pid=$child; done
	echo "$pid"
}
mkfifo "$W/pipe"
lines_to=$W/pipe
world -t 'await TERM
await USR1 SIGRTMIN+3
await
hold
exit 5' &
background=$!
exec 5<"$W/pipe"
for signal in TERM:SIGTERM:TERM RTMIN+3:SIGRTMIN+3:'USR1 SIGRTMIN+3' HUP:SIGHUP:any; do
	waits waiting
	is "try/await/waiting-${signal%%:*}" "nonce {\"waiting\":\"${signal##*:}\"}" "$line"
	kill -s "${signal%%:*}" "$(world_pid "$background")"
	waits try
	middle=${signal#*:}
	like "try/await/signal-${signal%%:*}" "*\"signal\":\"${middle%%:*}\",\"from_pid\":0,\"from_uid\":0*" "$line"
done
waits hold
is try/hold/line 'nonce {"hold":true}' "$line"
kill -s TERM "$(world_pid "$background")"
kill -s USR2 "$(world_pid "$background")"
like try/hold/stays '[0-9]*' "$(world_pid "$background")"
is try/hold/sleeps S "$(sed 's/.*) \(.\).*/\1/' "/proc/$(world_pid "$background")/stat")"
kill -s KILL "$(world_pid "$background")"
is try/hold/last '' "$(cat <&5)"
exec 5<&-
wait "$background" || :
lines_to=''

# --- a terminal, and somebody who types into it
printf 'typed\n' >"$W/typed"
world_on_terminal() {
	cat >"$W/on-terminal.sh" <<END
cd '$PWD'; . tests/probe/world.sh
rm -rf "\$W"; W='$W'; trap - EXIT
lines_to=/dev/tty; terminal=/dev/tty
world -t 'read-stdin
winsize 21 42
census tty
ioctl-sti'
END
	script -qec "sh '$W/on-terminal.sh'" "$W/typescript" <"$W/typed" >/dev/null
	tr -d '\r' <"$W/typescript" >"$W/out/lines"
}
world_on_terminal
is try/read-stdin/data typed "$(tried read-stdin data | tr -d '\n')"
is try/winsize/ret 0 "$(tried 'winsize 21 42' ret)"
is try/winsize/seen 21x42 "$(tried 'census tty' tty.rows)x$(tried 'census tty' tty.cols)"
is try/ioctl-sti/errno '(no errno)' "$(tried ioctl-sti errno)"

# Every verb that --help knows was tried.
for verb in $("$probe" --help | sed -n 's/^  \([a-z0-9-]*\).*/\1/p'); do
	case " $tried_verbs hold await " in
	*" $verb "*) ;;
	*) not_ok try/every-verb "$verb was not tried" ;;
	esac
done
finish
