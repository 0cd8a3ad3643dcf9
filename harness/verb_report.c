/* plumbline report: recorded runs in, reports out; nothing runs. */
#include "harness/verbs.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/options.h"
#include "harness/run_dir.h"
#include "harness/screen.h"

static void show_json(struct screen *screen, const struct run_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct run_record *run = &list->runs[i];

		for (size_t k = 0; k < run->case_count; k++)
			screen_print_json(screen, case_record_to_json(&run->cases[k], run->runtime.name));
		screen_print_json(screen, run_summary_to_json(run));
	}
}

static void show_text(struct screen *screen, const struct run_list *list)
{
	auto_text out = { 0 };

	for (size_t i = 0; i < list->count; i++)
		report_text_summary(&list->runs[i], &screen->style, &out);
	if (list->count > 1)
		report_text_compare(list->runs, list->count, &screen->style, &out);
	screen_print(screen, &out);
}

int verb_report(const struct options *options)
{
	struct screen screen = { 0 };
	auto_run_list list = { 0 };
	struct err err = { 0 };

	if (screen_init(options, &screen, &err) < 0 || !options->words.count) {
		screen_say(&screen, "%s",
			   err.text[0] ? err.text : "report what? A run directory, as in runs/plumbline-...");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < options->words.count; i++) {
		int r = run_list_add(&list, options->words.words[i], &err);

		if (r < 0) {
			screen_say(&screen, "%s", err.text);
			return r == -ENOENT ? EXIT_USAGE : EXIT_INVALID_INPUT;
		}
	}
	run_list_name_columns(&list);
	if (reports_asked(options)) {
		if (write_asked_reports(options, list.runs, list.count, &err) >= 0)
			return EXIT_AS_EXPECTED;
		screen_say(&screen, "%s", err.text);
		return EXIT_BROKEN;
	}
	if (options->json)
		show_json(&screen, &list);
	else
		show_text(&screen, &list);
	return EXIT_AS_EXPECTED;
}
