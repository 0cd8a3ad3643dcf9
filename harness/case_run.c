/* One case from its bundle to its document: prepare, count, do the steps, look, count again, try the control. */
#include "harness/case_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/case_recording.h"
#include "harness/census.h"
#include "harness/cri.h"
#include "harness/engine.h"
#include "harness/observe.h"
#include "harness/world.h"

#define LOG_MAX (4u << 20)
#define HOOKS_MAX (4u << 20)
#define SHIFT_NS INT64_C(1000000000)
#define SETTLE_MS 200 /* for processes that were killed and are not gone yet */

struct case_document {
	struct json *top, *host, *meta; /* top is owned, the others are members */
	struct case_trail trail;
	struct json *before; /* owned: the first census */
};

static struct json *member(struct json *object, const char *key, struct json *taken)
{
	json_put(object, key, taken);
	return taken;
}

static void document_start(struct case_document *document, const struct case_job *job)
{
	struct case_trail *trail = &document->trail;

	*document = (struct case_document){ .top = json_new_object() };
	json_put(document->top, "schema", json_new_string(RECORD_SCHEMA));
	json_put(document->top, "case", json_new_string(job->id));
	json_put(document->top, "runtime", json_new_string(job->runtime->name));
	json_put(document->top, "spec_version", json_new_string(job->runtime->spec_version));
	document->host = member(document->top, "host", json_new_object());
	trail->states = member(document->top, "state", json_new_object());
	trail->exits = member(document->top, "exit", json_new_object());
	document->meta = member(document->top, "meta", json_new_object());
	trail->after = member(document->host, "after", json_new_object());
	trail->timeline = member(document->host, "timeline", json_new_array());
	json_put(trail->states, "after", json_new_object());
	json_put(trail->states, "step", json_new_array());
	json_put(trail->exits, "step", json_new_array());
	json_put(trail->after, "step", json_new_array());
}

static void document_free(struct case_document *document)
{
	mount_table_free(&document->trail.mounts);
	json_free(document->trail.others);
	json_free(document->before);
	json_free(document->top);
}

/* What each process that exec added saw, in the order of the steps; {} where it was no probe. */
static struct json *look_at_execs(struct bench *bench)
{
	struct json *execs = json_new_array();

	for (size_t i = 0; i < json_length(bench->execs); i++) {
		auto_text output = { 0 };
		struct json *inside;

		bench_exec_output(bench, i, &output);
		inside = observe_inside(text_str(&output), output.len, bench->nonce);
		json_append(execs, inside ? inside : json_new_object());
	}
	return execs;
}

static void put_inside(struct bench *bench, struct case_document *document)
{
	auto_text output = { 0 };

	bench_init_output(bench, &output);
	struct json *inside = observe_inside(text_str(&output), output.len, bench->nonce);
	if (json_length(bench->execs)) {
		if (!inside) {
			inside = json_new_object();
			json_put(inside, "complete", json_new_bool(false));
			json_put(inside, "try", json_new_object());
		}
		json_put(inside, "exec", look_at_execs(bench));
	}
	if (inside)
		json_put(document->top, "inside", inside);
}

static void put_pid_file(const struct bench *bench, struct json *host)
{
	struct json *facts;
	auto_text text = { 0 };

	if (!bench->driver.pid_file || file_read_at(AT_FDCWD, bench->driver.pid_file, 4096, &text, NULL) < 0)
		return;
	facts = json_new_object();
	json_put(facts, "content", json_new_bytes(text_str(&text), text.len));
	json_put(facts, "pid", json_new_int(driver_read_pid(&bench->driver)));
	json_put(host, "pid_file", facts);
}

