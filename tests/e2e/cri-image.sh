#!/bin/sh
# Images against a registry that others wrote: over HTTP, TLS, with passwords and tokens; and registries that lie, stall or break off.
# shellcheck source=tests/e2e/cri-lib.sh disable=SC2154 # cri-lib.sh sets top, bin, W and socket
. "$(dirname "$0")/cri-lib.sh"
for tool in docker-registry curl openssl htpasswd jq busybox; do
	command -v $tool > /dev/null || { skip 'images' "$tool is missing" && exit 0; }
done
image=$top/tests/cri/image.sh push=$top/tests/cri/push.sh
here=127.0.0.1

# registry PORT [YAML]: one more registry over the same storage.
registry() {
	cat > "$W/registry-$1.yml" <<- YAML
		version: 0.1
		log: { accesslog: { disabled: false }, level: info }
		storage: { filesystem: { rootdirectory: $W/registry }, delete: { enabled: true } }
		http: { addr: "$here:$1", secret: s${3:-} }
		${2:-}
	YAML
	docker-registry serve "$W/registry-$1.yml" > "$W/registry-$1.log" 2>&1 &
	registries="${registries:-} $!"
	answers "$1"
}
answers() {
	tries=0
	until curl -sk -o /dev/null "http://$here:$1/"; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || return 1
		sleep 0.05
	done
}
spec() { printf '{"image":{"image":"%s"}}' "$1"; }
pull() { call PullImage "$(printf '{"image":{"image":"%s"}%s}' "$1" "${2:+,\"auth\":$2}")" 2>&1; }
pulled() { pull "$@" | jq -r .image_ref; }
status() { call ImageStatus "$(spec "$1")" | jq -r "$2"; }
remove() { call RemoveImage "$(spec "$1")" > /dev/null; }
# refused NAME STATUS PATTERN COMMAND...: the answer's status, and a sentence of that kind.
refused() {
	name=$1 wanted=$2 pattern=$3
	shift 3
	said=$("$@")
	case $said in
	"$wanted: "*) if printf '%s' "$said" | grep -qE "$pattern"; then ok "$name"; else not_ok "$name" "the sentence is '$said'"; fi ;;
	*) not_ok "$name" "expected $wanted, observed '$said'" ;;
	esac
}
# The store holds nothing but what its images need, and nothing half-made.
nothing_left() {
	jq -r '.images[] | .id, .layers[]' "$W/root/images/index.json" | sed s/sha256:// > "$W/named"
	is "$1" '' "$(cd "$W/root/images" && find tmp holders layers blobs/sha256 -mindepth 1 -maxdepth 1 | grep -vFf "$W/named")"
}

mkdir -p "$W/registry" "$W/a/etc" "$W/b/etc"
echo one > "$W/a/etc/file"
echo two > "$W/b/etc/other"
: > "$W/b/etc/.wh.file"
head -c 3000000 /dev/urandom > "$W/b/big"
"$image" -c '{"User":"1002:7"}' "$W/two" two:1 "$W/a" "$W/b"
"$image" -z zstd -c '{"User":"www-data"}' "$W/one" one:1 "$W/a"

registry 5000
digest=$("$push" "$W/two" "http://$here:5000" team/two 1)
"$push" "$W/two" "http://$here:5000" other/two latest > /dev/null
"$push" "$W/one" "http://$here:5000" one latest > /dev/null
check 'the server starts' server_start
maps_curl() { grep -c '/libcurl\.so' "/proc/$server/maps"; }
is 'a server that has pulled nothing is without libcurl' 0 "$(maps_curl)"

