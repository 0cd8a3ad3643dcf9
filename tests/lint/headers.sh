#!/bin/sh
# Headers: guards named for the path; a source includes its own header first, so that each header is known to stand
# alone, then the system's, then ours. clang-format keeps each block sorted.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2086 # names of our own folders hold no blanks
headers=$(find $folders -name '*.h' | LC_ALL=C sort)
# shellcheck disable=SC2086
sources=$(user_sources $folders)

# runtime-under-test/oci/spec.h is OCI_SPEC_H, base/text.h is BASE_TEXT_H.
guards() {
	for header in $headers; do
		guard=$(printf '%s' "${header#runtime-under-test/}" | tr 'a-z/.-' 'A-Z___')
		grep -qx "#ifndef $guard" "$header" && grep -qx "#define $guard" "$header" ||
			printf '%s: its guard should be %s\n' "$header" "$guard"
	done
}
found 'headers are guarded by their names' "$(guards)"

# check.h takes the name fail, and must come before ours: it does not count.
# shellcheck disable=SC2086
found 'includes stand in order' "$(awk '
	FNR == 1 { seen = system_seen = project = 0; own = FILENAME; sub(/c$/, "h", own); has_own = (getline line < own) >= 0; close(own) }
	!/^#include / || $2 == "<check.h>" { next }
	!seen++ && has_own && $2 != "\"" own "\"" { print FILENAME ":" FNR ": " own " should come first" }
	/^#include "/ && system_seen { project = 1 }
	/^#include </ { system_seen = 1 }
	/^#include </ && project { print FILENAME ":" FNR ": " $2 " should come before our own" }' $sources)"
