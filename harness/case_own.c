/* Steps of a case that are the harness's own work: waiting, and changes to the files and mounts of the world. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/case_run.h"
#include "harness/census.h"
#include "harness/cri.h"
#include "harness/edit.h"
#include "harness/observe.h"
#include "harness/world.h"

#define WATCH_OUTPUT 3 /* of the reaper's watches; the console has the others */

struct own_step {
	struct bench *bench;
	const struct json *argument;
	struct json *exit;
	bool timed_out;
	struct text seen; /* output so far */
};

static bool init_ended(void *argument)
{
	return bench_init_has_ended(((struct own_step *) argument)->bench);
}

static int64_t deadline_of(const struct own_step *step)
{
	return process_now_ms() + step->bench->job->command_ms;
}

/* Not an error of ours: the container did not do it. */
static int says_no(struct own_step *step, const char *why)
{
	json_put(step->exit, "code", json_new_int(1));
	json_put(step->exit, "errors", json_new_string(why));
	return 0;
}

static int run_wait(struct own_step *step, struct err *err)
{
	struct bench *bench = step->bench;

	if (bench->cri)
		return cri_wait(bench, false, deadline_of(step), &step->timed_out, err);
	bench_find_init(bench, NULL);
	if (bench->init <= 0)
		return says_no(step, "no process to wait for: neither a pid file nor state names one");
	step->timed_out = reaper_wait_until(&bench->place->reaper, init_ended, step, deadline_of(step)) == 0;
	return 0;
}

static void forget_event(void *argument)
{
	char events[4096];

	(void) !read(*(int *) argument, events, sizeof(events));
}

/* `ready "exec"`: the process that the last exec has added, not init. */
static bool means_exec(const struct own_step *step)
{
	const char *word = json_string(step->argument);

	return word && !strcmp(word, "exec") && json_length(step->bench->execs);
}

static bool probe_ready(void *argument)
{
	struct own_step *step = argument;

	text_cut(&step->seen, 0);
	if (means_exec(step))
		bench_exec_output(step->bench, json_length(step->bench->execs) - 1, &step->seen);
	else
		bench_init_output(step->bench, &step->seen);
	return observe_is_ready(text_str(&step->seen), step->seen.len, step->bench->nonce) ||
	       init_ended(step);
}

/* What changes when the container writes: its output file, or the directory of its log. Owned. */
static char *path_of_output(const struct own_step *step)
{
	const struct bench *bench = step->bench;
	const char *file = bench->driver.init_output;

	if (bench->cri)
		return text_format("%s", json_get_string(bench->symbols, "@logs"));
	if (means_exec(step))
		file = json_string(json_at(bench->execs, json_length(bench->execs) - 1));
	return text_format(WORLD_OUTPUT "/%s", file ? file : "");
}

/* Every write to the container's output wakes the wait: no polling, and no step comes too early. */
static int run_ready(struct own_step *step, struct err *err)
{
	struct bench *bench = step->bench;
	auto_free char *path = path_of_output(step);
	auto_fd events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int r;

	if (events < 0 || inotify_add_watch(events, path, IN_MODIFY | IN_CREATE) < 0)
		return fail(err, -errno, "watch %s", path);
	bench_find_init(bench, NULL);
	if (bench->init <= 0) {
		/* A control is not asked for its state after each step. */
		auto_json state = NULL;
		r = bench->cri ? cri_state(bench, &state, err) : driver_state(&bench->driver, &state, err);
		if (r < 0)
			return r;
		bench_find_init(bench, state);
	}
	if (bench->init <= 0)
		return says_no(step, "no process to wait for: neither a pid file nor state names one");
	bench->place->reaper.watches[WATCH_OUTPUT] =
	    (struct reaper_watch){ .fd = events, .ready = forget_event, .argument = &events };
	r = reaper_wait_until(&bench->place->reaper, probe_ready, step, deadline_of(step));
	bench->place->reaper.watches[WATCH_OUTPUT] = (struct reaper_watch){ .fd = -EBADF };
	step->timed_out = r == 0;
	/* It may have ended right after its last word. */
	if (r > 0 &&
	    (probe_ready(step), !observe_is_ready(text_str(&step->seen), step->seen.len, bench->nonce)))
		return says_no(step, "the container's process ended before the probe was ready");
	return 0;
}

static int need_string(const struct json *argument, const char *key, const char **ret, struct err *err)
{
	*ret = key ? json_get_string(argument, key) : json_string(argument);
	return *ret ? 0 : fail_text(err, -EINVAL, "needs %s", key ? key : "a path");
}

