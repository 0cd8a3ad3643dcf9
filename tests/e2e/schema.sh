#!/bin/sh
# What plumbline prints and keeps is what fixtures/schema publishes: lists, profiles, and the records of a real run.
# shellcheck disable=SC2016 # "$defs" is a word of JSON Schema
# shellcheck source=tests/e2e/lib.sh
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline
if ! python3 -c 'import jsonschema' 2> /dev/null; then
	skip schemas 'python3-jsonschema is missing: make set-up'
	exit 0
fi

valid() {
	python3 tests/e2e/validate.py "$@" > "$W/checked"
}
# refused SCHEMA FILE SED-SCRIPT: the document spoilt by that script is not valid.
refused() {
	sed "$3" "$2" > "$W/spoilt.json"
	! cmp -s "$2" "$W/spoilt.json" && ! valid "$1" "$W/spoilt.json" 2> /dev/null
}

for schema in fixtures/schema/*.schema.json; do
	is "$schema has an id of its name" "$(basename "$schema" .schema.json)" \
		"$(sed -n 's/.*"\$id": "urn:plumbline:schema:\([a-z]*\):1".*/\1/p' "$schema")"
done

check 'profiles' valid fixtures/schema/profile.schema.json runtime-under-test/profiles/*.json
check 'golden runs' valid fixtures/schema/run.schema.json tests/golden/runs/*.json
check 'a run with an unknown verdict is refused' refused fixtures/schema/run.schema.json \
	tests/golden/runs/crun.json 's/"verdict": "flaky"/"verdict": "green"/'
check 'a failure without a reason is refused' refused fixtures/schema/run.schema.json \
	tests/golden/runs/crun.json 's/"reason": "3 passes, 2 fails", //'

"$plumbline" list --json > "$W/cases.jsonl"
check 'list --json' valid fixtures/schema/case.schema.json "$W/cases.jsonl"
is 'list --json has every case' "$("$plumbline" list 2> /dev/null | wc -l)" "$(cat "$W/checked")"
"$plumbline" list faults --json > "$W/faults.jsonl"
check 'list faults --json' valid fixtures/schema/fault.schema.json "$W/faults.jsonl"

if ! runtime=$(command -v crun || command -v runc); then
	skip 'a real run' 'neither crun nor runc is installed'
	exit 0
fi
timeout 300 "$plumbline" test 'profile:smoke' --runtime "$runtime" --json --out "$W/run" > "$W/stdout.jsonl" 2> "$W/errors"
cat "$W/errors" >&2
kept=$(dirname "$W"/run/*/run.json)
check 'run.json' valid fixtures/schema/run.schema.json "$kept/run.json"
check 'cases.jsonl' valid 'fixtures/schema/run.schema.json#/$defs/result' "$kept/cases.jsonl"
sed '$d' "$W/stdout.jsonl" > "$W/results.jsonl"
tail -n 1 "$W/stdout.jsonl" > "$W/last.jsonl"
check 'test --json, cases' valid 'fixtures/schema/run.schema.json#/$defs/result' "$W/results.jsonl"
check 'test --json, the summary' valid 'fixtures/schema/run.schema.json#/$defs/summary' "$W/last.jsonl"
check 'observations' valid fixtures/schema/observation.schema.json "$kept/observations"
is 'an observation a case that ran' "$(grep -c -v -e '"verdict": *"skip"' -e '"verdict": *"notrun"' "$W/results.jsonl")" \
	"$(cat "$W/checked")"
check 'an observation without a case is refused' refused fixtures/schema/observation.schema.json \
	"$(find "$kept/observations" -name '*.json' | head -n 1)" 's/"case":/"kase":/'
