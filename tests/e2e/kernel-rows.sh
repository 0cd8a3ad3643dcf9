#!/bin/sh
# Every row about the kernel is red under a fault: a row that no mistake of a runtime turns red would claim nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

table=tests/e2e/kernel-rows.tsv
if [ "$("$bin/plumbline" doctor --json 2> /dev/null | jq -r 'select(.check == "recording") | .health')" != ok ]; then
	skip 'rows about the kernel' 'nothing can be recorded here'
	exit 0
fi
for fault in $(grep -v '^#' "$table" | cut -f 2 | sort -u); do
	printf '#!/bin/sh\nexec %s/plumbline-faulty --fault %s -- %s/plumbline-oci "$@"\n' "$bin" "$fault" "$bin" > "$W/$fault"
	chmod +x "$W/$fault"
	# shellcheck disable=SC2046 # ids have no spaces
	"$bin/plumbline" test $(grep -v '^#' "$table" | awk -F '\t' -v f="$fault" '$2 == f { print $1 }' | sort -u) \
		--runtime "$W/$fault" --profile plumbline-oci --record on --out "$W/run" > "$W/log" 2>&1
	tests/e2e/kernel-rows.py "$fault" "$W/run/$fault"
	rm -rf "$W/run"
done
