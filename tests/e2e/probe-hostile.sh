#!/bin/sh
# The probe where things are missing, blocked or meant badly, and as a hook: it must neither hang, crash nor print bad JSON.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "skip probe-hostile: needs root"; exit 0; }
for tool in busybox unshare pivot_root; do
	command -v "$tool" >/dev/null || { echo "skip probe-hostile: needs $tool"; exit 0; }
done
. tests/probe/world.sh

# ends NAME: it came to its end, and every line is JSON
ends() {
	is "$1/code" 0 "$code"
	lines_valid "$1/json"
	like "$1/end" '*{"end":true}' "$(tail -n 1 "$W/out/lines")"
}

# --- what is not there
world -b '$b umount /proc; $b rmdir /proc'
ends no-proc
is no-proc/word absent "$(fact proc)"
is no-proc/missing ENOENT "$(fact missing.mounts)"
is no-proc/umask 0022 "$(fact umask)"
is no-proc/uid 0 "$(fact uid.fs)"
is no-proc/processes '[]' "$(fact processes)"
is no-proc/fd_list-stdio '[0,1,2' "$(fact fd_list | cut -c1-6)"
like no-proc/caps '*"CAP_CHOWN"*' "$(fact caps.bounding)"
is no-proc/seccomp 0 "$(fact seccomp.mode)"

world -s 'umount proc; mkdir -p proc/self/ns proc/self/fd proc/1; mkfifo proc/self/mountinfo proc/self/status proc/1/stat
	echo 1234 >proc/self/oom_score_adj; ln -s pid:[1] proc/self/ns/pid; ln -s /etc/shadow proc/self/fd/0; mkdir proc/self/fd/9'
ends fake-proc
is fake-proc/word fake "$(fact proc)"
is fake-proc/not-believed ENODEV "$(fact missing.oom_score_adj)"
is fake-proc/no-namespace ENODEV "$(fact missing.namespaces)"
is fake-proc/fd-not-believed '(no fds[9])' "$(fact 'fds[9]')"

world -b '$b rm -r /dev/* 2>/dev/null; $b umount /dev; $b rmdir /dev /sys /tmp'
ends no-dev
is no-dev/missing ENOENT "$(fact missing.devices)"

world -b '$b mkdir /gone; cd /gone; $b rmdir /gone'
ends no-cwd
is no-cwd/missing ENOENT "$(fact missing.cwd)"

world -s 'exec 9</usr' -b 'cd /proc/self/fd/9'
ends cwd-outside
like cwd-outside/cwd '(unreachable)*' "$(fact cwd)"
like cwd-outside/fd '/*' "$(fact 'fds[9].target')"

world -b '$b mount -o remount,ro,bind /' -t 'create /x'
is read-only/root true "$(fact root.readonly)"
is read-only/errno EROFS "$(tried 'create /x' errno)"

# --- descriptors and limits
for closed in '>&-' '<&-' '2>&-' '<&- 2>&-' '<&- >&- 2>&-'; do
	world -o "$closed" -t 'write /out/made text
exec /bin/busybox true
errors lost
exit 6'
	is "closed $closed/code" 6 "$code"
	is "closed $closed/file" text "$(cat "$W/out/made")"
	case $closed in
	*'>&-'*' '* | '>&-'*) is "closed $closed/silent" '' "$(cat "$W/out/lines")" ;;
	*) lines_valid "closed $closed/json" ;;
	esac
done
world -o '<&- 2>&-'
is closed/fd_list '[1' "$(fact fd_list | cut -c1-2)"
is closed/tty false "$(fact tty.stdin)"

for limit in 0 1 3 4 5; do
	world -c "ulimit -S -n $limit; exec /probe"
	ends "nofile-soft-$limit"
	is "nofile-soft-$limit/kept" "$limit" "$(fact rlimits.RLIMIT_NOFILE.soft)"
	is "nofile-soft-$limit/still-sees" /probe "$(fact exe)"
	world -c "ulimit -n $limit; exec /probe"
	ends "nofile-hard-$limit"
