#!/bin/sh
# Cases that cannot fail prove nothing: for each fault one of the cases that name it, and its witnesses, must notice it. `plumbline prove` does all.
# And what is left behind: nothing by the reference, something by a runtime that leaves it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline
[ "$(id -u)" = 0 ] || { skip 'prove' 'worlds need root'; exit 0; }

# The first case of each fault, and the witnesses of faults that no case names.
"$plumbline" list --json | sed -n 's/^{"type":"case","id":"\([^"]*\)".*"refuted_by":"\([^"]*\)".*/\2 \1/p' | sort -u -k1,1 | cut -d' ' -f2 > "$W/ids"
awk -F'\t' 'NR > 1 && $5 == "built" && $6 ~ /^[a-z]/ { print $6 }' fixtures/faults.tsv >> "$W/ids"
sort -u "$W/ids" > "$W/selected"
check 'there is a case for a hundred faults and more' test "$(wc -l < "$W/selected")" -gt 100

# shellcheck disable=SC2046 # ids have no blanks
timeout 900 "$plumbline" prove $(cat "$W/selected") --json --jobs 2 > "$W/out" 2> "$W/err"
code=$?
tail -n 3 "$W/err" >&2
is 'prove: exit code' 0 "$code"
result() { sed -n "s/^{\"type\":\"proof\",\"id\":\"\([^\"]*\)\".*\"fault\":\"\([^\"]*\)\",\"result\":\"$1\".*/\1 under \2/p" "$W/out"; }
is 'prove: no case passes under its fault' '' "$(result survived)"
is 'prove: every case passes without it' '' "$(result 'no control')"
is 'prove: every fault that is named is built' '' "$(result 'not built')"
# What this machine lacks is no excuse for more than what needs cgroup v2, or a recording of the kernel's calls.
is 'prove: only cases for what is missing here are skipped' '' "$(result skipped | grep -v -e '^oci/cgroup_v2/' -e '^kernel/')"
is 'prove: the score is 1' 1 "$(sed -n 's/.*"type":"prove".*"score":\([0-9]*\)\(\.0*\)\{0,1\}}$/\1/p' "$W/out" | sort -u)"

# A runtime that undoes the fault, so that the case passes: prove has to say that it survived.
if [ -x "$(command -v crun)" ]; then
	cat > "$W/immune" <<'R'
#!/bin/sh
for word; do
	[ -f "$word/config.json" ] && sed -i 's/"oomScoreAdj"/"ignored"/' "$word/config.json"
done
exec crun "$@"
R
	chmod 755 "$W/immune"
	case_id=$(sed -n 's/^{"type":"proof","id":"\([^"]*\)".*"fault":"oom-score-always-written".*/\1/p' "$W/out")
	"$plumbline" prove "$case_id" --runtime "$W/immune" --profile crun --json > "$W/immune.out" 2> /dev/null
	is 'a case that passes under its fault: exit code' 1 "$?"
	is 'it is told' 1 "$(grep -c '"fault":"oom-score-always-written","result":"survived"' "$W/immune.out")"
	is 'and the score is 0' 1 "$(grep -c '"type":"prove".*"caught":0.*"score":0' "$W/immune.out")"
else
	skip 'a case that passes under its fault' 'crun is not installed'
fi

# What is left behind.
leaks() { sed -n 's/^{"type":"summary".*"leaks":\([0-9]*\).*/\1/p' "$1"; }
"$plumbline" test oci/propagation oci/delete oci/errors oci/cgroup_v1 --jobs 2 --json --out "$W/clean" > "$W/out" 2> /dev/null
is 'the reference leaves nothing behind' 0 "$(leaks "$W/out")"
for fault in delete-leaves-file delete-leaves-mount delete-leaves-process cgroup-not-removed; do
	printf '#!/bin/sh\nexec %s --fault %s -- %s "$@"\n' "$bin/plumbline-faulty" $fault "$bin/plumbline-oci" > "$W/$fault"
	chmod 755 "$W/$fault"
	"$plumbline" test oci/propagation/a_volume_is_private_unless_asked --runtime "$W/$fault" --profile plumbline-oci --json --out "$W/left" > "$W/out" 2> /dev/null
	check "$fault is a leak" test "$(leaks "$W/out")" -ge 1
done
