/* Lines to and from the helper. Its answers are read while the world's first process waits for anything at all. */
#include "harness/cri_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "harness/reaper.h"
#include "harness/world.h"

#define WATCH_HELPER 5 /* of the reaper's watches */
#define CASE_MAX_BYTES (64u << 20) /* of all answers: a stream may never end, and its items are kept */
#define LINE_MAX_BYTES (48u << 20) /* the interface's largest message, written as JSON */

static struct json *entry_of(const struct cri_helper *helper, int64_t id)
{
	auto_free char *key = text_format("%lld", (long long) id);

	return json_member(helper->answers, key);
}

static void take_line(struct cri_helper *helper, const char *line, size_t len)
{
	struct json *parsed = NULL, *entry;

	if (json_parse(line, len, &parsed, NULL) < 0)
		return;
	entry = entry_of(helper, json_int(json_member(parsed, "id"), -1));
	if (entry && json_has(parsed, "item"))
		json_append(json_member(entry, "items"), json_copy(json_member(parsed, "item")));
	else if (entry && json_has(parsed, "headers"))
		json_put(entry, "headers", json_new_bool(true));
	else if (entry)
		json_put(entry, "answer", json_copy(parsed));
	json_free(parsed);
}

static void take_lines(struct cri_helper *helper)
{
	const char *start = text_str(&helper->buffer), *end = start + helper->buffer.len, *newline;
	auto_text rest = { 0 };

	while ((newline = memchr(start, '\n', (size_t) (end - start)))) {
		take_line(helper, start, (size_t) (newline - start));
		start = newline + 1;
	}
	text_add_bytes(&rest, start, (size_t) (end - start));
	text_free(&helper->buffer);
	helper->buffer = rest;
	rest = (struct text){ 0 };
}

static void close_answers(struct cri_helper *helper)
{
	helper->ended = true;
	helper->place->reaper.watches[WATCH_HELPER] = (struct reaper_watch){ .fd = -EBADF };
}

