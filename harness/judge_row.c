/* One row of `.then` against the observation. Facts and symbols in the expected value are resolved first. */
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "harness/case.h"
#include "harness/edit.h"
#include "harness/judge_part.h"

static const struct {
	const char *name, *rung, *what;
} sources[] = {
	[FROM_INSIDE] = { "inside", "L5 kernel now", "what the probe saw in the container" },
	[FROM_HOST] = { "host", "L5 kernel now", "what the host saw" },
	[FROM_STATE] = { "state", "L3 OCI", "what the runtime or the server said of its state" },
	[FROM_EXIT] = { "exit", "L3 OCI", "how the commands ended" },
	[FROM_KERNEL] = { "kernel", "L4 calls", "the kernel recording" },
	[FROM_FUNCTION] = { "function", "L5 kernel now", "the observation" },
};

static const char *const fact_prefixes[] = { "@inside.", "@host.", "@state.", "@exit." };

void finding_free(struct finding *finding)
{
	text_free(&finding->reason);
	text_free(&finding->expected);
	text_free(&finding->observed);
}

void row_path(const struct expect *row, struct text *out)
{
	text_addf(out, "%s%s%s", sources[row->from].name, row->path[0] && row->path[0] != '[' ? "." : "",
		  row->path);
}

static bool is_fact(const char *string)
{
	for (size_t i = 0; i < ARRAY_SIZE(fact_prefixes); i++)
		if (text_starts(string, fact_prefixes[i]))
			return true;
	return false;
}

/*
 * A copy of the expected value with "@host.x" replaced by that fact. A fact that is missing is named in
 * missing.
 */
static struct json *resolve(const struct json *value, const struct json *observation, struct text *missing)
{
	const char *string = json_string(value);
	struct json *ret;

	if (string && is_fact(string)) {
		const struct json *fact = json_get(observation, string + 1);

		if (!fact && !missing->len)
			text_add(missing, string + 1);
		return json_copy(fact);
	}
	switch (json_kind(value)) {
	case JSON_ARRAY:
		ret = json_new_array();
		for (size_t i = 0; i < json_length(value); i++)
			json_append(ret, resolve(json_at(value, i), observation, missing));
		return ret;
	case JSON_OBJECT:
		ret = json_new_object();
		for (size_t i = 0; i < json_length(value); i++)
			json_put(ret, json_key_at(value, i),
				 resolve(json_value_at(value, i), observation, missing));
		return ret;
	case JSON_NULL:
	case JSON_BOOL:
	case JSON_INT:
	case JSON_DOUBLE:
	case JSON_STRING:
		break;
	}
	return symbols_expand(value, json_member(observation, "symbols"));
}

/* Where the last component of a path begins, its dot or bracket included: "a.b[c.d]" -> "[c.d]". */
static size_t last_component(const char *path)
{
	size_t last = 0, depth = 0;

	for (size_t i = 0; path[i]; i++) {
		if (!depth && (path[i] == '.' || path[i] == '['))
			last = i;
		if (path[i] == '[')
			depth++;
		else if (path[i] == ']' && depth)
			depth--;
	}
	return last;
}

static bool parent_is_recorded(const struct json *observation, const char *path)
{
	auto_text parent = { 0 };

	text_add(&parent, path);
	text_cut(&parent, last_component(path));
	enum json_kind kind = json_kind(json_get(observation, text_str(&parent)));
	return kind == JSON_OBJECT || kind == JSON_ARRAY;
}

/* About the path itself, or about what would hold it. */
static const struct json *note_of(const struct json *observation, const char *path)
{
	const struct json *meta = json_member(observation, "meta"), *note = NULL;
	auto_text at = { 0 };

	text_add(&at, path);
	while (at.len && !(note = json_member(meta, text_str(&at))))
		text_cut(&at, last_component(text_str(&at)));
	return note;
}

/* Why a path may be empty, as far as the observation tells: its section, the probe, or a read that failed. */
static void describe_missing(const struct json *observation, enum source from, const char *path,
			     struct text *out)
{
	const char *error = json_string(json_member(note_of(observation, path), "error"));
	const struct json *section = json_member(observation, sources[from].name);

	if (!section) {
		text_addf(out, "%s was never recorded", sources[from].what);
		return;
	}
	text_add(out, "nothing is recorded there");
	if (error)
		text_addf(out, " (%s)", error);
	else if (from == FROM_INSIDE && !json_bool(json_member(section, "complete"), false))
		text_add(out, " (the probe did not reach its end)");
}

static void say(struct finding *ret, const char *path, int is, const struct json *expected, const char *seen)
{
	bool has_value = is != present && is != absent;

	ret->kind = FINDING_FAILS;
	text_addf(&ret->expected, "%s %s", path, relation_phrase(is));
	if (has_value) {
		text_add_char(&ret->expected, ' ');
		describe_value(expected, &ret->expected);
	}
	text_add(&ret->observed, seen);
	text_addf(&ret->reason, "expected %s, but %s", text_str(&ret->expected), seen);
}

static void judge_value(const struct json *observation, const struct expect *row, const struct json *expected,
			struct finding *ret)
{
	const struct json *symbols = json_member(observation, "symbols");
	auto_text raw = { 0 }, path = { 0 }, seen = { 0 };

	row_path(row, &raw);
	symbols_expand_text(text_str(&raw), symbols, &path);
	const struct json *value = json_get(observation, text_str(&path));

