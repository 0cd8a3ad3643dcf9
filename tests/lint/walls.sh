#!/bin/sh
# Who may include whom: docs/ARCHITECTURE.md.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# wall NAME FOLDER ALLOWED: every quoted include of the folder's sources begins with a pattern that is allowed.
wall() {
	found "$1" "$(find "$2" -name '*.[ch]' -exec grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' {} + |
		grep -vE "include[[:space:]]*\"($3)")"
}
wall 'base includes nothing of ours but base, and its wire codecs the interface' base 'base/|cri/runtime_v1\.pb-c\.h'
wall 'bpf includes base and bpf' bpf 'base/|bpf/'
wall 'reports include base, records and reports' reports 'base/|harness/record\.h|reports/'
wall 'cases include the case language alone' cases 'harness/case\.h'
wall 'the reference runtime includes base and itself' runtime-under-test/oci 'base/|runtime-under-test/oci/'
wall 'the reference CRI server includes base, the interface and itself' runtime-under-test/cri \
	'base/|cri/runtime_v1\.pb-c\.h|runtime-under-test/cri/|runtime-under-test/oci/faults\.h'
wall 'the faulty shim includes base and itself' runtime-under-test/faulty 'base/|runtime-under-test/faulty/'
wall 'the harness reaches reports by their interface' harness 'base/|bpf/|harness/|reports/(report|columns)\.h|cri/runtime_v1\.pb-c\.h'

# library HEADER FILE...: only these files of ours know the library (docs/DEPENDENCIES.md).
library() {
	header=$1
	shift
	allowed=$(printf '%s\n' "$@")
	found "<$header> is included by $* alone" "$(grep -lE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$header" -r base bpf harness reports cases \
		runtime-under-test --include='*.[ch]' | grep -vxF "$allowed")"
}
library json-c/ base/json.c
library check.h harness/libcheck.c
library bpf/libbpf.h bpf/recorder.c bpf/resolve.c
library curl/ runtime-under-test/cri/image/curl_library.h
library yaml.h runtime-under-test/cri/spec/yaml_library.h
library openssl/evp runtime-under-test/cri/image/digest.c base/wire/websocket.c
library archive runtime-under-test/cri/unpack/stream.c runtime-under-test/cri/unpack/apply.c runtime-under-test/cri/unpack/entry.c
library seccomp.h runtime-under-test/oci/seccomp.c runtime-under-test/oci/spec_seccomp.c
library grpc/ harness/cri/client.c runtime-under-test/cri/rpc/rpc.h runtime-under-test/cri/rpc/internal.h \
	runtime-under-test/cri/rpc/buffer.c runtime-under-test/cri/rpc/handler.c runtime-under-test/cri/rpc/listener.c \
	runtime-under-test/cri/rpc/server.c
library protobuf-c/ base/wire/arena.h base/wire/message.h base/wire/message_json.h base/wire/methods.h harness/cri/call.h \
	runtime-under-test/cri/rpc/rpc.h
