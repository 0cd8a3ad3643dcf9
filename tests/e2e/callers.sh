#!/bin/sh
# The engines that people start containers with, on the reference runtime: each in a world, with state of its own. RUNTIME=PATH
# runs them on another one, CALLERS='podman cri' only some of them.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

runtime=${RUNTIME:-$bin/plumbline-oci}
# Where tests/peers.sh puts what it builds with go.
PATH=$PATH:/usr/sbin:${GOBIN:-${GOPATH:-$HOME/go}/bin}
CRICTL=$(command -v crictl)
export CRICTL
for caller in ${CALLERS:-podman buildah containerd cri docker}; do
	case $caller in
	docker) needed=dockerd ;;
	cri) needed='containerd crictl' ;;
	*) needed=$caller ;;
	esac
	for program in $needed; do
		command -v "$program" > /dev/null && continue
		skip "$caller" "needs $program$([ "$program" != crictl ] || echo ', which make peers builds')"
		continue 2
	done
	timeout 300 tests/oci/world.sh "tests/callers/$caller.sh" "$runtime" < /dev/null ||
		not_ok "$caller" "its script ended with status $?"
done
