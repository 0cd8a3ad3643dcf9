#!/bin/sh
# What `make install` puts somewhere works there, far from the tree, and `make uninstall` takes all of it away.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# -o all: what is built stays as it is, whatever flags it was built with.
make() { command "${MAKE:-make}" --no-print-directory -o all "$@" DESTDIR="$W/root" PREFIX=/usr >&2; }
# below NAME BYTES FILE
below() {
	size=$(stat -c %s "$3")
	if [ "${size:-$2}" -lt "$2" ]; then ok "$1 is smaller than $2 bytes"; else not_ok "$1 is smaller than $2 bytes" "it has '$size'"; fi
}
check 'make install' make install
installed=$W/root/usr/bin/plumbline
below 'plumbline as built' 3000000 "$bin/plumbline"
below 'plumbline as installed' 3000000 "$installed"
below 'the probe' 1000000 "$bin/plumbline-probe"
cases=$("$bin/plumbline" list | wc -l)
cd / || exit 1
is 'an installed plumbline lists all cases' "$cases" "$("$installed" list | wc -l)"
is 'it finds the reference beside itself' "$W/root/usr/bin/plumbline-oci" \
	"$("$installed" list runtimes --json | jq -r 'select(.id == "plumbline-oci").path')"
if [ "$(id -u)" = 0 ]; then
	check 'it runs a case' "$installed" test oci/lifecycle/create_runs_no_program --out "$W/run"
	check 'it proves a case' "$installed" prove oci/lifecycle/create_runs_no_program
	check 'it writes a reproduction' "$installed" repro oci/lifecycle/create_runs_no_program -o "$W/repro"
	check 'whose probe is the one that was built' cmp "$W/repro/rootfs/probe" "$bin/plumbline-probe"
else
	skip 'it runs a case' 'it needs root'
fi
names() { find "$W/root/usr/$1" -type f -printf '%f\n' | sed 's/\.1$//' | sort; }
is 'each program has a page in section 1, and each page its program' "$(names bin)" "$(names share/man/man1)"
unnamed=
for page in $(names share/man/man1); do
	target=$(sed -n '1s/^\.so //p' "$W/root/usr/share/man/man1/$page.1")
	# whatis(1) finds a program by what stands below NAME.
	sed -n 's/^\.Nm //p; /^\.SH NAME/,/^\.SH SYN/p' "$W/root/usr/share/man/${target:-man1/$page.1}" | grep -qw -e "$page" ||
		unnamed="$unnamed $page"
done
is 'a page, or the one it leads to, names its program' '' "$unnamed"
cd "$top" || exit 1
check 'make uninstall' make uninstall
is 'nothing is left' '' "$(find "$W/root" -type f)"
