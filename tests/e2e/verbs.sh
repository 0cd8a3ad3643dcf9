#!/bin/sh
# The plumbline command from outside: exit codes 0 to 8, streams, JSON, shards, expectations, reproductions.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline
passing=oci/lifecycle/start_runs_the_program
refusal=oci/root/a_root_that_is_a_file_is_refused

# run NAME CODE ARGUMENTS...: the verb's exit code; output in $W/out and $W/err.
run() {
	name=$1 code=$2
	shift 2
	(cd "$W" && timeout 120 "$plumbline" "$@" > "$W/out" 2> "$W/err" < /dev/null)
	is "$name" "$code" "$?"
	head -n 5 "$W/err" >&2
}
says() { grep -Eq -e "$2" "$W/$1"; }

# What needs neither root nor a runtime.
run 'no verb is usage' 2
run 'help is no error' 0 --help
run 'version' 0 --version
check 'the version is one line' says out '^plumbline [0-9]+\.[0-9]+\.[0-9]+$'
run 'an unknown verb is usage' 2 tset
check 'a near verb is suggested' says err 'did you mean plumbline test\?'
run 'an unknown option is usage' 2 list --jsn
check 'a near option is suggested' says err 'did you mean --json\?'
run 'list' 0 list
cases=$(wc -l < "$W/out")
run 'list as JSON' 0 list --json
is 'one object a case' "$cases" "$(grep -c '^{"type":"case","id":"' "$W/out")"
(export PATH="$W/nowhere" && exec "$plumbline" list runtimes) > "$W/out"
is 'a runtime that is not found is told with what installs it, if anything does' 'generic: not found|runc: not found; apt-get install runc' \
	"$(sed -nE 's/^(generic|runc) +spec [0-9.]+ +/\1: /p' "$W/out" | paste -sd'|')"
run 'a filter that cannot be read' 2 list 'area:oci & &'
run 'a selector that chooses nothing' 4 list oci/lifecycle/start_runs_the_progrm
check 'a near id is suggested' says err "did you mean $passing\?"
run 'coverage' 0 list clauses --coverage --json
check 'coverage ends with its sums' says out '^\{"type":"coverage","clauses":[0-9]+,"strong":[0-9]+,"classified":[0-9]+,"claimed":[0-9]+\}$'
is 'each specification has its own' '368 oci' "$(sed -n 's/^{"type":"coverage","clauses":\([0-9]*\),.*"specification":"\(oci\)".*/\1 \2/p' "$W/out")"
for word in "$passing" config.mounts.opt.ro flaky; do
	run "explain $word" 0 explain "$word"
done
run 'explain of a clause of the CRI' 0 explain cri.image.filter
check 'it leads to the interface' says out '^  https://github.com/kubernetes/cri-api/blob/v[0-9.]+/pkg/apis/runtime/v1/api.proto$'
run 'explain of nothing' 2 explain nothing-of-that-name
run 'doctor as JSON' "$([ "$(id -u)" = 0 ] && echo 0 || echo 3)" doctor --json
if says out '^\{"type":"doctor","check":"cases".*needs cgroup v2'; then
	check 'a guest mends the lack of cgroup v2' says out '"check":"cases".*plumbline test --in vm:v2 needs:cgroup2'
fi

# Usage is told before anything runs.
run 'a runtime that is missing' 2 test --runtime no-such-runtime
: > "$W/plain-file"
run 'a runtime that is not executable' 2 test --runtime "$W/plain-file"
run 'a profile that is unknown' 2 test --runtime /bin/true --profile nothing
run 'a shard beyond the last' 2 test --runtime /bin/true --shard 3/2
run 'a guest of another kind' 2 test --runtime /bin/true --in vm:v3
mkdir "$W/path"
for program in sh dirname rm timeout head; do ln -s "$(command -v $program)" "$W/path/$program"; done
# shellcheck disable=SC2123 # that path is what is meant
(PATH=$W/path && run 'a guest without an emulator' 3 test --runtime /bin/true --in vm:v2)
check 'what is missing, and where it comes from' says err '^guest: qemu-system-x86_64 is missing: apt-get install qemu-system-x86$'

