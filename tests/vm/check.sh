#!/bin/sh
# `make check-vm`: in guests, what this machine's own kernel has not: the reference runtime's way with cgroups and systemd, and plumbline's cases
# on cgroup v2. One guest at a time. FLAVOUR: v2, v1, systemd, hybrid (default: all). SUITE=smoke: the runtime's part alone; SUITE=full: all cases for
# OCI runtimes on v2 and v1. PROVE=1: the cases of cgroup v2 against their faults as well. PEERS='crun runc': on these runtimes as well.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ "${SETUP:-}" = no ] || tests/setup.sh vm || exit 1

flavours=${FLAVOUR:-v2 v1 systemd hybrid} suite=${SUITE:-cgroup}
vm=$PWD/build/vm plumbline=build/bin/plumbline
W=$(mktemp -d build/vm-check.XXXXXX) || exit 1
trap 'rm -rf "$W"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0

ok() { printf 'ok %s\n' "$1"; passed=$((passed + 1)); }
not_ok() { printf 'not ok %s: %s\n' "$1" "$2"; failed=$((failed + 1)); }
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', observed '$3'"; fi; }

# The guest counts what it has said: a line that did not come is a failure too, as is a guest that ended before.
reference() {
	{
		printf 'flavour=%s\n' "$1"
		cat tests/vm/in-reference.sh
	} > "$W/script"
	GUEST=$vm CONSOLE=$vm/$1.console PROGRAMS="$PWD/build/bin/plumbline-oci
$vm/device-programs" harness/guest/boot.sh "$1" "$W/script" 1200 > "$W/out" 2> "$W/err"
	status=$?
	grep -E '^(ok|not ok|#) ' "$W/out"
	cat "$W/err" >&2
	said=$(grep -c '^ok ' "$W/out") bad=$(grep -c '^not ok ' "$W/out")
	passed=$((passed + said)) failed=$((failed + bad))
	is "$1 every check was heard of" "$(sed -n 's/^checks //p' "$W/out")" $((said + bad))
	is "$1 the guest ended well" 0 "$([ "$status" = 1 ] && [ "$bad" -gt 0 ] && echo 0 || echo $status)"
}

number() { sed -n "s/^{\"type\":\"$1\".*\"$2\":\([0-9.]*\)[,}].*/\1/p" "$W/out"; }
# in_guest VERB FLAVOUR ARGUMENT...: its exit status; the records in $W/out
in_guest() {
	verb=$1 flavour=$2
	shift 2
	$plumbline "$verb" --in "vm:$flavour" --guest "$vm" --json "$@" > "$W/out" 2> "$W/err"
	code=$?
	grep -E '"(verdict|result)":"(fail|warn|broken|notrun|survived|no control|not run)"' "$W/out" | cut -c 1-400 | sed 's/^/# /'
	[ "$code" = 0 ] || tail -n 20 "$W/err" >&2
	return $code
}

# cases FLAVOUR RUNTIME SELECTOR...: the reference must hold; of the others it is shown what they do, and that the harness can tell.
cases() {
	flavour=$1 runtime=$2
	shift 2
	in_guest test "$flavour" --runtime "$runtime" --out "$vm/$flavour-$runtime" "$@"
	code=$?
	[ "$runtime" = plumbline-oci ] && is "$flavour $runtime the cases pass" 0 $code
	is "$flavour $runtime every case was heard of" "$($plumbline list "$@" | wc -l)" "$(number summary selected)"
	is "$flavour $runtime no case is broken, none was not run" '0 0' "$(number summary broken) $(number summary notrun)"
	is "$flavour $runtime run.json and the reports are here" 'run.json junit.xml' \
		"$(cd "$vm/$flavour-$runtime" && for file in "$runtime/run.json" junit.xml; do [ -s "$file" ] && basename "$file"; done | paste -sd' ')"
	printf '# %s %s: %s pass, %s fail, %s warn, %s skip of %s\n' "$flavour" "$runtime" "$(number summary pass)" "$(number summary fail)" \
		"$(number summary warn)" "$(number summary skip)" "$(number summary selected)"
}

prove() {
	in_guest prove v2 --record off needs:cgroup2
	is 'v2 prove: every case passes, and fails under its fault' 0 $?
	is 'v2 prove: every case was heard of' "$($plumbline list needs:cgroup2 | wc -l)" "$(number prove cases)"
	is 'v2 prove: none is unproven' 0 "$(number prove unproven)"
}

