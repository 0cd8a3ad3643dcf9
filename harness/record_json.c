/*
 * Records as JSON and back: fixtures/schema/run.schema.json is the published form. A file that comes from
 * elsewhere is hostile input: every field is checked for its kind before it is believed.
 */
#include "harness/record.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"

#define STRINGS_MAX 100000 /* elements of one list in a file that we read */

/* One string field: its name in JSON and its place in the struct. */
struct string_field {
	const char *name;
	size_t offset;
};

#define CASE_FIELD(member)                                                                                   \
	{                                                                                                    \
#member, offsetof(struct case_record, member)                                                \
	}
#define RUN_FIELD(name, member)                                                                              \
	{                                                                                                    \
		name, offsetof(struct run_record, member)                                                    \
	}

static const struct string_field case_fields[] = {
	CASE_FIELD(title),    CASE_FIELD(file), CASE_FIELD(reason), CASE_FIELD(expected),
	CASE_FIELD(observed), CASE_FIELD(rung), CASE_FIELD(step),   CASE_FIELD(repro),
};

static const struct string_field run_fields[] = {
	RUN_FIELD("run", run),
	RUN_FIELD("tool_version", tool_version),
	RUN_FIELD("started", started),
	RUN_FIELD("recording", recording),
};

static const struct string_field host_fields[] = {
	RUN_FIELD("kernel", kernel),
	RUN_FIELD("machine", machine),
	RUN_FIELD("cgroup_mode", cgroup_mode),
	RUN_FIELD("distribution", distribution),
};

static const struct string_field runtime_fields[] = {
	RUN_FIELD("name", runtime.name),
	RUN_FIELD("path", runtime.path),
	RUN_FIELD("sha256", runtime.sha256),
	RUN_FIELD("version", runtime.version),
	RUN_FIELD("spec_version", runtime.spec_version),
	RUN_FIELD("profile", runtime.profile),
	RUN_FIELD("behind", runtime.behind),
	RUN_FIELD("behind_version", runtime.behind_version),
};

static void put_string(struct json *object, const char *name, const char *string)
{
	if (string)
		json_put(object, name, json_new_bytes(string, strlen(string)));
}

static void put_fields(struct json *object, const struct string_field *fields, size_t count, const void *base)
{
	for (size_t i = 0; i < count; i++)
		put_string(object, fields[i].name, *(char *const *) ((const char *) base + fields[i].offset));
}

static void put_strings(struct json *object, const char *name, char *const *strings, size_t count)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_append(array, json_new_bytes(strings[i], strlen(strings[i])));
	json_put(object, name, array);
}

static int get_fields(const struct json *object, const struct string_field *fields, size_t count, void *base,
		      struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct json *value = json_member(object, fields[i].name);

		if (!value)
			continue;
		if (!json_string(value))
			return fail_text(err, -EBADMSG, "%s: is not a string", fields[i].name);
		*(char **) ((char *) base + fields[i].offset) = text_format("%s", json_string(value));
	}
	return 0;
}

static int get_strings(const struct json *object, const char *name, char ***ret, size_t *ret_count,
		       struct err *err)
{
	const struct json *array = json_member(object, name);
	size_t n = json_length(array);

	if (array && json_kind(array) != JSON_ARRAY)
		return fail_text(err, -EBADMSG, "%s: is not an array", name);
	if (n > STRINGS_MAX)
		return fail_text(err, -EBADMSG, "%s: has more than %d elements", name, STRINGS_MAX);
	if (!n)
		return 0;
	*ret = calloc(n, sizeof(**ret));
	assert(*ret);
	for (size_t i = 0; i < n; i++) {
		const char *string = json_string(json_at(array, i));

		if (!string)
			return fail_text(err, -EBADMSG, "%s[%zu]: is not a string", name, i);
		(*ret)[(*ret_count)++] = text_format("%s", string);
	}
	return 0;
}

struct json *case_record_to_json(const struct case_record *record, const char *runtime)
{
	struct json *json = json_new_object();

