/*
 * One runtime, all its rounds. What a verdict means is decided elsewhere; here verdicts of several rounds
 * are joined.
 */
#include "harness/session.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/expect.h"
#include "harness/needs.h"
#include "harness/options.h"
#include "harness/profile.h"
#include "harness/screen.h"
#include "harness/session_rules.h"

struct slot {
	const struct selected *selected;
	struct case_record *record; /* in the run's array; verdict 0: nothing known yet */
	size_t runs, passes;
	bool runnable, settled;
};

struct rounds {
	const struct session *session;
	const struct runtime *runtime;
	struct slot *slots;
	const struct case_record *records; /* of the run, one a slot */
	size_t count, done;
	size_t by_verdict[VERDICT_COUNT];
	struct engine_item *items; /* of this round; items[i] belongs to slots[slot_of[i]] */
	size_t *slot_of, item_count;
	bool last_repeat, last_retry;
	bool interrupted;
	int r; /* the first failure of a callback */
	struct err *err;
};

int session_jobs(const struct options *options)
{
	cpu_set_t set;

	if (options->jobs)
		return (int) options->jobs;
	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
}

bool session_records_needed(const struct options *options)
{
	return options->record && !strcmp(options->record, "needed");
}

static void add_clauses(const struct conformance_case *c, struct case_record *record)
{
	size_t n = case_clauses(c);

	record->clauses = calloc(n + 1, sizeof(*record->clauses));
	assert(record->clauses);
	for (; record->clause_count < n; record->clause_count++) {
		const struct clause *clause = c->clause[record->clause_count];

		record->clauses[record->clause_count] =
		    text_format("%s %s", level_name(clause->level), clause->id);
	}
}

/* What is known of a case without running it. */
static void complete(const struct selected *selected, struct case_record *record)
{
	const struct conformance_case *c = selected->c;

	if (!record->id)
		record->id = text_format("%s", selected->id);
	if (!record->title && c->title)
		record->title = text_format("%s", c->title);
	if (!record->file && c->file)
		record->file = text_format("%s:%d", c->file, c->line);
	if (!record->clauses)
		add_clauses(c, record);
}

void session_record(const struct selected *selected, enum verdict verdict, const char *reason,
		    struct case_record *ret)
{
	*ret = (struct case_record){ .verdict = verdict };
	if (reason)
		ret->reason = text_format("%s", reason);
	complete(selected, ret);
}

int session_keep(const struct selected *selected, const struct case_record *seen, struct case_record *ret,
		 struct err *err)
{
	auto_json json = NULL;
	struct case_record with_id = *seen;

	/*
	 * Through JSON: a copy that shares nothing, and the one path that the round-trip test holds to be
	 * lossless.
	 */
	with_id.id = selected->id;
	json = case_record_to_json(&with_id, NULL);
	int r = case_record_from_json(json, ret, err);
	if (r >= 0)
		complete(selected, ret);
	return r;
}

static bool is_trouble(enum verdict verdict)
{
	return verdict == VERDICT_FAIL || verdict == VERDICT_BROKEN;
}

static void settle(struct rounds *rounds, struct slot *slot)
{
	const struct session *session = rounds->session;
	struct case_record *record = slot->record;
	enum verdict expected = 0;

	if (session->expectations)
		expected = expect_find(session->expectations, rounds->runtime->name, record->id);
	record->unexpected = expect_compare(expected, record->verdict) != SURPRISE_NONE;
	if (record->verdict == VERDICT_FAIL || record->verdict == VERDICT_WARN ||
	    record->verdict == VERDICT_FLAKY)
		record->repro = repro_command(record->id, rounds->runtime);
	slot->settled = true;
	rounds->done++;
	rounds->by_verdict[record->verdict]++;
	if (rounds->r < 0)
		return;
	int r = session->settled(session->argument, record, rounds->err);
	if (r < 0)
		rounds->r = r;
}

/*
 * Verdicts that differ between runs are flaky; the record that is kept is the one that tells of the
 * trouble.
 */
static int join(struct slot *slot, const struct case_record *seen, struct err *err)
{
	struct case_record kept = { 0 };
	enum verdict before = slot->record->verdict;
	int64_t ms = slot->record->ms;
	int r;

	if (seen->verdict == VERDICT_NOTRUN && slot->runs)
		return 0;
	slot->runs++;
	slot->passes += seen->verdict == VERDICT_PASS;
	if (slot->runs == 1 || (before == VERDICT_PASS && seen->verdict != VERDICT_PASS)) {
		r = session_keep(slot->selected, seen, &kept, err);
		if (r < 0)
			return r;
		case_record_free(slot->record);
		*slot->record = kept;
		slot->record->ms = ms + seen->ms;
	} else {
		slot->record->ms = ms + seen->ms;
	}
	if (slot->runs > 1 && before != seen->verdict)
		slot->record->verdict = VERDICT_FLAKY;
	return 0;
}

static void explain_flaky(struct slot *slot)
{
	struct case_record *record = slot->record;

	if (record->verdict != VERDICT_FLAKY)
		return;
	char *reason = text_format("passed %zu of %zu runs: %s", slot->passes, slot->runs,
				   record->reason ? record->reason : "verdicts differ");
	free(record->reason);
	record->reason = reason;
}