static void put_files(struct bench *bench, struct json *host, const struct json *bundle_before)
{
	static const char *const ours[] = { "probe", ".plumbline", NULL };
	static const char *const apart[] = { "rootfs", "scratch", NULL };
	struct json *created = json_new_array();
	auto_json bundle = observe_files(bench->bundle, ".", apart);

	json_put(host, "rootfs", observe_files(bench->bundle, "rootfs", ours));
	json_put(host, "scratch", observe_files(bench->bundle, "scratch", NULL));
	json_put(host, "shared", observe_files(bench->place->home, "shared", NULL));
	for (size_t i = 0; i < json_length(bundle); i++)
		if (!json_has(bundle_before, json_key_at(bundle, i)))
			json_append(created, json_new_string(json_key_at(bundle, i)));
	json_put(host, "created_files", created);
}

/* Of the first container: what is in its log, and what kind of file that is. */
static void put_cri_log(struct bench *bench, struct json *host)
{
	auto_text text = { 0 };
	auto_fd logs =
	    file_open_at(AT_FDCWD, json_get_string(bench->symbols, "@logs"), O_RDONLY | O_DIRECTORY, 0, NULL);

	if (bench->cri->log && file_read_at(AT_FDCWD, bench->cri->log, LOG_MAX, &text, NULL) >= 0)
		cri_log_facts(text_str(&text), text.len, host);
	if (logs >= 0)
		json_put(host, "logs", observe_files(logs, ".", NULL));
}

static void put_log(struct bench *bench, struct json *host)
{
	auto_text text = { 0 };

	(void) file_read_at(AT_FDCWD, DRIVER_LOG, LOG_MAX, &text, NULL);
	if (bench->cri)
		put_cri_log(bench, host);
	else
		json_put(host, "log", observe_lines(text_str(&text), text.len));
}

static void put_hooks(struct bench *bench, struct json *host, struct json *timeline)
{
	struct json *order = json_new_array(), *hooks;
	auto_text text = { 0 };

	(void) file_read_at(bench->bundle, "scratch/hooks", HOOKS_MAX, &text, NULL);
	hooks = observe_lines(text_str(&text), text.len);
	for (size_t i = 0; i < json_length(hooks); i++) {
		const struct json *hook = json_at(hooks, i);
		const char *name = json_get_string(hook, "name");
		struct json *entry = json_new_array();

		json_append(order, json_new_string(name ? name : ""));
		json_append(entry, json_new_int(json_int(json_member(hook, "time_ns"), 0)));
		json_append(entry, json_new_string(name ? name : ""));
		json_append(timeline, entry);
	}
	json_put(host, "hooks", hooks);
	json_put(host, "hook_order", order);
}

struct moment {
	int64_t ns;
	size_t index; /* keeps the order of equal times */
	const char *label;
};

static int compare_moments(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) == 0 ? now.tv_sec * INT64_C(1000000000) + now.tv_nsec : 0;
}

/*
 * When the program began, by the world's monotonic clock. A time namespace and a sandbox's own kernel give the
 * program another one; the real-time clock is the same everywhere, so the distance of the two tells the shift. A
 * short one is no shift: somebody was scheduled between two readings.
 */
static int64_t payload_began_ns(const struct json *top, const struct json *started)
{
	int64_t inside = json_int(json_get(top, "inside.clocks.realtime_ns"), 0) -
			 json_int(json_get(top, "inside.clocks.monotonic_ns"), 0);
	int64_t shift = inside - (clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC));
	bool shifted = json_get(top, "inside.clocks") && (shift > SHIFT_NS || shift < -SHIFT_NS);

	return json_int(started, 0) + (shifted ? shift : 0);
}

