#!/bin/sh
# Mounts of the reference runtime that need more than one mount call: id maps, copies, links on the way.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

# mounts JSON: an edit for bundle() that adds these mounts.
mounts() { printf 's|^\\({ "destination": "/dev".*\\)$|\\1, %s|;' "$1"; }
# shown NAME: what the program of the bundle prints.
shown() { oci run -b "$W/$1" "$1" 2> "$W/err" < /dev/null | paste -sd' '; }
maps='"uidMappings": [{ "containerID": 0, "hostID": 1000, "size": 10 }], "gidMappings": [{ "containerID": 0, "hostID": 2000, "size": 10 }]'

mkdir -p "$W/files/below"
touch "$W/files/of-root"
chown 3:4 "$W/files/below"
mount -t tmpfs -o mode=755 below "$W/files/below"
owners=$(args '"/bin/stat", "-c", "%u:%g", "/m/of-root", "/m/below"')
bind="\"destination\": \"/m\", \"type\": \"bind\", \"source\": \"$W/files\""

bundle idmap "$owners$(mounts "{ $bind, \"options\": [\"rbind\", \"idmap\"], $maps }")"
is 'idmap maps the mount and not what is mounted below' '1000:2000 0:0' "$(shown idmap)"
bundle ridmap "$owners$(mounts "{ $bind, \"options\": [\"rbind\", \"ridmap\"], $maps }")"
is 'ridmap maps both' '1000:2000 1000:2000' "$(shown ridmap)"
bundle implied "$owners$(mounts "{ $bind, \"options\": [\"rbind\"], $maps }")"
is 'the maps of a mount count without the option' '1000:2000 0:0' "$(shown implied)"
bundle byType "$owners$(mounts "{ \"destination\": \"/m\", \"type\": \"rbind\", \"source\": \"$W/files\", \"options\": [\"ridmap\"], $maps }")"
is 'the type rbind brings what is mounted below' '1000:2000 1000:2000' "$(shown byType)"
bundle fs "$(args '"/bin/stat", "-c", "%u:%g", "/m"')$(mounts "{ \"destination\": \"/m\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": [\"mode=755\"], $maps }")"
is 'a new file system can be mapped too' '1000:2000' "$(shown fs)"

unshare --user sleep 1000 &
holder=$!
until grep -q . "/proc/$holder/uid_map" 2> /dev/null || ! echo '0 5000 100' > "/proc/$holder/uid_map" 2> /dev/null; do :; done
until [ "$(readlink "/proc/$holder/ns/user")" != "$(readlink /proc/self/ns/user)" ]; do :; done
grep -q . "/proc/$holder/uid_map" || echo '0 5000 100' > "/proc/$holder/uid_map"
echo '0 6000 100' > "/proc/$holder/gid_map"
bundle joined "$owners$(mounts "{ $bind, \"options\": [\"bind\", \"idmap\"] }")s|{ \"type\": \"pid\" }|&, { \"type\": \"user\", \"path\": \"/proc/$holder/ns/user\" }|"
chmod -R a+rX "$W/joined"
is 'without maps of its own a mount gets those of the joined user namespace' '0:0' "$(shown joined | cut -d' ' -f1)"
kill "$holder"
bundle none "$(mounts "{ $bind, \"options\": [\"bind\", \"idmap\"] }")"
oci run -b "$W/none" none 2> "$W/err"
is 'no maps anywhere is an error' '1 1' "$? $(grep -c 'mounts\[2\] at /m: option idmap' "$W/err")"

bundle copied "$(args '"/bin/ls", "-ln", "/etc"')$(mounts '{ "destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"] }')"
mkdir "$W/copied/rootfs/etc"
echo hello > "$W/copied/rootfs/etc/file"
chmod 4751 "$W/copied/rootfs/etc/file"
chown 7:8 "$W/copied/rootfs/etc/file"
chmod 4751 "$W/copied/rootfs/etc/file"
is 'tmpcopyup copies mode and owner' '-rwsr-x--x 7 8' "$(shown copied | sed 's/.*\(-rws[-rwxs]*\) *1 *\([0-9]*\) *\([0-9]*\) .*/\1 \2 \3/')"
bundle uncopied "$(mounts "{ $bind, \"options\": [\"bind\", \"tmpcopyup\"] }")"
oci run -b "$W/uncopied" uncopied 2> "$W/err"
is 'tmpcopyup of anything but a tmpfs is an error' '1 1' "$? $(grep -c 'option tmpcopyup' "$W/err")"

bundle link ''
mkdir "$W/link/rootfs/elsewhere"
rmdir "$W/link/rootfs/proc"
ln -s /elsewhere "$W/link/rootfs/proc"
oci create -b "$W/link" link 2> "$W/err"
is 'proc is not mounted behind a link' '1 1' "$? $(grep -c 'mounts\[0\] at /proc: a symbolic link' "$W/err")"
bundle relative "$(args '"/bin/cat", "/a/b/x"')$(mounts "{ \"destination\": \"a/b\", \"type\": \"bind\", \"source\": \"src\", \"options\": [\"bind\"] }")"
mkdir "$W/relative/src"
echo found > "$W/relative/src/x"
is 'relative paths: the destination from /, the source from the bundle' found "$(shown relative)"
is 'nothing is left' '' "$(ls "$W/state")"
