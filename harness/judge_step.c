/*
 * What DO and REFUSES demand. An exit status alone is never believed: a runtime that always exits 0 would
 * pass every life-cycle case, one that always exits 1 every refusal.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/case.h"
#include "harness/judge_part.h"

#define ERRORS_SHOWN_MAX 200

/* A step with an array of words is taken as it stands: it may name another container, or no pid file. */
static void read_words(const struct step *step, struct step_view *view)
{
	auto_json words = NULL;

	view->elsewhere = false;
	view->has_pid_file = true;
	if (!step->json || json_parse(step->json, strlen(step->json), &words, NULL) < 0)
		return;
	if (json_kind(words) != JSON_ARRAY) {
		view->elsewhere = call_is_elsewhere(words);
		return;
	}
	view->elsewhere = true;
	view->has_pid_file = false;
	for (size_t i = 0; i < json_length(words); i++) {
		const char *word = json_string(json_at(words, i));

		if (word && !strcmp(word, "@id"))
			view->elsewhere = false;
		if (word && text_starts(word, "--pid-file"))
			view->has_pid_file = true;
	}
}

static void view_step(const struct json *observation, const struct step *const *steps, size_t count,
		      size_t index, struct step_view *ret)
{
	*ret = (struct step_view){
		.observation = observation,
		.steps = steps,
		.count = count,
		.index = index,
		.verb = steps[index]->verb,
		.exit = json_at(json_get(observation, "exit.step"), index),
		.state = json_at(json_get(observation, "state.step"), index),
		.after = json_at(json_get(observation, "host.after.step"), index),
	};
	read_words(steps[index], ret);
}

/* The last line a runtime wrote, quoted: that is where runtimes put the reason. */
static void add_errors(const struct json *exit, struct text *out)
{
	const char *errors = json_string(json_member(exit, "errors"));
	auto_text line = { 0 };

	if (!errors)
		return;
	text_add(&line, errors);
	text_trim_end(&line);
	const char *last = strrchr(text_str(&line), '\n');
	last = last ? last + 1 : text_str(&line);
	if (!*last)
		return;
	size_t n = strlen(last);
	text_add(out, ": ");
	text_escape_terminal(out, last, n < ERRORS_SHOWN_MAX ? n : ERRORS_SHOWN_MAX);
}

static void add_signal(const struct json *signal, struct text *out)
{
	const char *name = json_string(signal);

	if (!name)
		name = name_of_signal((int) json_int(signal, 0));
	text_addf(out, "was ended by %s", name ? name : "a signal");
}

static void add_exit(const struct step_view *view, struct text *out)
{
	const struct json *signal = json_member(view->exit, "signal"),
			  *code = json_member(view->exit, "code");

	const char *status = json_get_string(view->exit, "status");

	if (signal)
		add_signal(signal, out);
	else if (status)
		text_addf(out, "was answered %s", status);
	else if (code)
		text_addf(out, "exited %lld", (long long) json_int(code, -1));
	else
		text_add(out, "left no exit status");
	add_errors(view->exit, out);
}

static void fails(const struct step_view *view, struct finding *ret)
{
	ret->kind = FINDING_FAILS;
	text_addf(&ret->reason, "step %zu, %s: ", view->index + 1, view->verb);
}

static bool exits_zero(const struct step_view *view)
{
	return json_member(view->exit, "code") && !json_member(view->exit, "signal") &&
	       json_int(json_member(view->exit, "code"), -1) == 0;
}

static const char *status_of(const struct json *state)
{
	const char *status = json_string(json_member(state, "status"));

	return status ? status : "nothing";
}

static bool expect_status(const struct step_view *view, const char *wanted, struct finding *ret)
{
	if (view->state && !strcmp(status_of(view->state), wanted))
		return true;
	fails(view, ret);
	if (view->state)
		text_addf(&ret->reason, "expected the state %s afterwards, but state says %s", wanted,
			  status_of(view->state));
	else
		text_addf(&ret->reason, "expected the state %s afterwards, but no state was recorded",
			  wanted);
	return false;
}

