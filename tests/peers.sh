#!/bin/sh
# `make peers`: what Debian does not package and an ordinary package client builds: youki, through cargo, and crictl and critest, through
# go. They go where those put programs, so `make clean` does not cost the build again. A machine that cannot build one goes on without it:
# one sentence, exit 0.
set -u
cd "$(dirname "$0")/.." || exit 1

youki_version=0.7.0
# The crate switches its libraries' defaults off: without these features it has neither a cgroup manager nor seccomp.
youki_features=v1,v2,systemd,seccomp
cri_tools=sigs.k8s.io/cri-tools
cri_tools_version=v1.34.0

cargo_root=${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}
log=build/peers.log

# without PEER REASON: said by a build in a shell of its own
without() {
	printf 'peers: going on without %s: %s\n' "$1" "$2" >&2
	exit 0
}
is_there() { printf 'peers: %s is there: %s\n' "$1" "$2"; }
building() { printf 'peers: building %s, which takes a while; its words are in %s\n' "$1" "$log" >&2; }
installed() { printf 'peers: installed %s\n' "$1"; }
packages() { [ "${SETUP:-}" = no ] || tests/setup.sh "$1"; }

build_youki() {
	if [ -x "$cargo_root/bin/youki" ]; then
		is_there youki "$cargo_root/bin/youki"
		return
	fi
	command -v cargo > /dev/null || without youki 'there is no cargo in PATH'
	packages youki || without youki 'the Debian packages it is built with could not be installed: see above'
	building "youki $youki_version with cargo"
	# What was compiled stays, so an interrupted build goes on where it was.
	CARGO_TARGET_DIR=$PWD/build/youki nice -n 15 cargo install youki --version "$youki_version" --locked --root "$cargo_root" \
		--features "$youki_features" -j "${JOBS:-1}" >> "$log" 2>&1 || without youki "cargo could not build it; the end of $log says why"
	rm -rf build/youki
	installed "$cargo_root/bin/youki"
}

go_bin() {
	bin=$(go env GOBIN)
	[ -n "$bin" ] || bin=$(go env GOPATH)/bin
	printf '%s' "$bin"
}

# critest is a test program, which `go install` does not make: a module of our own that needs it does, for both.
build_cri_tools() {
	command -v go > /dev/null || without 'crictl and critest' 'there is no go in PATH'
	bin=$(go_bin)
	if [ -x "$bin/crictl" ] && [ -x "$bin/critest" ]; then
		is_there crictl "$bin/crictl"
		is_there critest "$bin/critest"
		return
	fi
	building "crictl and critest $cri_tools_version with go"
	rm -rf build/cri-tools
	mkdir -p build/cri-tools "$bin"
	(
		# Static: they run in worlds and guests too.
		export CGO_ENABLED=0 GOFLAGS="-p=${JOBS:-1} -buildvcs=false"
		cd build/cri-tools && go mod init plumbline-peers || exit 1
		go get -t "$cri_tools/cmd/crictl@$cri_tools_version" "$cri_tools/cmd/critest@$cri_tools_version" || exit 1
		nice -n 15 go build -ldflags "-s -w -X $cri_tools/pkg/version.Version=$cri_tools_version" -o crictl $cri_tools/cmd/crictl &&
			nice -n 15 go test -c -ldflags '-s -w' -o critest $cri_tools/cmd/critest
	) >> "$log" 2>&1 || without 'crictl and critest' "go could not build them; the end of $log says why"
	for program in crictl critest; do
		mv build/cri-tools/$program "$bin/$program" || without $program "$bin is not to be written to"
		installed "$bin/$program"
	done
	rm -rf build/cri-tools
}

mkdir -p build
: > "$log"
(build_cri_tools)
(build_youki)
