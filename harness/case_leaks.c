/* What a case leaves in its world: counted once the runtime is done, and again after whatever it left alive is deleted. */
#include "base/cleanup.h"
#include "base/json.h"
#include "harness/case_recording.h"
#include "harness/case_run.h"
#include "harness/census.h"
#include "harness/cri.h"
#include "harness/live.h"
#include "harness/observe.h"
#include "harness/world.h"

#define SETTLE_MS 200 /* for processes that were killed and are not gone yet */

struct settle {
	struct bench *bench;
	struct json *left; /* owned: outside of a world, what was seen last */
};

static bool is_quiet(void *argument)
{
	const struct settle *settle = argument;

	return observe_process_count(settle->bench->prepared) <= 0;
}

static bool is_clean(void *argument)
{
	struct settle *settle = argument;

	json_free(settle->left);
	settle->left = live_leftovers(settle->bench);
	return !json_length(settle->left);
}

/* The machine is not ours: what bears the ids of the case's pods and containers is counted. Owned. */
static struct json *count_outside(struct bench *bench, bool expects_life)
{
	struct settle settle = { .bench = bench };

	if (!is_clean(&settle) && !expects_life)
		(void) reaper_wait_until(&bench->place->reaper, is_clean, &settle,
					 process_now_ms() + SETTLE_MS);
	return settle.left;
}

/* What was killed a moment ago may still be listed; what is to be there is not waited for. */
static struct json *count_what_is_left(struct bench *bench, bool expects_life, struct json **ret_census)
{
	struct settle settle = { .bench = bench };
	auto_json now = NULL;

	if (bench->place->outside)
		return count_outside(bench, expects_life);
	if (!expects_life)
		(void) reaper_wait_until(&bench->place->reaper, is_quiet, &settle,
					 process_now_ms() + SETTLE_MS);
	now = census_take(bench->place, bench->prepared);
	struct json *ret = census_difference(bench->before, now);
	if (settle.bench->cri)
		cri_drop_lasting(settle.bench, ret);
	if (ret_census)
		*ret_census = TAKE(now);
	return ret;
}

static int force_delete(struct bench *bench, const char *id, bool *ret_timed_out, struct err *err)
{
	auto_json words = json_new_array();
	struct driver_result result = { 0 };
	int r;

	json_append(words, json_new_string("--force"));
	json_append(words, json_new_string(id));
	world_say(bench->place, WORLD_STEP, false, "clean up with delete --force");
	case_recording_phase(bench->job, "delete");
	r = driver_run(&bench->driver, "delete", words, &result, err);
	if (r < 0)
		return r;
	*ret_timed_out = result.command.timed_out;
	driver_result_free(&result);
	return 0;
}

static int put_cri_leaks(struct bench *bench, struct json *host, const struct json *left, struct err *err)
{
	bool timed_out = false;
	int r = cri_clean_up(bench, &timed_out, err);

	if (bench->place->outside)
		live_remove_image(bench);
	if (r >= 0 && !timed_out)
		json_put(host, "leaks",
			 json_length(left) ? count_what_is_left(bench, false, NULL) : json_copy(left));
	return r;
}

/*
 * A case that leaves a container behind on purpose, or stopped half-way, has not asked for the clean-up: after a
 * forced delete what is still there is the runtime's. After a time-out nothing can be said, for we killed it.
 */
int case_leaks(struct bench *bench, const struct case_trail *trail, struct json *host, struct err *err)
{
	auto_json census = NULL;
	size_t others = json_length(trail->others);
	bool timed_out = trail->timed_out;
	bool lives = trail->may_exist || others || (bench->cri && json_length(bench->cri->made));
	struct json *left = count_what_is_left(bench, lives, &census);
	int r = 0;

	json_put(host, "leftovers", left);
	if (census)
		json_put(host, "keyrings_added", census_keyrings(bench->before, census));
	if (trail->timed_out)
		return 0;
	if (bench->cri)
		return put_cri_leaks(bench, host, left, err);
	if (!trail->may_exist && !others) {
		json_put(host, "leaks", json_copy(left));
		return 0;
	}
	for (size_t i = 0; r >= 0 && !timed_out && i < others; i++)
		r = force_delete(bench, json_key_at(trail->others, i), &timed_out, err);
	if (r >= 0 && !timed_out && trail->may_exist)
		r = force_delete(bench, bench->container, &timed_out, err);
	if (r >= 0 && !timed_out)
		json_put(host, "leaks", count_what_is_left(bench, false, NULL));
	return r < 0 ? r : 0;
}
