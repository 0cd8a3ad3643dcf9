#!/bin/sh
# plumbline-monitor as the server uses it: create, streams, attach, exec, the end; with every runtime that is there.
# shellcheck source=tests/e2e/oci-lib.sh disable=SC2016 # the inner shell expands
. "$(dirname "$0")/oci-lib.sh"
monitor=$bin/../tests/monitor
state=$W/state
pts='/"\/dev"/s|}$|},\n{ "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"] }|;'

# box NAME ARGS [SED]: a bundle and its folder of state.
box() {
	bundle "$1" "$(args "$2")$pts${3:-}"
	mkdir -p "$W/c/$1"
}
m() {
	verb=$1 name=$2
	shift 2
	"$monitor" "$verb" "monitor=$bin/${MONITOR:-plumbline-monitor}" "runtime=$runtime" "root=$state" "id=$name" "bundle=$W/$name" "directory=$W/c/$name" \
		"log-directory=$W/logs" "log-path=$name/0.log" "$@"
}
start() { "$runtime" --root "$state" start "$1"; }
content() { cut -d ' ' -f 2- "$W/logs/$1/0.log"; }
process() { # ARGS: a process object as the container has it
	printf '{"args":[%s],"cwd":"/","env":["PATH=/bin"],"noNewPrivileges":true,"user":{"uid":0,"gid":0}}' "$1" > "$W/process"
	printf %s "process=$W/process"
}
# within NAME COMMAND...: until it succeeds, at most ten seconds.
within() {
	within=$1
	shift
	tries=0
	until "$@" > /dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || { not_ok "$within" "'$*' did not come true" && return; }
		sleep 0.05
	done
	ok "$within"
}
try() {
	label=${runtime##*/}
	rm -rf "$W/logs" "$W/c" "$state"
	box one '"/bin/sh", "-c", "echo out; echo err >\&2; exit 7"'
	pid=$(m create one) && check "$label: create names a process" test -d "/proc/$pid"
	is "$label: nothing runs before start" '' "$(cat "$W/logs/one/0.log")"
	is "$label: the monitor is there" yes "$(m alive one)"
	m wait one > "$W/how" &
	waiter=$!
	start one
	wait $waiter
	is "$label: the end is told" 'one known=1 code=7 signal=0 oom=0 lost=0' "$(cat "$W/how")"
	is "$label: and again to who asks later" 'one known=1 code=7 signal=0 oom=0 lost=0' "$(m wait one)"
	is "$label: both streams are in the log" 'stderr F err
stdout F out' "$(content one | sort)"
	is "$label: the monitor has gone" no "$(m alive one)"
	"$runtime" --root "$state" delete one

	box bad '"/no/such/program"'
	sed -i 's|"rootfs"|"nowhere"|' "$W/bad/config.json"
	m create bad > "$W/out" 2> "$W/err"
	is "$label: a create that fails is an error" 125 $?
	check "$label: in the runtime's words" grep -q nowhere "$W/err"
	is "$label: nothing is left of it" '' "$(cat "$W/out")$(m alive bad | grep -v no)"
	"$runtime" --root "$state" delete --force bad 2> /dev/null

	box killed '"/bin/sleep", "1000"'
	m create killed > "$W/pid"
	start killed
	kill -9 "$(cat "$W/pid")"
	is "$label: a signal is told" 'killed known=1 code=137 signal=9 oom=0 lost=0' "$(m wait killed)"
	"$runtime" --root "$state" delete killed
	box lost '"/bin/sleep", "1000"'
	m create lost > /dev/null
	start lost
	m wait lost > "$W/how" &
	waiter=$!
	pkill -KILL -f -- '--id lost'
	wait $waiter
	is "$label: a monitor that is lost is told, and no exit is made up" 'lost known=0 code=255 signal=0 oom=0 lost=0' "$(cat "$W/how")"
	is "$label: so is one that was lost before" 'lost known=0 code=255 signal=0 oom=0 lost=0' "$(m wait lost)"
	"$runtime" --root "$state" delete --force lost

	box given '"/bin/sleep", "1000"'
	printf '#!/bin/sh\ncase "$*" in *create*) sleep 302; esac\n' > "$W/hangs"
	chmod +x "$W/hangs"
	"$monitor" create "monitor=$bin/${MONITOR:-plumbline-monitor}" "runtime=$W/hangs" "root=$state" id=given "bundle=$W/given" \
		"directory=$W/c/given" ms=500 2> "$W/err"
	is "$label: a runtime that hangs is given up" 125 $?
	is "$label: and killed" '' "$(pgrep -fx 'sleep 302')$(pgrep -f -- '--id given')"

	box hungry '"/bin/sh", "-c", "tail /dev/zero"' "$(linux '"resources": { "memory": { "limit": 16777216, "swap": 16777216 } }')"
	ln -s busybox "$W/hungry/rootfs/bin/tail"
	m create hungry > /dev/null
	start hungry
	is "$label: killed for its memory" 'hungry known=1 code=137 signal=9 oom=1 lost=0' "$(m wait hungry | sed 's/signal=0/signal=9/')"
	"$runtime" --root "$state" delete hungry
	streams
	commands
}

streams() {
	box cat '"/bin/cat"'
	m create cat stdin=1 once=1 > /dev/null
	start cat
	is "$label: attached, what goes in comes out" 'hello' "$(echo hello | m attach cat in=1 out=1 err=1 2> /dev/null)"
	is "$label: stdin_once ends with the first client" 'cat known=1 code=0 signal=0 oom=0 lost=0' "$(m wait cat)"
	"$runtime" --root "$state" delete cat

	box many '"/bin/sh", "-c", "while read -r a; do echo got $a; done"'
	m create many stdin=1 > /dev/null
	start many
	m attach many out=1 > "$W/first" 2> "$W/ready" &
	first=$!
	within "$label: a client attaches" grep -q attached "$W/ready"
	echo a | m attach many in=1 leave=1 2> /dev/null
	echo b | m attach many in=1 leave=1 2> /dev/null
	within "$label: without stdin_once it takes more clients" grep -q 'got b' "$W/first"
	"$runtime" --root "$state" kill many KILL
	wait $first
	is "$label: every client sees all of it" 'got a
got b' "$(cat "$W/first")"
	is "$label: attaching to what has ended is an error" 125 "$(m wait many > /dev/null; m attach many out=1 2> /dev/null; echo $?)"
	"$runtime" --root "$state" delete many

	box term '"/bin/sh"' 's|^"process": {|&"terminal": true,|;'
	ln -s busybox "$W/term/rootfs/bin/stty" && ln -s busybox "$W/term/rootfs/bin/tty"
	m create term tty=1 stdin=1 > /dev/null
	start term
	m resize term width=91 height=37
	printf 'stty size; tty\nexit 3\n' | m attach term in=1 out=1 err=1 > "$W/out" 2> /dev/null
	is "$label: a terminal is resized, and ends with its shell" 'term known=1 code=3 signal=0 oom=0 lost=0' "$(m wait term)"
	check "$label: it has the size" grep -q '^37 91' "$W/out"
	check "$label: it is a terminal" grep -q '^/dev/pts/0' "$W/out"
	is "$label: its output is stdout alone" stdout "$(content term | cut -d ' ' -f 1 | sort -u)"
	"$runtime" --root "$state" delete term
}

commands() {
	box host '"/bin/sleep", "1000"'
	m create host > /dev/null
	start host
	m exec host "$(process '"/bin/sh", "-c", "echo o; echo e >&2; exit 200"')" > "$W/out" 2> "$W/err"
	is "$label: exec tells the exit code" 200 $?
	is "$label: and keeps its streams apart" 'o e' "$(cat "$W/out") $(cat "$W/err")"
	m exec host "$(process '"/bin/sh", "-c", "kill -9 $$"')" > /dev/null 2>&1
	is "$label: a signal is 128 and its number" 137 $?
	m exec host "$(process '"/no/such"')" > /dev/null 2> "$W/err"
	is "$label: a command that is not there is an error" 125 $?
	check "$label: which says so" grep -qi 'no such file\|not found' "$W/err"
	m exec host "$(process '"/bin/sh", "-c", "sleep 999 & echo done"')" > "$W/out"
	is "$label: a child in the background holds nothing up" 'done' "$(cat "$W/out")"
	m exec host ms=1500 "$(process '"/bin/sh", "-c", "setsid sh -c \"sleep 777 & sleep 778 & wait\" > /dev/null 2>&1 < /dev/null & (setsid sleep 779 > /dev/null 2>&1 < /dev/null &) ; sleep 780"')" > /dev/null 2> "$W/err"
	is "$label: a time-out is an error" 125 $?
	is "$label: and leaves nothing of the command, daemons neither" 0 "$(cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\0' ' ' | grep -c '[s]leep 77[0-9]\|[s]leep 780')"
	is "$label: what another command left behind lives on" 1 "$(cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\0' ' ' | grep -c '[s]leep 999')"
	is "$label: its folder is gone" '' "$(find "$W/c/host" -name 'exec-*')"
	is "$label: an exec is not in the log" '' "$(cat "$W/logs/host/0.log")"
	m exec host "$(process '"/bin/sh", "-c", "head -c 20000000 /dev/zero; echo end >&2"')" > "$W/out" 2> "$W/err"
	is "$label: output is kept up to 16 MiB, and the command ends" '16777216 end' "$(stat -c %s "$W/out") $(cat "$W/err")"
	rm "$W/out"
	"$runtime" --root "$state" delete --force host
}

for runtime in "$bin/plumbline-oci" /usr/sbin/runc /usr/bin/crun; do
	[ -x "$runtime" ] || { skip "${runtime##*/}: all" 'it is not installed' && continue; }
	try
	rm -rf "$W"/[a-z]*/rootfs
done
