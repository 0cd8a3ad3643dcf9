/*
 * JSON lines in and out: calls run at once, answers come as they end. The reader starts and cancels calls, the client's
 * thread prints; both hold the lock while they touch the list of calls.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/cri/call.h"
#include "harness/cri/client.h"
#include "harness/cri/stream.h"

struct pending {
	struct session *session;
	int64_t id;
	struct cri_method method; /* owned */
	struct json *echo, *answer; /* owned or NULL */
	struct cri_call *call; /* gone when ended() was called */
	struct pending *next;
};

struct session {
	struct cri_client *client;
	pthread_mutex_t lock;
	/* A pipe takes long lines in parts, and parts of two would mix: pipe(7), PIPE_BUF. */
	pthread_mutex_t printing;
	pthread_cond_t quieter;
	struct pending *calls;
	size_t visits; /* of streams, each on a thread of its own */
};

static void print_line(struct session *session, const struct json *line)
{
	auto_text text = { 0 };

	json_print(line, 0, &text);
	text_add_char(&text, '\n');
	pthread_mutex_lock(&session->printing);
	/* A reader that has gone ends us by SIGPIPE. */
	(void) file_write_all(STDOUT_FILENO, text_str(&text), text.len);
	pthread_mutex_unlock(&session->printing);
}

static struct json *line_of(const struct pending *pending)
{
	struct json *line = json_new_object();

	json_put(line, "id", json_new_int(pending->id));
	return line;
}

static void on_headers(struct cri_call *call, void *user)
{
	struct pending *pending = user;
	auto_json line = NULL;

	(void) call;
	if (!pending->method.streams)
		return;
	line = line_of(pending);
	json_put(line, "headers", json_new_bool(true));
	print_line(pending->session, line);
}

static void on_message(struct cri_call *call, const void *bytes, size_t len, void *user)
{
	struct pending *pending = user;
	struct json *answer = cri_answer_decode(&pending->method, bytes, len);
	auto_json line = NULL;

	(void) call;
	if (!pending->method.streams) {
		json_free(pending->answer);
		pending->answer = answer;
		return;
	}
	line = line_of(pending);
	json_put(line, "item", answer);
	print_line(pending->session, line);
}

static void forget(struct pending *pending)
{
	struct session *session = pending->session;

	pthread_mutex_lock(&session->lock);
	for (struct pending **at = &session->calls; *at; at = &(*at)->next)
		if (*at == pending) {
			*at = pending->next;
			break;
		}
	pthread_cond_broadcast(&session->quieter);
	pthread_mutex_unlock(&session->lock);
	cri_method_free(&pending->method);
	json_free(pending->echo);
	json_free(pending->answer);
	free(pending);
}

static void on_ended(struct cri_call *call, int code, const char *sentence, double ms, void *user)
{
	struct pending *pending = user;
	auto_json line = line_of(pending);

	(void) call;
	json_put(line, "status", json_new_string(cri_status_name(code)));
	json_put(line, "message", json_new_bytes(sentence, strlen(sentence)));
	if (pending->answer && code == 0)
		json_put(line, "response", TAKE(pending->answer));
	if (pending->echo)
		json_put(line, "request", TAKE(pending->echo));
	json_put(line, "ms", json_new_double(ms));
	/* The line first: who waits for quiet may end the process. */
	print_line(pending->session, line);
	forget(pending);
}

static int cancel(struct session *session, int64_t id)
{
	struct pending *pending;

	pthread_mutex_lock(&session->lock);
	for (pending = session->calls; pending && pending->id != id; pending = pending->next)
		;
	if (pending)
		cri_call_cancel(pending->call);
	pthread_mutex_unlock(&session->lock);
	return 0; /* it may have ended just now: its line says so */
}

static int request_bytes(const struct json *line, struct pending *pending, struct text *out, struct err *err)
{
	const char *raw = json_string(json_member(line, "raw"));
	bool echo = json_bool(json_member(line, "echo"), false);

	if (!raw)
		return cri_request_encode(&pending->method, json_member(line, "request"), out,
					  echo ? &pending->echo : NULL, err);
	if (base64_decode(raw, out) < 0)
		return fail_text(err, -EINVAL, "\"raw\" is no base64");
	return 0;
}

