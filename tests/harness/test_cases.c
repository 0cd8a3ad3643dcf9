/* Every row of every case: what the compiler does not see. A mistake is told with the case it stands in. */
#include "tests/harness/each_case.h"
#include "tests/unit.h"

#include <ctype.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/bundle.h"
#include "harness/case_run.h"
#include "harness/clauses.h"
#include "harness/cri.h"
#include "harness/driver_oci.h"
#include "harness/faults.h"
#include "harness/profile.h"

Suite *test_cases(void);

static const char *const symbols[] = {
	"@scratch", "@runtime",    "@shared",    "@bundle",        "@rootfs",         "@probe",
	"@id",      "@cgroup",     "@run",       "@pid-file",      "@console-socket", "@agent-socket",
	"@log",     "@state-root", "@image",     "@image-id",      "@socket",         "@logs",
	"@cri",     "@cri-root",   "@cri-state", "@cgroup-parent", "@handler",        "@sandbox",
	"@url",     "@container"
};

static bool is_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n && !name[n] && islower((unsigned char) name[0]) && name[n - 1] != '_';
}

START_TEST(ids_are_unique_and_well_formed)
{
	const struct conformance_case *c;
	const struct area *area, *other;

	ck_assert_uint_gt(area_case_count(), 0);
	FOR_EACH_CASE(c, area)
	{
		auto_text id = { 0 };
		auto_free char *file = text_format("/%s.c", area->name);

		case_id(area, c, &id);
		check(c, is_name(c->name), "a name is lower case words joined by _");
		check(c, area_case_find(text_str(&id), &other) == c, "the id %s stands twice", text_str(&id));
		check(c, text_ends(c->file, file), "%s does not end in %s", c->file, file);
		check(c, c->title && *c->title, "has no title");
		check(c, !text_ends(c->title, "."), "the title is no sentence with a full stop");
		check(c, c->timeout_ms >= 0, "timeout_ms is negative");
	}
}
END_TEST

static bool level_fits(enum level level, const char *word)
{
	switch (level) {
	case LEVEL_MUST:
		return !strcmp(word, "MUST") || !strcmp(word, "MUST NOT") || !strcmp(word, "REQUIRED") ||
		       !strcmp(word, "DEF");
	case LEVEL_SHOULD:
		return !strcmp(word, "SHOULD") || !strcmp(word, "SHOULD NOT") ||
		       !strcmp(word, "NOT RECOMMENDED") || !strcmp(word, "RECOMMENDED") ||
		       !strcmp(word, "DEF");
	case LEVEL_MAY:
		return !strcmp(word, "MAY");
	case LEVEL_HARDENING:
		return true;
	}
	return false;
}

START_TEST(clauses_and_faults_are_registered)
{
	const struct conformance_case *c;
	const struct area *area;
	auto_clauses clauses = { 0 };
	auto_faults faults = { 0 };
	struct err err = { 0 };

	ck_assert_msg(clauses_load(&clauses, &err) == 0 && faults_load(&faults, &err) == 0, "%s", err.text);
	FOR_EACH_CASE(c, area)
	{
		struct fault_entry fault;

		check(c, case_clauses(c) > 0, "claims no clause");
		for (size_t i = 0; i < case_clauses(c); i++) {
			const struct clause_entry *clause = clause_find(&clauses, c->clause[i]->id);

			check(c, clause || c->clause[i]->level == LEVEL_HARDENING, "%s is not registered",
			      c->clause[i]->id);
			check(c, !clause || level_fits(c->clause[i]->level, clause->level), "%s is a %s",
			      c->clause[i]->id, clause ? clause->level : "");
			for (size_t k = 0; k < i; k++)
				check(c, strcmp(c->clause[i]->id, c->clause[k]->id) != 0, "%s stands twice",
				      c->clause[i]->id);
		}
		if (c->refuted_by)
			check(c, fault_find(&faults, c->refuted_by, &fault), "the fault %s is not registered",
			      c->refuted_by);
	}
}
END_TEST