# Input that is not ours.
printf '{"type":"run","schema":"1.0","cases":[{"id":7}]}\n' > "$W/run.json"
run 'a hostile run.json' 8 report run.json
printf '\377\376{' > "$W/run.json"
run 'a run.json that is no JSON' 8 report run.json
mkdir -p "$W/empty"
run 'a directory without a run' 8 report empty
run 'a run that is not there' 2 report nothing-here
printf 'oci/a fail\n' > "$W/expect"
run 'expectations that cannot be read' 8 test --runtime /bin/true --expect expect

# A reproduction needs no root; the profile is guessed by name when no world can be made.
crun=$(command -v crun) || crun=/bin/true
run 'repro' 0 repro oci/mounts/ro_bind_refuses_writes --runtime "$crun" -o repro
for file in config.json rootfs/probe rootfs/.plumbline/tries run.sh README; do
	check "repro writes $file" test -s "$W/repro/$file"
done
check 'run.sh can be read by sh' sh -n "$W/repro/run.sh"
run 'repro into a directory that is not empty' 2 repro oci/mounts/ro_bind_refuses_writes --runtime "$crun" -o repro
run 'repro of an unknown case' 2 repro oci/mounts/ro_bnd --runtime "$crun" -o other
# Cases of every area can be written as scripts, or say why not.
written=0 refused=0
for id in $("$plumbline" list 'profile:smoke & !area:cri/*'); do
	rm -rf "$W/each"
	if (cd "$W" && "$plumbline" repro "$id" --runtime "$crun" --profile generic -o each > /dev/null 2> "$W/err"); then
		sh -n "$W/each/run.sh" || not_ok "run.sh of $id" 'sh cannot read it'
		written=$((written + 1))
	else
		grep -q 'needs more than sh' "$W/err" || not_ok "repro of $id" "$(cat "$W/err")"
		refused=$((refused + 1))
	fi
done
run 'a case of the CRI says how it is run again' 2 repro cri/sandbox/a_whole_life -o each
check 'nearly every case can be written' test "$written" -gt $((refused * 10))

if [ "$(id -u)" != 0 ]; then
	skip 'runs' 'worlds need root'
	exit 0
fi
(cd / && setpriv --reuid=65534 --regid=65534 --clear-groups "$plumbline" test "$passing" --runtime /bin/true --out "$W/nobody" > /dev/null 2> "$W/err")
is 'without root: exit code 3' 3 "$?"
# What run.sh says by its exit status is what the case says: a refusal counts beside the corrected input alone.
limit=oci/rlimits/a_limit_without_its_soft_value_is_refused
run 'repro of a refusal' 0 repro $limit --runtime "$bin/plumbline-oci" -o refusal
for fault in run-never-fails run-always-fails; do
	printf '#!/bin/sh\nexec %s/plumbline-faulty --fault %s -- %s/plumbline-oci "$@"\n' "$bin" $fault "$bin" > "$W/$fault"
	chmod +x "$W/$fault"
done
# by_hand NAME STATUS RUNTIME: what run.sh ends with in a world
by_hand() {
	RUNTIME=$3 tests/oci/world.sh sh "$W/refusal/run.sh" < /dev/null > "$W/out" 2> "$W/err"
	is "$1" "$2" $?
}
# Every case of some areas that the reference passes is green by hand as well.
for id in $("$plumbline" list 'oci/lifecycle/*' 'oci/rlimits/*' 'oci/propagation/*' 'oci/bundle/*'); do
	"$plumbline" repro "$id" --runtime "$bin/plumbline-oci" -o "$W/hand/$id" > "$W/out" 2> "$W/err" || rm -rf "$W/hand/$id"
done
"$plumbline" test 'oci/lifecycle/*' 'oci/rlimits/*' 'oci/propagation/*' 'oci/bundle/*' --runtime "$bin/plumbline-oci" --json 2> "$W/err" < /dev/null |
	jq -r 'select(.type == "case" and .verdict == "pass") | .id' > "$W/passed"