done
is nofile-hard/named EMFILE "$(world -c 'ulimit -n 3; exec /probe'; fact missing.mounts)"
world -c 'ulimit -v 6000; exec /probe' -t 'memory 50'
ends address-space
is address-space/memory ENOMEM "$(tried 'memory 50' errno)"
world -c 'ulimit -d 1000; ulimit -s 100; ulimit -f 0; exec /probe >/dev/null'
is small-everything/code 0 "$code"

world -o '>/dev/full' -t 'write /out/made text'
is full-stdout/goes-on text "$(cat "$W/out/made")"
world -c '/probe | $b true; exit 0' -t 'print 100000
write /out/made text'
is broken-pipe/goes-on text "$(cat "$W/out/made")"
# No shell leaves SIGCHLD ignored; a chroot will do.
if command -v perl >/dev/null; then
	mkdir -p "$W/chroot/.plumbline"
	cp "$probe" /bin/busybox "$W/chroot"
	printf '%s\n' nonce "exec /busybox sh -c 'exit 3'" >"$W/chroot/.plumbline/tries"
	perl -e '$SIG{CHLD} = $SIG{PIPE} = "IGNORE"; exec @ARGV' chroot "$W/chroot" /plumbline-probe >"$W/out/lines"
	sed -n 's/^nonce \({"census"\)/\1/p' "$W/out/lines" >"$W/out/census.json"
	is ignored-sigchld/code 3 "$(tried "exec /busybox sh -c 'exit 3'" code)"
	is ignored-sigchld/seen '["SIGPIPE","SIGCHLD"]' "$(fact signals.ignored | sed 's/,*"SIG3[23]"//g')"
else
	skip ignored-sigchld/code "needs perl"
fi

# --- lists without end
world -s 'i=0; while [ $i -lt 700 ]; do : >dev/f$i; : >many$i; i=$((i + 1)); done; mkdir -p dev/a/b/c/d/e/f; ln -s loop dev/loop
	mkfifo dev/waits; i=0; while [ $i -lt 520 ]; do mount --bind tmp tmp; i=$((i + 1)); done' \
	-c 'i=0; while [ $i -lt 600 ]; do export V$i=$i; i=$((i + 1)); done; exec /probe $($b seq 700)' -t 'list /dev'
ends cut
is cut/keys '["argv","env","env_list","mounts","devices","links","root"]' "$(fact cut)"
is cut/mounts 512 "$(each mounts id | wc -l | tr -d ' ')"
like cut/devices '5[01]*' "$(each devices path | wc -l | tr -d ' ')"
is cut/argv 511 "$(fact 'argv[511]')"
is cut/list true "$(tried 'list /dev' more)"

# --- bytes that are no text
bad=$(printf 'a\377b"\\\001')
world -b "\$b hostname '$bad'; export 'B=$bad'; \$b mkdir '/$bad'; \$b mkdir '/dev/$bad'; cd '/$bad'
	\$b mount -t tmpfs '$bad' '/$bad'; \$b ln -s '$bad' '/dev/l'" -c "exec \$b env 'B$bad=1' /probe '$bad'" -t "create /$bad/x
list /
readlink /dev/l"
ends bytes
is bytes/argv "$(printf 'a\357\277\275b"\\\001')" "$(fact 'argv[1]')"

# --- tries files that are none
world -s 'mkfifo .plumbline/tries'
ends tries-fifo
world -s 'mkdir .plumbline/tries'
ends tries-directory
world -s 'ln -s /dev/zero .plumbline/tries'
is tries-endless/code 0 "$code"
world -s 'head -c 100000 /dev/urandom | tr -d "\000" >.plumbline/tries; printf "nonce\n" | cat - .plumbline/tries >t; mv t .plumbline/tries'
is tries-noise/code 0 "$code"
lines_valid tries-noise/json
like tries-noise/end '*{"end":true}' "$(tail -n 1 "$W/out/lines")"
world -s "printf 'nonce\nwrite /out/made last-without-newline' >.plumbline/tries"
is tries-no-newline last-without-newline "$(cat "$W/out/made")"
world -c 'exec /probe --help' -t 'stat /'
is arguments-ignored directory "$(tried 'stat /' kind)"
is help 0 "$("$probe" --help >/dev/null; echo $?)"
like version 'plumbline-probe [0-9]*' "$("$probe" --version)"
is help/without-stdout 1 "$("$probe" --help >/dev/full || echo $?)"

finish
