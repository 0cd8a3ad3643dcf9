#!/bin/sh
# Programs that only pretend to be a runtime: each gets one sentence, the right verdict, an end in bounded time, and leaves nothing behind. All run in worlds.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline
case_id=oci/lifecycle/start_runs_the_program
[ "$(id -u)" = 0 ] || { skip 'pretenders' 'worlds need root'; exit 0; }
PLUMBLINE_TEST_TAG=pretender.$$
export PLUMBLINE_TEST_TAG

# pretender NAME: the script on standard input, as an executable that answers --version.
pretender() {
	{
		printf '#!/bin/sh\n[ "$1" = --version ] && { echo "%s version 1"; exit 0; }\n' "$1"
		cat
	} > "$W/$1"
	chmod 755 "$W/$1"
}
field() { sed -n "s/^{\"type\":\"case\".*\"$1\":\"\(\([^\"\\\\]\|\\\\.\)*\)\".*/\1/p" "$W/out"; }

# Live processes of this script's runs, their cgroups, their mounts, their files.
left_behind() {
	grep -lzxF "PLUMBLINE_TEST_TAG=$PLUMBLINE_TEST_TAG" /proc/[0-9]*/environ 2> /dev/null | cut -d/ -f3 | while read -r pid; do
		# This shell's own children are no leftovers.
		case $(cat "/proc/$pid/comm" 2> /dev/null) in sh | grep | cut | cat | sed | head | '') continue ;; esac
		printf 'process %s %s\n' "$pid" "$(tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null)"
	done
	run=$(sed -n 's/^.*"\(plumbline-[0-9]*-[0-9]*-[0-9a-f]*\)".*/\1/p' "$W"/run/*/run.json | head -n 1)
	[ -n "$run" ] || { echo 'the run has no name'; return; }
	find /sys/fs/cgroup/ -type d -name "$run*" 2> /dev/null
	grep -F "$run" /proc/self/mountinfo
	find /tmp /run /var/tmp /dev/shm ! -path "$W*" -name "*$run*" 2> /dev/null
}

# judged NAME VERDICT REASON: one case against it.
judged() {
	rm -rf "$W/run"
	begin=$(date +%s)
	timeout -k 1 100 "$plumbline" test "$case_id" --runtime "$W/$1" --timeout-scale 0.2 --json --out "$W/run" > "$W/out" 2> "$W/err"
	code=$?
	cat "$W/err" >&2
	[ $code != 124 ] || not_ok "$1: it comes to an end" "not within 100 s, begun at $begin"
	is "$1: verdict" "$2" "$(field verdict)"
	is "$1: exit code" "$([ "$2" = broken ] && echo 6 || echo 1)" "$code"
	reason=$(field reason)
	check "$1: one sentence says why" expr "$reason" : "$3"
	is "$1: in one line" 1 "$(printf '%s\n' "$reason" | grep -c .)"
	is "$1: nothing is left" '' "$(left_behind)"
}

pretender always-0 <<'R'
exit 0
R
pretender always-1 <<'R'
exit 1
R
pretender hangs <<'R'
exec tail -f /dev/null
R
pretender hangs-deaf <<'R'
trap '' TERM INT HUP
while :; do tail -f /dev/null; done
R
pretender flood <<'R'
head -c 1000000000 /dev/zero
exit 1
R
pretender complains <<'R'
head -c 1000000000 /dev/zero >&2
exit 1
R
pretender murderer <<'R'
kill -9 -1
exit 0
R
pretender parricide <<'R'
setsid sh -c 'exec cat /dev/zero > /dev/null' &
kill -9 $PPID
kill -TERM $PPID
kill -STOP $PPID
exit 1
R
pretender grandchildren <<'R'
for i in 1 2 3 4 5 6 7 8 9 10; do setsid sh -c 'trap "" TERM HUP; exec tail -f /dev/null' & done
exit 1
R
pretender strangler <<'R'
kill -STOP -1
exit 1
R

pretender digger <<'R'
deep=$(printf 'd/%.0s' $(seq 400))
for controller in pids freezer memory; do
	[ ! -d /sys/fs/cgroup/$controller ] || mkdir -p "/sys/fs/cgroup/$controller/$deep"
done
exit 1
R

judged always-0 fail 'step 1, create: .*state says nothing'
judged always-1 fail 'step 1, create: expected success, but it exited 1'
judged hangs fail 'step 1, create: .*time'
judged hangs-deaf fail 'step 1, create: .*time'
judged flood fail 'step 1, create: expected success, but it exited 1'
judged complains fail 'step 1, create: expected success, but it exited 1'
judged murderer fail 'step 1, create: .*state says nothing'
judged parricide fail 'step 1, create: expected success, but it exited 1'
judged grandchildren fail 'step 1, create: expected success, but it exited 1'
judged strangler fail 'step 1, create: .*'

# A runtime that puts links where the harness is going to write on the host, outside its world.
printf 'untouched\n' > "$W/victim"
for trap in link file; do
	{
		printf 'while [ $# -gt 1 ]; do [ "$1" != --bundle ] || cd "$2"; shift; done\n'
		if [ $trap = link ]; then
			printf 'ln -s "%s" trap; ln -s "%s" here\n' "$W/victim" "$W"
		else
			printf 'echo overwritten > trap; mkdir here; echo overwritten > here/victim\n'
		fi
		printf 'rm -f /run/plumbline/output/*\nfor name in 0-create.out 1-state.out 1-state.err log; do mkfifo "/run/plumbline/output/$name"; done\nexit 1\n'
	} | pretender keeps-a-$trap
	timeout -k 1 60 "$plumbline" test "$case_id" --runtime "$W/keeps-a-$trap" --profile generic --keep --json --out "$W/kept" > "$W/out" 2> "$W/err"
	is "a runtime that leaves a $trap: verdict" fail "$(field verdict)"
	check "what it left is kept, the $trap" test -e "$W/kept/keeps-a-$trap/kept/$case_id/bundle/config.json" -a -e "$W/kept/keeps-a-$trap/kept/$case_id/bundle/trap"
	mv "$W/kept/keeps-a-$trap" "$W/kept/keeps-a-file" 2> /dev/null
done
is 'nothing was written through the link' untouched "$(cat "$W/victim")"

# Twelve hundred cgroups take a busy machine longer than it has.
judged digger fail 'step 1, create: \(expected success, but it exited 1\|it did not end within its time\)'

# Neither of these passes a single case of all there are.
for name in always-0 always-1; do
	timeout -k 1 300 "$plumbline" test --runtime "$W/$name" --json --jobs 2 --record off --out "$W/run" > "$W/out" 2> /dev/null
	is "$name passes no case" 0 "$(grep -c '"verdict":"pass"' "$W/out")"
	is "$name: the harness is never at a loss" 0 "$(grep -cE '"verdict":"(broken|flaky|notrun)"' "$W/out")"
	check "$name: hundreds of cases were tried" test "$(grep -c '"verdict":"fail"' "$W/out")" -gt 200
done

# No case runs on what is no program.
: > "$W/plain-file"
mkdir "$W/directory"
printf 'no program' > "$W/garbage"
chmod 755 "$W/garbage"
for runtime in nothing-there plain-file directory garbage; do
	"$plumbline" test --runtime "$W/$runtime" --json --out "$W/none" > "$W/out" 2> "$W/err"
	is "$runtime as a runtime: exit code" 2 "$?"
	is "$runtime: one sentence says so" 1 "$(grep -c . "$W/err")"
	is "$runtime: no case runs" '' "$(cat "$W/out")"
	check "$runtime: nothing is written" test ! -e "$W/none"
done

# A configuration that is no JSON is the runtime's to refuse, in one sentence that names the file; start and delete have nothing to do then.
config_id=$("$plumbline" list oci/bundle | grep 'no_json\|not_json' | head -n 1)
"$plumbline" test "$config_id" --runtime plumbline-oci --json --out "$W/config" > "$W/out" 2> "$W/err"
is 'a config that is no JSON is refused' pass "$(field verdict)"
check 'in one sentence that names the file' grep -q '"errors": *"plumbline-oci: [^\\]*config.json[^\\]*\(\\n\)\{0,1\}"' "$W/config/plumbline-oci/observations/$config_id.json"
