/* Records in memory and on disk: ownership, names of verdicts, counts, reading and writing a run. */
#include "harness/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

/* A run of a few thousand cases is some megabytes; a file beyond this is no run of ours. */
#define RUN_BYTES_MAX (64u << 20)

static const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_PASS] = "pass",     [VERDICT_FAIL] = "fail",     [VERDICT_WARN] = "warn",
	[VERDICT_SKIP] = "skip",     [VERDICT_BROKEN] = "broken", [VERDICT_FLAKY] = "flaky",
	[VERDICT_NOTRUN] = "notrun",
};

const char *verdict_name(enum verdict verdict)
{
	return verdict > 0 && verdict < VERDICT_COUNT ? verdict_names[verdict] : "unknown";
}

enum verdict verdict_from_name(const char *name)
{
	for (int i = 1; name && i < VERDICT_COUNT; i++)
		if (!strcmp(name, verdict_names[i]))
			return i;
	return 0;
}

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void case_record_free(struct case_record *record)
{
	char *owned[] = { record->id,       record->title, record->file, record->reason, record->expected,
			  record->observed, record->rung,  record->step, record->repro };

	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		free(owned[i]);
	free_strings(record->clauses, record->clause_count);
	free_strings(record->leaks, record->leak_count);
	free_strings(record->unseen, record->unseen_count);
	free_strings(record->breaches, record->breach_count);
	free_strings(record->offenders, record->offender_count);
	*record = (struct case_record){ 0 };
}

void run_record_free(struct run_record *record)
{
	struct runtime_facts *runtime = &record->runtime;
	char *owned[] = {
		record->run,           record->tool_version, record->started,     record->recording,
		record->kernel,        record->machine,      record->cgroup_mode, record->distribution,
		runtime->name,         runtime->path,        runtime->sha256,     runtime->version,
		runtime->spec_version, runtime->profile,     runtime->behind,     runtime->behind_version
	};

	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		free(owned[i]);
	json_free(runtime->features);
	for (size_t i = 0; i < record->case_count; i++)
		case_record_free(&record->cases[i]);
	free(record->cases);
	*record = (struct run_record){ 0 };
}

void run_summarize(const struct run_record *record, struct run_summary *ret)
{
	*ret = (struct run_summary){ .selected = record->case_count };
	for (size_t i = 0; i < record->case_count; i++) {
		const struct case_record *c = &record->cases[i];

		if (c->verdict > 0 && c->verdict < VERDICT_COUNT)
			ret->by_verdict[c->verdict]++;
		ret->unexpected += c->unexpected;
		ret->leaks += c->leak_count;
	}
}

int run_record_read(int dirfd, const char *path, struct run_record *ret, struct err *err)
{
	auto_json json = NULL;
	int r = json_read_at(dirfd, path, RUN_BYTES_MAX, &json, err);

	if (r == -EINVAL || r == -EFBIG)
		return fail(err, -EBADMSG, "%s", path);
	if (r < 0)
		return r;
	r = run_record_from_json(json, ret, err);
	return r < 0 ? fail(err, r, "%s", path) : 0;
}

int run_record_write(int dirfd, const char *path, const struct run_record *record, struct err *err)
{
	auto_json json = run_record_to_json(record);
	auto_text text = { 0 };

	json_print(json, JSON_PRETTY, &text);
	text_add_char(&text, '\n');
	return file_replace_at(dirfd, path, text_str(&text), text.len, 0644, err);
}
