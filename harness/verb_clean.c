/* plumbline clean: what dead runs left goes; what lives stays. */
#include "harness/verbs.h"

#include <errno.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/engine.h"
#include "harness/live.h"
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

/* What dead runs, or that one, made at a server that lives. */
static int clean_endpoint(struct screen *screen, const char *word, const char *run)
{
	struct live *live = NULL;
	struct err err = { 0 };
	size_t count = 0;
	int r = live_find(word, &live, &err);

	if (r < 0) {
		screen_say(screen, "%s", err.text);
		return r == -EINVAL || r == -ENOENT || r == -ENOTSOCK ? EXIT_USAGE : EXIT_MACHINE_CANNOT;
	}
	r = live_sweep(live, run, &count, &err);
	live_free(live);
	if (r < 0) {
		screen_say(screen, "%s", err.text);
		return EXIT_BROKEN;
	}
	screen_say(screen, "%s: %zu pods and images of %s are removed", word, count, run ? run : "dead runs");
	return 0;
}

static int clean_homes(const char *run, struct janitor_report *report, struct err *err)
{
	size_t count = 0;
	int r = live_remove_dead(run, &count, err);

	report->files += count;
	return r;
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
	for (size_t i = 0; i < options->endpoints.count; i++) {
		int code = clean_endpoint(&screen, options->endpoints.words[i], run);

		if (code)
			return code;
	}
	if (janitor_clean(run, &report, &err) < 0 || clean_homes(run, &report, &err) < 0) {
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
