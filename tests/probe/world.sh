# Sourced by the tests of the probe: starts it as the first process of new namespaces, on a root made for the purpose.
# shellcheck shell=sh

probe=$PWD/build/bin/plumbline-probe
json=$PWD/build/tests/json
W=$(mktemp -d "${TMPDIR:-/tmp}/plumbline-probe-test.XXXXXX")
trap 'rm -rf "$W"' EXIT
trap 'exit 130' INT TERM
mkdir "$W/root" "$W/out"
failures=0
code=0 # of the last world

ok() { printf 'ok %s\n' "$1"; }
not_ok() {
	printf 'not ok %s: %s\n' "$1" "$2"
	failures=$((failures + 1))
}
skip() { printf 'skip %s: %s\n' "$1" "$2"; }

# is NAME EXPECTED OBSERVED
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', observed '$3'"; fi
}
# like NAME PATTERN OBSERVED: a shell pattern
like() {
	# shellcheck disable=SC2254 # the pattern is meant as one
	case $3 in
	$2) ok "$1" ;;
	*) not_ok "$1" "'$3' is not like '$2'" ;;
	esac
}

# What the shell of the world does before it becomes the probe. The fact files are written by other programs.
cat >"$W/inner.sh" <<'INNER'
set -e
mount -t tmpfs -o mode=755 plumbline "$W/root"
cd "$W/root"
mkdir -p proc dev sys tmp etc bin out .old .plumbline
chmod 1777 tmp
cp "$probe" probe
cp /bin/busybox bin/busybox
mount --bind "$W/out" out
mount -t proc proc proc
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for d in 'null 1 3' 'zero 1 5' 'full 1 7' 'tty 5 0'; do
	set -- $d
	mknod -m 666 dev/$1 c $2 $3 2>/dev/null || { : >dev/$1; mount --bind /dev/$1 dev/$1; }
done
ln -s /proc/self/fd dev/fd
[ ! -f "$W/tries" ] || cp "$W/tries" .plumbline/tries
. "$W/setup.sh"
/sbin/pivot_root . .old
exec /bin/busybox sh /out/last.sh
INNER

# world [-p PREFIX] [-u UNSHARE_OPTIONS] [-s SETUP] [-b BEFORE] [-t TRIES] [-c COMMAND] [-o REDIRECTIONS]
# Leaves $code, and in $W/out: lines, err, census.json. SETUP runs in the new root before it is pivoted to, BEFORE
# after; PREFIX is a program that starts it all in another state.
world() {
	prefix='' unshare_options='' setup='' before='' tries='' command='exec /probe' redirect=''
	while [ $# -gt 0 ]; do
		case $1 in
		-p) prefix=$2 ;;
		-u) unshare_options=$2 ;;
		-s) setup=$2 ;;
		-b) before=$2 ;;
		-t) tries=$2 ;;
		-c) command=$2 ;;
		-o) redirect=$2 ;;
		esac
		shift 2
	done
	rm -rf "$W/out" "$W/tries"
	mkdir -m 777 "$W/out"
	[ -z "$tries" ] || printf '%s\n' nonce "$tries" >"$W/tries"
	printf '%s\n' "$setup" >"$W/setup.sh"
	{
		printf '%s\n' '/bin/busybox umount -l /.old' '/bin/busybox rmdir /.old' 'b=/bin/busybox'
		printf '%s\n' "$before" "$command $redirect"
	} >"$W/out/last.sh"
	code=0
	export W probe
	# shellcheck disable=SC2086,SC2034 # options are words; code is for whoever sources this
	timeout --foreground 60 $prefix unshare --fork --pid --kill-child --mount --propagation private --ipc --uts --net \
		--cgroup $unshare_options sh "$W/inner.sh" <"${terminal:-/dev/null}" >"${lines_to:-$W/out/lines}" 2>"$W/out/err" || code=$?
	[ -z "$lines_to" ] || return 0
	sed -n 's/^[^ ]* \({"census"\)/\1/p' "$W/out/lines" | head -n 1 >"$W/out/census.json"
}

# fact PATH: from the census
fact() { "$json" "census.$1" <"$W/out/census.json" || echo "(no $1)"; }
# tried LINE PATH: from the answer to that try
tried() { sed -n 's/^nonce //p' "$W/out/lines" | grep -F "{\"try\":\"$1\"," | head -n 1 | "$json" "$2" || echo "(no $2)"; }
# each LIST MEMBER: that member of every element
each() {
	"$json" "census.$1" <"$W/out/census.json" >"$W/list" || echo null >"$W/list"
	i=0
	while value=$("$json" "list[$i].$2" <<END_OF_LIST
{"list":$(cat "$W/list")}
END_OF_LIST
	); do
		echo "$value"
		i=$((i + 1))
	done
}
# table WORLD_OPTIONS < rows "TRY => MEMBER=PATTERN; MEMBER=PATTERN": runs the tries in one world and compares each.
# A pattern is the shell's; an absent member reads "(no MEMBER)".
table() {
	cat >"$W/table"
	world "$@" -t "$(sed 's/ *=> .*//' "$W/table")"
	sed -n 's/^nonce \({"try"\)/\1/p' "$W/out/lines" >"$W/answers"
	row=0
	while read -r line; do
		row=$((row + 1))
		answer=$(sed -n "${row}p" "$W/answers")
		printf '%s\n' "${line#* => };" | tr ';' '\n' | sed 's/^ *//; /^$/d' >"$W/members"
		while read -r member; do
			name="try/${line%% *=> *}/${member%%=*}"
			value=$(printf '%s\n' "$answer" | "$json" "${member%%=*}" 2>/dev/null) || value="(no ${member%%=*})"
			like "$name" "${member#*=}" "$value"
		done <"$W/members"
	done <"$W/table"
	# The tries that have no answer of their own end a table.
	tried_verbs="$tried_verbs $(sed 's/ .*//' "$W/table" | tr '\n' ' ')"
}
tried_verbs=''
terminal='' # what stands for stdin
lines_to='' # a FIFO: for a world in the background, whose lines are read as they come
# lines_valid NAME: everything that begins with the nonce is JSON
lines_valid() {
	sed 's/^[^ ]* //' "$W/out/lines" >"$W/out/json"
	while read -r line; do
		printf '%s\n' "$line" | "$json" . >/dev/null || {
			not_ok "$1" "no JSON: $line"
			return
		}
	done <"$W/out/json"
	ok "$1"
}
# finish: the exit status of the test
finish() {
	[ "$failures" -eq 0 ]
}
