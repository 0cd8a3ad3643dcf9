/* What the parts of the judge share: one finding, made by a step or by a row. */
#ifndef HARNESS_JUDGE_PART_H
#define HARNESS_JUDGE_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct conformance_case;
struct expect;
struct step;
struct json;

enum finding_kind {
	FINDING_HOLDS = 1,
	FINDING_FAILS,
	FINDING_HANGS, /* a step of the runtime that never came back: fail, even for a SHOULD */
	FINDING_UNSEEN, /* a KERNEL row without a recording */
	FINDING_INVALID, /* the case itself is wrong: broken */
};

struct finding {
	enum finding_kind kind;
	struct text reason, expected, observed;
	const char *rung;
};
void finding_free(struct finding *finding);
#define auto_finding __attribute__((cleanup(finding_free))) struct finding

/* One step with what was recorded about it. */
struct step_view {
	const struct json *observation;
	const struct step *const *steps;
	size_t count, index;
	const char *verb;
	bool elsewhere; /* on another container than @id: its exit is recorded, its state is not */
	bool has_pid_file; /* the harness named one */
	const struct json *exit, *state, *after; /* of this step; NULL: not recorded */
};

/* Of calls to a CRI endpoint, by their members: whether it is about another pod or container than the case's own. */
bool call_is_elsewhere(const struct json *argument);
/* What else must be true after a call that was answered OK; true for a method that changes nothing. */
bool call_is_done(const struct step_view *view, struct finding *ret);

/* The first step whose outcome does not hold, or FINDING_HOLDS. */
void judge_steps(const struct conformance_case *c, const struct json *observation, struct finding *ret);
void judge_row(const struct json *observation, const struct expect *row, struct finding *ret);

/* "inside.uid.real": what a row speaks of, as a path into the observation. */
void row_path(const struct expect *row, struct text *out);

/*
 * Does the relation hold between a recorded value and the expected one? is: enum relation, none of the
 * kernel ones.
 */
bool relation_holds(int is, const struct json *value, const struct json *expected);
/* "to be", "to contain" ... */
const char *relation_phrase(int is);
/* Compact JSON, cut to a length that fits a line of a report. */
void describe_value(const struct json *value, struct text *out);

#endif
