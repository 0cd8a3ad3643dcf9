#!/bin/sh
# The recorder where less is allowed than to root on a whole machine, and under more than it can keep: it says what it cannot do and what it lost.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline
row='oci/mounts/ro_bind_refuses_writes'
# Whoever is not root must be able to execute it.
mkdir "$W/open" && cp "$plumbline" "$W/open" && chmod 755 "$W" "$W/open"

# recording COMMAND...: what doctor says of recording when COMMAND starts it
recording() { "$@" "$W/open/plumbline" doctor --json 2> /dev/null | jq -r 'select(.check == "recording") | .health + ": " + .detail'; }
says() { grep -q -e "$2" "$W/$1"; }

if [ "$(recording env)" != 'ok: kernel calls can be recorded' ]; then
	skip 'the recorder' "$(recording env)"
	exit 0
fi

is 'CAP_BPF and CAP_PERFMON are enough' 'ok: kernel calls can be recorded' \
	"$(recording setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon --bounding-set=-all,+bpf,+perfmon)"
recording setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+bpf --ambient-caps=-all,+bpf --bounding-set=-all,+bpf > "$W/alone"
check 'CAP_BPF alone is not, and the sentence names both' says alone '^limited: .*CAP_BPF and CAP_PERFMON are needed'
is 'no memory needs to be locked' 'ok: kernel calls can be recorded' "$(recording prlimit --memlock=0:0)"

"$plumbline" doctor --json 2> /dev/null | jq -r 'select(.check == "mount targets") | .health + ": " + .detail' > "$W/targets"
check 'the second set of programs is there, or doctor says why not' \
	says targets '^ok: told as the kernel resolves them$\|^limited: .*the kernel refuses fentry programs: [A-Z]'

# unshared SETUP: doctor in a mount namespace where SETUP was done
unshared() { recording unshare -m --propagation private sh -c "$1"' && exec "$@"' sh; }
is 'tracefs is not needed' 'ok: kernel calls can be recorded' \
	"$(unshared 'for d in /sys/kernel/debug /sys/kernel/tracing; do while mountpoint -q $d; do umount -l $d; done; done')"

# hidden ARGUMENTS...: a test on a machine without BTF
mkdir "$W/empty"
hidden() { unshare -m --propagation private sh -c 'mount --bind "$1" /sys/kernel/btf && shift && exec "$@"' sh "$W/empty" "$plumbline" test "$row" "$@" > "$W/out" 2> "$W/err"; }
unshared "mount --bind $W/empty /sys/kernel/btf" > "$W/btf"
check 'without BTF doctor says so' says btf '^limited: the kernel has no BTF'
hidden --out "$W/hidden"
is 'a test goes on without BTF' 0 "$?"
is 'run.json says why nothing was recorded' 'off: the kernel has no BTF' "$(jq -r .recording "$W/hidden/plumbline-oci/run.json" | cut -c 1-26)"
is 'rows about the kernel are unseen' 'mnt.attr:/data:ro to precede proc.exec:payload' "$(jq -r '.unseen[]' "$W/hidden/plumbline-oci/cases.jsonl")"
hidden --record on --out "$W/demanded"
is 'what is demanded and cannot be is an exit code of its own' 3 "$?"
check 'and a sentence' says err '^plumbline: --record on: the kernel has no BTF'

if tests/e2e/without-bpf.py true; then
	tests/e2e/without-bpf.py "$plumbline" test "$row" --out "$W/refused" > "$W/out" 2> "$W/err"
	is 'a test goes on where bpf(2) is refused' 0 "$?"
	jq -r .recording "$W/refused/plumbline-oci/run.json" > "$W/reason"
	check 'and says so' says reason '^off: .*refuse'
else
	skip 'where bpf(2) is refused' 'no seccomp filter can be installed here'
fi

