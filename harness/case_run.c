/* One case from its bundle to its document: prepare, count, do the steps, look, count again, try the control. */
#include "harness/case_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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

static void put_log(struct bench *bench, struct json *host)
{
	auto_text text = { 0 };

	if (bench->cri) {
		cri_log_observe(bench, host);
		return;
	}
	(void) file_read_at(AT_FDCWD, DRIVER_LOG, LOG_MAX, &text, NULL);
	observe_lines(text_str(&text), text.len, host, "log", bench->meta, "host.log");
}

static void put_hooks(struct bench *bench, struct json *host, struct json *timeline)
{
	auto_json order = json_new_array();
	const struct json *hooks;
	auto_text text = { 0 };

	(void) file_read_at(bench->bundle, "scratch/hooks", HOOKS_MAX, &text, NULL);
	observe_lines(text_str(&text), text.len, host, "hooks", bench->meta, "host.hooks");
	hooks = json_member(host, "hooks");
	for (size_t i = 0; i < json_length(hooks); i++) {
		const struct json *hook = json_at(hooks, i);
		const char *name = json_get_string(hook, "name");
		struct json *entry = json_new_array();

		json_append(order, json_new_string(name ? name : ""));
		json_append(entry, json_new_int(json_int(json_member(hook, "time_ns"), 0)));
		json_append(entry, json_new_string(name ? name : ""));
		json_append(timeline, entry);
	}
	if (hooks)
		json_put(host, "hook_order", TAKE(order));
	else
		observe_note(bench->meta, "host.hook_order", "hooks", "there are too many of them");
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
	json_put(host, "null", observe_null());
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
	if (!bench->place->outside)
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
	struct json *timeline = case_timeline(document->trail.timeline, document->top);
	document->trail.timeline = member(document->host, "timeline", timeline);
	r = case_leaks(bench, &document->trail, document->host, err);
	case_recording_end(job);
	if (r < 0 || !job->c->control[0] || document->trail.timed_out)
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
