/* plumbline clean: what dead runs left goes; what lives stays. */
#include "harness/verbs.h"

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/engine.h"
#include "harness/options.h"
#include "harness/screen.h"

static struct json *report_json(const struct janitor_report *report)
{
	struct json *row = json_new_object();

	json_put(row, "type", json_new_string("clean"));
	json_put(row, "runs", json_new_uint(report->runs));
	json_put(row, "processes", json_new_uint(report->processes));
	json_put(row, "cgroups", json_new_uint(report->cgroups));
	json_put(row, "files", json_new_uint(report->files));
	json_put(row, "live", json_new_uint(report->live));
	return row;
}

int verb_clean(const struct options *options)
{
	const char *run = options->words.count ? options->words.words[0] : NULL;
	struct janitor_report report = { 0 };
	struct screen screen = { 0 };
	struct err err = { 0 };

	if (screen_init(options, &screen, &err) < 0 || options->words.count > 1 ||
	    (run && !text_starts(run, "plumbline-"))) {
		screen_say(&screen, "%s",
			   err.text[0] ? err.text : "expected one run's name at most: plumbline-...");
		return EXIT_USAGE;
	}
	if (janitor_clean(run, &report, &err) < 0) {
		screen_say(&screen, "%s", err.text);
		return EXIT_BROKEN;
	}
	if (options->json) {
		screen_print_json(&screen, report_json(&report));
		return EXIT_AS_EXPECTED;
	}
	auto_text out = { 0 };
	text_addf(&out, "removed %zu runs: %zu processes, %zu cgroups, %zu files\n", report.runs,
		  report.processes, report.cgroups, report.files);
	if (report.live)
		text_addf(&out, "%zu live run%s left alone\n", report.live,
			  report.live == 1 ? " was" : "s were");
	screen_print(&screen, &out);
	return EXIT_AS_EXPECTED;
}
