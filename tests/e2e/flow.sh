#!/bin/sh
# plumbline flow on our stack and on a foreign one: one value down all rungs, the order of the calls, JSON, failures, nothing left.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline
if ! command -v jq > /dev/null; then
	skip flow 'jq is not installed'
	exit 0
fi
: > "$W/nothing"
mkdir "$W/tmp"
# flow ARGUMENTS...: standard output in $W/out, standard error in $W/err, exit code in $code
flow() {
	TMPDIR=$W/tmp timeout 120 "$plumbline" flow "$@" > "$W/out" 2> "$W/err" < "$W/nothing"
	code=$?
}
says() { grep -q -e "$2" "$W/$1"; }
never() { ! says "$@"; }
fits() { awk '{ gsub(/[\200-\277]/, "") } length($0) > 80 { print; bad = 1 } END { exit bad }' "$W/out"; }
asks() { jq -c "$1" "$W/out"; }
methods='Version ImageStatus RunPodSandbox CreateContainer StartContainer StopContainer RemoveContainer StopPodSandbox RemovePodSandbox'
recorded=1
"$plumbline" trace -- /bin/true > "$W/out" 2> "$W/err" || recorded=
valid() {
	python3 -c 'import jsonschema' 2> /dev/null || return 0
	cp "$W/out" "$W/lines.jsonl"
	python3 tests/e2e/validate.py fixtures/schema/flow.schema.json "$W/lines.jsonl" > /dev/null
}

flow
if [ "$code" = 3 ]; then
	skip flow "$(head -n 1 "$W/err")"
	exit 0
fi
is 'a pod comes to its end' 0 "$code"
is 'its calls are told in order' "$methods" "$(grep -oE '^── [0-9]+ [A-Za-z]+' "$W/out" | awk '{ print $3 }' | paste -sd' ')"
check 'a story is 80 columns wide' fits
check 'the request is told' says out 'cpu_shares: 512'
check 'a value is told with its origin' says out 'linux.resources.cpu.shares: 512  *<- cpu_shares$'
check 'a default is told apart from the request' says out ' default  linux.namespaces: mount  *<- mount namespace$'
check 'what the image wanted, too' says out ' image    process.env: PATH=/usr/bin:/bin  *<- Env$'
check 'nothing is left' says out '^  Nothing: no process'
check 'the ladder has its bottom' says out '^  L5 now  .*1 inside; user 1000'
if [ "$recorded" ]; then
	check 'a value is told as a write into the cgroup' says out 'cpu.shares=512'
	check 'and followed down all rungs' says out '^✓ CPU shares  *512  *512  *cpu.shares=512  *512$'
	check 'commands are told' says out 'plumbline-oci --root .* start CONTAINER$'
	check 'kernel calls are tied to config.json' says out 'installs a system call filter  *<- linux.seccomp$'
else
	skip 'the kernel calls of a pod' "$(head -n 1 "$W/err")"
fi
check 'no colour where there is no terminal' never out "$(printf '\033')"
flow --color always --ascii
check 'colour when it is asked for' says out "$(printf '\033\\[1m-- 1 Version')"

flow --json
is 'JSON has the same exit code' 0 "$code"
check 'every line is what the schema says' valid
is 'of a list it is told how many are there' '[7,7]' "$(asks 'select(.name == "masked paths").counts | [.L2, .L3]')"
is 'who set what nobody asked for' null "$(asks 'select(.name == "user").from')"
is 'a line a call' "$methods" "$(jq -r 'select(.type == "call").method' "$W/out" | paste -sd' ')"
is 'the last line is the summary' '[9,0,false,[],[]]' "$(tail -n 1 "$W/out" | jq -c '[.calls, .failed, .cut_short, .left, .leaks]')"
is 'the origin of a value' '["cri","linux.resources.cpu_shares"]' \
	"$(asks 'select(.method == "CreateContainer").config.origins["linux.resources.cpu.shares"] | [.from, .field]')"
is 'every value is plumb' true "$(jq -s 'map(select(.type == "value")) | length > 28 and all(.plumb)' "$W/out")"
[ -z "$recorded" ] || is 'commands of the runtime end well' '[0]' \
	"$(jq -sc 'map(.commands[]? | select(.kind == "runtime").code) | unique' "$W/out")"