	json_put(json, "type", json_new_string("case"));
	put_string(json, "id", record->id);
	put_string(json, "runtime", runtime);
	json_put(json, "verdict", json_new_string(verdict_name(record->verdict)));
	put_string(json, "reason", record->reason);
	json_put(json, "ms", json_new_int(record->ms));
	put_strings(json, "leaks", record->leaks, record->leak_count);
	if (record->unexpected)
		json_put(json, "unexpected", json_new_bool(true));
	put_strings(json, "clauses", record->clauses, record->clause_count);
	if (record->unseen_count)
		put_strings(json, "unseen", record->unseen, record->unseen_count);
	if (record->breach_count)
		put_strings(json, "breaches", record->breaches, record->breach_count);
	if (record->offender_count)
		put_strings(json, "offenders", record->offenders, record->offender_count);
	for (size_t i = 0; i < ARRAY_SIZE(case_fields); i++)
		if (strcmp(case_fields[i].name, "reason") != 0)
			put_fields(json, &case_fields[i], 1, record);
	return json;
}

static int get_case(const struct json *json, struct case_record *record, struct err *err)
{
	const char *id = json_string(json_member(json, "id"));
	const struct json *unexpected = json_member(json, "unexpected"), *ms = json_member(json, "ms");
	int r;

	if (!id)
		return fail_text(err, -EBADMSG, "id: is missing or no string");
	record->id = text_format("%s", id);
	record->verdict = verdict_from_name(json_string(json_member(json, "verdict")));
	if (!record->verdict)
		return fail_text(err, -EBADMSG, "verdict: is missing or unknown");
	if (ms && json_kind(ms) != JSON_INT)
		return fail_text(err, -EBADMSG, "ms: is not a whole number");
	if (unexpected && json_kind(unexpected) != JSON_BOOL)
		return fail_text(err, -EBADMSG, "unexpected: is not true or false");
	record->ms = json_int(ms, 0);
	record->unexpected = json_bool(unexpected, false);
	r = get_fields(json, case_fields, ARRAY_SIZE(case_fields), record, err);
	if (r >= 0)
		r = get_strings(json, "clauses", &record->clauses, &record->clause_count, err);
	if (r >= 0)
		r = get_strings(json, "leaks", &record->leaks, &record->leak_count, err);
	if (r >= 0)
		r = get_strings(json, "unseen", &record->unseen, &record->unseen_count, err);
	if (r >= 0)
		r = get_strings(json, "breaches", &record->breaches, &record->breach_count, err);
	if (r >= 0)
		r = get_strings(json, "offenders", &record->offenders, &record->offender_count, err);
	return r;
}

int case_record_from_json(const struct json *json, struct case_record *ret, struct err *err)
{
	struct case_record record = { 0 };
	int r;

	if (json_kind(json) != JSON_OBJECT)
		return fail_text(err, -EBADMSG, "a case is not an object");
	r = get_case(json, &record, err);
	if (r < 0) {
		case_record_free(&record);
		return r;
	}
	*ret = record;
	return 0;
}

struct json *run_summary_to_json(const struct run_record *record)
{
	struct json *json = json_new_object();
	struct run_summary summary;

	run_summarize(record, &summary);
	json_put(json, "type", json_new_string("summary"));
	put_string(json, "runtime", record->runtime.name);
	json_put(json, "selected", json_new_uint(summary.selected));
	for (int i = 1; i < VERDICT_COUNT; i++)
		json_put(json, verdict_name(i), json_new_uint(summary.by_verdict[i]));
	json_put(json, "unexpected", json_new_uint(summary.unexpected));
	json_put(json, "leaks", json_new_uint(summary.leaks));
	json_put(json, "lost_events", json_new_uint(record->lost_events));
	return json;
}

struct json *run_record_to_json(const struct run_record *record)
{
	struct json *json = json_new_object(), *host = json_new_object(), *runtime = json_new_object();
	struct json *cases = json_new_array();

