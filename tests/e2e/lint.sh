#!/bin/sh
# Every check of tests/lint passes a small good tree, and sees the one mistake that is then planted for it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

tree=$W/tree
mkdir -p "$tree/tests" "$tree/.ci" "$tree/build"
for folder in base bpf harness reports cases/oci runtime-under-test/oci runtime-under-test/cri runtime-under-test/faulty; do mkdir -p "$tree/$folder"; done
cp -r tests/lint "$tree/tests/lint"
cp .clang-format .clang-tidy "$tree"
printf '#!/bin/sh\ntrue\n' > "$tree/.ci/run"
printf '#ifndef BASE_GOOD_H\n#define BASE_GOOD_H\n\nint good(int x);\n\n#endif\n' > "$tree/base/good.h"
printf '#include "base/good.h"\n\nint good(int x)\n{\n\treturn x + 1;\n}\n' > "$tree/base/good.c"

for script in tests/lint/*.sh; do
	[ -x "$script" ] || continue
	is "$script passes a good tree" '' "$("$tree/$script" 2>&1 | grep -v '^ok ')"
	"$tree/$script" 2> /dev/null | sed 's/^ok //'
done > "$W/good"
grep -E '^(ok|not ok) tests/lint/' "$W/good"
grep -v -E '^(ok|not ok) tests/lint/' "$W/good" | LC_ALL=C sort > "$W/checks"

# planted SCRIPT CHECK FILE TEXT: with that file in the tree, the script says "not ok CHECK".
planted() {
	printf '%b' "$4" > "$tree/$3"
	is "a mistake is found: $2" "not ok $2" "$("$tree/tests/lint/$1.sh" 2> /dev/null | sed -n 's/^\(not ok [^:]*\):.*/\1/p')"
	rm "$tree/$3"
	printf '%s\n' "$2" >> "$W/planted"
}
# function LINES: a function of that many lines
function_of() {
	printf 'void long_one(void);\nvoid long_one(void)\n{\n'
	yes '\t;' | head -n "$1"
	printf '}\n'
}

planted walls 'base includes nothing of ours but base, and its wire codecs the interface' base/bad.c '#include "harness/world.h"\n'
planted walls 'bpf includes base and bpf' bpf/bad.c '# include "harness/world.h"\n'
planted walls 'reports include base, records and reports' reports/bad.h '#include "harness/judge.h"\n'
planted walls 'cases include the case language alone' cases/oci/bad.c '#include "base/text.h"\n'
planted walls 'the reference runtime includes base and itself' runtime-under-test/oci/bad.c '#include "harness/case.h"\n'
planted walls 'the faulty shim includes base and itself' runtime-under-test/faulty/bad.c '#include "runtime-under-test/oci/spec.h"\n'
planted walls 'the harness reaches reports by their interface' harness/bad.c '#include "reports/text.h"\n'
planted walls '<json-c/> is included by base/json.c alone' base/bad.c '#include <json-c/json.h>\n'
planted walls '<check.h> is included by harness/libcheck.c alone' harness/bad.c '#include <check.h>\n'
planted walls '<bpf/libbpf.h> is included by bpf/recorder.c bpf/resolve.c alone' bpf/bad.c '#include <bpf/libbpf.h>\n'
planted walls '<seccomp.h> is included by runtime-under-test/oci/seccomp.c runtime-under-test/oci/spec_seccomp.c alone' \
	runtime-under-test/oci/bad.c '#include <seccomp.h>\n'
planted walls 'the reference CRI server includes base, the interface and itself' runtime-under-test/cri/bad.c '#include "harness/case.h"\n'
# library_planted HEADER FILE: what tests/lint/walls.sh says of the header stands there.
library_planted() {
	planted walls "$(grep -F "<$1> is included by" "$W/checks")" "$2" "#include <$3>\n"
}
library_planted archive runtime-under-test/cri/bad.c archive.h
library_planted curl/ runtime-under-test/cri/bad.c curl/curl.h
library_planted grpc/ runtime-under-test/cri/bad.c grpc/grpc.h
library_planted openssl/evp runtime-under-test/cri/bad.c openssl/evp.h
library_planted yaml.h runtime-under-test/cri/bad.c yaml.h
library_planted protobuf-c/ runtime-under-test/cri/bad.c protobuf-c/protobuf-c.h
planted sizes 'no function over 50 lines' base/bad.c "$(function_of 51)\n"
planted sizes 'no file over 600 lines' tests/bad.c "$(yes '/* */' | head -n 601)\n"
planted headers 'headers are guarded by their names' base/bad.h '#ifndef BAD_H\n#define BAD_H\n#endif\n'
planted headers 'includes stand in order' base/bad.c '#include "base/good.h"\n#include <stdio.h>\n\n#include "base/good.h"\n#include <errno.h>\n'
planted sleep 'no sleep' harness/bad.c 'void f(void) { usleep (1); }\n'
planted format 'clang-format changes nothing' tests/bad.c 'int  bad ;\n'
planted shell 'shellcheck finds nothing' tests/bad.sh '#!/bin/sh\ncd /tmp\nrm $1\n'
planted clang 'clang warns of nothing' reports/bad.c 'static int unused;\n'
planted tidy 'clang-tidy finds nothing' harness/bad.c \
	'#include <string.h>\nint bad(const char *a);\nint bad(const char *a)\n{\n\treturn strcmp(a, "b") == 2;\n}\n'
planted analyzer 'gcc -fanalyzer finds nothing' runtime-under-test/oci/bad.c \
	'#include <stdlib.h>\nvoid bad(void *p);\nvoid bad(void *p)\n{\n\tfree(p);\n\tfree(p);\n}\n'
planted cppcheck 'cppcheck finds nothing' runtime-under-test/oci/bad.c 'int bad(void);\nint bad(void)\n{\n\tint a[2] = { 0 };\n\treturn a[2];\n}\n'

is 'no check goes without its mistake' "$(cat "$W/checks")" "$(LC_ALL=C sort "$W/planted")"

# A tool that is not there has found nothing, which is not the same as finding nothing.
mkdir "$W/few"
for program in sh dirname find sort printf; do ln -s "$(command -v "$program")" "$W/few/$program"; done
for script in format shell clang tidy cppcheck; do
	is "$script needs its tool" 1 "$(PATH=$W/few "$tree/tests/lint/$script.sh" 2> /dev/null | grep -c '^not ok .* is missing; apt-get install ')"
done
