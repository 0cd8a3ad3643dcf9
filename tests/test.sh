#!/bin/sh
# `make test`: set up, build with warnings as errors, run every test of the project. The last line holds the counts, also on failure.
set -u
cd "$(dirname "$0")/.." || exit 1

make=${MAKE:-make}
counts=build/test-counts
failed() {
	printf '%s\n' "$1" >&2
	printf '0 passed, 1 failed, 0 skipped\n'
	exit 1
}

# A stale count must not hide a build that failed.
rm -f "$counts"
[ "${SETUP:-}" = no ] || tests/setup.sh build test peers callers lint || failed 'set-up failed'
"$make" --no-print-directory -j2 WERROR=1 all unit || failed 'the build failed'
"$make" --no-print-directory -j2 WERROR=1 SAN=address,undefined unit build/san/bin/plumbline-oci build/san/bin/plumbline-cri build/san/bin/plumbline-monitor || failed 'the build with sanitizers failed'
CK_TIMEOUT_MULTIPLIER=3 tests/run.sh unit sanitized e2e lint
