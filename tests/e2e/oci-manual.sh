#!/bin/sh
# The manual page of the reference runtime has the verbs and options of the program, in the program's words, and its
# examples work.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

# To print the page anew: tests/oci/world.sh sh -c 'tests/oci/manual.sh docs/plumbline-oci.1 build/bin/plumbline-oci' > new
cp docs/plumbline-oci.1 "$W/page"
tests/oci/manual.sh "$W/page" "$runtime" > "$W/printed"
is 'docs/plumbline-oci.1 says what --help says' '' "$(diff "$W/page" "$W/printed" | grep '^[<>]')"
