/* One foreign command in a world of its own: for --version and features, which are foreign programs like any other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/cgroup_tree.h"
#include "harness/command.h"
#include "harness/engine.h"
#include "harness/world.h"

#define QUERY_MS 5000
#define ANSWER_MAX (4u << 20)

static void put_text(const struct world_place *place, const char *file, const char *key, struct json *answer)
{
	auto_text text = { 0 };
	uint64_t cut;
	bool full;

	(void) command_output(place, file, COMMAND_TEXT_MAX, &text, &cut, &full, NULL);
	json_put(answer, key, json_new_bytes(text_str(&text), text.len));
}

/* In the world: runs the command and writes {"code" | "signal", "timed_out", "out", "errors"}. */
static int answer_query(struct world_place *place, void *argument)
{
	const struct command command = {
		.name = "query",
		.argv = argument,
		.input = -1,
		.directory = place->home,
		.timeout_ms = QUERY_MS,
	};
	struct command_result result = { 0 };
	auto_json answer = json_new_object();
	auto_text text = { 0 };
	struct err err = { 0 };
	int r = command_run(place, &command, &result, &err);

	if (r >= 0) {
		json_put(answer, "timed_out", json_new_bool(result.timed_out));
		if (result.status.exited)
			json_put(answer, "code", json_new_int(result.status.code));
		json_put(answer, "signal", json_new_int(result.status.signal));
		put_text(place, result.out, "out", answer);
		put_text(place, result.errors, "errors", answer);
		json_print(answer, 0, &text);
		r = file_write_all(place->result, text.data, text.len);
	}
	command_result_free(&result);
	world_say(place, r < 0 ? WORLD_FAILED : WORLD_DONE, false, err.text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int take_answer(int fd, struct text *out, struct text *errors, struct process_status *ret,
		       struct err *err)
{
	auto_text text = { 0 };
	auto_json answer = NULL;
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : file_read_fd(fd, ANSWER_MAX, &text, err);

	if (r >= 0)
		r = json_parse(text_str(&text), text.len, &answer, err);
	if (r < 0)
		return r;
	const struct json *said = json_member(answer, "out"), *complained = json_member(answer, "errors");
	text_add_bytes(out, json_string(said), json_string_length(said));
	text_add_bytes(errors, json_string(complained), json_string_length(complained));
	*ret = (struct process_status){
		.exited = json_has(answer, "code"),
		.code = (int) json_int(json_member(answer, "code"), 0),
		.signal = (int) json_int(json_member(answer, "signal"), 0),
	};
	return json_bool(json_member(answer, "timed_out"), false) ? fail(err, -ETIMEDOUT, "no answer") : 0;
}

static int hear_answer(const struct world *world, struct err *err)
{
	struct world_message message;
	int r = world_hear(world, process_now_ms() + QUERY_MS + 3000, &message);

	if (r == -ETIMEDOUT)
		return fail(err, r, "no answer");
	if (r <= 0)
		return fail_text(err, -ECHILD, "the world's first process ended without a word");
	return message.word == WORLD_FAILED ? fail_text(err, -EIO, "%s", message.text) : 0;
}

int engine_query(const char *run, const char *const *argv, struct text *out, struct text *errors,
		 struct process_status *ret, struct err *err)
{
	auto_fd answer = memfd_create("plumbline-answer", MFD_CLOEXEC);
	struct cgroup_run cgroups = CGROUP_RUN_INIT;
	struct world world = WORLD_INIT;
	int r = answer < 0 ? fail(err, -errno, "memfd") : cgroup_run_make(run, &cgroups, err);

	if (r < 0)
		return fail(err, r, "run %s", argv[0]);
	r = world_start(&cgroups, "query", answer, answer_query, (void *) argv, &world, err);
	if (r >= 0) {
		r = hear_answer(&world, err);
		int ended = world_end(&world, r < 0 ? NULL : err);
		r = r < 0 ? r : ended;
	}
	if (r >= 0)
		r = take_answer(answer, out, errors, ret, err);
	int removed = cgroup_run_remove(&cgroups, r < 0 ? NULL : err);
	r = r < 0 ? r : removed;
	return r < 0 ? fail(err, r, "run %s", argv[0]) : 0;
}