/* A string is what the file holds; of anything else it holds the JSON. */
static int run_write(struct own_step *step, struct err *err)
{
	const struct json *content = json_member(step->argument, "content");
	auto_text text = { 0 };
	const char *path;
	int r = need_string(step->argument, "path", &path, err);

	if (r >= 0 && !content)
		r = fail_text(err, -EINVAL, "a write has no content");
	if (r < 0)
		return r;
	if (json_string(content))
		text_add(&text, json_string(content));
	else
		json_print(content, JSON_PRETTY, &text);
	const char *slash = strrchr(path, '/');
	auto_free char *parent = slash && slash > path ? strndup(path, slash - path) : NULL;
	if (parent)
		r = file_make_dirs_at(AT_FDCWD, parent, 0755, err);
	return r < 0 ? r : file_create_at(AT_FDCWD, path, text_str(&text), text.len, 0644, err);
}

/* Edits config.json in place, for cases that change it after create: {"op": "set", "path": ..., "value": ...}, or an array. */
static int run_edit(struct own_step *step, struct err *err)
{
	struct bench *bench = step->bench;
	auto_json list = json_new_array();
	auto_json config = NULL;
	auto_text text = { 0 };
	int r = json_read_at(bench->bundle, "config.json", 1u << 20, &config, err);

	if (r < 0)
		return r;
	if (json_kind(step->argument) == JSON_OBJECT)
		json_append(list, json_copy(step->argument));
	r = edit_apply_json(config, json_kind(step->argument) == JSON_OBJECT ? list : step->argument, err);
	if (r < 0)
		return r;
	json_print(config, JSON_PRETTY, &text);
	return file_create_at(bench->bundle, "config.json", text_str(&text), text.len, 0644, err);
}

static int run_rename(struct own_step *step, struct err *err)
{
	const char *from = json_string(json_at(step->argument, 0)),
		   *to = json_string(json_at(step->argument, 1));

	if (!from || !to)
		return fail_text(err, -EINVAL, "needs two paths");
	return rename(from, to) < 0 ? fail(err, -errno, "%s to %s", from, to) : 0;
}

static int run_remove(struct own_step *step, struct err *err)
{
	const char *path;
	int r = need_string(step->argument, NULL, &path, err);

	if (r < 0)
		return r;
	return remove(path) < 0 ? fail(err, -errno, "%s", path) : 0;
}

static int run_mount(struct own_step *step, struct err *err)
{
	const char *path, *options = json_get_string(step->argument, "options");
	int r = need_string(step->argument, "path", &path, err);

	if (r >= 0)
		r = file_make_dirs_at(AT_FDCWD, path, 0755, err);
	if (r >= 0)
		r = prepare_mount(path, options, err);
	if (r < 0)
		return r;
	census_own_mount(step->bench->before, path, true);
	auto_free char *mark = text_format("%s/mark", path);
	return file_create_at(AT_FDCWD, mark, "mark\n", 5, 0644, err);
}

static int run_umount(struct own_step *step, struct err *err)
{
	const char *path;
	int r = need_string(step->argument, NULL, &path, err);

	if (r < 0)
		return r;
	census_own_mount(step->bench->before, path, false);
	if (umount2(path, UMOUNT_NOFOLLOW) == 0)
		return 0;
	/* What the container was to mount on the host. */
	if (errno == EINVAL || errno == ENOENT) {
		auto_free char *why = text_format("nothing is mounted on %s", path);
		return says_no(step, why);
	}
	return fail(err, -errno, "%s", path);
}

static const struct {
	const char *verb;
	int (*run)(struct own_step *step, struct err *err);
} own_steps[] = {
	{ "wait", run_wait },     { "ready", run_ready },   { "write", run_write }, { "edit", run_edit },
	{ "rename", run_rename }, { "remove", run_remove }, { "mount", run_mount }, { "umount", run_umount },
};

bool own_step_is(const char *verb)
{
	for (size_t i = 0; i < ARRAY_SIZE(own_steps); i++)
		if (!strcmp(own_steps[i].verb, verb))
			return true;
	return false;
}

int own_step_run(struct bench *bench, const char *verb, const struct json *argument, struct json *exit,
		 bool *ret_timed_out, struct err *err)
{
	struct own_step step = { .bench = bench, .argument = argument, .exit = exit };
	int r = -EINVAL;

	for (size_t i = 0; i < ARRAY_SIZE(own_steps); i++) {
		if (strcmp(own_steps[i].verb, verb) != 0)
			continue;
		r = own_steps[i].run(&step, err);
		break;
	}
	text_free(&step.seen);
	*ret_timed_out = step.timed_out;
	return r < 0 ? fail(err, r, "step %s", verb) : 0;
}