# shellcheck disable=SC2016 # expanded in the world
tests/oci/world.sh sh -c 'while read -r id; do
	[ ! -e "$1/hand/$id" ] || timeout 30 sh "$1/hand/$id/run.sh" < /dev/null > "$1/out" 2>&1 || echo "$id ended with $?"
done < "$1/passed"' - "$W" > "$W/red" 2> "$W/err"
is 'run.sh of cases that pass' '' "$(cat "$W/red")"
check 'there are many' test "$(grep -c . "$W/passed")" -ge 40
run 'repro of a case about terminals' 6 repro oci/process/the_console_size_is_applied --runtime "$bin/plumbline-oci" -o terminal
check 'says why there is none' says err "the container's terminal, which needs more than sh$"
run 'repro of a case that passes' 0 repro $passing --runtime "$bin/plumbline-oci" -o plain
RUNTIME=/bin/false tests/oci/world.sh timeout 60 sh "$W/plain/run.sh" < /dev/null > "$W/out" 2> "$W/err"
is 'run.sh waits for no container that was not made' 1 $?
cp "$W/refusal/config.json" "$W/given.json"
by_hand 'run.sh with a runtime that passes' 0 "$bin/plumbline-oci"
by_hand 'with one that takes the bad input' 1 "$W/run-never-fails"
check 'what was wrong is said' says err 'exit status 0, expected a refusal$'
by_hand 'with one that refuses the corrected input as well' 1 "$W/run-always-fails"
check 'what was wrong is said then' says err 'refused as well, the refusal proves nothing$'
check 'config.json is what it was' cmp "$W/given.json" "$W/refusal/config.json"
run 'a runtime that passes, by the case' 0 test $limit --runtime "$bin/plumbline-oci" --out refusal-0
run 'one that takes the bad input' 1 test $limit --runtime "$W/run-never-fails" --profile plumbline-oci --out refusal-1
run 'one that refuses the corrected input' 1 test $limit --runtime "$W/run-always-fails" --profile plumbline-oci --out refusal-2

[ -x "$(command -v crun)" ] || { skip 'runs' 'crun is not installed'; exit 0; }

run 'a pass' 0 test "$passing" --runtime crun --json --out run
is 'one line a case, one summary' '1 case, 1 summary' \
	"$(grep -c '^{"type":"case"' "$W/out") case, $(grep -c '^{"type":"summary"' "$W/out") summary"
for file in crun/run.json crun/cases.jsonl "crun/observations/$passing.json" junit.xml; do
	check "the run has $file" test -s "$W/run/$file"
done
run 'report of the run' 0 report run --json
check 'it says the same' says out '"selected":1,"pass":1,"fail":0'
run 'everything skipped is 3' 3 test needs:controller --runtime crun --profile runsc --out none

