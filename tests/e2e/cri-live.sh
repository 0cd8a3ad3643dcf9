#!/bin/sh
# plumbline test --cri unix://SOCKET: cases at a server that runs already, with pods of somebody else at it. What a run makes there is gone
# afterwards, whatever happened to it; what it refuses to drive it says in a sentence.
# shellcheck source=tests/e2e/cri-lib.sh
. "$(dirname "$0")/cri-lib.sh"

# live SECONDS WORD...: plumbline test at $socket; its report is $W/out/report, its code $code
live() {
	seconds=$1
	shift
	timeout "$seconds" "$bin/plumbline" test --cri "unix://$socket" --out "$W/out" --json "$@" < /etc/hostname > "$W/lines" 2> "$W/said"
	code=$?
}
verdicts() { jq -r 'select(.verdict) | .verdict' "$W/lines" | sort | uniq -c | tr -s '\n ' ' ' | sed 's/^ //; s/ $//'; }
count() { jq -r "select(.verdict == \"$1\") | .id" "$W/lines" | wc -l; }
reason() { jq -r "select(.id == \"$1\") | .reason" "$W/lines"; }
pods() { call ListPodSandbox | jq -r '.items[].metadata.uid'; }
images() { call ListImages | jq -r '.images[].repo_tags[]'; }
has_pods() { pods | grep -q '^plumbline-'; }
# like NAME PATTERN OBSERVED: an extended regular expression
like() {
	if printf '%s\n' "$3" | grep -Eq -e "$2"; then ok "$1"; else not_ok "$1" "'$3' is not like '$2'"; fi
}
until_true() {
	end=$(($(date +%s) + 20))
	until "$@" > /dev/null 2>&1; do [ "$(date +%s)" -lt "$end" ] || return 1; done
}
# nothing_of_ours NAME
nothing_of_ours() {
	is "$1: no pod is left" "$others" "$(pods)"
	is "$1: no container is left" "${theirs:-}" "$(call ListContainers | jq -r '.containers[].id')"
	is "$1: no image is left" "$here" "$(images)"
	is "$1: no directory is left" '' "$(ls -A /run/plumbline-live 2> /dev/null)"
	is "$1: no cgroup is left" '' "$(find /sys/fs/cgroup/*/ -maxdepth 1 -name 'plumbline-2*')"
	is "$1: no registry serves on" '' "$(cat /proc/[0-9]*/comm 2> /dev/null | grep plumbline-image)"
}

# Somebody's image, pod and container.
"$top/tests/cri/image.sh" "$W/box" local.test/box:1 @busybox
server_start --network builtin --import "$W/box" || { not_ok 'the server starts' "$(tail -n 1 "$W/log")" && exit; }
mkdir "$W/logs"
pod="{\"metadata\": {\"name\": \"theirs\", \"uid\": \"theirs\", \"namespace\": \"plumbline\"}, \"log_directory\": \"$W/logs\"}"
sandbox=$(call RunPodSandbox "{\"config\": $pod}" | jq -r .pod_sandbox_id)
theirs=$(call CreateContainer "{\"pod_sandbox_id\": \"$sandbox\", \"sandbox_config\": $pod, \"config\": {\"metadata\": {\"name\": \"probe\"},
	\"image\": {\"image\": \"local.test/box:1\"}, \"command\": [\"/bin/sh\", \"-c\", \"sleep 1000\"], \"log_path\": \"theirs.log\"}}" | jq -r .container_id)
call StartContainer "{\"container_id\": \"$theirs\"}" > "$W/started"
others=theirs here=local.test/box:1
state() { call ContainerStatus "{\"container_id\": \"$theirs\"}" | jq -r .status.state; }
is 'somebody has a container there' CONTAINER_RUNNING "$(state)"

# Images of ours, from our registry.
live 120 'cri/version' 'cri/sandbox/a_*' 'cri/lists' 'cri/resources/an_*' 'cri/recovery/its_log_goes_on'
is 'cases at a server that runs' 0 "$code"
is 'none of them is anything but passed or skipped' '' "$(jq -r 'select(.verdict and .verdict != "pass" and .verdict != "skip") | .id + ": " + .reason' "$W/lines")"
check 'most are passed' test "$(count pass)" -ge 25
is 'it says who the server is' 1 "$(grep -c 'plumbline-cri: unix://.*, plumbline-cri .*, profile plumbline-cri' "$W/said")"
is 'one that would end the server is skipped' 'needs a server of its own: it ends and starts the server' \
	"$(reason cri/recovery/its_log_goes_on)"
