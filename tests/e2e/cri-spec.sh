#!/bin/sh
# What a pod asks for, as its containers find it: by the reference server on the reference runtime, and on others where they are here.
# shellcheck source=tests/e2e/cri-lib.sh disable=SC2016 # the inner shell expands
. "$(dirname "$0")/cri-lib.sh"

"$top/tests/cri/image.sh" -f tar -c '{"Cmd":["true"],"Env":["FROM=image"],"WorkingDir":"/home/user","User":"user","Volumes":{"/home/user/data":{}}}' \
	"$W/box.tar" docker.io/library/box:1 @busybox
ask() { call "$@" 2> "$W/err"; }
value() { "$top/build/tests/json" "$1" 2> /dev/null; }
number=0
# pod [CONFIG] [LINUX]: $pod is one that is ready; both begin with a comma.
pod() {
	number=$((number + 1))
	pod_config='{"metadata":{"name":"p'$number'","uid":"u'$number'","namespace":"default"},"hostname":"p'$number'","log_directory":"'$W'/logs"'$1',"linux":{"cgroup_parent":"/pods"'$2'}}'
	pod=$(ask RunPodSandbox '{"config":'"$pod_config"'}' | value pod_sandbox_id)
	[ -n "$pod" ] || cat "$W/err" >&2
}
unpod() {
	ask StopPodSandbox '{"pod_sandbox_id":"'"$pod"'"}' > /dev/null
	ask RemovePodSandbox '{"pod_sandbox_id":"'"$pod"'"}' > /dev/null
}
# make SCRIPT [CONFIG] [LINUX]: $c is a container in the pod; the script has no double quotes.
make() {
	number=$((number + 1))
	c=$(ask CreateContainer '{"pod_sandbox_id":"'"$pod"'","sandbox_config":'"$pod_config"',"config":{"metadata":{"name":"c'$number'"},"image":{"image":
		"docker.io/library/box:1"},"command":["/bin/sh","-c","'"$1"'"],"log_path":"c'$number'.log"'"${2:-}"',"linux":{'"${3:-}"'}}}' | value container_id)
}
exited() { [ "$(ask ContainerStatus '{"container_id":"'"$c"'"}' | value status.state)" = CONTAINER_EXITED ]; }
start() { ask StartContainer '{"container_id":"'"$c"'"}' > /dev/null; }
drop() { ask RemoveContainer '{"container_id":"'"$c"'"}' > /dev/null; }
# inside SCRIPT [CONFIG] [LINUX]: what it printed, lines joined by blanks; or why there was nothing.
inside() {
	make "$@"
	if [ -z "$c" ] || ! start; then
		head -n 1 "$W/err"
		return
	fi
	give_up=$(($(date +%s) + 60))
	until exited || [ "$(date +%s)" -ge $give_up ]; do :; done
	sed 's/^[^ ]* [^ ]* [FP] //' "$W/logs/c$number.log" | paste -sd' '
	rm "$W/logs/c$number.log" # the number was counted in a subshell
	drop
}
has_recursive() { [ "$(ask Status | value 'runtime_handlers[0].features.recursive_read_only_mounts')" = true ]; }
# with SECURITY SCRIPT: linux.security_context.
with() { inside "$2" '' '"security_context":'"$1"; }
privileged=',"security_context":{"privileged":true}'

mkdir "$W/cdi"
cat > "$W/cdi/lab.json" <<'J'
{ "cdiVersion": "0.6.0", "kind": "lab.test/null", "devices": [{ "name": "0", "containerEdits": { "env": ["LAB=0"],
	"deviceNodes": [{ "path": "/dev/lab0", "hostPath": "/dev/zero", "permissions": "r" }] } }],
	"containerEdits": { "mounts": [{ "hostPath": "/run/w/cdi", "containerPath": "/lab", "options": ["rbind", "ro"] }] } }
J