# Limits of the verifier differ between kernels, and this machine's may be generous: the recorder has to load on the one that Debian installs.
recorded() {
	in_guest test v2 --record on --out "$vm/v2-recorded" oci/cgroup_v2/memory_is_limited kernel/host_mounts_stay
	is 'v2 two recorded cases pass' 0 $?
	is 'v2 no event is lost' '2 0' "$(number summary pass) $(number summary lost_events)"
	is 'v2 the recordings are here' 2 "$(find "$vm/v2-recorded" -name '*.rec' | wc -l)"
	in_guest test v2 --out "$vm/v2-rules" 'kernel/*' oci/cgroup_v2/memory_is_limited
	is 'v2 the rules hold' 0 $?
	is 'v2 each of them is judged' "$(($($plumbline list 'kernel/*' | wc -l) + 1)) 0" "$(number summary pass) $(number summary lost_events)"
	is 'v2 what speaks of no call is not recorded' '' "$(find "$vm/v2-rules" -path '*/oci/*.rec')"
}

# Mounts told by where the kernel put them: resolve.sh counts what it has said.
resolved() {
	GUEST=$vm tests/vm/resolve.sh > "$W/out" 2> "$W/err"
	status=$?
	grep -E '^(ok|not ok|#) ' "$W/out" | sed 's/^\(ok\|not ok\) /&v2 /'
	said=$(grep -c '^ok ' "$W/out") bad=$(grep -c '^not ok ' "$W/out")
	passed=$((passed + said)) failed=$((failed + bad))
	is 'v2 every check of mount targets was heard of' "$(sed -n 's/^checks //p' "$W/out")" $((said + bad))
	[ "$status" = 0 ] || tail -n 20 "$W/err" >&2
	is 'v2 that guest ended well' 0 "$([ "$status" = 1 ] && [ "$bad" -gt 0 ] && echo 0 || echo $status)"
}

# What must be told when there is no guest.
trouble() {
	mkdir -p "$W/guest/kernel/lib/modules/none" "$W/tmp"
	export TMPDIR="$W/tmp"
	$plumbline test --in vm:v2 --guest "$W/guest" --out "$W/none" > /dev/null 2> "$W/err"
	is 'a missing kernel: exit code' 3 $?
	is 'it is told' 1 "$(grep -c '^guest: there is no kernel .*: make guests' "$W/err")"
	echo 'no kernel' > "$W/guest/kernel/vmlinuz"
	$plumbline test --in vm:v2 --guest "$W/guest" --out "$W/none" > /dev/null 2> "$W/err"
	is 'a guest that dies: exit code' 6 $?
	is 'it is told that it died' 1 "$(grep -c '^guest: it crashed' "$W/err")"
	START=1 $plumbline test --in vm:v2 --guest "$vm" --out "$W/none" > /dev/null 2> "$W/err"
	is 'a guest that never begins: exit code' 6 $?
	is 'it was started twice' 2 "$(grep -c '^guest: it did not begin within 1 s' "$W/err")"
	is 'nothing is left of them' '' "$(ls "$W/tmp")"
	unset TMPDIR
}

case " $flavours " in *' systemd '* | *' hybrid '*) disk=disk ;; *) disk= ;; esac
# shellcheck disable=SC2086 # no word, or one
tests/vm/guests.sh $disk || exit 1
"${CC:-cc}" -O1 -static -o "$vm/device-programs" tests/vm/device-programs.c || exit 1
for flavour in $flavours; do
	printf '== guest %s\n' "$flavour"
	began=$(date +%s)
	reference "$flavour"
	case $suite-$flavour in
	cgroup-v2)
		trouble
		recorded
		resolved
		cases v2 plumbline-oci needs:cgroup2 oci/pause oci/events 'oci/devices & needs:cgroup' 'oci/update & !needs:cgroup1'
		;;
	full-v?) cases "$flavour" plumbline-oci oci ;;
	esac
	case ${PROVE:-}-$flavour in 1-v2) prove ;; esac
	for runtime in ${PEERS:-}; do
		case $flavour in v2) cases v2 "$runtime" needs:cgroup2 ;; esac
	done
	printf '# %s took %s s\n' "$flavour" $(($(date +%s) - began))
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
