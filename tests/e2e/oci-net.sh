#!/bin/sh
# linux.netDevices of the reference runtime: config-linux.md#network-devices, on the two ends of veth pairs.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

ip link add a0 type veth peer name a1 2> "$W/why" || { skip 'network devices' "no veth: $(cat "$W/why")" && exit 0; }
# of ID COMMAND...: ip(8) in the container's network namespace.
of() {
	pid=$(oci state "$1" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
	shift
	nsenter -t "$pid" -n ip "$@"
}
field() { sed -n "s|.*$1 \([^ ]*\).*|\1|p"; }

ip link set a0 address 02:00:00:00:00:07 mtu 1400
ip link set a1 up
ip link set a0 up
ip addr add 10.9.0.1/24 dev a0 label a0:x
ip addr add 10.9.0.2/32 dev a0 valid_lft 1000 preferred_lft 1000
ip addr add 169.254.3.3/16 scope link dev a0
ip -6 addr add 2001:db8::7/64 dev a0 nodad
bundle moved "$(linux '"netDevices": { "a0": { "name": "eth0" } }')"
check 'a device is moved at create' oci create -b "$W/moved" moved
is 'it is gone from the host' '' "$(ip -o link show a0 2> /dev/null)"
link=$(of moved -o link show eth0)
is 'it has its new name and its MTU' 1400 "$(echo "$link" | field mtu)"
is 'it keeps its hardware address' 02:00:00:00:00:07 "$(echo "$link" | field link/ether)"
case $link in *'<'*UP*'>'*) ok 'it is up' ;; *) not_ok 'it is up' "$link" ;; esac
is 'permanent global IPv4 addresses come along, others do not' '10.9.0.1/24' \
	"$(of moved -o -4 addr show eth0 | field inet)"
is 'so do those of IPv6' 2001:db8::7/64 "$(of moved -o -6 addr show eth0 scope global | field inet6)"
check 'deleting it is nothing special' oci delete --force moved
# A veth ends with its namespace, which ends a moment after its last process.
tries=0
while ip link show a1 > /dev/null 2>&1 && [ $tries -lt 500 ]; do tries=$((tries + 1)); done
is 'a virtual device ends with the namespace' '' "$(ip -o link show a1 2> /dev/null)"

ip link add b0 type veth peer name b1
bundle kept "$(linux '"netDevices": { "b0": {}, "b1": { "name": "two%d" } }')"
check 'two devices, one under its old name, one by a template' oci create -b "$W/kept" kept
is 'both are there' 'b0 two0' "$(of kept -o link show type veth | sed 's/^[0-9]*: \([a-z0-9]*\).*/\1/' | sort | paste -sd' ')"
oci delete --force kept

ip link add c0 type veth peer name c1
ip netns add taken
ip -n taken link add eth0 type bridge
bundle taken "$(linux '"netDevices": { "c0": { "name": "eth0" } }')s|{ \"type\": \"network\" }|{ \"type\": \"network\", \"path\": \"/run/netns/taken\" }|"
oci create -b "$W/taken" taken 2> "$W/err"
is 'a name that is taken inside is refused' 1 $?
is 'with a sentence' 1 "$(grep -c 'linux.netDevices\[c0\]: the container has a device eth0 already' "$W/err")"
check 'and the device stays where it was' ip link show c0
bundle joined "$(linux '"netDevices": { "c0": { "name": "eth1" } }')s|{ \"type\": \"network\" }|{ \"type\": \"network\", \"path\": \"/run/netns/taken\" }|"
check 'a joined namespace gets devices too' oci create -b "$W/joined" joined
oci delete --force joined
check 'and they stay in it after delete' ip -n taken link show eth1

bundle missing "$(linux '"netDevices": { "nowhere": {} }')"
oci create -b "$W/missing" missing 2> "$W/err"
is 'a device that is not there is refused' '1 1' "$? $(grep -c 'linux.netDevices\[nowhere\]' "$W/err")"
bundle lo "$(linux '"netDevices": { "lo": { "name": "other" } }')"
oci create -b "$W/lo" lo 2> "$W/err"
is 'a device that cannot be moved is refused' '1 1' "$? $(grep -c 'linux.netDevices\[lo\]' "$W/err")"
bundle shared "$(linux '"netDevices": { "c1": {} }')s|{ \"type\": \"network\" }|{ \"type\": \"network\", \"path\": \"/proc/self/ns/net\" }|"
oci create -b "$W/shared" shared 2> "$W/err"
is 'the namespace of the host is no place to move to' '1 1' "$? $(grep -c 'shares the runtime.s network namespace' "$W/err")"
is 'nothing of the refused ones is left' '' "$(ls "$W/state")"
