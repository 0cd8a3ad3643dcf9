#!/bin/sh
# docs/WORKSHOP.md as its reader works through it: every command block of the document in one shell and one world, and below each
# the lines that it promises, in their order. "..." is lines left out, the character … anything within one.
# shellcheck source=tests/e2e/cri-lib.sh
. "$(dirname "$0")/cri-lib.sh"

if ! command -v jq > /dev/null; then
	skip workshop 'jq is not installed'
	exit 0
fi
if ! "$bin/plumbline" trace -- /bin/true > "$W/out" 2> "$W/err"; then
	skip workshop "$(head -n 1 "$W/err")"
	exit 0
fi

# Block N is $W/N.sh; what stands below it $W/N.text.
awk -v to="$W" '
	/^```sh$/ { file = to "/" ++count ".sh"; next }
	/^```text$/ { file = to "/" count ".text"; next }
	/^```$/ { close(file); file = ""; next }
	file { print > file }
	END { print count > (to "/count") }' docs/WORKSHOP.md
count=$(cat "$W/count")
check 'the document has its blocks' test "$count" -gt 15
for n in $(seq "$count"); do
	printf 'exec > "%s/%s.out" 2>&1\n' "$W" "$n"
	cat "$W/$n.sh"
done > "$W/session"
# The world of a pod has a /run of its own: a runtime there would not be found.
scratch=$(mktemp -d /tmp/plumbline-workshop.XXXXXX)
TMPDIR=$scratch timeout 600 sh "$W/session" < /dev/null
is 'the session comes to its end' 0 "$?"

# promised TEXT OUTPUT: prints the first line of TEXT that OUTPUT does not have behind the ones before it.
promised() {
	awk '
		function has(line, wanted, parts, n, i, at) {
			n = split(wanted, parts, "…")
			if (n < 2)
				return line == wanted
			if (substr(line, 1, length(parts[1])) != parts[1])
				return 0
			line = substr(line, length(parts[1]) + 1)
			for (i = 2; i < n; i++) {
				if (!(at = index(line, parts[i])) && parts[i] != "")
					return 0
				line = substr(line, at + length(parts[i]))
			}
			return length(line) >= length(parts[n]) && substr(line, length(line) - length(parts[n]) + 1) == parts[n]
		}
		FNR == NR { if ($0 != "...") want[++wants] = $0; next }
		BEGIN { next_want = 1 }
		next_want <= wants && has($0, want[next_want]) { next_want++ }
		END { if (next_want <= wants) print want[next_want] }' "$1" "$2"
}

texts=0
for n in $(seq "$count"); do
	[ -e "$W/$n.text" ] || continue
	texts=$((texts + 1))
	missing=$(promised "$W/$n.text" "$W/$n.out")
	[ -z "$missing" ] || cat "$W/$n.out" >&2
	is "$(head -n 1 "$W/$n.sh")" '' "$missing"
done
check 'most blocks promise something' test "$texts" -gt 15
is 'nothing is left behind' '' "$(ls "$scratch")"