is 'one that counts all events is skipped' 'needs a server of its own: it counts the events of the whole server' \
	"$(reason cri/lists/events_tell_a_life)"
nothing_of_ours 'after a run'
is 'and theirs runs' CONTAINER_RUNNING "$(state)"

# An image of theirs, with the probe mounted into it.
live 60 'cri/mounts/a_host_*' cri/images/its_names_are_told --image local.test/box:1
is 'with an image that is there' '0: 3 pass 1 skip' "$code: $(verdicts)"
is 'one that needs its own is skipped' 'needs a server of its own: it looks at the image, and --image names one of yours' \
	"$(reason cri/images/its_names_are_told)"
live 60 cri/mounts/a_host_file_is_seen --image local.test/none:1
is 'an image that is not there' '6: the endpoint has no image local.test/none:1 during prepare' \
	"$code: $(reason cri/mounts/a_host_file_is_seen | sed 's/.*: //')"
nothing_of_ours 'after one with an image of theirs'

# Handlers.
live 60 cri/sandbox/a_whole_life --handler no-such
is 'a handler that is not there' '1: 1 fail' "$code: $(verdicts)"
like 'its name is what the server refuses' 'no-such' "$(jq -r '.observed // empty, .reason // empty' "$W/lines")"
nothing_of_ours 'after a refused handler'

# Interrupted while pods are there.
timeout 60 "$bin/plumbline" test 'cri/life' --cri "unix://$socket" --out "$W/int" < /etc/hostname > "$W/lines" 2> "$W/said" &
running=$!
check 'a run has pods' until_true has_pods
read -r child _ < "/proc/$running/task/$running/children"
kill -INT "$child"
wait $running
is 'it is interrupted' 7 $?
nothing_of_ours 'after an interruption'

# Killed, so that it could remove nothing; what lives meanwhile stays. Between two cases there is nothing to leave: once more, then.
killed_run() {
	"$bin/plumbline" clean --cri "$socket" > "$W/cleaned" 2>&1
	timeout 60 "$bin/plumbline" test 'cri/life' --cri "unix://$socket" --out "$W/killed" < /etc/hostname > "$W/lines" 2> "$W/said" &
	running=$!
	until_true has_pods
	"$bin/plumbline" clean --cri "$socket" > "$W/cleaned" 2>&1
	read -r child _ < "/proc/$running/task/$running/children"
	kill -KILL "$child"
	wait $running
	has_pods
}
check 'a killed run leaves pods' until_true killed_run
like 'clean leaves a run alone that lives' ': 0 pods and images of dead runs' "$(cat "$W/cleaned")"
cleaned() { "$bin/plumbline" clean --cri "$socket" > "$W/cleaned" 2>&1 && ! has_pods; }
check 'clean removes what it made' until_true cleaned
"$bin/plumbline" clean > "$W/cleaned" 2>&1
nothing_of_ours 'after a killed run'
is 'and theirs runs still' CONTAINER_RUNNING "$(state)"

# doctor
"$bin/plumbline" doctor --json --cri "$socket" > "$W/doctor"
is 'doctor finds nothing to mend' '0: ' "$?: $(jq -r 'select(.health != "ok") | .check' "$W/doctor")"
is 'and knows what is there' 'endpoint RuntimeReady NetworkReady handlers processes cgroup parent images' \
	"$(jq -r .check "$W/doctor" | tr '\n' ' ' | sed 's/ $//')"
nothing_of_ours 'after doctor'
server_stop

# A server with a mistake: the case that is about it fails, the one beside it does not.
socket=$W/faulty.sock others='' here='' theirs=''
PLUMBLINE_FAULT=cri-second-start-is-fine CRI=plumbline-cri-faulty server_start --root "$W/faulty" --state "$W/faulty-state" --network builtin
live 60 cri/life/a_second_start_is_an_error cri/life/an_exit_code_is_exact
is 'a faulty server is found out' '1: fail cri/life/a_second_start_is_an_error, pass cri/life/an_exit_code_is_exact' \
	"$code: $(jq -r 'select(.verdict) | .verdict + " " + .id' "$W/lines" | sort | tr '\n' ',' | sed 's/,$//; s/,/, /g')"
