/* For every unit test: libcheck without its macro `fail`, and one call that makes a suite of a file's tests. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <check.h>
#undef fail

static inline Suite *unit_suite(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

/* return UNIT_SUITE("text", grows, cuts); */
#define UNIT_SUITE(name, ...)                                                                                \
	unit_suite(name, (const TTest *const[]){ __VA_ARGS__ },                                              \
		   sizeof((const TTest *const[]){ __VA_ARGS__ }) / sizeof(const TTest *))

#endif