/* Every '@' begins a symbol, or a namespace that the case prepares; "@host.x" only where a fact may stand. */
static void check_symbols(const struct conformance_case *c, const char *string)
{
	for (const char *at = string; (at = strchr(at, '@')); at++) {
		bool known = !isalpha((unsigned char) at[1]) || text_starts(at, "@host.") ||
			     text_starts(at, "@inside.") || text_starts(at, "@state.") ||
			     text_starts(at, "@exit.");

		for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
			known = known || (text_starts(at, symbols[i]) &&
					  !isalpha((unsigned char) at[strlen(symbols[i])]));
		for (size_t i = 0; i < ARRAY_SIZE(c->prepare) && c->prepare[i]; i++) {
			auto_free char *name = text_format("@ns-%s", c->prepare[i]->path);

			known = known || (c->prepare[i]->kind == PREPARE_NAMESPACE && text_starts(at, name));
		}
		check(c, known, "%.20s is no symbol", at);
	}
}

static struct json *make_symbols(const struct conformance_case *c)
{
	struct json *ret = json_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		json_put(ret, symbols[i], json_new_string("/x"));
	for (size_t i = 0; i < ARRAY_SIZE(c->prepare) && c->prepare[i]; i++) {
		auto_free char *name = text_format("@ns-%s", c->prepare[i]->path);

		if (c->prepare[i]->kind == PREPARE_NAMESPACE)
			json_put(ret, name, json_new_string("/proc/1/ns/net"));
	}
	return ret;
}

START_TEST(edits_apply_to_the_default_config)
{
	const struct conformance_case *c;
	const struct area *area;

	FOR_EACH_CASE(c, area)
	{
		auto_json names = make_symbols(c);
		struct bundle_request request = {
			.c = c,
			.profile = profile_find("generic"),
			.spec_version = "1.3.0",
			.nonce = "n",
			.symbols = names,
		};
		auto_json config = NULL;
		auto_json control = NULL;
		struct err err = { 0 };

		check(c, bundle_config(&request, &config, &err) == 0, "%s", err.text);
		request.control = true;
		check(c, bundle_config(&request, &control, &err) == 0, "%s", err.text);
		check(c, !c->control[0] || !json_equal(config, control), "the control changes nothing");
		for (size_t i = 0; i < ARRAY_SIZE(c->given) && c->given[i]; i++)
			check_symbols(c, c->given[i]->json ? c->given[i]->json : "");
		for (size_t i = 0; i < ARRAY_SIZE(c->inside) && c->inside[i]; i++)
			check_symbols(c, c->inside[i]);
		for (size_t i = 0; i < ARRAY_SIZE(c->control) && c->control[i]; i++)
			check_symbols(c, c->control[i]->json ? c->control[i]->json : "");
	}
}
END_TEST

START_TEST(prepares_are_understood)
{
	const struct conformance_case *c;
	const struct area *area;

	FOR_EACH_CASE(c, area)
	{
		for (size_t i = 0; i < ARRAY_SIZE(c->prepare) && c->prepare[i]; i++) {
			const struct prepare *row = c->prepare[i];
			bool is_namespace = row->kind == PREPARE_NAMESPACE;

			check(c, row->path && *row->path && row->path[0] != '/',
			      "prepare: a path is relative to the bundle");
			check(c, !strstr(row->path, ".."), "prepare: %s leads upwards", row->path);
			check(c, !is_namespace || name_to_namespace(row->path), "prepare: %s is no namespace",
			      row->path);
			check_symbols(c, row->path);
			check_symbols(c, row->value ? row->value : "");
		}
	}
}
END_TEST

static struct json *parse_argument(const struct conformance_case *c, const struct step *step)
{
	struct json *ret = NULL;
	struct err err = { 0 };

	check_symbols(c, step->json ? step->json : "");
	if (step->json && *step->json)
		check(c, json_parse(step->json, strlen(step->json), &ret, &err) == 0, "step %s: %s",
		      step->verb, err.text);
	return ret;
}

static bool has_sibling(const struct step *const *steps, size_t count, const char *verb)
{
	for (size_t i = 0; i < count; i++)
		if (steps[i]->outcome == OUTCOME_OK && !strcmp(steps[i]->verb, verb))
			return true;
	return false;
}