static bool created(const struct step_view *view, struct finding *ret)
{
	int64_t pid = json_int(json_get(view->observation, "host.pid_file.pid"), 0);

	if (!expect_status(view, "created", ret))
		return false;
	if (!view->has_pid_file)
		pid = json_int(json_member(view->state, "pid"), 0);
	if (pid > 0 && json_bool(json_get(view->after, "init.alive"), false))
		return true;
	fails(view, ret);
	if (pid <= 0)
		text_addf(&ret->reason, "it exited 0, but %s names no process",
			  view->has_pid_file ? "its pid file" : "state");
	else
		text_addf(&ret->reason, "it exited 0, but process %lld, which %s names, is not alive",
			  (long long) pid, view->has_pid_file ? "its pid file" : "state");
	return false;
}

static bool started(const struct step_view *view, struct finding *ret)
{
	if (!view->state || strcmp(status_of(view->state), "created") != 0)
		return true;
	fails(view, ret);
	text_add(&ret->reason, "it exited 0, but state still says created");
	return false;
}

static bool waited(const struct step_view *view, struct finding *ret)
{
	return expect_status(view, "stopped", ret);
}

static bool deleted(const struct step_view *view, struct finding *ret)
{
	if (view->state && json_has(view->state, "exists") &&
	    !json_bool(json_member(view->state, "exists"), true))
		return true;
	fails(view, ret);
	if (view->state)
		text_addf(&ret->reason, "it exited 0, but the container still exists; state says %s",
			  status_of(view->state));
	else
		text_add(&ret->reason, "it exited 0, but whether the container is gone was not recorded");
	return false;
}

/*
 * What else must be true after a verb that exits 0. own: a step of the harness, which is no command of the
 * runtime.
 */
static const struct verb_proof {
	const char *verb;
	bool (*holds)(const struct step_view *view, struct finding *ret);
	bool own;
} proofs[] = {
	{ "create", created },           { "start", started },
	{ "wait", waited, .own = true }, { "delete", deleted },
	{ "ready", NULL, .own = true },  { "edit", NULL, .own = true },
	{ "write", NULL, .own = true },  { "rename", NULL, .own = true },
	{ "remove", NULL, .own = true }, { "mount", NULL, .own = true },
	{ "umount", NULL, .own = true },
};

static const struct verb_proof *find_proof(const char *verb)
{
	for (size_t i = 0; i < ARRAY_SIZE(proofs); i++)
		if (!strcmp(proofs[i].verb, verb))
			return &proofs[i];
	return NULL;
}

static bool done(const struct step_view *view, struct finding *ret)
{
	const struct verb_proof *proof = find_proof(view->verb);
	bool own = proof && proof->own;

	if (!exits_zero(view) && (!own || view->exit)) {
		fails(view, ret);
		text_add(&ret->reason, "expected success, but ");
		if (view->exit) {
			text_add(&ret->reason, "it ");
			add_exit(view, &ret->reason);
		} else {
			text_add(&ret->reason, "how it ended was never recorded");
		}
		return false;
	}
	if (view->elsewhere)
		return true;
	return proof ? !proof->holds || proof->holds(view, ret) : call_is_done(view, ret);
}

/* The state before a step: what the nearest earlier step left, for not every step records one. */
static const struct json *state_before(const struct step_view *view)
{
	const struct json *states = json_get(view->observation, "state.step");

	for (size_t i = view->index; i > 0; i--)
		if (json_at(states, i - 1))
			return json_at(states, i - 1);
	return NULL;
}

/* A refusal is an error and no effect: the state is what it was before. */
static bool unchanged(const struct step_view *view, struct finding *ret)
{
	const struct json *before = state_before(view);
	bool existed = json_bool(json_member(before, "exists"), false);

	if (view->elsewhere)
		return true;
	if (!view->state) {
		fails(view, ret);
		text_add(&ret->reason,
			 "it was refused, but whether the state stayed the same was not recorded");
		return false;
	}
	bool exists = json_bool(json_member(view->state, "exists"), false);
	if (exists == existed && (!exists || !strcmp(status_of(before), status_of(view->state))))
		return true;
	fails(view, ret);
	text_addf(&ret->reason, "it was refused, but the state changed from %s to %s",
		  existed ? status_of(before) : "no container",
		  exists ? status_of(view->state) : "no container");
	return false;
}

