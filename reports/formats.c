/* The table of report formats: adding one is a file and a row. */
#include "reports/formats.h"

#include <string.h>

#include "base/cleanup.h"
#include "reports/report.h"

const struct report_format report_formats[] = {
	{ "text", "report.txt", "what the terminal shows, for 80 columns", text_write },
	{ "junit", "junit.xml", "JUnit XML for Jenkins, GitLab and GitHub", junit_write },
	{ "tap", "report.tap", "TAP 14 with diagnostics, a subtest a runtime", tap_write },
	{ "markdown", "summary.md", "tables for a job summary or a comment", markdown_write },
	{ "html", "matrix.html", "one page: runtimes x cases with evidence", html_write },
	{ "badge", "badge.svg", "one line as a picture", badge_write },
};
const size_t report_format_count = ARRAY_SIZE(report_formats);

const struct report_format *report_format_find(const char *name)
{
	for (size_t i = 0; i < report_format_count; i++)
		if (!strcmp(report_formats[i].name, name))
			return &report_formats[i];
	return NULL;
}