nothing_of_ours 'after a failed case'
server_stop

# What is no endpoint. A listener: it says nothing, or what is no answer.
cat > "$W/listen.py" << 'PY'
import socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(5)
listener.settimeout(1)
held, end = [], time.monotonic() + 60
while time.monotonic() < end:
    try:
        held.append(listener.accept()[0])
        if sys.argv[2] != "silent":
            held.pop().close()
    except TimeoutError:
        pass
PY
python3 "$W/listen.py" "$W/silent" silent &
silent=$!
python3 "$W/listen.py" "$W/rude" rude &
rude=$!
check 'two listeners are there' until_true test -S "$W/rude" -a -S "$W/silent"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$W/dead"
# refused NAME WORD CODE PATTERN
refused() {
	timeout 30 "$bin/plumbline" test cri/version --cri "$2" < /dev/null > "$W/lines" 2> "$W/said"
	is "$1" "$3, 1 line" "$?, $(wc -l < "$W/said") line"
	like "$1: it says so" "$4" "$(cat "$W/said")"
}
refused 'no socket there' "unix://$W/none" 2 "endpoint $W/none: No such file or directory"
refused 'a file' unix:///etc/hostname 2 'endpoint /etc/hostname: it is no socket'
refused 'another kind of address' tcp://127.0.0.1:1 2 'only unix:///PATH can be driven'
refused 'a path that is not absolute' unix://cri.sock 2 'expected an absolute path'
refused 'a socket of a server that has ended' "unix://$W/dead" 3 'nobody listens there'
refused 'one who does not answer' "unix://$W/silent" 3 'has not answered Version within 5000 ms'
refused 'one who speaks something else' "unix://$W/rude" 3 'it is no server of the CRI'
kill $silent $rude
timeout 20 "$bin/plumbline" prove cri/version --cri "unix://$W/silent" < /dev/null > "$W/lines" 2>&1
is 'prove needs a server of its own' 2 $?

# containerd, as Debian has it, with crun.
runtime=$(command -v crun)
if ! command -v containerd > /dev/null || [ -z "$runtime" ]; then
	skip 'cases at containerd' 'containerd or crun is not installed'
	exit
fi
socket=$W/containerd.sock others='' here=docker.io/library/pause:1 theirs=''
"$top/tests/cri/containerd-config.sh" "$W" "$runtime" native
mv "$W/cni/10-bridge.conflist" "$W/later"
containerd --config "$W/config.toml" > "$W/containerd.log" 2>&1 &
daemon=$!
check 'containerd answers' until_true call Version
"$bin/plumbline" doctor --json --cri "$socket" > "$W/doctor"
is 'doctor misses the network' '3: NetworkReady' "$?: $(jq -r 'select(.health != "ok") | .check' "$W/doctor")"
like 'and says how it is mended' 'CNI' "$(jq -r 'select(.check == "NetworkReady").fix' "$W/doctor")"
# Beside the bridge of the server above.
sed 's/"plumb0"/"plumb1"/; s/10\.123\./10.124./' "$W/later" > "$W/cni/10-bridge.conflist"
"$top/tests/cri/image.sh" -f tar -c '{"Cmd": ["/bin/busybox", "sleep", "100000"]}' "$W/pause.tar" "$here" @busybox
check 'it has an image for pods' ctr -a "$socket" -n k8s.io images import --snapshotter native "$W/pause.tar"
has_network() { "$bin/plumbline" doctor --json --cri "$socket" > "$W/doctor"; }
check 'then doctor finds nothing to mend' until_true has_network
live 120 'cri/version' 'cri/sandbox/a_*' 'cri/life/a_*' --handler tested
is 'cases at containerd' 0 "$code"
check 'most are passed' test "$(count pass)" -ge 20
like 'with the profile of its version' 'profile containerd, ' "$(cat "$W/said")"
nothing_of_ours 'after a run at containerd'
kill $daemon
wait $daemon
