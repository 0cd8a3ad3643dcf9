/* plumbline explain: finds what an id names, and says it. */
#include "harness/verbs.h"

#include <assert.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/clauses.h"
#include "harness/explain.h"
#include "harness/faults.h"
#include "harness/options.h"
#include "harness/screen.h"
#include "harness/select.h"

struct book {
	struct clause_registry clauses;
	struct fault_registry faults;
};

/* The kind of thing that id names, its prose appended to out; NULL: nothing is called so. */
static const char *look_up(const struct book *book, const char *id, struct text *out)
{
	const struct clause_entry *clause = clause_find(&book->clauses, id);
	const struct conformance_case *c;
	const struct area *area = NULL;
	struct fault_entry fault;

	c = area_case_find(id, &area);
	if (c) {
		explain_case(area, c, &book->clauses, &book->faults, out);
		return "case";
	}
	if (clause) {
		explain_clause(clause, &book->faults, out);
		return "clause";
	}
	if (fault_find(&book->faults, id, &fault)) {
		explain_fault(&fault, out);
		return "fault";
	}
	if (explain_effect(id, out))
		return "effect";
	return explain_term(id, out) ? "term" : NULL;
}

static void say_unknown(const struct book *book, const char *id, struct screen *screen)
{
	auto_selection cases = { 0 };
	size_t count = 0;

	(void) select_cases(NULL, 0, NULL, &cases, NULL);
	auto_free const char **names =
	    calloc(cases.count + book->clauses.count + faults_count(&book->faults) + 128, sizeof(*names));
	assert(names);
	for (size_t i = 0; i < cases.count; i++)
		names[count++] = cases.items[i].id;
	for (size_t i = 0; i < book->clauses.count; i++)
		names[count++] = book->clauses.rows[i].id;
	for (size_t i = 0; i < faults_count(&book->faults); i++)
		names[count++] = fault_at(&book->faults, i).name;
	for (unsigned i = 0; i < 64 && explain_term_at(i); i++)
		names[count++] = explain_term_at(i);
	for (unsigned i = 0; i < 64 && explain_effect_at(i); i++)
		names[count++] = explain_effect_at(i);
	const char *near = suggest(id, names, count);
	if (near)
		screen_say(screen, "nothing is called %s; did you mean plumbline explain %s?", id, near);
	else
		screen_say(screen, "nothing is called %s; plumbline list shows the cases", id);
}

static int explain_all(const struct options *options, const struct book *book, struct screen *screen)
{
	int code = EXIT_AS_EXPECTED;

	for (size_t i = 0; i < options->words.count; i++) {
		const char *id = options->words.words[i];
		auto_text out = { 0 };
		const char *kind = look_up(book, id, &out);

		if (!kind) {
			say_unknown(book, id, screen);
			code = EXIT_USAGE;
			continue;
		}
		if (options->json) {
			struct json *row = json_new_object();

			json_put(row, "type", json_new_string("explanation"));
			json_put(row, "id", json_new_string(id));
			json_put(row, "kind", json_new_string(kind));
			json_put(row, "text", json_new_bytes(text_str(&out), out.len));
			screen_print_json(screen, row);
			continue;
		}
		if (i + 1 < options->words.count)
			text_add_char(&out, '\n');
		screen_print(screen, &out);
	}
	return code;
}

int verb_explain(const struct options *options)
{
	struct screen screen = { 0 };
	struct book book = { 0 };
	struct err err = { 0 };
	int code = EXIT_BROKEN;

	if (screen_init(options, &screen, &err) < 0 || !options->words.count) {
		screen_say(&screen, "%s",
			   err.text[0] ? err.text : "explain what? An id of plumbline list, for one");
		return EXIT_USAGE;
	}
	if (clauses_load(&book.clauses, &err) < 0 || faults_load(&book.faults, &err) < 0)
		screen_say(&screen, "%s", err.text);
	else
		code = explain_all(options, &book, &screen);
	clauses_free(&book.clauses);
	faults_free(&book.faults);
	return code;
}
