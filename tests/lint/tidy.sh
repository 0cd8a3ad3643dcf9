#!/bin/sh
# clang-tidy; .clang-tidy says which of its checks, and why.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

name='clang-tidy finds nothing'
tool clang-tidy clang-tidy "$name"
# Few files a process: it starts quickly, and two of them then end together.
# shellcheck disable=SC2016,SC2090 # the inner shell expands
tidy() {
	user_sources base bpf harness reports runtime-under-test |
		xargs -P "$(nproc)" -n 8 sh -c 'flags=$1; shift; clang-tidy --quiet "$@" -- $flags' tidy "$flags"
}
clean "$name" tidy
