/* The steps of a case, one after the other, with what is seen after each. Stops at the first that comes out wrong. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/case_recording.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/edit.h"
#include "harness/live.h"
#include "harness/observe.h"
#include "harness/world.h"

static int parse_argument(const struct step *step, const struct json *symbols, struct json **ret,
			  struct err *err)
{
	auto_json raw = NULL;
	int r;

	*ret = NULL;
	if (!step->json || !*step->json)
		return 0;
	r = json_parse(step->json, strlen(step->json), &raw, err);
	if (r < 0)
		return fail(err, r, "argument of step %s", step->verb);
	*ret = symbols_expand(raw, symbols);
	return 0;
}

static int run_own(struct bench *bench, const struct step *step, const struct json *argument,
		   struct step_result *result, struct err *err)
{
	int64_t begin = command_now_ns();

	result->own = true;
	result->begin_ns = begin;
	result->exit = json_new_object();
	json_put(result->exit, "verb", json_new_string(step->verb));
	int r = own_step_run(bench, step->verb, argument, result->exit, &result->timed_out, err);
	if (r < 0)
		return r;
	result->end_ns = command_now_ns();
	json_put(result->exit, "ms", json_new_int((result->end_ns - begin) / 1000000));
	json_put(result->exit, "timed_out", json_new_bool(result->timed_out));
	if (!result->timed_out && !json_has(result->exit, "code"))
		json_put(result->exit, "code", json_new_int(0));
	return 0;
}

/* Every runtime takes the id as the last word of these verbs. */
static char *last_word(char *const *argv)
{
	size_t count = 0;

	while (argv[count])
		count++;
	return count ? text_format("%s", argv[count - 1]) : NULL;
}

static int run_runtime(struct bench *bench, const struct step *step, size_t index,
		       const struct json *argument, struct step_result *result, struct err *err)
{
	auto_free char *path = text_format("exit.step[%zu]", index);
	struct driver_result command = { 0 };
	int r;

	if (bench->cri)
		return cri_step_run(bench, step->verb, argument, result, err);
	console_resume(&bench->console);
	r = driver_run(&bench->driver, step->verb, argument, &command, err);
	if (r < 0)
		return r;
	result->exit =
	    driver_exit_facts(&bench->driver, step->verb, &command, bench->nonce, bench->meta, path);
	if (!strcmp(step->verb, "exec"))
		json_append(bench->execs,
			    json_new_string(strstr(step->json, "@console") ? "" : command.command.out));
	result->timed_out = command.command.timed_out;
	result->elsewhere = command.elsewhere;
	if (command.elsewhere &&
	    (!strcmp(step->verb, "create") || !strcmp(step->verb, "run") || !strcmp(step->verb, "delete")))
		result->other = last_word(command.argv);
	result->begin_ns = command.command.begin_ns;
	result->end_ns = command.command.end_ns;
	driver_result_free(&command);
	return 0;
}

int step_run(struct bench *bench, size_t index, struct step_result *ret, struct err *err)
{
	const struct step *step = bench->steps[index];
	struct step_result result = { 0 };
	auto_json argument = NULL;
	bool own = own_step_is(step->verb);
	/* Waiting is for the runtime's container: if that never comes to an end, it is not our part that hangs. */
	bool theirs = !own || !strcmp(step->verb, "wait") || !strcmp(step->verb, "ready");
	int r;

	world_say(bench->place, WORLD_STEP, theirs, step->verb);
	case_recording_phase(bench->job, step->verb);
	r = parse_argument(step, bench->symbols, &argument, err);
	if (r >= 0)
		r = own ? run_own(bench, step, argument, &result, err)
			: run_runtime(bench, step, index, argument, &result, err);
	if (r < 0) {
		json_free(result.exit);
		free(result.other);
		return r;
	}
	bool zero = json_has(result.exit, "code") && json_int(json_member(result.exit, "code"), -1) == 0;
	result.ok =
	    !result.timed_out && (step->outcome == OUTCOME_EITHER || zero == (step->outcome == OUTCOME_OK));
	*ret = result;
	return 0;
}

static struct json *look_after(struct bench *bench, const struct case_trail *trail)
{
	struct json *seen = json_new_object();
	const char *cgroup = json_string(json_member(bench->symbols, "@cgroup"));
	const char *configured = json_get_string(bench->config, "linux.cgroupsPath");

	if (bench->init > 0)
		json_put(seen, "init", observe_process((pid_t) bench->init, bench_init_has_ended(bench)));
	if (configured && configured[0] == '/')
		cgroup = configured;
	json_put(seen, "cgroup", observe_cgroup(bench->place, (pid_t) bench->init, cgroup));
	if (bench->place->outside)
		return seen;
	json_put(seen, "cgroups", observe_cgroups(bench->place));
	json_put(seen, "mounts_added", observe_mounts_added(&trail->mounts));
	json_put(seen, "processes", json_new_int(observe_process_count(bench->prepared)));
	return seen;
}