# A case of the suite has a pod too.
flow cri/resources/quota_and_period_of_the_processor
is 'the pod of a case is told' 0 "$code"
check 'with what it asks for' says out 'cpu_quota: 25000'
flow oci/lifecycle/start_runs_the_program
is 'a case without a pod is refused' 2 "$code"
flow 'cri/resources/*'
is 'many pods are refused' 2 "$code"
check 'by a sentence' says err 'one pod at a time'
flow cri/nothing
is 'a case that is not there' 4 "$code"
flow --cri "$W/no-such-server"
is 'a server that is not there' 2 "$code"

# The runtime breaks: the story ends with the call that failed, and says what was said.
cat > "$W/broken" << END
#!/bin/sh
for word; do case \$word in create) echo 'no container today' >&2; exit 1 ;; esac; done
exec '$bin/plumbline-oci' "\$@"
END
chmod +x "$W/broken"
flow --runtime "$W/broken"
is 'a call that fails is an exit code of its own' 1 "$code"
check 'its status and sentence are told' says out 'L2 refuses  UNKNOWN: .*no container today'
check 'and that the story ends there' says out 'the last call failed'
is 'nothing is told behind it' StartContainer "$(grep -oE '^── [0-9]+ [A-Za-z]+' "$W/out" | tail -n 1 | awk '{ print $3 }')"
check 'what it left went with the pod' says out 'All of it went when the pod was stopped and removed'
flow --runtime "$W/broken" --json
is 'the summary counts it' 1 "$(tail -n 1 "$W/out" | jq .failed)"
check 'a story cut short is what the schema says' valid
# Nobody behind the server.
printf '#!/bin/sh\nexit 3\n' > "$W/mute" && chmod +x "$W/mute"
flow --runtime "$W/mute"
is 'a runtime that does nothing ends the story too' 1 "$code"
check 'at the first call that needs it' says out 'L2 refuses  UNKNOWN: sandbox .*: pause: '

# Pods that ask for what does not go with the first.
flow flow/node
is 'a pod of the node comes to its end' 0 "$code"
check 'its story is 80 columns wide' fits
check 'whose namespaces it has' says out '^✓ processes  *NODE  *not listed  *[a-z-]*  *node.s$'
check 'that it is privileged' says out '^✓ privileged  *true  *[0-9]* caps'
check 'what it sees of later mounts' says out '^✓ propagation  */data=slave  *rslave '
check 'that it has a terminal' says out '^✓ terminal  *true  *true  *-  *true$'
check 'that no filter was asked for' says out '^✓ system calls  *Unconfined  *none '
check 'what nobody asked for is the default' says out '^✓ group  *default  *0 '
flow flow/limits
if [ "$code" = 3 ]; then
	skip 'a pod with limits' "$(head -n 1 "$W/err")"
else
	is 'a pod with limits comes to its end' 0 "$code"
	check 'the processors are followed' says out '^✓ processors  *0  *0  *[a-z.=0-9-]*  *0$'
	check 'and swap' says out '^✓ memory and swap  *134217728  *134217728 '
fi
flow cri/userns/root_is_another_user_of_the_node
[ "$code" = 3 ] || check 'a map of ids is followed' says out '^✓ user ids '

# A mistake on purpose is shown where it happens.
flow --fault cri-run-as-user-ignored
is 'a value that is lost is an exit code' 1 "$code"
check 'the mistake is named' says out '^  mistake  cri-run-as-user-ignored, on purpose: '
check 'a value is lost in config.json' says out '^✗ user  *1000  *0  '
check 'and the rung is named' says out '^  *leaves the line at L3$'
check 'others are not' says out '^✓ memory '
flow --fault limits-skipped --json
lost_at=L5
[ -z "$recorded" ] || lost_at=L4
is 'a value is lost by the runtime' "\"$lost_at\"" "$(asks 'select(.name == "memory").leaves_at')"
is 'and counted' "[4,true]" "$(tail -n 1 "$W/out" | jq -c '[.off_the_line, .cut_short == false]')"
check 'a story with a mistake is what the schema says' valid
# A mistake, where it shows, in which value, and what of it is lost.
while read -r fault rung name what; do
	flow --fault "$fault" --json < /dev/null
	[ "$rung" != L4 ] || [ "$recorded" ] || rung=L5
	is "$fault: exactly that leaves the line" "[\"$(echo "$name" | tr _ ' ')\",\"$rung\",\"$what\"]" \
		"$(jq -sc 'map(select(.leaves_at)) | map([.name, .leaves_at, .lost[]]) | add' "$W/out")"
	check "$fault: its story is what the schema says" valid