	if (row->is == absent) {
		if (!value && parent_is_recorded(observation, text_str(&path)))
			return;
		if (!value)
			text_add(&seen, "what would hold it was never recorded");
	} else if (value && relation_holds(row->is, value, expected)) {
		return;
	}
	if (value) {
		text_add(&seen, "it is ");
		describe_value(value, &seen);
	} else if (!seen.len) {
		describe_missing(observation, row->from, text_str(&path), &seen);
	}
	say(ret, text_str(&path), row->is, expected, text_str(&seen));
}

/* A call that failed had no effect. */
static size_t find_effect(const struct json *kernel, const char *pattern)
{
	size_t i = 0;

	for (; i < json_length(kernel); i++) {
		const struct json *effect = json_at(kernel, i);
		const char *text = json_get_string(effect, "text");

		if (text && !json_has(effect, "errno") && effect_matches(pattern, text))
			break;
	}
	return i;
}

/* What cannot be decided is never a pass: invisible is unseen, all else that is not clear means the case asked the wrong thing. */
static void judge_rule(const struct json *observation, const struct expect *row, struct finding *ret)
{
	const struct json *result = json_member(json_member(observation, "rules"), row->path);
	const char *verdict = json_get_string(result, "verdict"), *reason = json_get_string(result, "reason");

	if (!verdict || !strcmp(verdict, "not visible here")) {
		ret->kind = FINDING_UNSEEN;
		return;
	}
	if (!strcmp(verdict, "holds"))
		return;
	ret->kind = !strcmp(verdict, "broken") ? FINDING_FAILS : FINDING_INVALID;
	text_addf(&ret->expected, "the rule %s", row->path);
	text_add(&ret->observed, reason ? reason : verdict);
	text_addf(&ret->reason, "%s is %s: %s", row->path, verdict, text_str(&ret->observed));
}

/* What was done by io_uring or the 32-bit entry may be the very thing that must not be done. */
static bool is_hidden(const struct json *observation, const struct expect *row)
{
	return row->is == never && json_uint(json_get(observation, "recording.undecoded"), 0) > 0;
}

static void judge_effects(const struct json *observation, const struct expect *row, struct finding *ret)
{
	const struct json *kernel = json_member(observation, "kernel");
	size_t count = json_length(kernel), at = find_effect(kernel, row->path);
	bool holds = false;

	/* What a sandbox does on behalf of its container happens in its own kernel: here it can neither be seen nor missed. */
	if (json_kind(kernel) != JSON_ARRAY ||
	    !json_bool(json_get(observation, "recording.payload_visible"), true)) {
		ret->kind = FINDING_UNSEEN;
		return;
	}
	if (row->is == happens) {
		holds = at < count;
	} else if (row->is == never) {
		holds = at == count;
	} else if (row->is == precedes) {
		size_t next = find_effect(kernel, row->json);

		holds = at < next && next < count;
	} else {
		ret->kind = FINDING_INVALID;
		text_add(&ret->reason,
			 "a row about the kernel has a relation that is not happens, never or precedes");
		return;
	}
	if (holds && is_hidden(observation, row)) {
		ret->kind = FINDING_INVALID;
		text_addf(&ret->reason, "%s was not seen, but calls were made that are not decoded",
			  row->path);
		return;
	}
	if (holds)
		return;
	ret->kind = FINDING_FAILS;
	text_addf(&ret->expected, "%s %s%s%s", row->path, relation_phrase(row->is),
		  row->is == precedes ? " " : "", row->is == precedes ? row->json : "");
	text_add(&ret->observed, at < count ? "it happened, but not so" : "it did not happen");
	text_addf(&ret->reason, "expected %s in the kernel, but %s", text_str(&ret->expected),
		  text_str(&ret->observed));
}

static void judge_function(const struct json *observation, const struct expect *row, struct finding *ret)
{
	char why[512] = "";

	if (!row->holds(observation, why, sizeof(why)))
		return;
	ret->kind = FINDING_FAILS;
	text_addf(&ret->expected, "%s to hold", row->path);
	text_add(&ret->observed, why[0] ? why : "it does not");
	text_addf(&ret->reason, "expected %s, but %s", text_str(&ret->expected), text_str(&ret->observed));
}

static void judge_fact(const struct json *observation, const struct expect *row, struct finding *ret)
{
	bool has_value = row->is != present && row->is != absent;
	auto_json written = NULL;
	auto_json expected = NULL;
	auto_text missing = { 0 }, path = { 0 }, seen = { 0 };
	struct err err = { 0 };

	if (has_value && json_parse(row->json, strlen(row->json), &written, &err) < 0) {
		ret->kind = FINDING_INVALID;
		text_addf(&ret->reason, "the expected value of the row about %s is no JSON: %s", row->path,
			  err.text);
		return;
	}
	expected = resolve(written, observation, &missing);
	if (!missing.len) {
		judge_value(observation, row, expected, ret);
		return;
	}
	row_path(row, &path);
	text_addf(&seen, "%s, which it is compared with, is not recorded", text_str(&missing));
	say(ret, text_str(&path), row->is, written, text_str(&seen));
}

void judge_row(const struct json *observation, const struct expect *row, struct finding *ret)
{
	ret->kind = FINDING_HOLDS;
	ret->rung = sources[row->from].rung;
	switch (row->from) {
	case FROM_INSIDE:
	case FROM_HOST:
	case FROM_STATE:
	case FROM_EXIT:
		judge_fact(observation, row, ret);
		break;
	case FROM_KERNEL:
		if (row->is == keeps)
			judge_rule(observation, row, ret);
		else
			judge_effects(observation, row, ret);
		break;
	case FROM_FUNCTION:
		judge_function(observation, row, ret);
		break;
	}
}
