#!/bin/sh
# The reference runtime's own program file, as a hook in the container reaches it: CVE-2019-5736.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

# Before start the container's first process is still the runtime's program: what a hook gets hold of now it could write to
# later, as the advisory's exploit does.
cat > "$W/curious" <<'S'
stat -L -c '%i %s' /proc/1/exe > /m/which
S
hook='s|^"root"|"hooks": { "startContainer": [{ "path": "/bin/sh", "args": ["sh", "/m/curious"], "env": ["PATH=/bin"] }] }, &|;'
bundle protected "$hook"
cp "$W/curious" "$W/protected/rootfs/m/"
check 'a container with a curious hook is made' oci create -b "$W/protected" protected
check 'and started' oci start protected
case $(cat "$W/protected/rootfs/m/which") in
"$(stat -c %i "$runtime") "*) not_ok 'the hook did not see the file of the runtime' 'it has its inode' ;;
*' 0') ok 'the hook did not see the file of the runtime' ;;
*) not_ok 'the hook did not see the file of the runtime' "it saw $(cat "$W/protected/rootfs/m/which")" ;;
esac
oci delete --force protected

# `run` does not copy its memory: what is mapped of the file is behind a read-only mount, for the most privileged too. Opening for
# writing would tell nothing here: a program that runs is busy. Some parts go while they are looked at, and touch -c minds nothing.
cat > "$W/curious" <<'S'
stat -L -c '%i %s' /proc/1/exe > /m/which
for part in /proc/1/map_files/*; do
	touch -c "$part" 2>&1 && [ -e "$part" ] && echo "touched $part"
done > /m/tried
exit 0
S
bundle run "$(args '"/bin/true"')$hook"
cp "$W/curious" "$W/run/rootfs/m/"
check 'a container with a curious hook runs' oci run -b "$W/run" run < /dev/null
is 'its link leads to an empty file' 0 "$(cut -d ' ' -f 2 "$W/run/rootfs/m/which")"
not_its() { [ "$(cut -d ' ' -f 1 "$W/run/rootfs/m/which")" != "$(stat -c %i "$runtime")" ]; }
check 'which is not the file of the runtime' not_its
case $top in
# The world lays an overlay there. Its file is not the one that the kernel has mapped, so the program copies its memory.
/tmp/* | /run/* | /var/*) is 'on an overlay no part of the file is mapped' '' "$(cat "$W/run/rootfs/m/tried")" ;;
*) check 'parts of the file are mapped' grep -q map_files "$W/run/rootfs/m/tried" ;;
esac
is 'and none can be changed' '' "$(grep -v 'Read-only file system' "$W/run/rootfs/m/tried")"
# Where others can see init before it has hidden, or its mounts would stay: the program is hidden before.
sed -i 's/{ "type": "pid" }, //' "$W/run/config.json"
sed -i 's|/proc/1/|/proc/$PPID/|' "$W/run/rootfs/m/curious"
check 'a container without a pid namespace runs' oci run -b "$W/run" run < /dev/null
is 'and its link leads to an empty file too' 0 "$(cut -d ' ' -f 2 "$W/run/rootfs/m/which")"
bundle inside "$(args '"/bin/true"')$hook"
cp "$W/curious" "$W/inside/rootfs/m/"
cp "$runtime" "$W/inside/rootfs/m/runtime"
check 'a runtime that lies in the root runs' "$W/inside/rootfs/m/runtime" --root "$W/state" run -b "$W/inside" inside < /dev/null
is 'and its link leads to an empty file as well' 0 "$(cut -d ' ' -f 2 "$W/inside/rootfs/m/which")"
is 'none of it is mapped' '' "$(grep -v 'map_files/\*' "$W/inside/rootfs/m/tried")"

is 'nobody sees the mark that stops a second protection' '' \
	"$(bundle env "$(args '"/bin/sh", "-c", "set"')" && oci run -b "$W/env" env < /dev/null | grep PROTECTED)"

# Without the privilege to change the link a sealed copy does: it gets as far as the bundle that is not there.
setpriv --bounding-set -sys_admin,-sys_resource,-checkpoint_restore "$runtime" --root "$W/state" create -b "$W/nowhere" nobody 2> "$W/err"
is 'without privileges it is protected too' "plumbline-oci: bundle $W/nowhere: No such file or directory" "$(cat "$W/err")"
setpriv --bounding-set -sys_admin,-sys_resource,-checkpoint_restore "$runtime" --root "$W/state" run -b "$W/env" nobody 2> "$W/err"
is 'and so is run' 'plumbline-oci: clone init: Operation not permitted' "$(cat "$W/err")"
