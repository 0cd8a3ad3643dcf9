#!/bin/sh
# Who may include whom (design: docs/ARCHITECTURE.md), no sleeping, no file over 600 lines.
set -u
cd "$(dirname "$0")/../.." || exit 1

# wall NAME FOLDER ALLOWED: every quoted include of the folder's sources begins with a pattern that is allowed.
wall() {
	bad=$(find "$2" -name '*.[ch]' -exec grep -HnE '^#include "' {} + | grep -vE "#include \"($3)" || true)
	if [ -n "$bad" ]; then
		printf 'not ok %s: %s\n' "$1" "$(printf '%s' "$bad" | head -n 3 | tr '\n' ' ')"
	else
		printf 'ok %s\n' "$1"
	fi
}
wall 'base includes nothing of ours but base' base 'base/'
wall 'bpf includes base and bpf' bpf 'base/|bpf/'
wall 'reports include base, records and reports' reports 'base/|harness/record\.h|reports/'
wall 'cases include the case language alone' cases 'harness/case\.h'
wall 'the reference runtime includes base and itself' runtime-under-test/oci 'base/|runtime-under-test/oci/'
wall 'the faulty shim includes base and itself' runtime-under-test/faulty 'base/|runtime-under-test/faulty/'
wall 'the harness reaches reports by their interface' harness 'base/|bpf/|harness/|reports/report\.h'

bad=$(grep -nE '\b(sleep|usleep|nanosleep)[[:space:]]*\(' -r base bpf harness reports runtime-under-test tests --include='*.[ch]' || true)
if [ -n "$bad" ]; then printf 'not ok no sleep: %s\n' "$(printf '%s' "$bad" | head -n 3 | tr '\n' ' ')"; else printf 'ok no sleep\n'; fi

long=$(find base bpf harness reports runtime-under-test cases tests -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 600 { print $2, $1 }')
if [ -n "$long" ]; then printf 'not ok no file over 600 lines: %s\n' "$long"; else printf 'ok no file over 600 lines\n'; fi
