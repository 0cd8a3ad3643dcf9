#!/bin/sh
# The container's log while it runs: rotation under load, a disk that is full, its end; and what an attached reader may not do.
# shellcheck source=tests/e2e/oci-lib.sh disable=SC2016 # the inner shell expands
. "$(dirname "$0")/oci-lib.sh"
monitor=$bin/../tests/monitor
program=$bin/${MONITOR:-plumbline-monitor}
m() {
	verb=$1 name=$2
	shift 2
	"$monitor" "$verb" "monitor=$program" "runtime=$runtime" "root=$W/state" "id=$name" "bundle=$W/$name" \
		"directory=$W/c/$name" "log-directory=${logs:-$W/logs}" "log-path=$name/0.log" "$@"
}
# run NAME PROGRAM [NAME=VALUE...]: a container with busybox's shell.
run() {
	bundle "$1" "$(args '"/bin/sh", "/run.sh"')"
	printf '%s\n' "$2" > "$W/$1/rootfs/run.sh"
	for applet in seq dd tr yes; do ln -sf busybox "$W/$1/rootfs/bin/$applet"; done
	mkdir -p "$W/c/$1"
	name=$1
	shift 2
	m create "$name" "$@" > "$W/$name/pid" && oci start "$name"
}
# The content of all records of a file, as the container wrote it.
joined() { sed -E 's/^[^ ]+ (stdout|stderr) F (.*)$/\2\x01/; s/^[^ ]+ (stdout|stderr) P //' "$@" | tr -d '\n' | tr '\001' '\n'; }

# Every line has its number, so that a lost one or a second one shows.
run load 'seq 1 200000; echo end'
mkdir -p "$W/old"
rotations=0
while [ "$(m alive load)" = yes ]; do
	rotations=$((rotations + 1))
	mv "$W/logs/load/0.log" "$W/old/$(printf %05d $rotations)" || break
	m reopen load 2> "$W/err" || break
done
m wait load > "$W/how"
is 'under load the container ends well' 'load known=1 code=0 signal=0 oom=0 lost=0' "$(cat "$W/how")"
[ $rotations -ge 3 ] && ok 'its log was rotated meanwhile' || not_ok 'its log was rotated meanwhile' "$rotations times"
: > "$W/all"
find "$W/old" -type f | sort | xargs cat > "$W/all"
[ ! -e "$W/logs/load/0.log" ] || cat "$W/logs/load/0.log" >> "$W/all"
{ seq 1 200000 && echo end; } > "$W/wanted"
check 'rotation loses no line and writes none twice' sh -c 'cut -d " " -f 4- "$1" | cmp - "$2"' - "$W/all" "$W/wanted"
is 'time never goes back' '' "$(cut -d ' ' -f 1 "$W/all" | sort -c 2>&1)"
rm -rf "$W/old" "$W/all" "$W/wanted" "$W/logs/load"
oci delete load

run ended 'echo x'
m wait ended > /dev/null
mv "$W/logs/ended/0.log" "$W/logs/ended/0.log.1"
m reopen ended 2> /dev/null
is 'reopening the log of what has ended is an error' 125 $?
is 'and makes no file' 0.log.1 "$(ls "$W/logs/ended")"
oci delete ended

run long 'head -c 50000 /dev/zero | tr "\0" x; echo; printf tail'
m wait long > /dev/null
is 'a long line is cut at 16 KiB' 'P16384 P16384 P16384 F848 P4' \
	"$(awk '{ printf "%s%s%d", n++ ? " " : "", $3, length($4) }' "$W/logs/long/0.log")"
is 'and joined it is what was written' 50005 "$(joined "$W/logs/long/0.log" | wc -c)"
is 'the file is for its owner and group' '640 0:0' "$(stat -c '%a %u:%g' "$W/logs/long/0.log")"
oci delete long

