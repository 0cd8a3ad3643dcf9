#!/bin/sh
# A private docker daemon with the runtime given: docker.sh RUNTIME, inside a world.
caller=docker
# shellcheck source=tests/callers/lib.sh
. "$(dirname "$0")/lib.sh"

docker() { /usr/bin/docker -H "unix://$W/docker.sock" "$@"; }
state_of() { docker inspect -f '{{.State.Status}}' "$1" 2>&1; }

printf '{ "runtimes": { "tested": { "path": "%s" } } }\n' "$runtime" > "$W/daemon.json"
mkdir -p "$W/home"
PATH=$PATH:/usr/sbin dockerd --config-file "$W/daemon.json" --bridge=none --iptables=false --ip6tables=false \
	--exec-opt native.cgroupdriver=cgroupfs --storage-driver vfs --data-root "$W/data" --exec-root "$W/exec" \
	--pidfile "$W/docker.pid" --host "unix://$W/docker.sock" --default-runtime tested > "$W/dockerd.log" 2>&1 &
daemon=$!
if ! until_true docker version; then
	not_ok 'the daemon starts' "$(grep -v level=info "$W/dockerd.log" | tail -n 2)"
	exit
fi
run() { docker run --network none "$@"; }

make_image
check 'imports an image' docker import "$W/image.tar" box
is 'runs a command' hello "$(run --rm box echo hello 2>&1)"
run --rm box sh -c 'exit 42' > /dev/null 2>&1
is 'hands the exit code on' 42 $?
run --rm box /no/such/program > /dev/null 2>&1
is 'a program that is not there is 127' 127 $?
run --rm box /etc > /dev/null 2>&1
is 'a program that cannot be executed is 126' 126 $?
is 'runs in a terminal' /dev/pts/0 "$(terminal_of "/usr/bin/docker -H unix://$W/docker.sock run --network none --rm -it box tty")"

check 'starts in the background' run -d --name one --memory 64m --pids-limit 20 box \
	sh -c 'trap "exit 3" TERM; while :; do sleep 1 & wait; done'
is 'sees it running' running "$(state_of one)"
is 'executes a command in it' plumb "$(docker exec one echo plumb 2>&1)"
docker exec one sh -c 'exit 7' > /dev/null 2>&1
is 'hands the exit code of exec on' 7 $?
docker exec one /no/such/program > /dev/null 2>&1
is 'exec of nothing is 127 or 126' yes "$(case $? in 126 | 127) echo yes ;; esac)"
is 'executes in a terminal' /dev/pts/0 "$(terminal_of "/usr/bin/docker -H unix://$W/docker.sock exec -it one tty")"
id=$(docker inspect -f '{{.Id}}' one)
is 'limits memory' 67108864 "$(cat "/sys/fs/cgroup/memory/docker/$id/memory.limit_in_bytes")"
is 'limits pids' 20 "$(cat "/sys/fs/cgroup/pids/docker/$id/pids.max")"
like 'shows statistics' '64MiB [1-9]' "$(docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' one 2>&1)"
like 'shows the processes' 'sleep 1' "$(docker top one 2>&1)"
check 'pauses' docker pause one
is 'sees it paused' paused "$(state_of one)"
check 'resumes' docker unpause one
check 'updates the limits' docker update --memory 32m --memory-swap -1 one
is 'to the new value' 33554432 "$(cat "/sys/fs/cgroup/memory/docker/$id/memory.limit_in_bytes")"
check 'stops it by its signal' docker stop -t 8 one
is 'and learns how it ended' 3 "$(docker inspect -f '{{.State.ExitCode}}' one)"
check 'starts it again' docker start one
check 'restarts it' docker restart -t 1 one
is 'and it runs' running "$(state_of one)"
check 'removes it' docker rm -f one
is 'nothing is left of it' '' "$(docker ps -a -q)"
kill $daemon
wait $daemon
nothing_left docker