static void add_time(struct case_trail *trail, int64_t ns, const char *what, const char *verb)
{
	struct json *entry = json_new_array();
	auto_free char *label = text_format("%s %s", what, verb);

	json_append(entry, json_new_int(ns));
	json_append(entry, json_new_string(label));
	json_append(trail->timeline, entry);
}

/* Under its own number, and under the verb's name for the last of that name. */
static void keep(struct json *facts, const char *verb, struct json *taken)
{
	json_append(json_member(facts, "step"), taken);
	json_put(facts, verb, json_copy(taken));
}

static void keep_state(struct json *states, const char *verb, struct json *taken)
{
	json_append(json_member(states, "step"), taken);
	json_put(json_member(states, "after"), verb, json_copy(taken));
}

static void follow_other(struct case_trail *trail, const char *verb, const char *id)
{
	if (!trail->others)
		trail->others = json_new_object();
	if (!strcmp(verb, "delete"))
		json_remove(trail->others, id);
	else
		json_put(trail->others, id, json_new_bool(true));
}

/* Whether a container that nobody deleted can be there: then what is left is not yet a leak. */
static void follow_life(struct case_trail *trail, const char *verb, const struct step_result *result)
{
	bool ended_well = json_int(json_member(result->exit, "code"), -1) == 0;

	if (result->other && ended_well)
		follow_other(trail, verb, result->other);
	if (result->own || result->elsewhere)
		return;
	if (!strcmp(verb, "create") || !strcmp(verb, "run"))
		trail->may_exist = trail->may_exist || ended_well || result->timed_out;
	if (!strcmp(verb, "delete") && ended_well)
		trail->may_exist = false;
}

static int one_step(struct bench *bench, size_t index, struct case_trail *trail, struct err *err)
{
	const char *verb = bench->steps[index]->verb;
	struct step_result result;
	struct json *state = NULL;
	int r = step_run(bench, index, &result, err);

	if (r < 0)
		return r;
	follow_life(trail, verb, &result);
	free(result.other);
	if (!result.own) {
		add_time(trail, result.begin_ns, "begin", verb);
		add_time(trail, result.end_ns, "end", verb);
	}
	trail->complete = result.ok;
	trail->timed_out = result.timed_out;
	keep(trail->exits, verb, result.exit);
	if (!result.timed_out) {
		world_say(bench->place, WORLD_STEP, true, "state");
		case_recording_phase(bench->job, "state");
		r = bench->cri ? cri_state(bench, &state, err) : driver_state(&bench->driver, &state, err);
		if (r < 0)
			return r;
		trail->timed_out = json_bool(json_member(state, "timed_out"), false);
	}
	world_say(bench->place, WORLD_STEP, false, "observe");
	bench_find_init(bench, state);
	keep_state(trail->states, verb, state ? state : json_new_object());
	keep(trail->after, verb, look_after(bench, trail));
	return 0;
}

int case_steps_run(struct bench *bench, struct case_trail *trail, struct err *err)
{
	trail->complete = true;
	for (size_t i = 0; i < bench->step_count && trail->complete && !trail->timed_out; i++) {
		int r = one_step(bench, i, trail, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static struct json *control_facts(const struct bench *bench, size_t index, const struct step_result *result)
{
	struct json *facts = json_new_object();

	json_put(facts, "step", json_new_string(bench->steps[index]->verb));
	json_put(facts, "accepted", json_new_bool(json_int(json_member(result->exit, "code"), -1) == 0));
	json_put(facts, "code", json_new_int(json_int(json_member(result->exit, "code"), -1)));
	json_put(facts, "errors", json_copy(json_member(result->exit, "errors")));
	return facts;
}

/* Up to the first refusal or try, which the corrected input must turn into a success. */
int case_control_run(struct world_place *place, const struct case_job *job, struct prepared *prepared,
		     struct json *meta, struct json **ret, struct err *err)
{
	struct case_job unrecorded = *job;
	struct bench bench;

	/* The case's tag is closed: another container in its recording would make every row about it ambiguous. */
	unrecorded.secret = 0;
	int r = bench_make(place, &unrecorded, true, prepared, meta, &bench, err);

	*ret = NULL;
	for (size_t i = 0; r >= 0 && i < bench.step_count; i++) {
		bool refusal = bench.steps[i]->outcome != OUTCOME_OK;
		struct step_result result;

		r = step_run(&bench, i, &result, err);
		if (r < 0)
			break;
		bool stop = refusal || !result.ok;
		if (stop)
			*ret = control_facts(&bench, i, &result);
		json_free(result.exit);
		free(result.other);
		if (stop)
			break;
	}
	/* A world ends with all that is in it; a server that was there before goes on. */
	if (bench.cri && place->outside)
		live_clean_up(&bench);
	bench_free(&bench);
	return r < 0 ? fail(err, r, "control") : 0;
}
