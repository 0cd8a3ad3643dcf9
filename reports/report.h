/* Reports are pure: records in, one format out, no files and no clock. */
#ifndef REPORTS_REPORT_H
#define REPORTS_REPORT_H

#include <stddef.h>

#include "harness/record.h"

struct text;

struct report_format {
	const char *name; /* "junit" */
	const char *file; /* default file name below a run directory, "junit.xml" */
	const char *help;
	void (*write)(const struct run_record *runs, size_t count, struct text *out);
};

extern const struct report_format report_formats[];
extern const size_t report_format_count;
const struct report_format *report_format_find(const char *name); /* NULL: unknown */

/* Terminal output. width in columns; colour decided by the caller (tty, NO_COLOR); unicode false means ASCII marks. */
struct report_style {
	int width;
	bool colour, unicode;
};
void report_text_case(const struct case_record *record, const struct report_style *style,
		      struct text *out); /* one line */
void report_text_failure(const struct case_record *record, const struct report_style *style,
			 struct text *out); /* <= 15 lines */
void report_text_summary(const struct run_record *run, const struct report_style *style, struct text *out);
/* Several runtimes side by side: one row a verdict, one column a runtime. */
void report_text_compare(const struct run_record *runs, size_t count, const struct report_style *style,
			 struct text *out);
/* The single status line of long work, without newline: "[ 37/124] 2 fail  oci/mounts/..." cut to width. */
void report_text_progress(size_t done, size_t total, const size_t by_verdict[VERDICT_COUNT], const char *id,
			  const struct report_style *style, struct text *out);

#endif
