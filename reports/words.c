/* Words and groups that more than one format needs: see words.h. */
#include "reports/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static const struct verdict_look looks[VERDICT_COUNT] = {
	[0] = { "?", "unknown", "?", "?", "35" },
	[VERDICT_PASS] = { "PASS", "pass", "\u2713", "+", "32" },
	[VERDICT_FAIL] = { "FAIL", "fail", "\u2717", "x", "1;31" },
	[VERDICT_WARN] = { "WARN", "warn", "!", "!", "33" },
	[VERDICT_SKIP] = { "SKIP", "skip", "-", "-", "36" },
	[VERDICT_BROKEN] = { "BROKEN", "broken", "?", "?", "1;35" },
	[VERDICT_FLAKY] = { "FLAKY", "flaky", "~", "~", "35" },
	[VERDICT_NOTRUN] = { "NOTRUN", "not run", ".", ".", "2" },
};

const enum verdict verdicts_by_weight[VERDICTS_BY_WEIGHT] = {
	VERDICT_FAIL, VERDICT_BROKEN, VERDICT_FLAKY, VERDICT_WARN, VERDICT_PASS, VERDICT_SKIP, VERDICT_NOTRUN,
};

const struct verdict_look *verdict_look(enum verdict verdict)
{
	return &looks[(size_t) verdict < ARRAY_SIZE(looks) ? verdict : 0];
}

bool case_is_trouble(const struct case_record *record)
{
	return record->unexpected || record->verdict == VERDICT_FAIL || record->verdict == VERDICT_BROKEN ||
	       record->verdict == VERDICT_FLAKY;
}

const char *case_expectation(const struct case_record *record)
{
	bool bad = record->verdict == VERDICT_FAIL || record->verdict == VERDICT_BROKEN;

	if (bad == record->unexpected || record->verdict == VERDICT_FLAKY)
		return NULL;
	return bad ? "(expected)" : "(unexpected)";
}

double run_seconds(const struct run_record *run)
{
	return run->wall_ms > 0 ? (double) run->wall_ms / 1000 : 0;
}

const char *runtime_name(const struct run_record *run)
{
	return run->runtime.name ? run->runtime.name : "runtime";
}

void add_version(const struct run_record *run, struct text *out)
{
	text_add(out, run->runtime.version ? run->runtime.version : "unknown");
	if (run->runtime.behind_version)
		text_addf(out, ", with %s behind it", run->runtime.behind_version);
}

void add_clauses(const struct case_record *record, struct text *out)
{
	for (size_t i = 0; i < record->clause_count; i++) {
		text_add(out, i ? ", " : "");
		text_add(out, record->clauses[i]);
	}
}

bool reason_adds(const struct case_record *record)
{
	static const char start[] = "expected ";

	if (!record->reason)
		return false;
	return !record->expected || !record->observed || !text_starts(record->reason, start) ||
	       !text_starts(record->reason + strlen(start), record->expected);
}

size_t split_place(const char *place, unsigned *ret_line)
{
	const char *colon = strrchr(place, ':');
	unsigned long long line = 0;

	*ret_line = 0;
	if (!colon || text_to_u64(colon + 1, &line) < 0 || line > 10000000)
		return strlen(place);
	*ret_line = (unsigned) line;
	return (size_t) (colon - place);
}

size_t area_length(const char *id)
{
	const char *slash = strrchr(id, '/');

	return slash ? (size_t) (slash - id) : 0;
}

static int by_reason(const void *a, const void *b)
{
	const struct reason_group *x = a, *y = b;

	return strcmp(x->reason, y->reason);
}

static int by_count(const void *a, const void *b)
{
	const struct reason_group *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->reason, y->reason);
}

static bool is_newer(const struct case_record *record)
{
	return record->verdict == VERDICT_SKIP && record->reason && text_starts(record->reason, "newer");
}

/* Each newer clause has a sentence of its own; together they are one reason. */
static const char *group_of(const struct case_record *record)
{
	if (is_newer(record))
		return "of a newer specification than bundles for this runtime are written for";
	return record->reason ? record->reason : "no reason recorded";
}

size_t group_reasons(const struct run_record *run, enum verdict verdict, struct reason_group **ret)
{
	struct reason_group *groups = calloc(run->case_count ? run->case_count : 1, sizeof(*groups));
	size_t n = 0, kept = 0;

	if (!groups)
		abort();
	for (size_t i = 0; i < run->case_count; i++)
		if (run->cases[i].verdict == verdict)
			groups[n++] = (struct reason_group){ group_of(&run->cases[i]), 1 };
	qsort(groups, n, sizeof(*groups), by_reason);
	for (size_t i = 0; i < n; i++) {
		if (kept && !strcmp(groups[kept - 1].reason, groups[i].reason))
			groups[kept - 1].count++;
		else
			groups[kept++] = groups[i];
	}
	qsort(groups, kept, sizeof(*groups), by_count);
	*ret = groups;
	return kept;
}

size_t count_newer(const struct run_record *run)
{
	size_t n = 0;

	for (size_t i = 0; i < run->case_count; i++)
		n += is_newer(&run->cases[i]);
	return n;
}
