#!/bin/sh
# run.sh GROUP|SCRIPT...: unit, sanitized, e2e, lint, or one script's path. Shows one line a check, and closes with the counts of them all.
set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p build
log=$(mktemp build/run.XXXXXX)
trap 'rm -f "$log" "$log".*' EXIT
# Whoever calls, and from where: a test sees the same screen, shell and clock.
export LC_ALL=C.UTF-8 SHELL=/bin/sh TERM=xterm TZ=UTC
unset LANG LANGUAGE COLUMNS LINES NO_COLOR XDG_RUNTIME_DIR
# No script takes a third of this on a quiet machine.
limit=${LIMIT:-1200}

passed=0 failed=0 skipped=0

descendants() {
	for child in $(ps -o pid= --ppid "$1"); do
		printf '%s\n' "$child"
		descendants "$child"
	done
}

# Whoever waits for ever holds up everything behind it: it is shown as it hangs, then ended. The first process of a world
# goes before its script, which can still take away what belongs to the world.
give_up() {
	printf '%s did not end within %s s; its processes were:\n' "$1" "$limit"
	# shellcheck disable=SC2046 # numbers
	ps -ww -o pid,ppid,stat,wchan:20,etimes,args -p "$(printf '%s,' $(descendants "$2"))$2"
	: > "$log.hung"
	world=
	for pid in $(descendants "$2"); do
		[ "$(cat "/proc/$pid/comm" 2> /dev/null)" != unshare ] || world="$world $pid"
	done
	# shellcheck disable=SC2086 # numbers
	if [ -n "$world" ] && kill -KILL $world && timeout 60 cat "$log.hold" > /dev/null; then return; fi
	# shellcheck disable=SC2046 # numbers
	kill -KILL $(descendants "$2") "$2"
}

# bounded PROGRAM: sets $status, to "hung" where it was given up. That it ended is told by the end of a pipe that it does not see, so
# nothing polls. The watcher is what runs in the background, where a shell ignores signals; what the caller ignores is not handed on.
bounded() {
	rm -f "$log.hold" "$log.hung"
	mkfifo "$log.hold"
	{ timeout "$limit" cat "$log.hold" > /dev/null || give_up "$1" "$(cat "$log.pid")" >&2; } &
	exec 9> "$log.hold"
	sh -c 'echo $$ > "$1.pid" && exec env --default-signal "$2"' - "$log" "$1" < /dev/null 9>&-
	status=$?
	exec 9>&-
	wait $!
	[ ! -e "$log.hung" ] || status=hung
}

# The counts line of a unit program; without one the program died, which is one failure.
unit() {
	for program in "$1"/base "$1"/bpf "$1"/harness "$1"/reports "$1"/oci "$1"/faulty "$1"/wire "$1"/cri; do
		[ -f "$program" ] || continue
		printf '== %s\n' "$program"
		bounded "$program" > "$log" 2>&1
		line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
		if [ -z "$line" ]; then
			tail -n 40 "$log"
			printf 'not ok %s: it ended with status %s and no counts\n' "$program" "$status"
			failed=$((failed + 1))
			continue
		fi
		# shellcheck disable=SC2046 # three numbers
		set -- "$1" $(printf '%s\n' "$line" | tr -dc '0-9 ')
		[ "$3" = 0 ] && [ "$status" = 0 ] || cat "$log"
		if [ "$3" = 0 ] && [ "$status" != 0 ]; then
			printf 'not ok %s: it ended with status %s\n' "$program" "$status"
			failed=$((failed + 1))
		fi
		passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
		printf '%s\n' "$line"
	done
}

# Scripts print "ok NAME", "not ok NAME: why", "skip NAME: reason" and chatter on standard error.
scripts() {
	for script in "$@"; do
		[ -x "$script" ] || continue
		printf '== %s\n' "$script"
		began=$(date +%s)
		bounded "$script" 2> "$log.err" > "$log"
		ok=$(grep -c '^ok ' "$log") not_ok=$(grep -c '^not ok ' "$log") skip=$(grep -c '^skip ' "$log")
		grep -E '^(not ok|skip) ' "$log"
		if [ "$status" = hung ] || { [ "$not_ok" = 0 ] && { [ "$status" != 0 ] || [ $((ok + skip)) = 0 ]; }; }; then
			printf 'not ok %s: it ended with status %s after %s checks\n' "$script" "$status" "$ok"
			not_ok=$((not_ok + 1))
		fi
		[ "$not_ok" = 0 ] || tail -n 60 "$log.err"
		printf '%s ok, %s s\n' "$ok" $(($(date +%s) - began))
		passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	done
}

for group; do
	case $group in
	unit) unit "${BUILD:-build}/tests" ;;
	# Sanitizers make everything several times slower.
	sanitized) CK_TIMEOUT_MULTIPLIER=10 unit build/san/tests ;;
	e2e) scripts tests/e2e/*.sh tests/probe/test_*.sh ;;
	lint) scripts tests/lint/*.sh ;;
	*.sh) scripts "$group" ;;
	*)
		printf 'run.sh: there is no group %s\n' "$group" >&2
		exit 2
		;;
	esac
done
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