static int start_call(struct session *session, const struct json *line, struct err *err)
{
	const char *name = json_string(json_member(line, "method"));
	int64_t deadline_ms = json_int(json_member(line, "deadline_ms"), -1);
	struct pending *pending;
	auto_text bytes = { 0 };
	int r;

	if (!name || !json_is_unsigned(json_member(line, "id")))
		return fail_text(err, -EINVAL, "a call needs \"id\", a number, and \"method\", a string");
	pending = calloc(1, sizeof(*pending));
	if (!pending)
		abort();
	pending->session = session;
	pending->id = json_int(json_member(line, "id"), 0);
	r = cri_method_find(name, &pending->method, err);
	if (r == 0)
		r = request_bytes(line, pending, &bytes, err);
	if (r < 0) {
		cri_method_free(&pending->method);
		free(pending);
		return r;
	}
	pthread_mutex_lock(&session->lock);
	pending->next = session->calls;
	session->calls = pending;
	pending->call = cri_call_start(session->client, pending->method.path, text_str(&bytes), bytes.len,
				       deadline_ms, pending);
	pthread_mutex_unlock(&session->lock);
	return 0;
}

struct visit {
	struct session *session;
	struct json *line; /* owned */
};

static void say_heard(void *user)
{
	struct visit *visit = user;
	auto_json line = json_new_object();

	json_put(line, "id", json_copy(json_member(visit->line, "id")));
	json_put(line, "headers", json_new_bool(true));
	print_line(visit->session, line);
}

static void *visit_stream(void *data)
{
	struct visit *visit = data;
	struct session *session = visit->session;
	auto_json answer = stream_call(visit->line, say_heard, visit);

	json_put(answer, "id", json_copy(json_member(visit->line, "id")));
	print_line(session, answer);
	pthread_mutex_lock(&session->lock);
	session->visits--;
	pthread_cond_broadcast(&session->quieter);
	pthread_mutex_unlock(&session->lock);
	json_free(visit->line);
	free(visit);
	return NULL;
}

static int start_visit(struct session *session, const struct json *line, struct err *err)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	pthread_t thread;
	int r;

	if (!visit)
		abort();
	*visit = (struct visit){ session, json_copy(line) };
	pthread_mutex_lock(&session->lock);
	session->visits++;
	pthread_mutex_unlock(&session->lock);
	r = -pthread_create(&thread, NULL, visit_stream, visit);
	if (r == 0) {
		(void) pthread_detach(thread);
		return 0;
	}
	pthread_mutex_lock(&session->lock);
	session->visits--;
	pthread_mutex_unlock(&session->lock);
	json_free(visit->line);
	free(visit);
	return fail(err, r, "start a thread");
}

/* What is wrong with a line is an answer too, but of ours: "error" instead of "status". */
static void obey(struct session *session, const char *data, size_t len)
{
	struct err err = { 0 };
	auto_json line = NULL;
	auto_json answer = NULL;
	const struct json *id = NULL;
	int r;

	r = json_parse(data, len, &line, &err);
	if (r == 0 && json_member(line, "cancel")) {
		id = json_member(line, "cancel");
		r = cancel(session, json_int(id, -1));
	} else if (r == 0 && json_member(line, "open")) {
		id = json_member(line, "id");
		r = start_visit(session, line, &err);
	} else if (r == 0) {
		id = json_member(line, "id");
		r = start_call(session, line, &err);
	}
	if (r == 0)
		return;
	answer = json_new_object();
	json_put(answer, "id", json_copy(id));
	json_put(answer, "error", json_new_bytes(err.text, strlen(err.text)));
	print_line(session, answer);
}

static void *serve(void *data)
{
	cri_client_serve(data);
	return NULL;
}

int cri_run_lines(const char *endpoint, struct err *err)
{
	static const struct cri_callbacks callbacks = { on_headers, on_message, on_ended };
	struct session session = { .lock = PTHREAD_MUTEX_INITIALIZER,
				   .printing = PTHREAD_MUTEX_INITIALIZER,
				   .quieter = PTHREAD_COND_INITIALIZER };
	auto_free char *line = NULL;
	pthread_t thread;
	size_t space = 0;
	ssize_t len;
	int r;

	r = cri_client_new(endpoint, &callbacks, &session.client, err);
	if (r < 0)
		return r;
	r = pthread_create(&thread, NULL, serve, session.client);
	if (r)
		return fail(err, -r, "start a thread");
	while ((len = getline(&line, &space, stdin)) >= 0)
		if (len > 1)
			obey(&session, line, (size_t) len);
	pthread_mutex_lock(&session.lock);
	while (session.calls || session.visits)
		pthread_cond_wait(&session.quieter, &session.lock);
	pthread_mutex_unlock(&session.lock);
	cri_client_stop(session.client);
	pthread_join(thread, NULL);
	cri_client_free(session.client);
	return 0;
}
