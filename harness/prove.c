/* Mutation testing of the cases: a case is proven by the run in which it failed. */
#include "harness/prove.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/faults.h"
#include "harness/needs.h"
#include "harness/options.h"
#include "harness/prepare_run.h"
#include "harness/profile.h"
#include "harness/session.h"

struct prover {
	const struct options *options;
	struct prepared_run *prepared;
	const struct runtime *runtime;
	const struct selection *selection;
	struct proofs *proofs;
	struct engine_item *items; /* of this pass; items[i] belongs to proofs->rows[row_of[i]] */
	size_t *row_of, item_count, done;
	size_t by_verdict[VERDICT_COUNT];
	bool faulty; /* the second pass */
};

const char *proof_name(enum proof_kind kind)
{
	static const char *const names[] = {
		[PROOF_CAUGHT] = "caught",         [PROOF_SURVIVED] = "survived",
		[PROOF_NO_FAULT] = "no fault",     [PROOF_NOT_BUILT] = "not built",
		[PROOF_NO_CONTROL] = "no control", [PROOF_WARNS] = "warns",
		[PROOF_SKIPPED] = "skipped",       [PROOF_NOT_RUN] = "not run",
	};

	return names[kind];
}

enum proof_kind proof_decide(enum verdict control, enum verdict faulty, bool soft)
{
	if (control == VERDICT_SKIP)
		return PROOF_SKIPPED;
	if (control == VERDICT_NOTRUN || !control)
		return PROOF_NOT_RUN;
	if (soft && control == VERDICT_WARN)
		return PROOF_WARNS;
	if (control != VERDICT_PASS)
		return PROOF_NO_CONTROL;
	if (faulty == VERDICT_NOTRUN || !faulty)
		return PROOF_NOT_RUN;
	if (faulty == VERDICT_FAIL || (soft && faulty == VERDICT_WARN))
		return PROOF_CAUGHT;
	return PROOF_SURVIVED;
}

void proofs_free(struct proofs *proofs)
{
	for (size_t i = 0; i < proofs->count; i++)
		free(proofs->rows[i].reason);
	free(proofs->rows);
	faults_free(&proofs->faults);
	*proofs = (struct proofs){ 0 };
}

static void finished(void *argument, const struct engine_item *item, const struct case_record *record)
{
	struct prover *prover = argument;
	struct proof *row = &prover->proofs->rows[prover->row_of[item - prover->items]];

	*(prover->faulty ? &row->faulty : &row->control) = record->verdict;
	free(row->reason);
	row->reason = record->reason ? text_format("%s", record->reason) : NULL;
	prover->done++;
	prover->by_verdict[record->verdict]++;
	screen_progress(&prover->prepared->screen, prover->done, prover->item_count, prover->by_verdict,
			row->id);
}

/* Which rows a pass runs: the first each case that names a built fault, the second what passed without its fault. */
static bool belongs(const struct prover *prover, const struct proof *row)
{
	return prover->faulty ? row->control == VERDICT_PASS : !row->kind && !row->further;
}

static int run_pass(struct prover *prover, struct err *err)
{
	const struct options *options = prover->options;
	const struct json *scale = json_member(prover->runtime->profile->document, "timeout_scale");
	struct engine_sink sink = { .finished = finished, .argument = prover };
	struct engine_plan plan = {
		.run = prover->prepared->name,
		.runtime = prover->runtime,
		.items = prover->items,
		.out = -1,
		.recorder = prover->prepared->recorder,
		.record_needed = session_records_needed(options),
		.jobs = session_jobs(options),
		.timeout_scale = options->timeout_scale * json_double(scale, 1.0),
	};

	prover->item_count = prover->done = 0;
	memset(prover->by_verdict, 0, sizeof(prover->by_verdict));
	for (size_t i = 0; i < prover->proofs->count; i++) {
		const struct proof *row = &prover->proofs->rows[i];

		if (!belongs(prover, row))
			continue;
		prover->row_of[prover->item_count] = i;
		prover->items[prover->item_count++] = (struct engine_item){
			.c = prover->selection->items[row->selected].c,
			.id = row->id,
			.fault = prover->faulty ? row->fault : NULL,
		};
	}
	plan.item_count = prover->item_count;
	return plan.item_count ? engine_run(&plan, &sink, err) : 0;
}

