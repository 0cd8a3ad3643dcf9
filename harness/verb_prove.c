/* plumbline prove: which cases have been seen to fail, and which faults nobody notices. */
#include "harness/verbs.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/guest.h"
#include "harness/live.h"
#include "harness/options.h"
#include "harness/prepare_run.h"
#include "harness/prove.h"

struct proof_sums {
	size_t cases, faults, caught, unproven, by_kind[PROOF_NOT_RUN + 1]; /* by_kind: of cases */
};

/* A fault counts as caught when every case that was to notice it did. */
static void add_faults(const struct proofs *proofs, struct proof_sums *sums)
{
	auto_json survives = json_new_object(); /* fault: some case did not notice it */

	for (size_t i = 0; i < proofs->count; i++) {
		const struct proof *row = &proofs->rows[i];
		bool survived = row->kind == PROOF_SURVIVED;

		if (survived || (row->kind == PROOF_CAUGHT && !json_has(survives, row->fault)))
			json_put(survives, row->fault, json_new_bool(survived));
	}
	sums->faults = json_length(survives);
	for (size_t i = 0; i < sums->faults; i++)
		sums->caught += !json_bool(json_value_at(survives, i), true);
}

static void add_up(const struct proofs *proofs, struct proof_sums *sums)
{
	for (size_t i = 0; i < proofs->count && !proofs->rows[i].further; i++) {
		sums->cases++;
		sums->by_kind[proofs->rows[i].kind]++;
	}
	sums->unproven = sums->cases - sums->by_kind[PROOF_CAUGHT];
	add_faults(proofs, sums);
}

static void show_proof_json(struct screen *screen, const struct proof *proof, const char *runtime)
{
	struct json *row = json_new_object();

	json_put(row, "type", json_new_string("proof"));
	json_put(row, "id", json_new_string(proof->id));
	json_put(row, "runtime", json_new_string(runtime));
	if (proof->fault)
		json_put(row, "fault", json_new_string(proof->fault));
	json_put(row, "result", json_new_string(proof_name(proof->kind)));
	if (proof->control)
		json_put(row, "control", json_new_string(verdict_name(proof->control)));
	if (proof->faulty)
		json_put(row, "verdict", json_new_string(verdict_name(proof->faulty)));
	if (proof->reason)
		json_put(row, "reason", json_new_string(proof->reason));
	screen_print_json(screen, row);
}

static void show_proof_text(const struct proof *proof, struct text *out)
{
	text_addf(out, "%-10s %s", proof_name(proof->kind), proof->id);
	if (proof->fault)
		text_addf(out, " under %s", proof->fault);
	if (proof->kind == PROOF_SURVIVED)
		text_addf(out, ": %s", verdict_name(proof->faulty));
	if (proof->kind == PROOF_NO_CONTROL || proof->kind == PROOF_WARNS)
		text_addf(out, ": without the fault it is %s", verdict_name(proof->control));
	if (proof->kind != PROOF_CAUGHT && proof->reason) {
		text_add(out, ": ");
		text_escape_terminal(out, proof->reason, strlen(proof->reason));
	}
	text_add_char(out, '\n');
}

static void show_sums_json(struct screen *screen, const struct proof_sums *sums, const char *runtime)
{
	struct json *row = json_new_object();
	double score = sums->faults ? (double) sums->caught / (double) sums->faults : 0.0;

	json_put(row, "type", json_new_string("prove"));
	json_put(row, "runtime", json_new_string(runtime));
	json_put(row, "faults", json_new_uint(sums->faults));
	json_put(row, "caught", json_new_uint(sums->caught));
	json_put(row, "cases", json_new_uint(sums->cases));
	json_put(row, "unproven", json_new_uint(sums->unproven));
	json_put(row, "score", json_new_double(score));
	screen_print_json(screen, row);
}

static void show_unproven(const struct proof_sums *sums, struct text *out)
{
	const char *separator = " (";

	for (enum proof_kind kind = PROOF_CAUGHT + 1; kind <= PROOF_NOT_RUN; kind++) {
		if (!sums->by_kind[kind])
			continue;
		text_addf(out, "%s%zu %s", separator, sums->by_kind[kind], proof_name(kind));
		separator = ", ";
	}
	if (sums->unproven)
		text_add_char(out, ')');
}

/* People read the survivors last, where the eye rests. */
static void show(struct screen *screen, const struct proofs *proofs, const struct proof_sums *sums,
		 const char *runtime)
{
	auto_text out = { 0 };

	for (size_t i = 0; screen->json && i < proofs->count; i++)
		show_proof_json(screen, &proofs->rows[i], runtime);
	if (screen->json) {
		show_sums_json(screen, sums, runtime);
		return;
	}
	for (enum proof_kind kind = PROOF_NOT_RUN; kind >= PROOF_CAUGHT; kind--)
		for (size_t i = 0; kind != PROOF_SURVIVED && i < proofs->count; i++)
			if (proofs->rows[i].kind == kind)
				show_proof_text(&proofs->rows[i], &out);
	for (size_t i = 0; i < proofs->count; i++)
		if (proofs->rows[i].kind == PROOF_SURVIVED)
			show_proof_text(&proofs->rows[i], &out);
	text_addf(&out, "\n%s: %zu of %zu faults caught", runtime, sums->caught, sums->faults);
	if (sums->faults)
		text_addf(&out, " (score %.2f)", (double) sums->caught / (double) sums->faults);
	text_addf(&out, "; %zu case%s, %zu unproven", sums->cases, sums->cases == 1 ? "" : "s",
		  sums->unproven);
	show_unproven(sums, &out);
	text_add_char(&out, '\n');
	screen_print(screen, &out);
}

static int exit_code(const struct proofs *proofs, const struct proof_sums *sums)
{
	if (proofs->interrupted)
		return EXIT_INTERRUPTED;
	if (sums->caught < sums->faults || sums->by_kind[PROOF_NO_CONTROL])
		return EXIT_UNEXPECTED_FAILURE;
	return sums->by_kind[PROOF_SKIPPED] == sums->cases ? EXIT_MACHINE_CANNOT : EXIT_AS_EXPECTED;
}

int verb_prove(const struct options *options)
{
	auto_prepared_run prepared = { .directory = { .fd = -EBADF } };
	int code;

	if (options->in)
		return guest_run(verb_find("prove"), options);
	for (size_t i = 0; i < options->endpoints.count; i++)
		if (live_is_endpoint(options->endpoints.words[i])) {
			screen_say(&prepared.screen,
				   "prove breaks servers that it starts itself: --cri NAME|PATH");
			return EXIT_USAGE;
		}
	code = prepare_run(options, &prepared);
	for (size_t i = 0; !code && i < prepared.runtime_count; i++) {
		const struct runtime *runtime = &prepared.runtimes[i].runtime;
		struct proofs proofs = { 0 };
		struct proof_sums sums = { 0 };
		struct err err = { 0 };

		if (prove_cases(options, &prepared, i, &proofs, &err) < 0) {
			screen_say(&prepared.screen, "%s", err.text);
			return EXIT_BROKEN;
		}
		add_up(&proofs, &sums);
		show(&prepared.screen, &proofs, &sums, runtime->name);
		code = exit_code(&proofs, &sums);
		proofs_free(&proofs);
	}
	return code;
}