/* From [[time, label], ...] as gathered to [label, ...] by time. */
static void sort_timeline(struct case_document *document)
{
	const struct json *entries = document->trail.timeline;
	const struct json *started = json_get(document->top, "inside.started_ns");
	size_t count = json_length(entries);
	auto_free struct moment *moments = calloc(count + 1, sizeof(*moments));
	struct json *sorted = json_new_array();

	for (size_t i = 0; moments && i < count; i++)
		moments[i] = (struct moment){ json_int(json_at(json_at(entries, i), 0), 0), i,
					      json_string(json_at(json_at(entries, i), 1)) };
	if (moments && started)
		moments[count] =
		    (struct moment){ payload_began_ns(document->top, started), count, "payload" };
	count += moments && started;
	if (moments)
		qsort(moments, count, sizeof(*moments), compare_moments);
	for (size_t i = 0; moments && i < count; i++)
		json_append(sorted, json_new_string(moments[i].label));
	json_put(document->host, "timeline", sorted);
	document->trail.timeline = sorted;
}

static void put_init_exit(struct bench *bench, struct json *exits)
{
	struct process_status status;
	struct json *facts;

	if (bench->init <= 0 || !reaper_find(&bench->place->reaper, (pid_t) bench->init, &status))
		return;
	facts = json_new_object();
	if (status.exited) {
		json_put(facts, "code", json_new_int(status.code));
	} else {
		const char *name = name_of_signal(status.signal);

		json_put(facts, "signal", json_new_string(name ? name : "unknown"));
	}
	json_put(exits, "init", facts);
}

struct settle {
	struct bench *bench;
};

static bool is_quiet(void *argument)
{
	const struct settle *settle = argument;

	return observe_process_count(settle->bench->prepared) <= 0;
}