"$plumbline" test "$row" --record off --out "$W/off" > /dev/null 2>&1
is 'recording can be turned off' 'off: asked for by --record off' "$(jq -r .recording "$W/off/plumbline-oci/run.json")"
is 'then there is no recording' '' "$(find "$W/off" -name '*.rec')"
"$plumbline" test kernel/host_mounts_stay --record off --out "$W/rule" > /dev/null 2>&1
is 'a rule about calls is skipped, and it is not said of the machine' 'skip needs to record kernel calls, which is off: asked for by --record off' \
	"$(jq -r '.cases[0] | .verdict + " " + .reason' "$W/rule/plumbline-oci/run.json")"
"$plumbline" test "$row" --out "$W/on" > /dev/null 2>&1
is 'a recording is kept for every case' "$W/on/plumbline-oci/recordings/$row.rec" "$(find "$W/on" -name '*.rec')"
is 'nothing is unseen then' 0 "$(jq '.unseen | length' "$W/on/plumbline-oci/cases.jsonl")"
"$plumbline" test "$row" oci/rlimits/the_soft_limit_is_its_own kernel/host_mounts_stay --record needed --out "$W/needed" > /dev/null 2>&1
is 'where it costs much, cases that speak of calls are recorded' "$W/needed/plumbline-oci/recordings/kernel/host_mounts_stay.rec
$W/needed/plumbline-oci/recordings/$row.rec" "$(find "$W/needed" -name '*.rec' | sort)"
is 'and the others are judged without' 'needed pass pass pass' "$(jq -r '[.recording, .cases[].verdict] | join(" ")' "$W/needed/plumbline-oci/run.json")"
# The world's own mounts and census are made by other calls; what is recorded begins with the runtime.
is 'what is recorded begins with the runtime' 'proc.exec:runtime create' "$(jq -r '.kernel[0] | .text + " " + .phase' "$W/on/plumbline-oci/observations/$row.json")"
is 'and holds nothing of the harness' 0 "$(jq '[.kernel[] | select(.text | test("plumbline-world|uts.set:hostname:plumbline-"))] | length' "$W/on/plumbline-oci/observations/$row.json")"

# storm NAME LEAST PROGRAM: recorded and lost events are at least so many
storm() {
	timeout 120 "$plumbline" trace --json -- unshare -pf --kill-child perl -e "$3" > "$W/storm" 2> "$W/err" < /dev/null
	tail -n 1 "$W/storm" > "$W/sum"
	seen=$(jq -r '.events + .lost' "$W/sum")
	if [ "${seen:-0}" -ge "$2" ]; then ok "$1"; else not_ok "$1" "$(cat "$W/sum" "$W/err")"; fi
}
storm 'of 2,000 processes none goes missing unsaid' 4000 'for (1..2000) { $p = fork; die unless defined $p; exit unless $p; push @p, $p } waitpid $_, 0 for @p'
storm 'of 100,000 calls none goes missing unsaid' 100000 'rmdir "/nowhere/$_" for 1..100000'

# A timer that expires sends its signal in the midst of whatever the CPU is doing, also of what is just being recorded. The task that the
# interrupt met is the recorded one: it looks like the sender.
cpu=$(($(nproc) - 1))
taskset -c "$cpu" timeout 60 perl -MTime::HiRes=setitimer,ITIMER_REAL \
	-e '$SIG{ALRM} = sub {}; setitimer(ITIMER_REAL, 0.0001, 0.0001); sleep 1 while 1' &
timer=$!
taskset -c "$cpu" "$plumbline" trace -o "$W/interrupted.rec" -- \
	perl -e 'for (3..220) { open my $f, "<", "/dev/null"; fcntl $f, 2, 0; push @f, $f } for (1..150) { my $p = fork; die unless defined $p; exec "true" unless $p; waitpid $p, 0 }' \
	> "$W/out" 2> "$W/err" < /dev/null
is 'interrupts spoil no event' 0 "$?"
kill "$timer"
"$plumbline" trace --raw "$W/interrupted.rec" 2> /dev/null | grep -c 'signal SIGALRM' > "$W/count"
check 'and there were some' test "$(cat "$W/count")" -gt 10
