/* plumbline list: cases, and what they are made of. Runs nothing, so it needs no privilege and no time. */
#include "harness/verbs.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "harness/area.h"
#include "harness/clauses.h"
#include "harness/coverage.h"
#include "harness/faults.h"
#include "harness/options.h"
#include "harness/prepare_run.h"
#include "harness/profile.h"
#include "harness/screen.h"
#include "harness/select.h"

static struct json *new_row(const char *type)
{
	struct json *row = json_new_object();

	json_put(row, "type", json_new_string(type));
	return row;
}

static void put(struct json *row, const char *key, const char *value)
{
	if (value && *value)
		json_put(row, key, json_new_string(value));
}

/* One line of a list in either voice; row is taken. */
static void show(struct text *out, bool json, struct json *taken, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void show(struct text *out, bool json, struct json *taken, const char *format, ...)
{
	auto_json row = taken;
	va_list args;

	if (json) {
		json_print(row, 0, out);
	} else {
		va_start(args, format);
		text_addv(out, format, args);
		va_end(args);
	}
	text_add_char(out, '\n');
}

static struct json *case_row(const struct selected *item)
{
	const struct conformance_case *c = item->c;
	struct json *row = new_row("case"), *clauses = json_new_array();

	put(row, "id", item->id);
	put(row, "area", item->area->name);
	put(row, "title", c->title);
	put(row, "level", level_name(case_level(c)));
	for (size_t i = 0; i < case_clauses(c); i++)
		json_append(clauses, json_new_string(c->clause[i]->id));
	json_put(row, "clauses", clauses);
	put(row, "refuted_by", c->refuted_by);
	put(row, "file", c->file);
	json_put(row, "line", json_new_int(c->line));
	return row;
}

static int list_cases(const struct options *options, struct screen *screen)
{
	auto_selection selection = { 0 };
	struct err err = { 0 };
	auto_text out = { 0 };

	if (select_cases(options->words.words, options->words.count, NULL, &selection, &err) < 0) {
		screen_say(screen, "%s", err.text);
		return EXIT_USAGE;
	}
	(void) explain_empty(options, screen);
	if (!selection.count)
		return EXIT_NOTHING_SELECTED;
	for (size_t i = 0; i < selection.count; i++)
		show(&out, options->json, case_row(&selection.items[i]), "%s", selection.items[i].id);
	screen_print(screen, &out);
	if (screen->progress)
		screen_say(screen, "%zu cases; plumbline explain ID tells what one means", selection.count);
	return EXIT_AS_EXPECTED;
}

struct coverage_sums {
	size_t normative, strong, claimed, classified; /* clauses */
};

static void show_clause(const struct clause_entry *clause, const struct clause_coverage *coverage, bool json,
			struct text *out)
{
	struct json *row = new_row("clause");

	put(row, "id", clause->id);
	put(row, "level", clause->level);
	put(row, "page", clause->file);
	put(row, "heading", clause->heading);
	put(row, "since", clause->since);
	put(row, "until", clause->until);
	put(row, "disputed", clause->disputed);
	put(row, "text", clause->paraphrase);
	if (!coverage) {
		show(out, json, row, "%-44s %-8s %s", clause->id, clause->level, clause->paraphrase);
		return;
	}
	put(row, "coverage", coverage_name(coverage->coverage));
	json_put(row, "cases", json_new_uint(coverage->cases));
	show(out, json, row, "%-44s %-8s %-8s %zu case%s", clause->id, clause->level,
	     coverage_name(coverage->coverage), coverage->cases, coverage->cases == 1 ? "" : "s");
}

/* What an author of configs must do is no duty of a runtime: such a row is classified without a case. */
static void add_up(const struct clause_entry *clause, const struct clause_coverage *coverage,
		   struct coverage_sums *sums)
{
	if (!clause_is_normative(clause))
		return;
	sums->normative++;
	sums->strong += coverage->coverage == COVERAGE_STRONG;
	sums->claimed += coverage->coverage != COVERAGE_NONE;
	sums->classified += coverage->coverage != COVERAGE_NONE || !strcmp(clause->observed, "C");
}

/* specification NULL: of all together. */
static void show_sums(const struct coverage_sums *sums, const struct specification *specification, bool json,
		      struct text *out)
{
	struct json *row = new_row("coverage");

	json_put(row, "clauses", json_new_uint(sums->normative));
	json_put(row, "strong", json_new_uint(sums->strong));
	json_put(row, "classified", json_new_uint(sums->classified));
	json_put(row, "claimed", json_new_uint(sums->claimed));
	if (specification)
		put(row, "specification", specification->word);
	show(out, json, row,
	     "%s: %zu normative clauses, %zu strong (a built fault proves a case), %zu claimed by cases, "
	     "%zu classified",
	     specification ? specification->name : "all", sums->normative, sums->strong, sums->claimed,
	     sums->classified);
}

static int list_clauses(const struct options *options, struct screen *screen)
{
	auto_clauses clauses = { 0 };
	auto_faults faults = { 0 };
	struct coverage_sums all = { 0 }, sums[SPECIFICATION_COUNT] = { 0 };
	struct err err = { 0 };
	auto_text out = { 0 };

	if (clauses_load(&clauses, &err) < 0 || faults_load(&faults, &err) < 0) {
		screen_say(screen, "%s", err.text);
		return EXIT_BROKEN;
	}
	for (size_t i = 0; i < clauses.count; i++) {
		const struct specification *specification = clause_specification(&clauses.rows[i]);
		struct clause_coverage coverage = { 0 };

		if (options->coverage) {
			coverage = coverage_of(clauses.rows[i].id, &faults);
			add_up(&clauses.rows[i], &coverage, &all);
			add_up(&clauses.rows[i], &coverage, &sums[specification - specifications]);
		}
		show_clause(&clauses.rows[i], options->coverage ? &coverage : NULL, options->json, &out);
	}
	for (size_t i = 0; options->coverage && i < SPECIFICATION_COUNT; i++)
		show_sums(&sums[i], &specifications[i], options->json, &out);
	if (options->coverage)
		show_sums(&all, NULL, options->json, &out);
	screen_print(screen, &out);
	return EXIT_AS_EXPECTED;
}

static int list_faults(const struct options *options, struct screen *screen)
{
	auto_faults faults = { 0 };
	struct err err = { 0 };
	auto_text out = { 0 };

	if (faults_load(&faults, &err) < 0) {
		screen_say(screen, "%s", err.text);
		return EXIT_BROKEN;
	}
	for (size_t i = 0; i < faults_count(&faults); i++) {
		struct fault_entry fault = fault_at(&faults, i);
		struct json *row = new_row("fault");

		put(row, "id", fault.name);
		put(row, "where", fault.where);
		put(row, "area", fault.area);
		put(row, "text", fault.sentence);
		json_put(row, "built", json_new_bool(fault.built));
		show(&out, options->json, row, "%-36s %-6s %-8s %s", fault.name, fault.where,
		     fault.built ? "built" : "planned", fault.sentence);
	}
	screen_print(screen, &out);
	return EXIT_AS_EXPECTED;
}

static int list_runtimes(const struct options *options, struct screen *screen)
{
	const struct profile *profile;
	auto_text out = { 0 };

	for (size_t i = 0; (profile = profile_at(i)); i++) {
		const char *install = json_get_string(profile->document, "install");
		struct json *row = new_row("runtime");
		auto_free char *path = NULL;

		put(row, "id", profile->name);
		put(row, "spec_version", profile->spec_version);
		put(row, "install", install);
		if (runtime_locate(profile->name, &path, NULL) >= 0)
			put(row, "path", path);
		show(&out, options->json, row, "%-14s spec %-7s %s%s%s", profile->name,
		     profile->spec_version ? profile->spec_version : "?", path ? path : "not found",
		     path || !install ? "" : "; ", path || !install ? "" : install);
	}
	screen_print(screen, &out);
	return EXIT_AS_EXPECTED;
}

static int list_areas(const struct options *options, struct screen *screen)
{
	auto_text out = { 0 };

	for (size_t i = 0; areas[i]; i++) {
		struct json *row = new_row("area");

		put(row, "id", areas[i]->name);
		json_put(row, "cases", json_new_uint(areas[i]->count));
		show(&out, options->json, row, "%-28s %3zu cases", areas[i]->name, areas[i]->count);
	}
	screen_print(screen, &out);
	return EXIT_AS_EXPECTED;
}

static int list_effects(const struct options *options, struct screen *screen)
{
	auto_text out = { 0 };

	for (size_t i = 0; i < effect_kind_count; i++) {
		const struct effect_kind_row *kind = &effect_kinds[i];
		struct json *row = new_row("effect");

		put(row, "id", kind->name);
		put(row, "object", kind->object);
		put(row, "detail", kind->detail);
		put(row, "help", kind->help);
		show(&out, options->json, row, "%-14s %s", kind->name, kind->help);
	}
	screen_print(screen, &out);
	return EXIT_AS_EXPECTED;
}

static const struct {
	const char *name;
	int (*list)(const struct options *options, struct screen *screen);
} lists[] = {
	{ "cases", NULL },         { "clauses", list_clauses },
	{ "faults", list_faults }, { "runtimes", list_runtimes },
	{ "areas", list_areas },   { "effects", list_effects },
};

int verb_list(const struct options *options)
{
	const char *word = options->words.count == 1 ? options->words.words[0] : "";
	struct screen screen = { 0 };
	struct err err = { 0 };

	if (screen_init(options, &screen, &err) < 0) {
		screen_say(&screen, "%s", err.text);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct options all = *options;

		if (strcmp(lists[i].name, word) != 0)
			continue;
		all.words = (struct words){ 0 };
		return lists[i].list ? lists[i].list(options, &screen) : list_cases(&all, &screen);
	}
	return list_cases(options, &screen);
}