/* What was killed a moment ago may still be listed; what is to be there is not waited for. */
static struct json *count_what_is_left(struct bench *bench, const struct case_document *document,
				       bool expects_life, struct json **ret_census)
{
	struct settle settle = { .bench = bench };
	auto_json now = NULL;

	if (!expects_life)
		(void) reaper_wait_until(&bench->place->reaper, is_quiet, &settle,
					 process_now_ms() + SETTLE_MS);
	now = census_take(bench->place, bench->prepared);
	struct json *ret = census_difference(document->before, now);
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

static int put_cri_leaks(struct bench *bench, struct case_document *document, const struct json *left,
			 struct err *err)
{
	bool timed_out = false;
	int r = cri_clean_up(bench, &timed_out, err);

	if (r >= 0 && !timed_out)
		json_put(document->host, "leaks",
			 json_length(left) ? count_what_is_left(bench, document, false, NULL)
					   : json_copy(left));
	return r;
}

/*
 * A case that leaves a container behind on purpose, or stopped half-way, has not asked for the clean-up: after a
 * forced delete what is still there is the runtime's. After a time-out nothing can be said, for we killed it.
 */
static int put_leaks(struct bench *bench, struct case_document *document, struct err *err)
{
	struct case_trail *trail = &document->trail;
	auto_json census = NULL;
	size_t others = json_length(trail->others);
	bool timed_out = trail->timed_out;
	bool lives = trail->may_exist || others || (bench->cri && json_length(bench->cri->made));
	struct json *left = count_what_is_left(bench, document, lives, &census);
	int r = 0;

	json_put(document->host, "leftovers", left);
	json_put(document->host, "keyrings_added", census_keyrings(document->before, census));
	if (trail->timed_out)
		return 0;
	if (bench->cri)
		return put_cri_leaks(bench, document, left, err);
	if (!trail->may_exist && !others) {
		json_put(document->host, "leaks", json_copy(left));
		return 0;
	}
	for (size_t i = 0; r >= 0 && !timed_out && i < others; i++)
		r = force_delete(bench, json_key_at(trail->others, i), &timed_out, err);
	if (r >= 0 && !timed_out && trail->may_exist)
		r = force_delete(bench, bench->container, &timed_out, err);
	if (r >= 0 && !timed_out)
		json_put(document->host, "leaks", count_what_is_left(bench, document, false, NULL));
	return r < 0 ? r : 0;
}

/* What the case itself asked for goes before what was asked when the runtime was met. */
static void put_features(const struct bench *bench, struct case_document *document)
{
	const struct json *asked = json_member(document->trail.exits, "features");
	const char *out = json_get_string(asked, "out");
	struct json *features = NULL;

	if (!asked)
		features = json_copy(bench->job->runtime->features);
	else if (!out || json_parse(out, strlen(out), &features, NULL) < 0)
		return;
	if (features)
		json_put(document->host, "features", features);
}

static void put_host(struct bench *bench, struct case_document *document, const struct json *bundle_before)
{
	struct json *host = document->host;
	auto_json world = observe_world(bench->place);

	json_put(host, "hostname", json_copy(json_member(world, "hostname")));
	json_put(host, "mounts_added", observe_mounts_added(&document->trail.mounts));
	put_pid_file(bench, host);
	put_files(bench, host, bundle_before);
	put_log(bench, host);
	put_hooks(bench, host, document->trail.timeline);
	if (bench->agent.messages)
		json_put(host, "agent", json_copy(bench->agent.messages));
	if (bench->console.listener >= 0)
		json_put(host, "console", console_facts(&bench->console));
	put_features(bench, document);
}

static int look_before(struct bench *bench, struct case_document *document, struct json **ret_bundle,
		       struct err *err)
{
	static const char *const apart[] = { "rootfs", "scratch", NULL };
	auto_fd self = file_open_at(AT_FDCWD, "/proc/self", O_RDONLY | O_DIRECTORY, 0, err);
	int r = self < 0 ? self : mount_table_read(self, &document->trail.mounts, err);

	if (r < 0)
		return r;
	json_put(document->top, "symbols", json_copy(bench->symbols));
	json_put(document->top, "config", json_copy(bench->config));
	json_put(document->host, "world", observe_world(bench->place));
	json_put(document->host, "prepared", observe_prepared(bench->symbols));
	document->before = bench->before = census_take(bench->place, bench->prepared);
	*ret_bundle = observe_files(bench->bundle, ".", apart);
	return 0;
}

static int observe_case(struct bench *bench, struct case_document *document, struct err *err)
{
	const struct case_job *job = bench->job;
	auto_json bundle_before = NULL;
	int r = look_before(bench, document, &bundle_before, err);

	if (r < 0)
		return r;
	if (!bench->cri)
		case_recording_begin(job);
	r = case_steps_run(bench, &document->trail, err);
	if (r < 0)
		return r;
	json_put(document->top, "symbols", json_copy(bench->symbols));
	world_say(bench->place, WORLD_STEP, false, "observe");
	reaper_collect(&bench->place->reaper);
	put_inside(bench, document);
	put_host(bench, document, bundle_before);
	put_init_exit(bench, document->trail.exits);
	sort_timeline(document);
	r = put_leaks(bench, document, err);
	case_recording_end(job);
	if (r < 0 || !job->c->control[0].op || document->trail.timed_out)
		return r;
	struct json *control = NULL;
	r = case_control_run(bench->place, job, bench->prepared, document->meta, &control, err);
	if (control)
		json_put(document->top, "control", control);
	return r;
}

int case_run(struct world_place *place, void *argument)
{
	const struct case_job *job = argument;
	struct case_document document;
	struct prepared prepared = { 0 };
	struct bench bench;
	struct err err = { 0 };
	auto_text text = { 0 };
	int r;

	world_say(place, WORLD_STEP, false, "prepare");
	document_start(&document, job);
	r = bench_make(place, job, false, &prepared, document.meta, &bench, &err);
	if (r >= 0)
		r = observe_case(&bench, &document, &err);
	if (r >= 0) {
		json_print(document.top, 0, &text);
		r = file_write_all(place->result, text.data, text.len);
	}
	world_say(place, r < 0 ? WORLD_FAILED : WORLD_DONE, false, err.text);
	/* Stay: the caller may want to copy the bundle, and ends this world when it has. */
	(void) recv(place->channel, (char[1]){ 0 }, 1, 0);
	bench_free(&bench);
	document_free(&document);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
