#!/bin/sh
# plumbline bench measures what really ran: nothing here looks at how long it took.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline

# figures JQ: one value of the JSON Lines
figures() { jq -r "$1" "$W/out"; }

if ! command -v crun > /dev/null; then
	skip 'bench' 'needs crun'
	exit 0
fi
"$plumbline" bench --runtime crun --runtime "$bin/plumbline-oci" --rounds 3 --json > "$W/out" 2> "$W/err"
is 'bench ends well' 0 $?
is 'the floor was measured' 3 "$(figures 'select(.runtime == "floor" and .operation == "run").rounds')"
for operation in run create start delete state cycle; do
	for runtime in crun plumbline-oci; do
		is "$operation of $runtime was measured in every round" 3 \
			"$(figures "select(.runtime == \"$runtime\" and .operation == \"$operation\" and .median_ms > 0 and .to_first > 0).rounds")"
	done
done
is 'the first runtime is its own measure' 1 "$(figures 'select(.runtime == "crun" and .operation == "run").to_first')"
is 'a runtime needs memory' true "$(figures 'select(.runtime == "crun" and .operation == "run").peak_mb > 0.5')"

# A runtime that refuses everything is told by its own words, and is no figure.
printf '#!/bin/sh\necho no such luck >&2\nexit 1\n' > "$W/refuses"
chmod 755 "$W/refuses"
"$plumbline" bench --runtime "$W/refuses" --rounds 2 --json > "$W/out" 2> "$W/err"
is 'a runtime that runs nothing is a failure' 1 $?
is 'its words are reported' 'create: no such luck' "$(figures 'select(.type == "trouble").reason')"
is 'it has no figure' null "$(figures 'select(.runtime == "refuses" and .operation == "run").median_ms')"
"$plumbline" bench --runtime "$W/missing" > "$W/out" 2> "$W/err"
is 'a missing runtime is usage' 2 $?
"$plumbline" bench words > "$W/out" 2> "$W/err"
is 'words are usage' 2 $?
