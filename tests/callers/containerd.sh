#!/bin/sh
# containerd and its shim with the runtime given, through ctr: containerd.sh RUNTIME, inside a world.
caller=containerd
# shellcheck source=tests/callers/lib.sh
. "$(dirname "$0")/lib.sh"

socket=$W/containerd.sock
ctr() { command ctr -a "$socket" "$@"; }
# --runc-binary is an option of `run`: the shim calls it for everything that follows.
run() { ctr run --snapshotter native --runc-binary "$runtime" --runc-root "$W/runc" "$@"; }
status_of() { ctr task ls 2>&1 | awk -v id="$1" '$1 == id { print $3 }'; }
is_in() { [ "$(status_of "$1")" = "$2" ]; }

cat > "$W/config.toml" <<TOML
version = 2
root = "$W/root"
state = "$W/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
	"io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$socket"
[ttrpc]
  address = "$socket.ttrpc"
TOML
containerd --config "$W/config.toml" > "$W/containerd.log" 2>&1 &
daemon=$!
until_true ctr version || not_ok 'containerd answers' "$(tail -n 2 "$W/containerd.log")"

# An OCI image from the same files, without a registry.
make_image
make_oci_layout "$W/image.tar" "$W/layout.tar" docker.io/library/box:1
image=docker.io/library/box:1
check 'imports an image' ctr image import --snapshotter native --no-unpack "$W/layout.tar"

is 'runs a command' hello "$(run --rm $image once echo hello 2>&1)"
run --rm $image code sh -c 'exit 42' > /dev/null 2>&1
is 'hands the exit code on' 42 $?
is 'runs in a terminal' /dev/pts/0 "$(terminal_of "ctr -a $socket run --snapshotter native --runc-binary $runtime \
	--runc-root $W/runc --rm -t $image terminal tty")"
like 'a program that is not there is told' 'no such file|not found' "$(run --rm $image none /no/such/program 2>&1)"

check 'starts in the background' run -d --memory-limit 67108864 $image one sleep 1000
is 'sees it running' RUNNING "$(status_of one)"
is 'executes a command in it' plumb "$(ctr task exec --exec-id a one echo plumb 2>&1)"
ctr task exec --exec-id b one sh -c 'exit 7' > /dev/null 2>&1
is 'hands the exit code of exec on' 7 $?
is 'executes in a terminal' /dev/pts/0 "$(terminal_of "ctr -a $socket task exec -t --exec-id c one tty")"
is 'limits memory' 67108864 "$(cat /sys/fs/cgroup/memory/default/one/memory.limit_in_bytes)"
like 'lists its processes' '^[0-9]+' "$(ctr task ps one 2>&1 | tail -n 1)"
like 'shows metrics' 'memory.usage_in_bytes +[1-9]' "$(ctr task metrics one 2>&1 | grep usage_in_bytes)"
check 'pauses' ctr task pause one
is 'sees it paused' PAUSED "$(status_of one)"
check 'resumes' ctr task resume one
is 'sees it running again' RUNNING "$(status_of one)"
check 'kills it' ctr task kill -s KILL one
check 'sees it stopped' until_true is_in one STOPPED
check 'deletes the task' ctr task delete one
check 'starts a new task of it' ctr task start -d one
is 'sees that one running' RUNNING "$(status_of one)"
ctr task kill -s KILL one > /dev/null 2>&1
until_true is_in one STOPPED
check 'deletes it' ctr task delete one
check 'deletes the container' ctr container delete one

# ctr has no word for pids: its own specification with one more limit, on the files of the image.
ctr oci spec | jq --arg root "$W/image" '.root.path = $root | .process.args = ["/bin/sleep", "1000"] | .linux.cgroupsPath = "/default/two" |
	.linux.resources += { pids: { limit: 20 }, memory: { limit: 33554432 } }' > "$W/two.json"
check 'starts one from a specification' ctr run -d --runc-binary "$runtime" --runc-root "$W/runc" --config "$W/two.json" two
is 'limits its pids' 20 "$(cat /sys/fs/cgroup/pids/default/two/pids.max)"
is 'and its memory' 33554432 "$(cat /sys/fs/cgroup/memory/default/two/memory.limit_in_bytes)"
like 'counts them' 'pids.current +1 *$' "$(ctr task metrics two 2>&1 | grep pids.current)"
ctr task kill -s KILL two > /dev/null 2>&1
check 'sees it stopped too' until_true is_in two STOPPED
check 'deletes its task' ctr task delete two
check 'deletes that container' ctr container delete two
is 'nothing is left of it' '' "$(ctr task ls -q; ctr container ls -q; ls "$W/runc/default" 2> /dev/null)"
kill $daemon
wait $daemon
nothing_left default
