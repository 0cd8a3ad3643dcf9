#!/bin/sh
# The suite against runtimes that nobody here wrote.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline
case_id=oci/lifecycle/start_runs_the_program

# Verdicts of one case on a runtime, as JSON Lines in $W/out; prints the verdict.
verdict() {
	timeout 120 "$plumbline" test "$case_id" --runtime "$1" --json --out "$W/run" > "$W/out" 2> "$W/err"
	echo $? > "$W/code"
	cat "$W/err" >&2
	sed -n 's/.*"type": *"case".*"verdict": *"\([a-z]*\)".*/\1/p' "$W/out"
}
for runtime in crun runc; do
	if path=$(command -v $runtime); then
		is "$runtime passes $case_id" pass "$(verdict "$path")"
		is "$runtime: exit code 0" 0 "$(cat "$W/code")"
	else
		skip "$runtime" "it is not installed"
	fi
done

"$plumbline" test 'oci/no/such' > "$W/out" 2> "$W/err"
is 'a selection that is empty or has no runtime ends with 2 or 4' yes "$(case $? in 2 | 4) echo yes ;; esac)"
exit 0
