# Sourced by end-to-end scripts: one line a check, a private directory, the programs under test.
# shellcheck shell=sh

cd "$(dirname "$0")/../.." || exit 1
top=$PWD
# shellcheck disable=SC2034 # for the scripts
bin=$top/build/bin
W=$(mktemp -d "${TMPDIR:-/tmp}/plumbline-e2e.XXXXXX")
trap 'rm -rf "$W"' EXIT
trap 'exit 130' INT TERM

ok() { printf 'ok %s\n' "$1"; }
not_ok() { printf 'not ok %s: %s\n' "$1" "$2"; }
skip() { printf 'skip %s: %s\n' "$1" "$2"; }
# check NAME COMMAND...: its exit status decides.
check() {
	name=$1
	shift
	if "$@" >&2; then ok "$name"; else not_ok "$name" "'$*' ended with status $?"; fi
}
# is NAME EXPECTED OBSERVED
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', observed '$3'"; fi
}
