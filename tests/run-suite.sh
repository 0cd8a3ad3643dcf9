#!/bin/sh
# `make run`: the suite on the embedded reference runtime, and on every known runtime of this machine. Deviations of foreign runtimes are
# results; only a reference that is not clean, or a runtime that could not be run, is an error.
set -u
cd "$(dirname "$0")/.." || exit 1

plumbline=build/bin/plumbline
out=runs/$(date -u +%Y%m%d-%H%M%S)
suite=profile:smoke
# All that any OCI runtime can be asked: the specification, known ways out of a container, the kernel's calls.
[ "${SUITE:-smoke}" = full ] && suite='!area:cri/*'
status=0

# The reference runs everything; it must be clean.
if [ -x build/bin/plumbline-oci ]; then
	"$plumbline" test --out "$out/reference" || status=1
fi
# Where tests/peers.sh puts what it builds; cargo says so itself when it is not in PATH.
PATH=$PATH:${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}/bin
peers=
for peer in crun runc runsc youki; do
	path=$(command -v "$peer") && peers="$peers --runtime $path"
done
if [ -n "$peers" ]; then
	# shellcheck disable=SC2086 # options are words; filters hold no blanks
	"$plumbline" test --out "$out/peers" $peers "$suite"
	case $? in
	0 | 1 | 5) ;;
	*) status=1 ;;
	esac
fi
printf '\nreports:\n'
for page in "$out"/*/matrix.html; do
	[ ! -e "$page" ] || printf '  %s  (%s)\n' "$page" "$(cd "${page%/*}" && for run in */run.json; do dirname "$run"; done | paste -sd' ')"
done
exit "$status"
