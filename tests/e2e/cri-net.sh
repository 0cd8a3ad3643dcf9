#!/bin/sh
# Networks of sandboxes on a network of their own: Debian's CNI plugins, plugins that fail or hang, and the built-in bridge.
# shellcheck source=tests/e2e/oci-lib.sh disable=SC2016 # the inner shell expands
. "$(dirname "$0")/oci-lib.sh"

plugins=/usr/lib/cni
mkdir -p "$W/ns" "$W/conf" "$W/state" "$W/bin"
ip link add probe0 type veth peer name probe1 2> "$W/why" || { skip 'networks of sandboxes' "no veth: $(cat "$W/why")" && exit 0; }
ip link del probe0

net() { "$top/build/tests/cri-net" "$@"; }
# of NAME COMMAND...: in the network of the pinned namespace.
of() {
	path=$W/ns/$1
	shift
	nsenter --net="$path" "$@"
}
refused() { ! "$@" 2> "$W/err"; }

# Namespaces
check 'a namespace is made and pinned' net create "$W/ns/a"
is 'it is another one' no "$([ "$(stat -Lc %i "$W/ns/a")" = "$(stat -Lc %i /proc/self/ns/net)" ] && echo yes || echo no)"
case $(of a ip -o link show lo) in *'<'*UP*'>'*) ok 'its loopback is up' ;; *) not_ok 'its loopback is up' "$(of a ip -o link show lo)" ;; esac
is 'nothing else is in it' '' "$(of a ip -o link show type veth)"
check 'what is pinned is not pinned over' refused net create "$W/ns/a"
check 'it is unpinned' net unpin "$W/ns/a"
check 'once more is nothing' net unpin "$W/ns/a"
is 'no mount is left' 0 "$(grep -c "$W/ns/" /proc/self/mountinfo)"
is 'no file is left' '' "$(ls "$W/ns")"
check 'a user namespace comes first' net create "$W/ns/n" "$W/ns/u"
is 'its mapping is the one asked for' '0 100000 65536' "$(nsenter --user="$W/ns/u" cat /proc/self/uid_map | tr -s ' ' | sed 's/^ //')"
is 'it owns the network' yes "$(nsenter --user="$W/ns/u" --net="$W/ns/n" ip link set lo mtu 1400 && echo yes)"
net unpin "$W/ns/n" && net unpin "$W/ns/u"

# Without CNI: two sandboxes on the built-in bridge.
builtin() { net builtin "$W/conf" "$plugins" "$W/state" "$@"; }
net create "$W/ns/a" && net create "$W/ns/b"
is 'the built-in network is ready' ready "$(builtin ready)"
is 'an address for the first' 10.88.64.2 "$(builtin add a "$W/ns/a")"
is 'another for the second' 10.88.64.3 "$(builtin add b "$W/ns/b")"
check 'they reach each other' of a busybox ping -c 1 -W 5 10.88.64.3
check 'they reach the node' of b busybox ping -c 1 -W 5 10.88.64.1
check 'the node reaches them' busybox ping -c 1 -W 5 10.88.64.2
is 'the way out is the bridge' 'default via 10.88.64.1 dev eth0' "$(of a ip route show default | sed 's/ proto.*//; s/ *$//')"
check 'what is there is found' builtin check a "$W/ns/a"
check 'an interface of that name is told' refused builtin add d "$W/ns/a"
is 'and is left where it is' 10.88.64.2 "$(of a ip -o -4 addr show eth0 | sed 's/.*inet \([0-9.]*\).*/\1/')"
is 'its address is given back' 0 "$(grep -c '"d"' "$W/state/addresses.json")"
check 'the first goes' builtin del a "$W/ns/a"
check 'the second goes after its namespace' sh -c '"$1/build/tests/cri-net" unpin "$2/ns/b" && "$1/build/tests/cri-net" builtin "$2/conf" x "$2/state" del b ""' - "$top" "$W"
check 'again is nothing' builtin del a "$W/ns/a"
is 'no device is left but the bridge' '' "$(ip -o link show type veth)"
is 'no address is taken' '' "$(grep -oE '"10[0-9.]*": ?"' "$W/state/addresses.json")"
net unpin "$W/ns/a"
ip link del plumbline0