# try NAME SERVER-OPTION...: the checks that any OCI runtime must pass.
try() {
	name=$1
	shift
	server_start --network builtin --cdi-dir "$W/cdi" --import "$W/box.tar" "$@" || { not_ok "$name: the server starts" "$(tail -n 1 "$W/log")" && return; }

	pod ',"dns_config":{"servers":["10.0.0.10"],"searches":["a.test"]}' ',"sysctls":{"net.ipv4.tcp_syncookies":"0"}'
	is "$name: user, groups, directory, environment" '1000 1000 1000 2000 /home/user image' \
		"$(inside 'id -u; id -g; id -G; pwd; echo $FROM' | tr -s ' ')"
	is "$name: another user, strict groups" '1001 5 5 77' \
		"$(with '{"run_as_user":{"value":1001},"run_as_group":{"value":5},"supplemental_groups":[77],"supplemental_groups_policy":"Strict"}' 'id -u; id -g; id -G')"
	is "$name: a directory and a variable of its own" '/tmp cri' "$(inside 'pwd; echo $FROM' ',"working_dir":"/tmp","envs":[{"key":"FROM","value":"Y3Jp"}]')"
	is "$name: names of the pod" 'nameserver 10.0.0.10 search a.test' "$(inside 'sort /etc/resolv.conf')"
	is "$name: hostname, also in the file" "$(echo "$pod_config" | value hostname) $(echo "$pod_config" | value hostname)" "$(inside 'hostname; cat /etc/hostname')"
	is "$name: sysctls, asked for and usual" '0 0' "$(inside 'cat /proc/sys/net/ipv4/tcp_syncookies /proc/sys/net/ipv4/ip_unprivileged_port_start')"
	is "$name: every capability dropped, one added" '0000000000000400 0000000000000400' \
		"$(with '{"run_as_user":{},"capabilities":{"add_capabilities":["NET_BIND_SERVICE"],"drop_capabilities":["ALL"]}}' 'sed -n s/^Cap[BE][a-z]*:.//p /proc/self/status')"
	is "$name: ambient capabilities outlive a change of user" 0000000000000400 \
		"$(with '{"capabilities":{"add_ambient_capabilities":["NET_BIND_SERVICE"]}}' 'sed -n s/^CapEff:.//p /proc/self/status')"
	is "$name: the default filter" '2 refused' "$(with '{"run_as_user":{},"seccomp":{"profile_type":"RuntimeDefault"}}' 'sed -n s/^Seccomp:.//p /proc/self/status; unshare -m true 2> /dev/null || echo refused')"
	is "$name: no filter" 0 "$(with '{"seccomp":{"profile_type":"Unconfined"}}' 'sed -n s/^Seccomp:.//p /proc/self/status')"
	is "$name: no new privileges" 1 "$(with '{"no_new_privs":true}' 'sed -n s/^NoNewPrivs:.//p /proc/self/status')"
	is "$name: masked and read-only paths, a read-only root" 'empty refused refused' \
		"$(with '{"run_as_user":{},"masked_paths":["/proc/kcore"],"readonly_paths":["/proc/sys"],"readonly_rootfs":true}' \
			'[ -s /proc/kcore ] || echo empty; echo 0 2> /dev/null > /proc/sys/kernel/sysrq || echo refused; touch /x 2> /dev/null || echo refused')"
	is "$name: a device and no other" 'opened refused' \
		"$(inside 'head -c 1 /dev/mine > /dev/null && echo opened; mknod /tmp/d c 1 11 2> /dev/null; head -c 1 /tmp/d > /dev/null 2>&1 || echo refused' \
			',"devices":[{"host_path":"/dev/zero","container_path":"/dev/mine","permissions":"r"}]' '"security_context":{"run_as_user":{}}')"
	is "$name: a CDI device with its variable and its mount" '0 opened lab.json' "$(inside 'echo $LAB; head -c 1 /dev/lab0 > /dev/null && echo opened; ls /lab' ',"CDI_devices":[{"name":"lab.test/null=0"}]')"
	is "$name: one that nobody describes" INVALID_ARGUMENT "$(inside true ',"CDI_devices":[{"name":"lab.test/null=1"}]' | sed 's/:.*//')"
	is "$name: the volume of the image is writable by its owner" 'file' "$(with '{"run_as_user":{}}' 'touch /home/user/data/file; ls /home/user/data')"
	# Ten times: a runtime that writes the score beside the start of the process, and not before it, is late now and then.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		inside 'cat /proc/self/oom_score_adj' '' '"resources":{"oom_score_adj":500}'
	done > "$W/scores"
	is "$name: an OOM score, every time" 500 "$(sort -u "$W/scores" | paste -sd' ')"

	mkdir -p "$W/host/sub"
	mount -t tmpfs none "$W/host/sub"
	mount --make-rshared "$W/host/sub"
	is "$name: a read-only mount has a writable one below it" 'refused' \
		"$(inside 'touch /m/x 2> /dev/null || echo refused; touch /m/sub/x && rm /m/sub/x' ',"mounts":[{"container_path":"/m","host_path":"'"$W"'/host","readonly":true}]' '"security_context":{"run_as_user":{}}')"
	is "$name: unless it is recursive" "$(has_recursive && echo refused refused || echo UNIMPLEMENTED)" \
		"$(inside 'touch /m/x 2> /dev/null || echo refused; touch /m/sub/x 2> /dev/null || echo refused' ',"mounts":[{"container_path":"/m","host_path":"'"$W"'/host","readonly":true,"recursive_read_only":true}]' '"security_context":{"run_as_user":{}}' | sed 's/: .*//')"
	is "$name: a mount over a usual one" "$W" "$(touch "$W/host/over" && inside 'ls /dev/shm' ',"mounts":[{"container_path":"/dev/shm","host_path":"'"$W"'/host"}]' | sed "s|.*over.*|$W|")"
	is "$name: a mount of the container reaches the node" yes \
		"$(inside 'mkdir /b/new && mount -t tmpfs none /b/new && echo yes' ',"mounts":[{"container_path":"/b","host_path":"'"$W"'/host/sub","propagation":"PROPAGATION_BIDIRECTIONAL"}]' '"security_context":{"run_as_user":{},"capabilities":{"add_capabilities":["SYS_ADMIN"]}}')"
	is "$name: and stays there" 1 "$(grep -c " $W/host/sub/new " /proc/self/mountinfo)"
	umount "$W/host/sub/new" "$W/host/sub"
	is "$name: a host path that is missing is refused" NOT_FOUND "$(inside true ',"mounts":[{"container_path":"/m","host_path":"'"$W"'/none"}]' | sed 's/:.*//')"

	make 'sleep 1000' '' '"security_context":{"namespace_options":{"pid":"CONTAINER"}}'
	start
	target=$c
	is "$name: the processes of a target" 1 "$(with '{"namespace_options":{"pid":"TARGET","target_id":"'"$target"'"}}' 'ps | grep -c [s]leep.1000')"
	is "$name: processes of its own" 0 "$(with '{"namespace_options":{"pid":"CONTAINER"}}' 'ps | grep -c [s]leep.1000')"
	is "$name: the pod's first process is its pause" 1 "$(with '{"namespace_options":{"pid":"POD"}}' 'ps | grep -c 1.*[/]pause')"
	is "$name: privilege needs a privileged sandbox" INVALID_ARGUMENT "$(with '{"privileged":true}' true | sed 's/:.*//')"
	unpod

	pod '' "$privileged"
	is "$name: the privileged see the machine" 'device rw 0' "$(with '{"privileged":true,"run_as_user":{},"masked_paths":["/proc/kcore"],"seccomp":{}}' \
		'[ -c /dev/kmsg ] && echo device; grep -c sysfs./sys.sysfs.rw /proc/mounts | sed s/1/rw/; sed -n s/^Seccomp:.//p /proc/self/status')"
	unpod

	# Others look for the root file system when they are in the user namespace already, where the server's folders are closed to them.
	[ "$name" = plumbline-oci ] || { skip "$name: a user namespace" 'it looks for the root from inside' && server_stop && return; }
	pod '' ',"security_context":{"namespace_options":{"pid":"CONTAINER","userns_options":{"uids":[{"host_id":100000,"length":65536}],"gids":[{"host_id":100000,"length":65536}]}}}'
	is "$name: a user namespace, and root in it" '0 100000 65536 0' "$(with '{"run_as_user":{}}' 'cat /proc/self/uid_map; id -u' | tr -s ' ' | sed 's/^ //')"
	is "$name: its network is its own to change" 1400 "$(with '{"run_as_user":{},"capabilities":{"add_capabilities":["NET_ADMIN"]}}' 'ip link set eth0 mtu 1400 && cat /sys/class/net/eth0/mtu')"
	unpod
	server_stop
}

try plumbline-oci
for runtime in crun runc; do
	path=$(command -v $runtime) && try $runtime --runtime "=$path"
done

server_start --network none --missing-host-path make --import "$W/box.tar"
pod
is 'a host path that is missing is made where the server is told to' seen "$(inside 'ls -d /m > /dev/null && echo seen' ',"mounts":[{"container_path":"/m","host_path":"'"$W"'/made/deep"}]')"
check 'on the node' test -d "$W/made/deep"
unpod
server_stop