static void finished(void *argument, const struct engine_item *item, const struct case_record *seen)
{
	struct rounds *rounds = argument;
	struct slot *slot = &rounds->slots[rounds->slot_of[item - rounds->items]];
	bool wait;

	if (rounds->r < 0)
		return;
	rounds->r = join(slot, seen, rounds->err);
	if (rounds->r < 0)
		return;
	wait = !rounds->last_repeat || (is_trouble(slot->record->verdict) && !rounds->last_retry);
	if (wait && seen->verdict != VERDICT_NOTRUN)
		return;
	/* A rule waits for the recordings of all others. */
	if (slot->settled || case_is_rule(slot->selected->c))
		return;
	explain_flaky(slot);
	settle(rounds, slot);
	screen_progress(rounds->session->screen, rounds->done, rounds->count, rounds->by_verdict,
			slot->record->id);
}

static void started(void *argument, const struct engine_item *item)
{
	struct rounds *rounds = argument;

	screen_progress(rounds->session->screen, rounds->done, rounds->count, rounds->by_verdict, item->id);
}

static int run_round(struct rounds *rounds)
{
	const struct session *session = rounds->session;
	const struct options *options = session->options;
	struct engine_plan plan = {
		.run = session->run,
		.runtime = rounds->runtime,
		.items = rounds->items,
		.out = session->out,
		.jobs = session->jobs,
		.timeout_scale =
		    options->timeout_scale *
		    json_double(json_member(rounds->runtime->profile->document, "timeout_scale"), 1.0),
		.fail_fast = options->fail_fast,
		/* A server that runs already is no descendant of ours, and others work at it too. */
		.recorder = rounds->runtime->live ? NULL : session->recorder,
		.record_needed = session_records_needed(options),
		.keep = options->keep,
	};
	struct engine_sink sink = { .finished = finished, .started = started, .argument = rounds };

	rounds->item_count = 0;
	for (size_t i = 0; i < rounds->count; i++) {
		struct slot *slot = &rounds->slots[i];

		if (!slot->runnable || slot->settled)
			continue;
		rounds->slot_of[rounds->item_count] = i;
		rounds->items[rounds->item_count++] = (struct engine_item){
			.c = slot->selected->c,
			.id = slot->selected->id,
			.fault = session->fault,
		};
	}
	plan.item_count = rounds->item_count;
	if (!plan.item_count)
		return 0;
	int r = engine_run(&plan, &sink, rounds->err);
	if (r == -EINTR)
		rounds->interrupted = true;
	if (rounds->r < 0)
		return rounds->r;
	return r == -EINTR ? 0 : r;
}

static int run_rounds(struct rounds *rounds)
{
	const struct options *options = rounds->session->options;
	int r = 0;

	rounds->last_retry = !options->retries;
	for (uint64_t i = 0; r >= 0 && i < options->repeat && !rounds->interrupted; i++) {
		rounds->last_repeat = i + 1 == options->repeat;
		r = run_round(rounds);
	}
	for (uint64_t i = 0; r >= 0 && i < options->retries && !rounds->interrupted; i++) {
		rounds->last_retry = i + 1 == options->retries;
		r = run_round(rounds);
	}
	return r;
}

/* Cases whose needs are not met are settled first; what an interruption left over is settled last. */
static void skip_unmet(struct rounds *rounds)
{
	const struct session *session = rounds->session;
	struct needs_context context = {
		.machine = session->machine,
		.runtime = rounds->runtime,
		.clauses = session->clauses,
		.not_recorded = session->not_recorded,
	};

	for (size_t i = 0; i < rounds->count; i++) {
		struct slot *slot = &rounds->slots[i];
		auto_text why = { 0 };

		slot->runnable = needs_met(&context, slot->selected->c, &why);
		if (slot->runnable)
			continue;
		session_record(slot->selected, VERDICT_SKIP, text_str(&why), slot->record);
		settle(rounds, slot);
	}
}

static void settle_rest(struct rounds *rounds)
{
	for (size_t i = 0; i < rounds->count; i++) {
		struct slot *slot = &rounds->slots[i];

		if (slot->settled)
			continue;
		if (!slot->record->verdict)
			session_record(slot->selected, VERDICT_NOTRUN, "the run ended before this case began",
				       slot->record);
		if (case_is_rule(slot->selected->c))
			rule_take_offenders(slot->selected->c, slot->record, rounds->records, rounds->count);
		explain_flaky(slot);
		settle(rounds, slot);
	}
}

int session_run(const struct session *session, const struct runtime *runtime, struct run_record *ret,
		struct err *err)
{
	size_t n = session->selection->count;
	auto_free struct slot *slots = calloc(n + 1, sizeof(*slots));
	auto_free struct engine_item *items = calloc(n + 1, sizeof(*items));
	auto_free size_t *slot_of = calloc(n + 1, sizeof(*slot_of));
	struct rounds rounds = {
		.session = session,
		.runtime = runtime,
		.slots = slots,
		.count = n,
		.items = items,
		.slot_of = slot_of,
		.err = err,
	};
	int64_t began = process_now_ms();

	ret->cases = calloc(n + 1, sizeof(*ret->cases));
	assert(slots && items && slot_of && ret->cases);
	ret->case_count = n;
	rounds.records = ret->cases;
	for (size_t i = 0; i < n; i++)
		slots[i] =
		    (struct slot){ .selected = &session->selection->items[i], .record = &ret->cases[i] };
	skip_unmet(&rounds);
	int r = rounds.r < 0 ? rounds.r : run_rounds(&rounds);
	if (r >= 0)
		settle_rest(&rounds);
	ret->interrupted = rounds.interrupted;
	ret->wall_ms = process_now_ms() - began;
	return r < 0 ? r : rounds.r;
}