/* What can be said of a case before anything runs; kind 0: it is to run. */
static void sort_out(struct prover *prover, const struct fault_registry *faults)
{
	struct needs_context context = {
		.machine = &prover->prepared->machine,
		.runtime = prover->runtime,
		.clauses = &prover->prepared->clauses,
		.not_recorded = prover->prepared->not_recorded,
	};

	for (size_t i = 0; i < prover->selection->count; i++) {
		const struct selected *selected = &prover->selection->items[i];
		struct proof *row = &prover->proofs->rows[prover->proofs->count++];
		struct fault_entry fault;
		auto_text why = { 0 };

		*row = (struct proof){ .id = selected->id, .fault = selected->c->refuted_by, .selected = i };
		if (!row->fault)
			row->kind = PROOF_NO_FAULT;
		else if (!fault_find(faults, row->fault, &fault) || !fault.built)
			row->kind = PROOF_NOT_BUILT;
		else if (!needs_met(&context, selected->c, &why))
			row->kind = PROOF_SKIPPED;
		if (why.len)
			row->reason = text_take(&why);
	}
}

/* Faults that no case names are proven by their witnesses, as far as these are selected. */
static void add_further(struct prover *prover, const struct fault_registry *faults)
{
	struct proofs *proofs = prover->proofs;
	size_t cases = proofs->count;

	for (size_t f = 0; f < faults_count(faults); f++) {
		struct fault_entry fault = fault_at(faults, f);

		for (size_t i = 0; i < cases && fault.built && *fault.witness; i++)
			if (!strcmp(proofs->rows[i].id, fault.witness))
				proofs->rows[proofs->count++] = (struct proof){
					.id = proofs->rows[i].id,
					.fault = fault.name,
					.kind = proofs->rows[i].kind,
					.selected = i,
					.further = true,
				};
	}
}

/* The case ran once without a fault, whatever the number of faults it is to notice. */
static void share_controls(struct proofs *proofs)
{
	for (size_t i = 0; i < proofs->count; i++)
		if (proofs->rows[i].further)
			proofs->rows[i].control = proofs->rows[proofs->rows[i].selected].control;
}

static void decide(struct prover *prover)
{
	for (size_t i = 0; i < prover->proofs->count; i++) {
		struct proof *row = &prover->proofs->rows[i];
		const struct conformance_case *c = prover->selection->items[row->selected].c;
		bool soft = case_can_only_warn(c) || case_is_disputed(&prover->prepared->clauses, c);

		if (!row->kind)
			row->kind = proof_decide(row->control, row->faulty, soft);
	}
}

static int run_passes(struct prover *prover, const struct fault_registry *faults, struct err *err)
{
	int r;

	sort_out(prover, faults);
	add_further(prover, faults);
	r = run_pass(prover, err);
	if (r < 0)
		return r;
	share_controls(prover->proofs);
	prover->faulty = true;
	return run_pass(prover, err);
}

int prove_cases(const struct options *options, struct prepared_run *prepared, size_t index,
		struct proofs *ret, struct err *err)
{
	struct proofs proofs = { 0 };
	int r = faults_load(&proofs.faults, err);

	if (r < 0)
		return r;
	size_t n = prepared->shares[index].count + faults_count(&proofs.faults);
	auto_free struct engine_item *items = calloc(n, sizeof(*items));
	auto_free size_t *row_of = calloc(n, sizeof(*row_of));
	struct prover prover = {
		.options = options,
		.prepared = prepared,
		.runtime = &prepared->runtimes[index].runtime,
		.selection = &prepared->shares[index],
		.proofs = &proofs,
		.items = items,
		.row_of = row_of,
	};

	proofs.rows = calloc(n, sizeof(*proofs.rows));
	assert(items && row_of && proofs.rows);
	r = run_passes(&prover, &proofs.faults, err);
	proofs.interrupted = r == -EINTR;
	if (r < 0 && r != -EINTR) {
		proofs_free(&proofs);
		return r;
	}
	decide(&prover);
	*ret = proofs;
	return 0;
}
