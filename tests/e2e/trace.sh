#!/bin/sh
# plumbline trace and diff on live containers: streams, exit codes, forms, attaching; runs of one runtime differ in nothing.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

plumbline=$bin/plumbline
# Runtimes give standard input to the container's user. /dev/null is the machine's own, and would change its owner: a file does not matter.
: > "$W/nothing"
"$plumbline" trace -- /bin/true > "$W/out" 2> "$W/err"
if [ $? = 3 ]; then
	skip 'trace' "$(head -n 1 "$W/err")"
	exit 0
fi
# trace ARGUMENTS...: standard output in $W/out, standard error in $W/err, exit code in $code
trace() {
	timeout 60 "$plumbline" trace "$@" > "$W/out" 2> "$W/err" < "$W/nothing"
	code=$?
}
says() { grep -q -e "$2" "$W/$1"; }

# Streams: the command keeps its own, the trace goes to standard error; with --json standard output is the trace's.
trace -- sh -c 'echo hello; exit 0'
is 'the command keeps standard output' hello "$(cat "$W/out")"
check 'the story goes to standard error' says err '^[0-9.]* ms, [0-9]* events$'
trace --json -- sh -c 'echo hello'
is 'JSON has standard output to itself' 0 "$(grep -cv '^{"type":"\|^{"kind":"\|^{' "$W/out")"
is 'the command goes to standard error then' hello "$(cat "$W/err")"
is 'the last line is the summary' summary "$(tail -n 1 "$W/out" | jq -r .type)"
is 'every other line is an effect with its calls' true "$(jq -s '.[:-1] | length > 0 and all(.type == "effect" and (.raw | length > 0))' "$W/out")"

# Exit codes.
trace -- false
is 'a command that fails' 1 "$code"
check 'its exit code is said' says err 'false exited with 1$'
trace -- sh -c 'kill -9 $$'
is 'a command that is killed' 1 "$code"
trace -- "$W/nothing-there"
is 'a command that is not there' 2 "$code"
is 'one sentence says so' 1 "$(grep -c . "$W/err")"
trace
is 'no target' 2 "$code"
trace --pid 1 -- true
is 'two targets' 2 "$code"
trace --raw --json -- true
is 'two forms' 2 "$code"
trace "$W/no-such.rec"
is 'a recording that is not there' 2 "$code"
echo 'this is text' > "$W/text.rec"
trace "$W/text.rec"
is 'a file that is no recording' 8 "$code"
trace -o "$W/true.rec" -- true
is '-o alone shows one line' 1 "$(grep -c . "$W/err")"
head -c 1000 "$W/true.rec" > "$W/cut.rec"
trace "$W/cut.rec"
is 'a recording that is cut short' 8 "$code"
trace --pid 4194000 --duration 1
is 'a process that is not there' 2 "$code"
trace --container no-such-container
is 'a container that is not there' 2 "$code"
chmod 755 "$W"
chmod 644 "$W/true.rec"
setpriv --reuid=65534 --regid=65534 --clear-groups "$plumbline" trace "$W/true.rec" > "$W/out" 2> "$W/err"
is 'reading a recording needs no privilege' 0 "$?"
setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all "$plumbline" trace -- true > "$W/out" 2> "$W/err"
is 'recording without privilege' 3 "$?"
is 'one sentence says what is missing' 1 "$(grep -c 'CAP_BPF and CAP_PERFMON' "$W/err")"

# What asks a command to end is passed on; one that does not care is ended all the same.
mkfifo "$W/began"
timeout -s KILL 60 "$plumbline" trace -- sh -c 'trap "" TERM && echo > "$1" && exec tail -f /dev/null' - "$W/began" > "$W/out" 2> "$W/err" < "$W/nothing" &
tracer=$!
read -r _ < "$W/began"
kill -TERM $tracer
wait $tracer
is 'a command that ignores SIGTERM is ended' 7 $?
check 'which is said' says err 'sh did not end within 5 s of being asked to: it was killed$'
check 'what it did is told' says err '^[0-9.]* ms, [0-9]* events$'

# Descriptors that travel in a message, eight of one at most; credentials may come before them.
trace --effects -- tests/e2e/passing.py
is 'descriptors that travel are effects' '/etc/passwd @pipe @socket 8' \
	"$(sed -n 's/.* fd\.send://p' "$W/err" | head -n 3 | tr '\n' ' ')$(($(grep -c 'fd\.send:' "$W/err") - 3))"
trace --raw -- tests/e2e/passing.py
check 'that there were more is said' says err 'SCM_RIGHTS=\[.*(cut)'

# What io_uring does is no system call.
trace --effects -- tests/e2e/passing.py "$W/made"
if [ "$code" = 77 ]; then
	skip 'the work of io_uring' 'this kernel has none for us'
else
	check 'io_uring made a directory' test -d "$W/made"
	check 'its work is named' says err 'uring\.op:mkdirat'
fi

# What a traced program names, a terminal must not obey.
escape=$(printf '\033')
trace --raw -- mkdir "$W/${escape}[31mred"
check 'the name is there' says err '\\x1b\[31mred'
is 'and harmless' 0 "$(grep -c "$escape" "$W/err")"

# overlaps FILE: neighbours of a lane that overlap
overlaps() {
	jq '[.traceEvents[] | select(.ph == "X")] | group_by([.pid, .tid]) | map(sort_by(.ts) | . as $lane
		| [range(1; length) | select($lane[.].ts < $lane[. - 1].ts + $lane[. - 1].dur - 0.0005)] | length) | add' "$1"
}
# One container in every form. Runtimes differ in how they are asked.
full="$(args '"/bin/true"')s|\"noNewPrivileges\"|\"capabilities\": { \"bounding\": [\"CAP_KILL\"], \"permitted\": [\"CAP_KILL\"], \"effective\": [\"CAP_KILL\"] }, &|;
$(linux '"maskedPaths": ["/proc/keys", "/proc/scsi"], "readonlyPaths": ["/proc/sys", "/proc/bus"], "resources": { "pids": { "limit": 40 } }')
s|^\"linux\"|\"hostname\": \"told\", &|"
bundle told "$full"
story_of() {
	of=$1
	shift
	trace -o "$W/$of.rec" --story -- "$@"
	if [ "$code" != 0 ]; then
		not_ok "$of is traced" "exit code $code: $(tail -n 1 "$W/err")"
		return 1
	fi
	cp "$W/err" "$W/$of.story"
	check "$of: the story has at most 40 lines" test "$(wc -l < "$W/$of.story")" -le 40
	check "$of: of at most 80 columns" test "$(wc -L < "$W/$of.story")" -le 80
	trace --json "$W/$of.rec"
	is "$of: nothing is lost" 0 "$(tail -n 1 "$W/out" | jq .lost)"
	trace --raw "$W/$of.rec"
	is "$of: one raw line an event" "$(sed -n 's/.* ms, \([0-9]*\) events.*/\1/p' "$W/$of.story")" "$(wc -l < "$W/out")"
	trace --perfetto "$W/$of.json" "$W/$of.rec"
	is "$of: slices of a lane never overlap" 0 "$(overlaps "$W/$of.json")"
}
for program in crun runc "$runtime"; do
	of=$(basename "$program")
	command -v "$program" > /dev/null || { skip "$of" 'it is not installed'; continue; }
	story_of "$of" "$program" --root "$W/state-$of" run -b "$W/told" told || continue
	for word in '^create$' '^start$' '^delete$' '<- linux.maskedPaths$' '<- linux.readonlyPaths$' '<- mounts$' \
		'pids.max=40 .*<- linux.resources.pids$' '<- process.args$' '<- hostname$' '<- process.capabilities'; do
		check "$of: the story tells $word" grep -q -e "$word" "$W/$of.story"
	done
	trace --json "$W/$of.rec"
	check "$of: 95 of 100 calls about isolation are tied" \
		jq -se '.[-1] | .tieable > 40 and .tied >= 0.95 * .tieable' "$W/out"
	same=0
	for i in 1 2 3 4 5 6 7 8 9 10; do
		trace -o "$W/again.rec" -- "$program" --root "$W/state-$of" run -b "$W/told" "told$i"
		if "$plumbline" diff "$W/$of.rec" "$W/again.rec" > "$W/out" 2> "$W/err"; then
			same=$((same + 1))
		else
			cat "$W/out" >&2
		fi
	done
	is "$of: ten more runs differ from the first in nothing" 10 "$same"