cat > "$W/always-1" <<'R'
#!/bin/sh
exit 1
R
chmod +x "$W/always-1"
run 'a runtime beside a case of servers' 0 test "$passing" cri/version/all_four_fields_are_told --runtime crun --out beside
check 'what is not run is told' says err '^plumbline: 1 case of the CRI left out: --cri'
run 'a server beside a case of runtimes' 0 test "$passing" cri/version/all_four_fields_are_told --cri plumbline-cri --runtime crun --runtime plumbline-oci --out servers --json
check 'that is told too' says err '^plumbline: 1 case of the OCI runtime itself left out'
is 'each runtime is behind it once' 'plumbline-cri+crun plumbline-cri+plumbline-oci' \
	"$(sed -n 's/^{"type":"summary","runtime":"\([^"]*\)".*/\1/p' "$W/out" | paste -sd' ')"
run 'a failure' 1 test "$passing" "$refusal" --runtime ./always-1 --out failed
check 'it is told with a repro line' says out "repro: *plumbline repro $passing --runtime /.*/always-1 -o /tmp/"
run 'last-failed selects the same' 1 test --last-failed --runtime ./always-1 --out failed --json
is 'both of them' 2 "$(grep -c '^{"type":"case"' "$W/out")"
run 'fail-fast stops' 1 test oci/lifecycle --runtime ./always-1 --out failed --fail-fast --jobs 1 --json
check 'the rest is not run' says out '"notrun":[1-9]'
run 'expectations are written' 0 test "$passing" --runtime ./always-1 --out failed --expect known --update-expectations
check 'the file names the case' says known "^$passing fail"
run 'a known failure is as expected' 0 test "$passing" --runtime ./always-1 --out failed --expect known
sed 's/always-1/crun/' "$W/known" > "$W/stale"
run 'an unexpected pass' 5 test "$passing" --runtime crun --out run --expect stale
printf '[crun]\n%s pass\n' "$refusal" > "$W/fine"
run 'repeats that agree' 0 test "$refusal" --runtime crun --out run --expect fine --repeat 2
run 'retries make a flaky one' 1 test "$passing" --runtime ./always-1 --out failed --retries 1

# The shards of a selection are the whole selection.
for k in 1 2 3; do
	(cd "$W" && "$plumbline" test oci/root --runtime crun --out "shard-$k" --shard "$k/3" --json 2> /dev/null) >> "$W/shards"
done
"$plumbline" list oci/root | sort > "$W/whole"
sed -n 's/^{"type":"case","id":"\([^"]*\)".*/\1/p' "$W/shards" | sort > "$W/parts"
check 'three shards are the whole, without overlap' cmp "$W/whole" "$W/parts"

# Interrupted: the record is whole, nothing is left, exit code 7.
cat > "$W/slow" <<'R'
#!/bin/sh
case " $* " in *" create "*) sleep 3 ;; esac
exec crun "$@"
R
chmod +x "$W/slow"
(cd "$W" && exec "$plumbline" test oci/lifecycle --runtime ./slow --out slowly --jobs 1 --json > "$W/out" 2> "$W/err") &
pid=$!
until [ -s "$W/slowly/slow/cases.jsonl" ] || ! kill -0 $pid 2> /dev/null; do sleep 0.2; done
kill -TERM $pid # a shell starts its background jobs with SIGINT ignored
wait $pid
is 'an interrupted run' 7 "$?"
check 'its record says so' grep -q '"interrupted": *true' "$W/slowly/slow/run.json"
check 'every case is accounted for' test "$(grep -c '^{"type":"case"' "$W/out")" = "$("$plumbline" list oci/lifecycle | wc -l)"
# Ctrl-C, as a terminal sends it: to the whole group of processes.
(cd "$W" && timeout --preserve-status -s INT 4 "$plumbline" test oci/lifecycle --runtime ./slow --out ctrl-c --jobs 2 --json > "$W/out" 2> "$W/err")
is 'after Ctrl-C: exit code' 7 "$?"
check 'the rest is not run' says out '"notrun":[1-9]'
check 'and every case is accounted for' test "$(grep -c '^{"type":"case"' "$W/out")" = "$("$plumbline" list oci/lifecycle | wc -l)"
run_name=$(sed -n 's/^.*"\(plumbline-[0-9]*-[0-9]*-[0-9a-f]*\)".*/\1/p' "$W/ctrl-c/slow/run.json" | head -n 1)
check 'the run has a name' test -n "$run_name"
is 'it took its cgroups away' '' "$(find /sys/fs/cgroup/ -type d -name "${run_name:-none}*")"
# A zombie waits for whoever inherited it, and holds nothing.
is 'and its processes' '' "$(grep -lF "${run_name:-none}" /proc/[0-9]*/cgroup 2> /dev/null | while read -r file; do
	grep -H '^State:[[:space:]]*[^ZX[:space:]]' "${file%cgroup}status" 2> /dev/null
done)"
run 'clean' 0 clean --json
check 'nothing of dead runs was left' says out '"processes":0,"cgroups":0'

run 'a fault is caught' 0 prove oci/mounts/ro_bind_refuses_writes --runtime crun --json
check 'the score says so' says out '^{"type":"prove",.*"faults":1,"caught":1,"cases":1,"unproven":0,"score":1'
