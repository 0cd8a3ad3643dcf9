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
is 'nobody sees the mark that stops a second protection' '' \
	"$(bundle env "$(args '"/bin/sh", "-c", "set"')" && oci run -b "$W/env" env < /dev/null | grep PROTECTED)"

# Without the privilege to change the link a sealed copy does: it gets as far as the bundle that is not there.
setpriv --bounding-set -sys_admin,-sys_resource,-checkpoint_restore "$runtime" --root "$W/state" create -b "$W/nowhere" nobody 2> "$W/err"
is 'without privileges it is protected too' "plumbline-oci: bundle $W/nowhere: No such file or directory" "$(cat "$W/err")"
