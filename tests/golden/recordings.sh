#!/bin/sh
# Records the golden recordings of four runtimes anew: as root, by a plumbline that has been built. Then `make golden` and a look.
set -eu
run=$(mktemp -d) place=/opt/plumbline-golden
trap 'rm -rf "$run" "$place"' EXIT
# Paths of the machine that records must not be in what is published.
mkdir -p "$place"
cp build/bin/plumbline-oci "$place"
for runtime in crun runc runsc "$place/plumbline-oci"; do
	name=${runtime##*/}
	build/bin/plumbline test oci/mounts/ro_bind_refuses_writes --runtime "$runtime" --record on --jobs 1 --out "$run"
	cp "$run/$name/recordings/oci/mounts/ro_bind_refuses_writes.rec" "fixtures/recordings/$name.rec"
done