done
# Somebody else's config.json is read before the container's and while it is made: the recording is about the container.
bundle other "$(args '"/bin/false"')"
trace -o "$W/two.rec" -- sh -c 'cat "$1/other/config.json" && exec "$2" --root "$1/state-two" run -b "$1/told" told' - "$W" "$runtime"
trace --json "$W/two.rec"
check 'the config is that of who makes a container' \
	jq -se 'map(select(.field == "process.args")) | length == 1 and .[0].text == "proc.exec:payload"' "$W/out"
check 'the other is not' jq -se 'map(select(.field == "linux.maskedPaths")) | length > 0' "$W/out"
trace -o "$W/two.rec" -- sh -c '"$2" --root "$1/state-two" run -b "$1/told" told && cat "$1/other/config.json"' - "$W" "$runtime"
trace --json "$W/two.rec"
check 'nor one that is read later' jq -se 'map(select(.field == "linux.maskedPaths")) | length > 0' "$W/out"

if ! command -v runsc > /dev/null; then
	skip 'runsc' 'it is not installed'
elif ! runsc --root "$W/state-runsc" --platform=ptrace --network=none --ignore-cgroups run -bundle "$W/told" told > "$W/runsc.err" 2>&1 < "$W/nothing"; then
	skip 'runsc' "it runs no container here: $(tail -n 1 "$W/runsc.err" | cut -c1-100)"
