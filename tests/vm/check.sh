#!/bin/sh
# `make check-vm`: plumbline's cases on cgroup v2, and what the reference runtime does with a pure v2 and under systemd, in
# guests. SUITE=full takes every case instead of those about cgroups, SUITE=smoke none; FLAVOUR=v2|v1|systemd|hybrid takes one guest only.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ "${SETUP:-}" = no ] || tests/setup.sh vm || exit 1

selection='oci/cgroup_v2 oci/update oci/update_v2 oci/pause oci/events oci/devices oci/delete'
[ "${SUITE:-cgroup}" = full ] && selection='oci'
script=$(mktemp build/vm-script.XXXXXX)
log=$(mktemp build/vm-log.XXXXXX)
trap 'rm -f "$script" "$log"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0

count() {
	ok=$(grep -c '^ok ' "$log") not_ok=$(grep -c '^not ok ' "$log")
	grep -v '^{' "$log"
	if [ "$1" != 0 ] && [ "$not_ok" = 0 ]; then
		printf 'not ok guest %s: it ended with status %s\n' "$2" "$1"
		not_ok=1
	fi
	passed=$((passed + ok)) failed=$((failed + not_ok))
}

# The reference must hold; of the others it is shown what they did. One summary line a runtime.
guest() {
	printf '== guest %s\n' "$1"
	cat > "$script" <<-END
		flavour=$1
		selection='$selection'
		$(cat "tests/vm/in-$2.sh")
	END
	tests/vm/boot.sh "$1" "$script" "${3:-3600}" > "$log"
	count $? "$1"
}

for flavour in ${FLAVOUR:-v2 v1 systemd hybrid}; do
	guest "$flavour" reference
	case ${SUITE:-cgroup}-$flavour in smoke-*) ;; *-v?) guest "$flavour" suite ;; esac
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
