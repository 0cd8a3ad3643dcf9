/* Walks every case, and tells a mistake with the case it stands in. */
#ifndef TESTS_HARNESS_EACH_CASE_H
#define TESTS_HARNESS_EACH_CASE_H

#include <stdarg.h>

#include "base/text.h"
#include "harness/area.h"

#define FOR_EACH_CASE(c, area)                                                                               \
	for (size_t case_index_ = 0; ((c) = area_case_at(case_index_, &(area))); case_index_++)
#define check(c, condition, ...) ck_assert_msg(condition, "%s: %s", (c)->name, sentence(__VA_ARGS__))

/*
 * libcheck's messages take one format; this one may be called with any. Each test is a process: the text
 * may stay.
 */
static inline const char *sentence(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline const char *sentence(const char *format, ...)
{
	struct text text = { 0 };
	va_list args;

	va_start(args, format);
	text_addv(&text, format, args);
	va_end(args);
	return text_take(&text);
}

#endif