START_TEST(steps_are_known_and_refusals_have_controls)
{
	const struct conformance_case *c;
	const struct area *area;

	FOR_EACH_CASE(c, area)
	{
		const struct step *const *steps;
		size_t count = case_steps(c, &steps);

		for (size_t i = 0; i < count; i++) {
			auto_json argument = parse_argument(c, steps[i]);
			enum json_kind kind = json_kind(argument);

			check(c,
			      (c->cri ? cri_has_step(steps[i]->verb) : driver_has_verb(steps[i]->verb)) ||
				  own_step_is(steps[i]->verb),
			      "there is no step %s", steps[i]->verb);
			check(c,
			      kind == JSON_NULL || kind == JSON_STRING || kind == JSON_ARRAY ||
				  kind == JSON_OBJECT,
			      "step %s: a %s cannot be its argument", steps[i]->verb, json_kind_name(kind));
			if (steps[i]->outcome != OUTCOME_OK)
				check(c, c->control[0] || has_sibling(steps, count, steps[i]->verb),
				      "nothing shows that %s would be accepted", steps[i]->verb);
		}
		check(c, case_refuses(c) || !c->control[0], "has a control, and refuses nothing");
	}
}
END_TEST

/* "a.b[c].d": no empty component, brackets in pairs. */
static bool path_is_well_formed(const char *path)
{
	int depth = 0;

	if (!*path || *path == '.')
		return false;
	for (const char *p = path; *p; p++) {
		if (*p == '[')
			depth++;
		if (*p == ']' && --depth < 0)
			return false;
		if (!depth && *p == '.' && (p[1] == '.' || p[1] == '[' || !p[1]))
			return false;
		if (!depth && *p == ']' && p[1] && p[1] != '.' && p[1] != '[')
			return false;
		if (*p == '[' && p[1] == ']')
			return false;
	}
	return depth == 0;
}

static void check_expected(const struct conformance_case *c, const struct expect *row)
{
	bool bare = row->is == present || row->is == absent;
	auto_json value = NULL;
	struct err err = { 0 };
	regex_t regex;

	if (bare) {
		check(c, !*row->json, "%s: present and absent take no value", row->path);
		return;
	}
	check(c, json_parse(row->json, strlen(row->json), &value, &err) == 0, "%s: %s", row->path, err.text);
	check_symbols(c, row->json);
	if (row->is == ordered)
		check(c, json_kind(value) == JSON_ARRAY, "%s: ordered wants an array", row->path);
	if (row->is == matches) {
		check(c, json_string(value) != NULL, "%s: matches wants a string", row->path);
		check(c, regcomp(&regex, json_string(value), REG_EXTENDED | REG_NOSUB) == 0,
		      "%s: %s is no expression", row->path, row->json);
		regfree(&regex);
	}
}

START_TEST(rows_are_understood)
{
	const struct conformance_case *c;
	const struct area *area;

	FOR_EACH_CASE(c, area)
	{
		for (size_t i = 0; i < case_rows(c); i++) {
			const struct expect *row = c->then[i];
			bool kernel_word =
			    row->is == happens || row->is == never || row->is == precedes || row->is == keeps;

			if (row->from == FROM_FUNCTION) {
				check(c, row->holds != NULL, "%s is no function", row->path);
				continue;
			}
			check(c, kernel_word == (row->from == FROM_KERNEL),
			      "%s: this relation is not of this source", row->path);
			check_symbols(c, row->path);
			if (row->from == FROM_KERNEL)
				continue;
			check(c, row->is >= equals && row->is <= ordered, "%s: unknown relation", row->path);
			check(c, path_is_well_formed(row->path), "the path %s is not well formed", row->path);
			check_expected(c, row);
		}
	}
}
END_TEST

Suite *test_cases(void)
{
	return UNIT_SUITE("cases", ids_are_unique_and_well_formed, clauses_and_faults_are_registered,
			  edits_apply_to_the_default_config, prepares_are_understood,
			  steps_are_known_and_refusals_have_controls, rows_are_understood);
}
