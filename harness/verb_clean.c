/* plumbline clean: removes what runs left whose plumbline has ended. */
#include "base/err.h"
#include "base/json.h"
#include "harness/engine.h"
#include "harness/options.h"
#include "harness/screen.h"
#include "harness/verbs.h"

static void show(struct screen *screen, const struct janitor_report *report)
{
	if (screen->json) {
		struct json *object = json_new_object();

		json_put(object, "type", json_new_string("clean"));
		json_put(object, "runs", json_new_uint(report->runs));
		json_put(object, "processes", json_new_uint(report->processes));
		json_put(object, "cgroups", json_new_uint(report->cgroups));
		json_put(object, "files", json_new_uint(report->files));
		json_put(object, "live", json_new_uint(report->live));
		screen_print_json(screen, object);
		return;
	}
	screen_say(screen, "removed what %zu dead runs left: %zu processes, %zu cgroups, %zu files; %zu runs are alive", report->runs,
		   report->processes, report->cgroups, report->files, report->live);
}

int verb_clean(const struct options *options)
{
	struct screen screen;
	struct janitor_report report = { 0 };
	struct err err = { 0 };

	if (screen_init(options, &screen, &err) < 0 || options->words.count > 1) {
		screen_say(&screen, "%s", *err.text ? err.text : "clean takes one run at most");
		return EXIT_USAGE;
	}
	if (janitor_clean(options->words.count ? options->words.words[0] : NULL, &report, &err) < 0) {
		screen_say(&screen, "%s", err.text);
		return EXIT_MACHINE_CANNOT;
	}
	show(&screen, &report);
	return EXIT_AS_EXPECTED;
}