# --- over HTTP on the loopback device
r=$here:5000
id=$(pulled "$r/team/two:1")
config=$(jq -r '.config.digest' "$W/two/blobs/sha256/${digest#sha256:}")
is 'a pull answers with the digest of the configuration' "$config" "$id"
check 'which is there once it has' [ "$(maps_curl)" -gt 0 ]
is 'the tag is known' "$r/team/two:1" "$(status "$r/team/two:1" '.image.repo_tags | join(" ")')"
is 'and the digest' "$r/team/two@$digest" "$(status "$id" '.image.repo_digests | join(" ")')"
is 'status by tag, id, digest and the beginning of the id is one' 1 "$(for name in "$r/team/two:1" "$id" "$r/team/two@$digest" "$(printf %.20s "${id#sha256:}")"; do
	status "$name" .image.id
done | sort | uniq | grep -cxF "$id")"
is 'a user by number' 1002 "$(status "$id" '.image.uid.value')"
is 'size is what the registry holds' "$(jq '.config.size + ([.layers[].size] | add)' "$W/two/blobs/sha256/${digest#sha256:}")" \
	"$(status "$id" '.image.size')"
is 'no tag is latest' "$(pulled "$r/one")" "$(status "$r/one:latest" .image.id)"
is 'a user by name' www-data "$(status "$r/one" '.image.username')"
is 'one image from two repositories is one image' "$id" "$(pulled "$r/other/two")"
is 'with both names' 2 "$(status "$id" '.image.repo_tags | length')"
is 'removing it by one name' '' "$(remove "$r/team/two:1")"
is 'removes all of them' 0 "$(call ListImages | jq '[.images[] | select(.id == "'"$id"'")] | length')"
is 'twice is once' '' "$(remove "$r/team/two:1")"
is 'pulled by digest it has no tag' '0 1' "$(pull "$r/team/two@$digest" > /dev/null; status "$id" '"\(.image.repo_tags | length) \(.image.repo_digests | length)"')"
remove "$id"
before=$(call ImageFsInfo | jq -r '.image_filesystems[0].used_bytes.value')
pull "$r/team/two:1" > /dev/null
after=$(call ImageFsInfo | jq -r '.image_filesystems[0].used_bytes.value')
check 'the file system of images grows by the image' [ $((after - before)) -ge 3000000 ]
nothing_left 'nothing but images is left in the store'
layers=$(find "$W/root/images/layers" -mindepth 1 -maxdepth 1 | wc -l)
remove "$id"
is 'layers that no other image has go with it' $((layers - 1)) "$(find "$W/root/images/layers" -mindepth 1 -maxdepth 1 | wc -l)"

# --- what is not there, and what is nothing
refused 'an image that is not there' NOT_FOUND 'manifests/9: status 404: manifest unknown' pull "$r/team/two:9"
refused 'a repository that is not there' NOT_FOUND 'status 404' pull "$r/nobody/nothing"
refused 'nobody listens' UNKNOWN '^UNKNOWN: RegistryUnavailable: pull .*:5999/a: GET .*connect' pull "$here:5999/a"
refused 'a name that is none' INVALID_ARGUMENT 'has no valid' pull 'A b'
refused 'a request without a name' INVALID_ARGUMENT 'names no image' pull ''
is 'status of what is not here is an empty answer' null "$(status nothing/here .image)"

# --- the same image by eight callers at once: one download
: > "$W/registry-5000.log"
callers=
for i in 1 2 3 4 5 6 7 8; do
	pulled "$r/team/two:1" > "$W/caller-$i" &
	callers="$callers $!"
done
# shellcheck disable=SC2086 # pids
wait $callers
is 'eight at once all get it' "$id" "$(sort -u "$W"/caller-*)"
is 'and every blob came once' 1 "$(grep -ao 'GET /v2/team/two/blobs/sha256:[0-9a-f]*' "$W/registry-5000.log" | sort | uniq -c | awk '{ print $1 }' | sort -u)"
nothing_left 'eight at once leave nothing'

# --- an index of several platforms
manifest() { printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%s,"platform":{"os":"%s","architecture":"%s"}}' "$@"; }
architecture=$(jq -r '.manifests[0].platform.architecture' "$W/two/index.json")
size=$(wc -c < "$W/two/blobs/sha256/${digest#sha256:}")
put_index() { # TAG MANIFESTS
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' "$2" |
		curl -sfS -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @- "http://$r/v2/team/two/manifests/$1"
}
put_index many "$(manifest "$digest" "$size" windows "$architecture"),$(manifest "$digest" "$size" linux "$architecture")"
put_index none "$(manifest "$digest" "$size" linux vax)"
is 'an index leads to the image of this machine' "$id" "$(pulled "$r/team/two:many")"
refused 'an index without one' NOT_FOUND 'no image for linux/.* among 1' pull "$r/team/two:none"
remove "$id"
digest_of() { curl -sfSI -H 'Accept: application/vnd.oci.image.index.v1+json' "http://$r/v2/team/two/manifests/$1" | tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p'; }
put_index deeper "$(manifest "$(digest_of many)" 1 linux "$architecture" | sed s/manifest.v1/index.v1/)"
refused 'an index that leads to another index' UNKNOWN 'the index leads to another index' pull "$r/team/two:deeper"
nothing_left 'and leaves nothing'

# --- sizes: what is declared is looked at before a byte comes
put_altered() { # SED-EXPRESSION: the image's manifest, as the tag huge
	sed "$1" "$W/two/blobs/sha256/${digest#sha256:}" |
		curl -sfS -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @- "http://$r/v2/team/two/manifests/huge"
}
put_altered 's/"size":[0-9]*}]/"size":10000000000000000}]/'
: > "$W/registry-5000.log"
refused 'a layer that no disk holds' RESOURCE_EXHAUSTED 'layer 2 of 2, sha256:[0-9a-f]*: 10000000000000000 bytes, and the disk has [0-9]+ left, of which 67108864 are kept free' \
	pull "$r/team/two:huge"
is 'is not asked for' 0 "$(grep -ac "GET /v2/team/two/blobs/$(jq -r '.layers[1].digest' "$W/two/blobs/sha256/${digest#sha256:}")" "$W/registry-5000.log")"
nothing_left 'and leaves nothing'
put_altered 's/"size":[0-9]*/"size":9000000000000000000/'
refused 'a configuration beyond all measure' UNKNOWN 'manifest: config: more than 4194304 bytes' pull "$r/team/two:huge"

# --- lies: what lies on the registry's disk is what it serves
layer=$(jq -r '.layers[1].digest' "$W/two/blobs/sha256/${digest#sha256:}")
data=$(find "$W/registry" -path "*/${layer#sha256:}/data")
cp "$data" "$W/kept"
pulls_nothing() { # NAME PATTERN
	refused "$1" UNKNOWN "$2" pull "$r/team/two:1"
	nothing_left "$1: nothing is left"
	is "$1: there is no image" null "$(status "$r/team/two:1" .image)"
}
dd if=/dev/zero of="$data" bs=1 seek=2000 count=1 conv=notrunc 2> /dev/null
pulls_nothing 'a layer with another digest' "layer 2 of 2, $layer: what came has the digest sha256:"
echo >> "$data"
pulls_nothing 'a layer that is longer' 'more than [0-9]+ bytes'
head -c 1000 "$W/kept" > "$data"
pulls_nothing 'a layer that is shorter' '1000 bytes came, and the manifest says'
cp "$W/kept" "$data"
# The digests are right, and the layer is another one than the configuration says: who pushed it lies.
"$image" "$W/liar" liar:1 "$W/a"
old=$(jq -r '.manifests[0].digest' "$W/liar/index.json")
config=$(jq -r .config.digest "$W/liar/blobs/sha256/${old#sha256:}")
sed "s/\"diff_ids\":\[\"sha256:..../\"diff_ids\":[\"sha256:0000/" "$W/liar/blobs/sha256/${config#sha256:}" > "$W/config"
new=$(sha256sum < "$W/config" | cut -d ' ' -f 1)
mv "$W/config" "$W/liar/blobs/sha256/$new"
sed "s/${config#sha256:}/$new/" "$W/liar/blobs/sha256/${old#sha256:}" > "$W/manifest"
rm "$W/liar/blobs/sha256/${config#sha256:}" "$W/liar/blobs/sha256/${old#sha256:}"
new=$(sha256sum < "$W/manifest" | cut -d ' ' -f 1)
mv "$W/manifest" "$W/liar/blobs/sha256/$new"
sed -i "s/${old#sha256:}/$new/" "$W/liar/index.json"
"$push" "$W/liar" "http://$r" liar latest > /dev/null
refused 'a layer that is not what the configuration says' UNKNOWN 'unpack layer 1 of 1: unpacked it is sha256:.*, and the configuration says sha256:0000' pull "$r/liar"
nothing_left 'and leaves nothing'

# --- a registry that says nothing
mkfifo "$W/silence"
busybox nc -l -p 5003 < "$W/silence" > /dev/null &
silent=$!
exec 9> "$W/silence"
tries=0
until cat /proc/net/tcp /proc/net/tcp6 | grep -q ':138B .* 0A ' || [ $tries = 200 ]; do
	tries=$((tries + 1))
	sleep 0.05
done
DEADLINE=700 refused 'a registry that says nothing meets the deadline' DEADLINE_EXCEEDED . pull "$here:5003/a"
kill $silent
exec 9>&-

server_stop
is 'the server stops' 0 $?
is 'it has printed no complaint' '' "$(grep -vE 'serving on|stopping|no network|copies' "$W/log")"

# --- TLS with an authority of our own, and passwords
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout "$W/ca.key" -out "$W/ca.pem" -subj /CN=authority 2> /dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$W/tls.key" -out "$W/tls.csr" -subj "/CN=$here" 2> /dev/null
printf 'subjectAltName=IP:%s\n' "$here" > "$W/san"
openssl x509 -req -in "$W/tls.csr" -CA "$W/ca.pem" -CAkey "$W/ca.key" -CAcreateserial -days 2 -extfile "$W/san" -out "$W/tls.pem" 2> /dev/null
htpasswd -nbB alice secret > "$W/htpasswd"
tls=", tls: { certificate: $W/tls.pem, key: $W/tls.key }"
registry 5443 "auth: { htpasswd: { realm: here, path: $W/htpasswd } }" "$tls"
r=$here:5443
server_start
refused 'a certificate that nobody vouches for' UNKNOWN 'its certificate is not trusted' pull "$r/one"
server_stop
check 'the server takes an authority' server_start --registry-ca "$W/ca.pem"
refused 'no password where one is wanted' UNAUTHENTICATED 'it wants credentials' pull "$r/one"
refused 'a wrong password' UNAUTHENTICATED 'the credentials are wrong' pull "$r/one" '{"username":"alice","password":"wrong"}'
refused 'a password for another registry' UNAUTHENTICATED 'it wants credentials' pull "$r/one" '{"username":"alice","password":"secret","server_address":"other.example"}'
refused 'auth that is no base64' INVALID_ARGUMENT 'not "username:password" in base64' pull "$r/one" '{"auth":"?"}'
check 'the right password' pulled "$r/one" '{"username":"alice","password":"secret"}'
remove "$r/one"
is 'the same as base64' "$(jq -r .config.digest "$W"/one/blobs/sha256/"$(sed 's/.*sha256:\([0-9a-f]*\)".*/\1/' "$W/one/index.json")")" \
	"$(pulled "$r/one" "{\"auth\":\"$(printf alice:secret | base64)\"}")"
is 'no password is in the log' '' "$(grep -F secret "$W/log")"
server_stop

# --- tokens: signed here, given out by a server of files
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d =; }
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout "$W/token.key" -out "$W/token.pem" -subj /CN=tokens 2> /dev/null
token() { # ACTIONS
	head=$(printf '{"typ":"JWT","alg":"RS256","x5c":["%s"]}' "$(openssl x509 -in "$W/token.pem" -outform DER | openssl base64 -A)" | base64url)
	body=$(printf '{"iss":"tokens","sub":"bob","aud":"registry","exp":4000000000,"nbf":1,"iat":1,"jti":"x","access":[{"type":"repository","name":"one","actions":[%s]}]}' "$1" | base64url)
	printf '%s.%s.%s' "$head" "$body" "$(printf %s.%s "$head" "$body" | openssl dgst -sha256 -sign "$W/token.key" | base64url)"
}
mkdir -p "$W/tokens/guarded"
printf '{"token":"%s"}' "$(token '"pull"')" | tee "$W/tokens/free" > "$W/tokens/guarded/token"
printf '/guarded:bob:word\n' > "$W/httpd.conf"
busybox httpd -f -p "$here:5006" -h "$W/tokens" -c "$W/httpd.conf" &
httpd=$!
answers 5006
for port in 5007 5008; do
	path=free
	[ $port = 5007 ] || path=guarded/token
	registry $port "auth: { token: { realm: \"http://$here:5006/$path\", service: registry, issuer: tokens, rootcertbundle: $W/token.pem } }"
done
server_start
check 'a token is fetched where the registry says' pulled "$here:5007/one"
refused 'a token for another repository' UNAUTHENTICATED 'refused again|unauthorized|authentication' pull "$here:5007/team/two:1"
refused 'no password for the token' UNAUTHENTICATED 'ask for a token: status 401' pull "$here:5008/one"
check 'a password for the token' pulled "$here:5008/one" '{"username":"bob","password":"word"}'
is 'a token that one has already' "$(status "$here:5008/one" .image.id)" "$(pulled "$here:5008/one" "{\"registry_token\":\"$(token '"pull"')\"}")"
server_stop

# --- plain HTTP where the configuration wants it, and nowhere else
printf '{ "registry.example:5000": { "http": true, "endpoint": "http://%s:5000" }, "%s:5000": { "http": false } }' "$here" "$here" > "$W/registries.json"
check 'the server takes a file about registries' server_start --registries "$W/registries.json"
check 'another endpoint for a name' pulled registry.example:5000/one
refused 'HTTP that is not wanted, not even here' UNKNOWN RegistryUnavailable pull "$here:5000/one"

# --- kill -9 in mid-pull, and what the next start makes of it
remove registry.example:5000/one
pull registry.example:5000/team/two:1 > /dev/null &
caller=$!
kill -KILL "$server"
wait $caller "$server" 2> /dev/null
server_start --registries "$W/registries.json"
nothing_left 'a killed pull leaves nothing'
check 'and can be had again' pulled registry.example:5000/team/two:1
server_stop

# --- a full disk, while it comes and while it is unpacked
for size in 1m 4m; do
	rm -rf "$W/root"
	mkdir "$W/root"
	mount -t tmpfs -o size=$size tmpfs "$W/root"
	server_start --registries "$W/registries.json"
	refused "a disk of $size is full" RESOURCE_EXHAUSTED '.' pull registry.example:5000/team/two:1
	nothing_left "a disk of $size: nothing is left"
	check "a disk of $size: a small image fits" pulled registry.example:5000/one
	server_stop
	umount "$W/root"
done

# --- where the package is missing, all but pulls works
mount --bind /dev/null "$(/sbin/ldconfig -p | sed -n 's/.*=> \(.*\/libcurl\.so\.4\)$/\1/p' | head -n 1)"
check 'a server without libcurl starts' server_start --registries "$W/registries.json"
refused 'and says what a pull needs' UNKNOWN 'pull registry\.example:5000/one: it needs libcurl\.so\.4 of the package libcurl4: ' pull registry.example:5000/one
is 'it lists the images it has' '[]' "$(call ListImages | jq -c '.images // []')"
server_stop

# shellcheck disable=SC2086 # pids
kill $registries $httpd