# Ports of the node. (The wget of a static busybox looks names up, for which it has no library.)
get() { printf 'GET / HTTP/1.0\r\n\r\n' | "$@" 2> /dev/null | tail -n 1; }
if command -v nft > /dev/null && nft list tables > /dev/null 2>&1; then
	net create "$W/ns/p" && net create "$W/ns/q"
	port='{"port_mappings": [{"container_port": 80, "host_port": 8080}, {"container_port": 9}]}'
	builtin add p "$W/ns/p" "$port" > "$W/out"
	mkdir -p "$W/www"
	echo hello > "$W/www/index.html"
	of p busybox httpd -f -p 80 -h "$W/www" &
	httpd=$!
	tries=0
	until of p busybox nc -z 127.0.0.1 80 || [ $tries = 200 ]; do tries=$((tries + 1)); done 2> /dev/null
	is 'a port of the node leads into the sandbox' hello "$(get busybox nc -w 20 127.0.0.1 8080)"
	is 'by every address of the node' hello "$(get busybox nc -w 20 10.88.64.1 8080)"
	builtin add q "$W/ns/q" > "$W/out"
	echo 1 > /proc/sys/net/ipv4/ip_forward # of this network alone
	is 'with forwarding also from another sandbox' hello "$(get of q busybox nc -w 20 10.88.64.1 8080)"
	net create "$W/ns/r"
	check 'a port that is taken is refused' refused builtin add r "$W/ns/r" "$port"
	is 'with the one who has it' 1 "$(grep -c 'port_mappings: port 8080 of the node is sandbox p.s' "$W/err")"
	is 'and leaves no device' '' "$(of r ip -o link show eth0 2> /dev/null)"
	is 'nor an address' 0 "$(grep -c '"r"' "$W/state/addresses.json")"
	check 'another address would do' builtin add r "$W/ns/r" '{"port_mappings": [{"container_port": 53, "host_port": 8080, "protocol": "UDP", "host_ip": "10.88.64.1"}]}'
	builtin del r ''
	is 'the others keep theirs' hello "$(get busybox nc -w 20 127.0.0.1 8080)"
	PLUMBLINE_FAULT=cri-ports-left-open builtin del p ''
	is 'a fault: the port stays' 1 "$(nft list ruleset | grep -c 'dport 8080')"
	builtin add p2 "$W/ns/r" > "$W/out"
	sed -i 's/"p":/"p2":/' "$W/state/ports.json"
	builtin del p2 ''
	is 'the last port takes the table along' '' "$(nft list tables | grep plumbline)"
	kill $httpd
	builtin del q ''
	for n in p q r; do net unpin "$W/ns/$n"; done
else
	skip 'ports of the built-in network' 'no nft, or no nf_tables in this kernel'
fi

# The faults of the bridge, as a lesson sees them.
faulty() { PLUMBLINE_FAULT=$1 net builtin "$W/conf" "$plugins" "$W/state" "$2" f "$W/ns/f"; }
net create "$W/ns/f"
faulty cri-bridge-without-route add > /dev/null
is 'a fault: no way out' '' "$(of f ip route show default)"
faulty cri-veth-left-behind del
is 'a fault: a device is left' 1 "$(of f ip -o link show eth0 | grep -c eth0)"
builtin del f "$W/ns/f"
net unpin "$W/ns/f"
ip link del plumbline0

