#!/bin/sh
# The reference runtime dies in front of a system call, any of them; the next delete --force leaves nothing. A sample of the
# calls; CRASH=all takes every one.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

crashes() {
	name=$1
	shift
	"$top/build/tests/crash" "$runtime" "$W/$name" "$W" "${CRASH:-sample}" "$@"
}
bundle plain
crashes plain

# Three processes instead of two, hooks on the way, and mounts that the parent opens.
ids='[{ "containerID": 0, "hostID": 0, "size": 65536 }]'
hook='[{ "path": "/bin/true" }]'
bundle rich "$(linux "\"uidMappings\": $ids, \"gidMappings\": $ids, \"timeOffsets\": { \"monotonic\": { \"secs\": 1 } }")
	s|{ \"type\": \"pid\" }|&, { \"type\": \"user\" }, { \"type\": \"time\" }, { \"type\": \"cgroup\" }|
	s|^\"root\"|\"hooks\": { \"createRuntime\": $hook, \"createContainer\": $hook, \"poststart\": $hook, \"poststop\": $hook }, &|
	s|^\({ \"destination\": \"/dev\".*\)$|\1, { \"destination\": \"/m\", \"type\": \"bind\", \"source\": \"$W\", \"options\": [\"rbind\", \"rshared\"] }|"
# Not through a pipe: its reader may start after the first census, and would be taken for what was left.
crashes rich create start run > "$W/rich.lines"
sed 's/^not ok /&rich: /;s/^ok /&rich: /' "$W/rich.lines"
