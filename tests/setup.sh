#!/bin/sh
# setup.sh GROUP...: installs the Debian packages of fixtures/packages/GROUP.txt that are missing. One dpkg-query and
# nothing else when none is.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)

die() {
	printf 'set-up: %s\n' "$1" >&2
	exit 1
}

# The first word of each line; "#" begins a comment.
packages_of() {
	for group; do
		list=$top/fixtures/packages/$group.txt
		[ -r "$list" ] || die "there is no list of packages $list"
		sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$list"
	done | LC_ALL=C sort -u
}

missing_of() {
	# shellcheck disable=SC2016 # the format is dpkg's
	installed=$(dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' "$@" 2>/dev/null |
		sed -n 's/^installed \([^:]*\).*/\1/p')
	for package; do
		printf '%s\n' "$installed" | grep -qxF -e "$package" || printf '%s ' "$package"
	done
}

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >&2
}

is_known() {
	apt-cache show --no-all-versions "$1" > /dev/null 2>&1
}

# A release without one of the peers is tested against the others.
without_unknown_peers() {
	peers=$(packages_of peers)
	for package; do
		if ! is_known "$package" && printf '%s\n' "$peers" | grep -qxF -e "$package"; then
			printf 'set-up: this release has no package %s: going on without it\n' "$package" >&2
		else
			printf '%s ' "$package"
		fi
	done
}

[ $# -gt 0 ] || die "usage: setup.sh GROUP..., of: $(cd "$top/fixtures/packages" && echo *.txt | sed 's/\.txt//g')"
wanted=$(packages_of "$@")
command -v dpkg-query > /dev/null && command -v apt-get > /dev/null || die \
	"this is no Debian system; install what these Debian packages hold, then use SETUP=no: $(echo "$wanted" | tr '\n' ' ')"

# shellcheck disable=SC2086 # names of packages are words
missing=$(missing_of $wanted)
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || die "not root, and these packages are missing; as root: apt-get install $missing"

for package in $missing; do
	is_known "$package" && continue
	printf 'set-up: updating the lists of packages\n' >&2
	apt update || die "apt-get update did not work: see above"
	break
done
# shellcheck disable=SC2086
missing=$(without_unknown_peers $missing)
[ -n "$missing" ] || exit 0
printf 'set-up: installing %s\n' "$missing" >&2
# The second try is for lists so old that the files they name are gone.
# shellcheck disable=SC2086
apt install --no-install-recommends $missing || { apt update && apt install --no-install-recommends $missing; } ||
	die "apt-get install did not work: see above"