done << 'END'
cri-supplemental-groups-lost L3 more_groups 3000","3001
cri-hostname-ignored L3 host_name web-0
cri-device-access-whole L3 device_access /dev/own=r
cri-log-elsewhere L5 log probe.log
masked-paths-forget-the-last L4 masked_paths /sys/firmware
mount-ignores-ro L4 read-only_mounts /data=ro
namespace-pid-missing L4 processes CONTAINER
env-dropped L5 environment GREETING=hello
cwd-ignored L5 working_directory /tmp
END
flow flow/node --fault mount-ignores-propagation --json
[ -z "$recorded" ] || is 'a propagation that the runtime loses' '["propagation","L4","/data=slave"]' \
	"$(jq -sc 'map(select(.leaves_at)) | map([.name, .leaves_at, .lost[]]) | add' "$W/out")"
flow --fault masked-paths-forget-the-last
[ -z "$recorded" ] || check 'of many the one is named' says out '^  *leaves the line at L4: /sys/firmware$'
flow --fault no-such-mistake
is 'a mistake that is not there' 2 "$code"
flow --fault limits-skipped -o "$W/wrong"
is 'a mistake is not kept' 2 "$code"

# Where nothing can be recorded the rest is told.
flow --record off
is 'a story without kernel calls' 0 "$code"
check 'says why they are missing' says out 'its calls are not recorded (asked for by --record off)'
check 'and has the other rungs' says out '^✓ CPU shares  *512  *512  *-  *512$'
if tests/e2e/without-bpf.py true; then
	TMPDIR=$W/tmp timeout 120 tests/e2e/without-bpf.py "$plumbline" flow > "$W/out" 2> "$W/err" < "$W/nothing"
	is 'where bpf(2) is refused a pod is told' 0 "$?"
	tr -s ' \n' '  ' < "$W/out" > "$W/unwrapped"
	check 'with the reason' says unwrapped 'its calls are not recorded (load .*refuses it'
	TMPDIR=$W/tmp timeout 120 tests/e2e/without-bpf.py "$plumbline" flow --record on > "$W/out" 2> "$W/err" < "$W/nothing"
	is 'unless they are demanded' 3 "$?"
else
	skip 'where bpf(2) is refused' 'no seccomp filter can be installed here'
fi

# What is kept can be looked at again.
flow -o "$W/kept"
check 'the recording is kept' test -s "$W/kept/plumbline-cri/recordings/flow/one_pod.rec" -o -z "$recorded"
check 'the observation is kept' test -s "$W/kept/plumbline-cri/observations/flow/one_pod.json"
cp "$W/out" "$W/first"
flow "$W/kept"
is 'what is kept is told once more' 0 "$code"
check 'in the same words' cmp "$W/first" "$W/out"
flow "$W/kept" cri/nothing
is 'a pod that was not kept' 2 "$code"
if [ "$recorded" ]; then
	truncate -s 1000 "$W/kept/plumbline-cri/recordings/flow/one_pod.rec"
	flow "$W/kept"
	is 'a recording that is cut short' 8 "$code"
fi
is 'nothing else is left behind' '' "$(ls "$W/tmp")"

if ! command -v containerd > /dev/null || ! command -v crun > /dev/null; then
	skip 'another server' 'containerd or crun is not installed'
	exit 0
fi
flow --cri containerd --runtime crun
is 'a pod on containerd and crun comes to its end' 0 "$code"
check 'its story is 80 columns wide' fits
check 'it says that there are no origins' says out 'This server does not tell where'
check 'a value is compared instead' says out '= request '
check 'the value that was asked for is found' says out 'linux.resources.cpu.shares: 512  *<- cpu_shares$'
[ -z "$recorded" ] || check 'it is followed all the way' says out '^✓ CPU shares  *512  *512  *cpu.shares=512  *512$'
[ -z "$recorded" ] || check 'the shim is told' says out 'containerd-shim-runc-v2 -namespace'
check 'nothing of it is left' says out '^  Nothing: no process'
flow --cri containerd --runtime crun --json
check 'its JSON is what the schema says' valid
is 'no origin is made up' 'false []' "$(asks 'select(.type == "flow").origins') $(jq -sc 'map(.config?.origins? // empty)' "$W/out")"
