#!/bin/sh
# The engines that people start containers with, on the reference runtime: each in a world, with state of its own. RUNTIME=PATH
# runs them on another one.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

runtime=${RUNTIME:-$bin/plumbline-oci}
for caller in podman buildah containerd docker; do
	program=$caller
	[ $caller != docker ] || program=dockerd
	if ! PATH=$PATH:/usr/sbin command -v $program > /dev/null; then
		skip "$caller" "needs $program"
		continue
	fi
	timeout 300 tests/oci/world.sh "tests/callers/$caller.sh" "$runtime" < /dev/null ||
		not_ok "$caller" "its script ended with status $?"
done
