#!/bin/sh
# The interface's own validation suite, whole, against plumbline-cri: `make peers` builds critest. The images it asks for by name are made
# here and lie on a registry of this world, which the server is told to ask.
# shellcheck source=tests/e2e/cri-lib.sh
. "$(dirname "$0")/cri-lib.sh"
critest=$(command -v critest || ls "$(go env GOPATH 2> /dev/null)/bin/critest" 2> /dev/null)
[ -n "$critest" ] || { skip 'critest' 'it is not installed: make peers' && exit; }
for tool in docker-registry curl jq busybox ipcs pgrep cc; do
	command -v $tool > /dev/null || { not_ok 'critest' "$tool is not installed" && exit; }
done

S=/tmp/critest # on disk: what a pull holds is more than /run/w takes
mkdir -p "$S/registry" "$S/box/bin" "$S/box/etc" "$S/nnp" "$S/web/usr/sbin" "$S/web/www"
cat > "$S/registry.yml" << YAML
version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: $S/registry } }
http: { addr: 127.0.0.1:5000 }
YAML
docker-registry serve "$S/registry.yml" > "$S/registry.log" 2>&1 &
check 'a registry answers' timeout 30 sh -c 'until curl -sf http://127.0.0.1:5000/v2/; do :; done'

# image NAME:TAG CONFIG LAYER...: on the registry, under its name without the host.
image() {
	name=$1 config=$2
	shift 2
	rm -rf "$S/layout"
	"$top/tests/cri/image.sh" -c "$config" "$S/layout" "$name" "$@" > "$S/made" 2>&1 &&
		"$top/tests/cri/push.sh" "$S/layout" http://127.0.0.1:5000 "${name%:*}" "${name##*:}" > /dev/null
}

# What Debian's busybox lacks comes from Debian's own programs, with their libraries.
for program in ipcs pgrep; do
	rm -f "$S/box/bin/$program"
	for file in "$(command -v $program)" $(ldd "$(command -v $program)" | grep -o '/[^ ]*'); do
		mkdir -p "$S/box$(dirname "$file")"
		cp -L "$file" "$S/box$file"
	done
done
printf '%s\n' root:x:0:0::/:/bin/sh nobody:x:65534:65534::/:/bin/sh > "$S/box/etc/passwd"
box='{"Cmd":["sh"]}'
# A server that looks like nginx to who reads /proc: its title, its name and its pid file.
cat > "$S/web/usr/sbin/nginx" << 'NGINX'
#!/bin/sh
mkdir -p /var/run
echo $$ > /var/run/nginx.pid
echo 'httpd: ready'
exec 3<> /www/never
httpd -f -p "$1" -h /www &
read -r _ <&3
NGINX
chmod +x "$S/web/usr/sbin/nginx"
mkfifo "$S/web/www/never"
echo 'a page' > "$S/web/www/index.html"
web() { printf '{"Cmd":["/usr/sbin/nginx","%s","master process"]}' "$1"; }
# Set-user-ID: it tells what no_new_privs leaves of that.
cat > "$S/nnp.c" << 'C'
#include <stdio.h>
#include <unistd.h>
int main(void) { return printf("Effective uid: %d\n", (int)geteuid()) < 0; }
C
cc -static -o "$S/nnp/nnp" "$S/nnp.c" && chmod u+s "$S/nnp/nnp"
mkdir -p "$S/groups/etc"
printf '%s\n' root:x:0:0::/:/bin/sh default-user:x:1000:1000::/:/bin/sh > "$S/groups/etc/passwd"
printf '%s\n' root:x:0: default-user:x:1000: group-defined-in-image:x:50000:default-user > "$S/groups/etc/group"
mkdir -p "$S/users/etc"
printf '%s\n' root:x:0:0::/:/bin/sh www-data:x:33:33::/:/bin/sh > "$S/users/etc/passwd"
printf '%s\n' root:x:0: www-data:x:33: > "$S/users/etc/group"

images() {
	e2e=e2e-test-images staging=k8s-staging-cri-tools
	image $e2e/busybox:1.29-2 "$box" @busybox "$S/box" || return
	image $e2e/nginx:1.14-2 "$(web 80)" @busybox "$S/web" || return
	image $e2e/httpd:2.4.39-4 "$(web 80)" @busybox "$S/web" || return
	image $staging/hostnet-nginx-amd64:latest "$(web 12003)" @busybox "$S/web" || return
	image $e2e/nonewprivs:1.3 '{"Entrypoint":["/nnp"]}' "$S/nnp" || return
	image $staging/test-image-predefined-group:latest '{"User":"1000","Cmd":["sh"]}' @busybox "$S/groups" || return
	while read -r name user; do
		image "$staging/test-image-user-$name:latest" '{"User":"'"$user"'","Cmd":["sh"]}' @busybox "$S/users" || return
	done << USERS
uid 1002
username www-data
uid-group 1003:users
username-group www-data:100
USERS
	for name in latest:latest tag:test tag:all tags:1 tags:2 tags:3 1:latest 2:latest 3:latest; do
		mkdir -p "$S/layer"
		echo "${name%%:*}" > "$S/layer/name"
		image "$staging/test-image-$name" "$box" "$S/layer" || return
	done
}
check 'its images are made' images

for host in registry.k8s.io gcr.io; do printf '"%s":{"http":true,"endpoint":"http://127.0.0.1:5000"},' $host; done |
	sed 's/^/{/; s/,$/}/' > "$S/registries.json"
# It asks /var/lib whether mounts can be mapped; the world's is an overlay, which cannot.
mount -t tmpfs plumbline /var/lib
server_start --network builtin --registries "$S/registries.json" --root /tmp/critest/root || { not_ok 'the server starts' "$(tail -n 1 "$W/log")" && exit; }

timeout -k 10 1000 "$critest" -runtime-endpoint "unix://$socket" -image-endpoint "unix://$socket" -ginkgo.no-color \
	-ginkgo.skip 'public image with digest|support MaskedPaths|benchmark' -ginkgo.json-report "$S/report.json" > "$S/said" 2>&1 < /dev/null
skip 'public image with digest should be pulled and removed' 'an image of a digest that others published cannot be made again'
skip 'runtime should support MaskedPaths' "it hides /bin/ls from a shell that has no ls built in, as Debian's busybox has"
jq -r '.[0].SpecReports[] | select(.LeafNodeType == "It") | [.State, ([.ContainerHierarchyTexts[], .LeafNodeText] | join(" ")),
	(.Failure.Message // "" | gsub("\\s+"; " ") | .[0:300])] | @tsv' "$S/report.json" | while IFS='	' read -r state name why; do
	case $state in
	passed) ok "$name" ;;
	skipped) [ -z "$why" ] || skip "$name" "$why" ;;
	*) not_ok "$name" "$state: $why" ;;
	esac
done
check 'the server stops' server_stop