	json_put(json, "schema", json_new_string(RECORD_SCHEMA));
	json_put(json, "type", json_new_string("run"));
	put_fields(json, run_fields, ARRAY_SIZE(run_fields), record);
	json_put(json, "wall_ms", json_new_int(record->wall_ms));
	json_put(json, "seed", json_new_uint(record->seed));
	json_put(json, "interrupted", json_new_bool(record->interrupted));
	json_put(json, "lost_events", json_new_uint(record->lost_events));
	put_fields(host, host_fields, ARRAY_SIZE(host_fields), record);
	json_put(json, "host", host);
	put_fields(runtime, runtime_fields, ARRAY_SIZE(runtime_fields), record);
	if (record->runtime.features)
		json_put(runtime, "features", json_copy(record->runtime.features));
	json_put(json, "runtime", runtime);
	json_put(json, "summary", run_summary_to_json(record));
	for (size_t i = 0; i < record->case_count; i++)
		json_append(cases, case_record_to_json(&record->cases[i], record->runtime.name));
	json_put(json, "cases", cases);
	return json;
}

/* The major version decides whether we can read it: "1.x" is ours. */
static int check_schema(const struct json *json, struct err *err)
{
	const char *schema = json_string(json_member(json, "schema"));
	const char *type = json_string(json_member(json, "type"));

	if (json_kind(json) != JSON_OBJECT)
		return fail_text(err, -EBADMSG, "is not a run: not an object");
	if (!type || strcmp(type, "run") != 0)
		return fail_text(err, -EBADMSG, "is not a run: its type is not \"run\"");
	if (!schema || strncmp(schema, "1.", 2) != 0)
		return fail_text(err, -EBADMSG, "is a run of schema %s; this program reads 1.x",
				 schema ? schema : "(none)");
	return 0;
}

static int get_cases(const struct json *array, struct run_record *record, struct err *err)
{
	size_t n = json_length(array);

	if (json_kind(array) != JSON_ARRAY)
		return fail_text(err, -EBADMSG, "cases: is missing or no array");
	record->cases = calloc(n + 1, sizeof(*record->cases));
	assert(record->cases);
	for (size_t i = 0; i < n; i++) {
		int r = case_record_from_json(json_at(array, i), &record->cases[i], err);

		if (r < 0)
			return fail(err, r, "cases[%zu]", i);
		record->case_count++;
	}
	return 0;
}

static int get_run(const struct json *json, struct run_record *record, struct err *err)
{
	const struct json *host = json_member(json, "host"), *runtime = json_member(json, "runtime");
	const struct json *features = json_member(runtime, "features");
	int r;

	r = check_schema(json, err);
	if (r >= 0)
		r = get_fields(json, run_fields, ARRAY_SIZE(run_fields), record, err);
	if (r >= 0)
		r = get_fields(host, host_fields, ARRAY_SIZE(host_fields), record, err);
	if (r >= 0)
		r = get_fields(runtime, runtime_fields, ARRAY_SIZE(runtime_fields), record, err);
	if (r < 0)
		return r;
	if (!record->run || !record->runtime.name)
		return fail_text(err, -EBADMSG, "names no run or no runtime");
	if (features && json_kind(features) != JSON_OBJECT)
		return fail_text(err, -EBADMSG, "runtime.features: is not an object");
	record->runtime.features = json_copy(features);
	record->wall_ms = json_int(json_member(json, "wall_ms"), 0);
	record->seed = json_uint(json_member(json, "seed"), 0);
	record->lost_events = json_uint(json_member(json, "lost_events"), 0);
	record->interrupted = json_bool(json_member(json, "interrupted"), false);
	return get_cases(json_member(json, "cases"), record, err);
}

int run_record_from_json(const struct json *json, struct run_record *ret, struct err *err)
{
	struct run_record record = { 0 };
	int r = get_run(json, &record, err);

	if (r < 0) {
		run_record_free(&record);
		return r;
	}
	*ret = record;
	return 0;
}