static bool sibling_done(const struct step_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		struct finding unused = { 0 };
		struct step_view other;

		if (view->steps[i]->outcome != OUTCOME_OK || strcmp(view->steps[i]->verb, view->verb) != 0)
			continue;
		view_step(view->observation, view->steps, view->count, i, &other);
		bool holds = done(&other, &unused);
		finding_free(&unused);
		if (holds)
			return true;
	}
	return false;
}

static bool has_control(const struct step_view *view, const struct conformance_case *c, struct finding *ret)
{
	const struct json *control = json_member(view->observation, "control");
	const struct json *accepted = json_member(control, "accepted");

	if (json_bool(accepted, false) || (!c->control[0] && sibling_done(view)))
		return true;
	fails(view, ret);
	text_add(&ret->reason, "it was refused, but that proves nothing: ");
	if (accepted) {
		text_add(&ret->reason, "the corrected input is refused as well");
		add_errors(control, &ret->reason);
	} else {
		text_add(&ret->reason, "no accepted control was recorded beside it");
	}
	return false;
}

static bool refused(const struct step_view *view, const struct conformance_case *c, struct finding *ret)
{
	const struct json *code = json_member(view->exit, "code");

	if (!code || json_member(view->exit, "signal") || json_int(code, 0) == 0) {
		fails(view, ret);
		text_add(&ret->reason, "expected a refusal, but ");
		if (view->exit) {
			text_add(&ret->reason, "it ");
			add_exit(view, &ret->reason);
		} else {
			text_add(&ret->reason, "how it ended was never recorded");
		}
		return false;
	}
	return unchanged(view, ret) && has_control(view, c, ret);
}

/* Hostile input may be refused, if the corrected one is not; what is not refused must have been done. */
static bool either(const struct step_view *view, const struct conformance_case *c, struct finding *ret)
{
	if (exits_zero(view) && strcmp(view->verb, "run") != 0)
		return done(view, ret);
	/* run leaves no state to believe: its program must have been heard. */
	if (exits_zero(view) && json_bool(json_get(view->observation, "inside.complete"), false))
		return true;
	if (exits_zero(view)) {
		fails(view, ret);
		text_add(&ret->reason, "it exited 0, but its program was not heard to its end");
		return false;
	}
	if (json_member(view->exit, "code") && !json_member(view->exit, "signal"))
		return has_control(view, c, ret);
	fails(view, ret);
	text_add(&ret->reason, "expected it to be done or refused, but it ");
	add_exit(view, &ret->reason);
	return false;
}

static bool judge_step(const struct step_view *view, enum outcome outcome, const struct conformance_case *c,
		       struct finding *ret)
{
	switch (outcome) {
	case OUTCOME_OK:
		return done(view, ret);
	case OUTCOME_REFUSED:
		return refused(view, c, ret);
	case OUTCOME_EITHER:
		return either(view, c, ret);
	}
	return false;
}

static bool hangs(const struct step_view *view, struct finding *ret)
{
	bool state = json_bool(json_member(view->state, "timed_out"), false);

	if (!state && !json_bool(json_member(view->exit, "timed_out"), false))
		return false;
	fails(view, ret);
	ret->kind = FINDING_HANGS;
	if (state) {
		text_add(&ret->reason, "the state command after it did not end within its time");
		return true;
	}
	text_add(&ret->reason, "it did not end within its time");
	const struct json *ms = json_member(view->exit, "ms");
	if (ms)
		text_addf(&ret->reason, " (%lld ms)", (long long) json_int(ms, 0));
	return true;
}

void judge_steps(const struct conformance_case *c, const struct json *observation, struct finding *ret)
{
	const struct step *const *steps;
	size_t count = case_steps(c, &steps);

	ret->kind = FINDING_HOLDS;
	ret->rung = c->cri ? "L2 CRI" : "L3 OCI";
	for (size_t i = 0; i < count; i++) {
		struct step_view view;

		view_step(observation, steps, count, i, &view);
		if (hangs(&view, ret))
			return;
		if (!judge_step(&view, steps[i]->outcome, c, ret))
			return;
	}
}
