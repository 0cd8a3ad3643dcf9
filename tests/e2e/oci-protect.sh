#!/bin/sh
# The reference runtime's own program file, as a hook in the container reaches it: CVE-2019-5736.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

# Before start the container's first process is still the runtime's program. The hook keeps it open and tries to open it
# for writing until nobody executes it any more, which is when the kernel would no longer refuse: as the advisory's exploit.
cat > "$W/curious" <<'S'
exec 3< /proc/1/exe
stat -L -c %i /proc/self/fd/3 > /m/which
(
	tries=0
	until (: >> /proc/self/fd/3) 2> /m/now || ! grep -q busy /m/now || [ $tries = 20000 ]; do tries=$((tries + 1)); done
	mv /m/now /m/said
) > /dev/null 2>&1 &
S
hook='s|^"root"|"hooks": { "startContainer": [{ "path": "/bin/sh", "args": ["sh", "/m/curious"], "env": ["PATH=/bin"] }] }, &|;'
bundle protected "$hook"
cp "$W/curious" "$W/protected/rootfs/m/"
ln -s busybox "$W/protected/rootfs/bin/grep"
ln -s busybox "$W/protected/rootfs/bin/mv"
check 'a container with a curious hook is made' oci create -b "$W/protected" protected
check 'and started' oci start protected
tries=0
until [ -e "$W/protected/rootfs/m/said" ] || [ $tries = 2000000 ]; do
	tries=$((tries + 1))
done
is 'the hook saw the file of the runtime' "$(stat -c %i "$runtime")" "$(cat "$W/protected/rootfs/m/which")"
case $(cat "$W/protected/rootfs/m/said") in
*'Read-only file system'*) ok 'it is on a read-only mount' ;;
*) not_ok 'it is on a read-only mount' "the shell said: $(cat "$W/protected/rootfs/m/said")" ;;
esac
oci delete --force protected
case $(findmnt -rn -o TARGET) in
*plumbline-oci*) not_ok 'nobody sees that mount' "$(findmnt -rn -o TARGET | grep plumbline-oci)" ;;
*) ok 'nobody sees that mount' ;;
esac
is 'nor the mark that stops a second protection' '' \
	"$(bundle env "$(args '"/bin/sh", "-c", "set"')" && oci run -b "$W/env" env < /dev/null | grep PROTECTED)"

# Without the privilege to make a mount a sealed copy does: it gets as far as the bundle that is not there.
setpriv --bounding-set -sys_admin "$runtime" --root "$W/state" create -b "$W/nowhere" nobody 2> "$W/err"
is 'without CAP_SYS_ADMIN it is protected too' "plumbline-oci: bundle $W/nowhere: No such file or directory" "$(cat "$W/err")"