elif story_of runsc runsc --root "$W/state-runsc" --platform=ptrace --network=none --ignore-cgroups run -bundle "$W/told" told; then
	check 'runsc: what is not visible is said' grep -q 'its calls are not visible here' "$W/runsc.story"
	check 'runsc: the sandbox has its role' grep -q ' sandbox ' "$W/runsc.story"
	is 'runsc: nothing is called payload' 0 "$(grep -c ' payload ' "$W/runsc.story")"
fi

# Two runtimes differ, and both sides' calls are shown.
if [ -f "$W/crun.rec" ] && [ -f "$W/runc.rec" ]; then
	"$plumbline" diff "$W/runc.rec" "$W/crun.rec" > "$W/out" 2> "$W/err"
	is 'runc and crun differ' 1 "$?"
	check 'by kind' says out '^mnt.propagate: '
	check 'with the call of the one' says out '^ *mount("", "/", "", MS_REC|MS_SLAVE, NULL) = 0$'
	check 'and of the other' says out '^ *mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL) = 0$'
	check 'in another order' says out '^order: '
	"$plumbline" diff --json "$W/runc.rec" "$W/crun.rec" > "$W/out"
	is 'as JSON too' true "$(jq -s '.[-1].type == "summary" and .[-1].differences == (map(select(.type == "difference")) | length)' "$W/out")"
fi
"$plumbline" diff "$W/true.rec" "$W/text.rec" > "$W/out" 2> "$W/err"
is 'diff with what is no recording' 8 "$?"

# Runs of a suite are compared case by case, each difference is told once; two runtimes are run first.
if command -v crun > /dev/null; then
	cases='oci/lifecycle/start_runs_the_program oci/lifecycle/state_follows_the_lifecycle'
	# shellcheck disable=SC2086 # two words
	timeout 120 "$plumbline" diff --json -o "$W/runs" crun "$bin/plumbline-oci" $cases > "$W/out" 2> "$W/err" < "$W/nothing"
	is 'two runtimes differ' 1 "$?"
	is 'in both cases' '2 2' "$(tail -n 1 "$W/out" | jq -r '"\(.compared) \(.different)"')"
	is 'nothing is told twice' true "$(jq -s 'map(select(.type == "difference") | [.kind, .role, .object, (.a | map([.detail, .count])), (.b | map([.detail, .count]))]) | length == (unique | length) and length > 10' "$W/out")"
	"$plumbline" diff "$W/runs/a" "$W/runs/b" > "$W/out" 2> "$W/err"
	is 'the runs that were kept can be compared again' 1 "$?"
	"$plumbline" diff "$W/runs/a" "$W/runs/a" > "$W/out" 2> "$W/err"
	is 'a run differs from itself in nothing' 0 "$?"
	"$plumbline" diff "$W/runs/a" "$W/crun.rec" > "$W/out" 2> "$W/err"
	is 'a run and a recording are not of a kind' 2 "$?"
fi

# Attaching: to a process with its children, to a cgroup, to a container by its id.
sh -c 'while :; do /bin/true; done' &
busy=$!
trace --pid $busy --duration 0.5 --json
kill $busy
is 'attach to a process' 0 "$code"
check 'its children are seen' jq -se 'map(select(.kind == "proc.exec")) | length > 3' "$W/out"
is 'nothing is taken for a denied call' 0 "$(grep -c '"kind":"sec.denied"' "$W/out")"
bundle held
if oci run --detach -b "$W/held" held > "$W/out" 2> "$W/err" < "$W/nothing"; then
	"$plumbline" trace --container held --json > "$W/attached" 2> "$W/err" < "$W/nothing" &
	tracer=$!
	# shellcheck disable=SC2016 # expanded by the inner shell
	timeout 30 sh -c 'until grep -q attached "$1"; do kill -0 "$2" || exit; done' - "$W/err" $tracer
	oci exec held /bin/true > "$W/out" 2>&1 < "$W/nothing"
	oci delete --force held > "$W/out" 2>&1
	wait $tracer
	is 'attaching ends with the container' 0 $?
	check 'a program executed meanwhile is seen' jq -se 'map(select(.kind == "proc.exec" and .role == "payload")) | length > 0' "$W/attached"
	check 'and that init was killed' jq -se 'map(select(.text == "proc.exit:payload:SIGKILL")) | length > 0' "$W/attached"
else
	not_ok 'a container to attach to' "$(cat "$W/err")"
fi