static void read_answers(void *argument)
{
	struct cri_helper *helper = argument;
	char bytes[65536];
	ssize_t n = read(helper->out, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	helper->received += n > 0 ? (size_t) n : 0;
	if (n <= 0 || helper->buffer.len > LINE_MAX_BYTES || helper->received > CASE_MAX_BYTES) {
		close_answers(helper);
		return;
	}
	text_add_bytes(&helper->buffer, bytes, (size_t) n);
	if (memchr(bytes, '\n', (size_t) n))
		take_lines(helper);
}

static int open_pipes(int to[2], int from[2], struct err *err)
{
	if (pipe2(to, O_CLOEXEC) < 0)
		return fail(err, -errno, "pipe");
	if (pipe2(from, O_CLOEXEC) == 0)
		return 0;
	int r = fail(err, -errno, "pipe");
	cleanup_fd(&to[0]);
	cleanup_fd(&to[1]);
	return r;
}

int cri_helper_start(struct world_place *place, const char *program, const char *endpoint,
		     struct cri_helper *helper, struct err *err)
{
	const char *const argv[] = { program, "--endpoint", endpoint, NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	int to[2] = { -EBADF, -EBADF }, from[2] = { -EBADF, -EBADF };
	int r = open_pipes(to, from, err);

	*helper = (struct cri_helper) CRI_HELPER_INIT;
	helper->place = place;
	if (r < 0)
		return r;
	options.argv = argv;
	options.stdio[0] = to[0];
	options.stdio[1] = from[1];
	options.stdio[2] = STDERR_FILENO;
	options.death_signal = SIGKILL;
	r = process_spawn(&options, &helper->process, err);
	cleanup_fd(&to[0]);
	cleanup_fd(&from[1]);
	helper->in = to[1];
	helper->out = from[0];
	if (r < 0) {
		cri_helper_stop(helper);
		return fail(err, r, "start the helper for CRI calls");
	}
	helper->answers = json_new_object();
	reaper_forget(&place->reaper, helper->process.pid);
	place->reaper.watches[WATCH_HELPER] =
	    (struct reaper_watch){ .fd = helper->out, .ready = read_answers, .argument = helper };
	return 0;
}

void cri_helper_stop(struct cri_helper *helper)
{
	if (helper->place && helper->place->reaper.watches[WATCH_HELPER].argument == helper)
		close_answers(helper);
	cleanup_fd(&helper->in);
	cleanup_fd(&helper->out);
	if (helper->process.pid > 0)
		(void) process_kill(&helper->process, SIGKILL);
	process_close(&helper->process);
	text_free(&helper->buffer);
	json_free(helper->answers);
	*helper = (struct cri_helper) CRI_HELPER_INIT;
}

static int send_line(struct cri_helper *helper, const struct json *line, struct err *err)
{
	auto_text text = { 0 };

	json_print(line, 0, &text);
	text_add_char(&text, '\n');
	int r = file_write_all(helper->in, text.data, text.len);
	return r < 0 ? fail(err, r, "ask the helper for CRI calls") : 0;
}

/* Numbers the line and remembers that it will be answered. */
static int64_t begin(struct cri_helper *helper, struct json *line, struct err *err)
{
	struct json *entry = json_new_object();
	int64_t id = ++helper->next;
	auto_free char *key = text_format("%lld", (long long) id);

	json_put(line, "id", json_new_int(id));
	json_put(entry, "items", json_new_array());
	json_put(helper->answers, key, entry);
	int r = send_line(helper, line, err);
	return r < 0 ? r : id;
}

int64_t cri_helper_send(struct cri_helper *helper, const char *method, const struct json *request,
			int64_t deadline_ms, struct err *err)
{
	auto_json line = json_new_object();

	json_put(line, "method", json_new_string(method));
	json_put(line, "request", request ? json_copy(request) : json_new_object());
	json_put(line, "deadline_ms", json_new_int(deadline_ms));
	return begin(helper, line, err);
}

int64_t cri_helper_open(struct cri_helper *helper, const struct json *wish, int64_t deadline_ms,
			struct err *err)
{
	auto_json line = json_copy(wish);

	json_put(line, "deadline_ms", json_new_int(deadline_ms));
	return begin(helper, line, err);
}

int cri_helper_cancel(struct cri_helper *helper, int64_t id, struct err *err)
{
	auto_json line = json_new_object();

	json_put(line, "cancel", json_new_int(id));
	return send_line(helper, line, err);
}

struct awaited {
	const struct cri_helper *helper;
	const struct json *entry;
	size_t items; /* so many are enough; 0: only the end is */
	bool headers; /* the server's first words are enough */
};

static bool is_answered(void *argument)
{
	const struct awaited *awaited = argument;

	return awaited->helper->ended || json_has(awaited->entry, "answer") ||
	       (awaited->headers && json_has(awaited->entry, "headers")) ||
	       (awaited->items && json_length(json_member(awaited->entry, "items")) >= awaited->items);
}

int cri_helper_await(struct cri_helper *helper, int64_t id, int64_t deadline, struct json **ret,
		     struct err *err)
{
	struct awaited awaited = { .helper = helper, .entry = entry_of(helper, id) };
	auto_free char *key = text_format("%lld", (long long) id);
	struct json *answer;

	if (!awaited.entry)
		return fail_text(err, -EINVAL, "call %lld was never made", (long long) id);
	if (!reaper_wait_until(&helper->place->reaper, is_answered, &awaited, deadline))
		return fail_text(err, -ETIMEDOUT, "no answer");
	if (!json_has(awaited.entry, "answer") && helper->received > CASE_MAX_BYTES)
		return fail_text(err, -EFBIG, "the server's answers are more than %u MiB",
				 CASE_MAX_BYTES >> 20);
	if (!json_has(awaited.entry, "answer"))
		return fail_text(err, -EPIPE, "the helper for CRI calls has ended");
	const char *error = json_get_string(awaited.entry, "answer.error");
	if (error)
		return fail_text(err, -EINVAL, "the call cannot be made: %s", error);
	answer = json_copy(json_member(awaited.entry, "answer"));
	if (json_length(json_member(awaited.entry, "items")))
		json_put(answer, "items", json_copy(json_member(awaited.entry, "items")));
	json_remove(helper->answers, key);
	*ret = answer;
	return 0;
}

size_t cri_helper_items(const struct cri_helper *helper, int64_t id)
{
	return json_length(json_member(entry_of(helper, id), "items"));
}

int cri_helper_await_items(struct cri_helper *helper, int64_t id, size_t count, int64_t deadline)
{
	struct awaited awaited = { .helper = helper, .entry = entry_of(helper, id), .items = count };

	return awaited.entry ? reaper_wait_until(&helper->place->reaper, is_answered, &awaited, deadline) : 0;
}

int cri_helper_await_headers(struct cri_helper *helper, int64_t id, int64_t deadline)
{
	struct awaited awaited = { .helper = helper, .entry = entry_of(helper, id), .headers = true };

	return awaited.entry ? reaper_wait_until(&helper->place->reaper, is_answered, &awaited, deadline) : 0;
}
