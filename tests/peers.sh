#!/bin/sh
# `make peers`: runtimes that Debian does not package and an ordinary package client builds: youki, through cargo. It goes where cargo puts
# programs, so `make clean` does not cost the build again. A machine that cannot build it tests the other runtimes: one sentence, exit 0.
set -u
cd "$(dirname "$0")/.." || exit 1

# The crate switches its libraries' defaults off: without these features it has neither a cgroup manager nor seccomp.
features=v1,v2,systemd,seccomp
version=0.7.0
root=${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}
log=build/peers.log

without() {
	printf 'peers: going on without youki: %s\n' "$1" >&2
	exit 0
}

if [ -x "$root/bin/youki" ]; then
	printf 'peers: youki is there: %s\n' "$root/bin/youki"
	exit 0
fi
command -v cargo > /dev/null || without 'there is no cargo in PATH'
if [ "${SETUP:-}" != no ]; then
	tests/setup.sh youki || without 'the Debian packages it is built with could not be installed: see above'
fi
mkdir -p build
printf 'peers: building youki %s with cargo, which takes a while; its words are in %s\n' "$version" "$log" >&2
# What was compiled stays, so an interrupted build goes on where it was.
CARGO_TARGET_DIR=$PWD/build/youki nice -n 15 cargo install youki --version "$version" --locked --root "$root" \
	--features "$features" -j "${JOBS:-1}" > "$log" 2>&1 || without "cargo could not build it; the end of $log says why"
rm -rf build/youki
printf 'peers: installed %s\n' "$root/bin/youki"
