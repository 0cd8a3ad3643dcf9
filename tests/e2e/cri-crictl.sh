#!/bin/sh
# The life of a pod in plumbline-cri as crictl has it: `make peers` builds crictl.
# shellcheck source=tests/e2e/cri-life-lib.sh
. "$(dirname "$0")/cri-life-lib.sh"
CRICTL=$(command -v crictl || ls "$(go env GOPATH 2> /dev/null)/bin/crictl" 2> /dev/null)
[ -n "$CRICTL" ] || { skip 'the life of a pod by crictl' 'needs crictl, which make peers builds' && exit; }
# shellcheck disable=SC2154 # the library sets them
server_start --network builtin --import "$W/box.tar" || { not_ok 'the server starts' "$(tail -n 1 "$W/log")" && exit; }
: > "$W/crictl.yaml"
crictl() { HOME=$W "$CRICTL" -c "$W/crictl.yaml" -r "unix://$socket" -i "unix://$socket" -t 20s "$@" 2> "$W/err"; }
cat > "$W/pod" << POD
{ "metadata": { "name": "web", "namespace": "default", "uid": "u1", "attempt": 1 }, "log_directory": "$W/logs", "hostname": "web",
  "labels": { "app": "web" }, "linux": { "cgroup_parent": "/pods" } }
POD
cat > "$W/box" << CONTAINER
{ "metadata": { "name": "box" }, "image": { "image": "docker.io/library/box:1" }, "command": ["sh", "-c", "echo hello; exec sleep 100"],
  "log_path": "box.log", "linux": { "resources": { "memory_limit_in_bytes": 67108864 } } }
CONTAINER

p=$(crictl runp "$W/pod")
is 'runp' SANDBOX_READY "$(crictl inspectp "$p" | value status.state)$(cat "$W/err")"
is 'pods finds it by its label' "$p" "$(crictl pods -q --label app=web)"
is 'and not by another' '' "$(crictl pods -q --label app=other)"
c=$(crictl create "$p" "$W/box" "$W/pod")
is 'create' CONTAINER_CREATED "$(crictl inspect "$c" | value status.state)$(cat "$W/err")"
is 'start, by the beginning of its id' "$(printf %.13s "$c")" "$(crictl start "$(printf %.13s "$c")")$(cat "$W/err")"
is 'ps' "$c" "$(crictl ps -q --name box)"
is 'exec' web "$(crictl exec -s "$c" hostname)"
logged() { [ "$(crictl logs "$c")" = hello ]; }
check 'logs' until_true logged
is 'update' "$c" "$(crictl update --memory 33554432 "$c")"
is 'which the status has' 33554432 "$(crictl inspect "$c" | value status.resources.linux.memoryLimitInBytes)"
is 'stop' "$c" "$(crictl stop -t 10 "$c")"
is 'which ends it' '143' "$(crictl inspect "$c" | value status.exitCode)"
check 'rm' crictl rm "$c"
is 'stopp' 1 "$(crictl stopp "$p" | grep -c "$p")"
is 'which leaves it not ready' SANDBOX_NOTREADY "$(crictl inspectp "$p" | value status.state)"
is 'rmp' 1 "$(crictl rmp "$p" | grep -c "$p")"
is 'nothing is listed' '' "$(crictl pods -q)$(crictl ps -a -q)"
server_stop
is 'nothing is left' '' "$(census)"
