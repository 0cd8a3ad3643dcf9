#!/bin/sh
# buildah with the runtime given: buildah.sh RUNTIME, inside a world.
caller=buildah
# shellcheck source=tests/callers/lib.sh
. "$(dirname "$0")/lib.sh"

buildah() { command buildah --root "$W/root" --runroot "$W/runroot" --storage-driver vfs "$@"; }
run() { buildah run --runtime "$runtime" --isolation oci --network none "$@"; }

make_image
container=$(buildah from --name work scratch 2>&1)
is 'begins from nothing' work "$container"
check 'adds files' buildah add work "$W/image.tar" /
is 'runs a command' hello "$(run work echo hello 2>&1)"
run work sh -c 'exit 42' > /dev/null 2>&1
is 'hands the exit code on' 42 $?
check 'changes the image' run work sh -c 'echo built > /made'
is 'what was changed stays' built "$(run work cat /made 2>&1)"
is 'runs as another user' 1000 "$(run --user 1000 work id -u 2>&1)"
is 'runs in a terminal' /dev/pts/0 "$(terminal_of "buildah --root $W/root --runroot $W/runroot --storage-driver vfs run --runtime $runtime --isolation oci --network none -t work tty")"
check 'commits' buildah commit work made
printf 'FROM localhost/made\nRUN cat /made > /copy && test "$(id -u)" = 0\nUSER 1000\nRUN test "$(id -u)" = 1000\n' > "$W/Containerfile"
check 'builds from a file' buildah bud --runtime "$runtime" --isolation oci --network none -f "$W/Containerfile" -t built "$W"
check 'removes it' buildah rm work
nothing_left '*'