# With CNI: hanging and failing plugins of a real process tree.
cni() { net auto "$W/conf" "$W/bin" "$W/state" "$@"; }
cat > "$W/bin/stuck" <<'P'
#!/bin/sh
[ "$CNI_COMMAND" = DEL ] && { echo "$CNI_CONTAINERID" >> /run/w/deleted; exit 0; }
sleep 1000
P
chmod 755 "$W/bin/stuck"
printf '{"name": "s", "type": "stuck"}' > "$W/conf/10-s.conf"
net create "$W/ns/a"
check 'a plugin that hangs is given up' refused env CRI_NET_MS=1000 "$top/build/tests/cri-net" cni "$W/conf" "$W/bin" "$W/state" add h "$W/ns/a"
is 'by name' 1 "$(grep -c 'CNI plugin stuck: ADD: .*still running' "$W/err")"
is 'and told to take back' h "$(cat "$W/deleted")"
is 'nothing of it runs on' '' "$(pgrep -f 'sleep 1000')"
is 'a plugin that is missing is no network' 1 "$(rm "$W/bin/stuck" && cni ready | grep -c 'CNI plugin .*/stuck: No such file')"
rm "$W/conf/10-s.conf"
is 'no configuration is no CNI' 1 "$(net cni "$W/conf" "$W/bin" "$W/state" ready | grep -c 'no CNI configuration')"

[ -x $plugins/host-local ] || { skip "Debian's plugins" 'containernetworking-plugins is not installed' && exit 0; }
cat > "$W/conf/10-lab.conflist" <<'J'
{ "cniVersion": "1.0.0", "name": "lab", "plugins": [
  { "type": "loopback" },
  { "type": "bridge", "bridge": "lab0", "isGateway": true, "ipMasq": false, "ipam": { "type": "host-local", "dataDir": "/run/w/ipam",
    "ranges": [[{ "subnet": "10.77.0.0/24" }]], "routes": [{ "dst": "0.0.0.0/0" }] } }
] }
J
lab() { net auto "$W/conf" "$plugins" "$W/state" "$@"; }
is 'with a configuration, auto is CNI' ready "$(lab ready)"
lab add l1 "$W/ns/a" '{"metadata": {"name": "p", "namespace": "n", "uid": "u"}}' > "$W/out" 2> "$W/err"
case $(cat "$W/out") in *10.77.0.*) ok 'host-local gives an address' ;; *) not_ok 'host-local gives an address' "$(cat "$W/out" "$W/err")" ;; esac
check 'the plugins find what they made' lab check l1 "$W/ns/a"
check 'the node reaches the sandbox' busybox ping -c 1 -W 5 "$(grep 10.77 "$W/out")"
is 'the allocation is a file' 1 "$(find "$W/ipam/lab" -name '10.77.0.*' | grep -c .)"
of a ip link del eth0
check 'the plugins notice what is gone' refused lab check l1 "$W/ns/a"
check 'it goes, although half of it is gone' lab del l1 "$W/ns/a"
is 'the allocation went' 0 "$(find "$W/ipam/lab" -name '10.77.0.*' | grep -c .)"
lab add l2 "$W/ns/a" > "$W/out"
net unpin "$W/ns/a"
check 'a sandbox without its namespace goes' lab del l2 ''
is 'its allocation went' 0 "$(find "$W/ipam/lab" -name '10.77.0.*' | grep -c .)"
# A namespace's devices go some time after its last reference.
tries=0
while [ -n "$(ip -o link show type veth)" ] && [ $tries -lt 200 ]; do tries=$((tries + 1)) && sleep 0.05; done
is 'no device is left but the bridge of the plugin' '' "$(ip -o link show type veth)"
is 'no record is left' '' "$(ls "$W/state/cni")"

# portmap writes rules by iptables; whether this kernel has any is the machine's business.
if [ -x $plugins/portmap ] && command -v iptables > /dev/null && iptables -t nat -L > /dev/null 2>&1; then
	sed -i 's|{ "type": "loopback" },||; s|^] }|, { "type": "portmap", "capabilities": { "portMappings": true } } ] }|' "$W/conf/10-lab.conflist"
	net create "$W/ns/a"
	lab add m "$W/ns/a" '{"metadata": {}, "port_mappings": [{"container_port": 80, "host_port": 8080}]}' > "$W/out"
	is 'portmap is told of ports' 1 "$(iptables -t nat -S | grep -c -- '--dport 8080 -j DNAT')"
	check 'and of the end' lab del m "$W/ns/a"
	is 'no rule is left' 0 "$(iptables -t nat -S | grep -c -- 'dport 8080')"
else
	skip 'ports by portmap' 'no iptables, or none in this kernel'
fi
