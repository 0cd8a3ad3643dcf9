/* Runs for the tests of reports: two recorded ones, a hostile one, and the comparison with a golden file. */
#ifndef TESTS_HARNESS_REPORT_FIXTURE_H
#define TESTS_HARNESS_REPORT_FIXTURE_H

#include "harness/record.h"

struct report_format;
struct text;

/* tests/golden/runs/NAME; release with run_record_free(). */
void fixture_read(const char *name, struct run_record *ret);
/* Every string of every case is one that a format must not let through: controls, markup, bad UTF-8, 1 MiB. */
void fixture_hostile(struct run_record *ret);
/* The strings that fixture_hostile() uses, NULL-terminated. */
extern const char *const fixture_hostile_strings[];

/* Fails the test unless out equals tests/golden/NAME. With GOLDEN=update in the environment it writes it. */
void fixture_golden(const char *name, const struct text *out);
/* Writes build/tests/reports/NAME, for the foreign parsers of tests/e2e/reports.sh. */
void fixture_keep(const char *name, const struct text *out);
/* Well-formed UTF-8 without control characters but newline. */
void fixture_assert_clean(const char *what, const struct text *out);
/* The format's output for the first count of runs. */
void fixture_write(const char *format, const struct run_record *runs, size_t count, struct text *out);

#endif
