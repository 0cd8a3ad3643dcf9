/* Findings become one verdict and one sentence. */
#include "harness/judge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/case.h"
#include "harness/judge_part.h"

static void add_unseen(struct judgement *ret, const struct expect *row)
{
	char **grown = realloc(ret->unseen, (ret->unseen_count + 1) * sizeof(*grown));
	auto_text sentence = { 0 };

	assert(grown);
	text_addf(&sentence, "%s %s", row->path, relation_phrase(row->is));
	if (row->json)
		text_addf(&sentence, " %s", row->json);
	ret->unseen = grown;
	ret->unseen[ret->unseen_count++] = text_take(&sentence);
}

/* Of what the world keeps, these are the words of the runtime or the server. */
static const char *const told[] = { "features", "pid_file", "log" };

/* What a server answers is the interface itself; a config.json that it shows is the rung below. */
static const char *rung_of(const struct conformance_case *c, const struct expect *row, const char *rung)
{
	for (size_t i = 0; row->from == FROM_HOST && i < ARRAY_SIZE(told); i++)
		if (text_starts(row->path, told[i]))
			return c->cri ? "L2 CRI" : "L3 OCI";
	if (!c->cri || (row->from != FROM_STATE && row->from != FROM_EXIT) ||
	    strstr(row->path, "runtimeSpec"))
		return rung;
	return "L2 CRI";
}

/* The first row that does not hold goes to *ret; every KERNEL row without a recording is listed. */
static void judge_rows(const struct conformance_case *c, const struct json *observation, struct finding *ret,
		       struct judgement *judgement)
{
	ret->kind = FINDING_HOLDS;
	for (size_t i = 0; i < case_rows(c); i++) {
		auto_finding row = { 0 };

		judge_row(observation, c->then[i], &row);
		if (row.kind == FINDING_UNSEEN)
			add_unseen(judgement, c->then[i]);
		if (row.kind == FINDING_HOLDS || row.kind == FINDING_UNSEEN || ret->kind != FINDING_HOLDS)
			continue;
		row.rung = rung_of(c, c->then[i], row.rung);
		*ret = row;
		row = (struct finding){ 0 };
	}
}

static char *take_or_null(struct text *text)
{
	return text->len ? text_take(text) : NULL;
}

static enum verdict verdict_of(const struct conformance_case *c, enum finding_kind kind, bool disputed)
{
	switch (kind) {
	case FINDING_HOLDS:
		return VERDICT_PASS;
	case FINDING_HANGS:
		return VERDICT_FAIL;
	case FINDING_FAILS:
		return disputed || case_can_only_warn(c) ? VERDICT_WARN : VERDICT_FAIL;
	case FINDING_UNSEEN:
	case FINDING_INVALID:
		break;
	}
	return VERDICT_BROKEN;
}

/* Evidence with a hole proves neither that something happened nor that it did not. */
static bool judge_recording(const struct json *observation, struct judgement *ret)
{
	const struct json *recording = json_member(observation, "recording");
	uint64_t lost = json_uint(json_member(recording, "lost"), 0);

	if (lost)
		ret->reason = text_format("%llu recorded events were lost, so nothing can be said",
					  (unsigned long long) lost);
	else if (json_bool(json_member(recording, "gaps"), false))
		ret->reason = text_format("the recording has gaps, so nothing can be said");
	else if (json_bool(json_member(recording, "cut"), false))
		ret->reason = text_format("more happened than is looked at, so nothing can be said");
	else if (recording && !json_uint(json_member(recording, "events"), 0))
		ret->reason = text_format("nothing was recorded, so nothing can be said");
	if (ret->reason)
		ret->verdict = VERDICT_BROKEN;
	return !ret->reason;
}

void judge(const struct conformance_case *c, const struct json *observation, bool disputed,
	   struct judgement *ret)
{
	auto_finding finding = { 0 };

	*ret = (struct judgement){ 0 };
	if (!observation) {
		ret->verdict = VERDICT_BROKEN;
		ret->reason = text_format("the case left no observation, so nothing can be said");
		return;
	}
	if (!judge_recording(observation, ret))
		return;
	judge_steps(c, observation, &finding);
	if (finding.kind == FINDING_HOLDS) {
		judge_rows(c, observation, &finding, ret);
	} else {
		auto_finding unused = { 0 };

		judge_rows(c, observation, &unused, ret);
	}
	ret->verdict = verdict_of(c, finding.kind, disputed);
	if (finding.kind == FINDING_HOLDS && ret->unseen_count && ret->unseen_count == case_rows(c)) {
		ret->verdict = VERDICT_SKIP;
		ret->reason = text_format("every row speaks of kernel calls, and none can be seen here");
		return;
	}
	if (ret->verdict == VERDICT_PASS)
		return;
	ret->reason = take_or_null(&finding.reason);
	ret->expected = take_or_null(&finding.expected);
	ret->observed = take_or_null(&finding.observed);
	ret->rung = finding.rung ? text_format("%s", finding.rung) : NULL;
}

void judgement_free(struct judgement *judgement)
{
	free(judgement->reason);
	free(judgement->expected);
	free(judgement->observed);
	free(judgement->rung);
	for (size_t i = 0; i < judgement->unseen_count; i++)
		free(judgement->unseen[i]);
	free(judgement->unseen);
	*judgement = (struct judgement){ 0 };
}
