#!/bin/sh
# Writes main() of a unit-test program: every DIR/test_NAME.c defines `Suite *test_NAME(void)`.
set -eu
printf '/* Generated; do not edit. */\n#include <check.h>\n#include <stdio.h>\n#include <stdlib.h>\n\n'
names=$(find "$1" -name 'test_*.c' -printf '%f\n' | LC_ALL=C sort | sed 's/\.c$//')
for n in $names; do printf 'Suite *%s(void);\n' "$n"; done
printf '\nint main(void)\n{\n\tSRunner *runner = srunner_create(NULL);\n\n'
for n in $names; do printf '\tsrunner_add_suite(runner, %s());\n' "$n"; done
cat <<'C'
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner), ran = srunner_ntests_run(runner);
	srunner_free(runner);
	printf("%d passed, %d failed, 0 skipped\n", ran - failed, failed);
	return failed || !ran ? EXIT_FAILURE : EXIT_SUCCESS;
}
C
