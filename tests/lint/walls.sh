#!/bin/sh
# Who may include whom: docs/ARCHITECTURE.md.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# wall NAME FOLDER ALLOWED: every quoted include of the folder's sources begins with a pattern that is allowed.
wall() {
	found "$1" "$(find "$2" -name '*.[ch]' -exec grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' {} + |
		grep -vE "include[[:space:]]*\"($3)")"
}
wall 'base includes nothing of ours but base' base 'base/'
wall 'bpf includes base and bpf' bpf 'base/|bpf/'
wall 'reports include base, records and reports' reports 'base/|harness/record\.h|reports/'
wall 'cases include the case language alone' cases 'harness/case\.h'
wall 'the reference runtime includes base and itself' runtime-under-test/oci 'base/|runtime-under-test/oci/'
wall 'the faulty shim includes base and itself' runtime-under-test/faulty 'base/|runtime-under-test/faulty/'
wall 'the harness reaches reports by their interface' harness 'base/|bpf/|harness/|reports/report\.h'