# A file system of its own, with room for little.
mkdir "$W/small"
mount -t tmpfs -o size=64k small "$W/small"
logs=$W/small
run full 'seq 1 20000; echo end >&2; : > /done; while [ ! -e /go ]; do :; done; echo after'
until [ -e "$W/full/rootfs/done" ]; do sleep 0.05; done
mount -o remount,size=8m "$W/small"
touch "$W/full/rootfs/go"
is 'a full disk holds no container up' 'full known=1 code=0 signal=0 oom=0' "$(m wait full | sed 's/ lost=.*//')"
check 'what was lost is said in the log' grep -q ' stderr F plumbline-monitor: [0-9]* lines with [0-9]* bytes of output are lost: No space left on device$' "$W/small/full/0.log"
check 'what came after is there' grep -q ' stdout F after$' "$W/small/full/0.log"
is 'every record is whole' 0 "$(tr -d '\000' < "$W/small/full/0.log" | grep -cvE '^[0-9T:.-]{29}Z (stdout|stderr) [PF] ')"
oci delete full
umount "$W/small"
unset logs

# Also where the exit file goes.
run tight 'while [ ! -e /go ]; do :; done; exit 5'
head -c 100000000 /dev/zero > "$W/filler" 2> /dev/null
: > "$W/filler2" && echo x > "$W/filler2" 2> /dev/null && not_ok 'the disk is full' 'there is room'
ln "$W/tight/config.json" "$W/tight/rootfs/go"
is 'a full disk takes no exit code away' 'tight known=1 code=5 signal=0 oom=0 lost=0' "$(m wait tight)"
rm -f "$W/filler" "$W/filler2"
oci delete --force tight

# The container's root can write to its own log folder, as with a volume.
mkdir -p "$W/logs/evil" && echo secret > "$W/victim" && ln -s "$W/victim" "$W/logs/evil/0.log"
run evil 'echo x' 2> "$W/err"
check 'a log that is a symlink is refused' grep -q 'log evil/0.log' "$W/err"
is 'and nothing is written through it' secret "$(cat "$W/victim")"
oci delete --force evil

# A reader that rests holds up neither the container nor its log.
run talk 'while [ ! -e /go ]; do :; done; seq 1 100000'
mkfifo "$W/unread" && : > "$W/ready"
(m attach talk out=1 > "$W/unread" 2> "$W/ready") &
exec 3< "$W/unread"
until grep -q attached "$W/ready"; do sleep 0.05; done
touch "$W/talk/rootfs/go"
is 'a reader that rests holds no container up' 'talk known=1 code=0 signal=0 oom=0 lost=0' "$(timeout 20 "$monitor" wait id=talk "directory=$W/c/talk")"
is 'the log has every line' 100000 "$(wc -l < "$W/logs/talk/0.log")"
exec 3<&-
oci delete --force talk

# What an exec of it was killed for is not the container's end.
bundle eaten "$(args '"/bin/sleep", "1000"')$(linux '"resources": { "memory": { "limit": 16777216, "swap": 16777216 } }')"
ln -s busybox "$W/eaten/rootfs/bin/tail" && mkdir -p "$W/c/eaten"
m create eaten > "$W/eaten/pid" && oci start eaten
printf '{"args":["/bin/tail","/dev/zero"],"cwd":"/"}' > "$W/process"
m exec eaten "process=$W/process" > /dev/null 2>&1
is 'an exec is killed for its memory' 137 $?
sleep 1.5
kill -9 "$(cat "$W/eaten/pid")"
is 'and the container that is killed later is not said to be' 'eaten known=1 code=137 signal=9 oom=0 lost=0' "$(m wait eaten)"
oci delete eaten

# The memory of one monitor.
run idle 'read -r x; sleep 1000'
rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$(pgrep -f 'id idle')/status")
[ "${rss:-9999}" -lt 1500 ] && ok 'a monitor has less than 1.5 MB' || not_ok 'a monitor has less than 1.5 MB' "$rss kB"
oci delete --force idle
