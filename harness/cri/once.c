/* One call for people and scripts, and the same one many times for the clock. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/cri/call.h"
#include "harness/cri/client.h"

struct once {
	struct cri_method method;
	bool quiet;
	int code;
	double ms;
	struct text sentence;
};

static void on_headers(struct cri_call *call, void *user)
{
	(void) call;
	(void) user;
}

static void on_message(struct cri_call *call, const void *bytes, size_t len, void *user)
{
	struct once *once = user;
	auto_json answer = NULL;
	auto_text text = { 0 };

	(void) call;
	if (once->quiet)
		return;
	answer = cri_answer_decode(&once->method, bytes, len);
	json_print(answer, JSON_PRETTY, &text);
	text_add_char(&text, '\n');
	(void) file_write_all(STDOUT_FILENO, text_str(&text), text.len);
}

static void on_ended(struct cri_call *call, int code, const char *sentence, double ms, void *user)
{
	struct once *once = user;

	(void) call;
	once->code = code;
	once->ms = ms;
	text_cut(&once->sentence, 0);
	text_add(&once->sentence, sentence);
}

static const struct cri_callbacks callbacks = { on_headers, on_message, on_ended };

static int call_times(const char *endpoint, const struct json *request, int64_t deadline_ms, long count,
		      struct once *once, double *ms, struct err *err)
{
	struct cri_client *client = NULL;
	auto_text bytes = { 0 };
	int r;

	r = cri_request_encode(&once->method, request, &bytes, NULL, err);
	if (r == 0)
		r = cri_client_new(endpoint, &callbacks, &client, err);
	if (r < 0)
		return r;
	for (long i = 0; i < count && once->code == 0; i++) {
		(void) cri_call_start(client, once->method.path, text_str(&bytes), bytes.len, deadline_ms,
				      once);
		cri_client_serve_one(client);
		ms[i] = once->ms;
	}
	cri_client_free(client);
	if (once->code) {
		auto_text clean = { 0 };

		text_escape_terminal(&clean, text_str(&once->sentence), once->sentence.len);
		(void) fprintf(stderr, "%s: %s\n", cri_status_name(once->code), text_str(&clean));
	}
	return once->code != 0;
}

int cri_run_once(const char *endpoint, const char *name, const struct json *request, int64_t deadline_ms,
		 struct err *err)
{
	struct once once = { 0 };
	double ms;
	int r;

	r = cri_method_find(name, &once.method, err);
	if (r == 0)
		r = call_times(endpoint, request, deadline_ms, 1, &once, &ms, err);
	cri_method_free(&once.method);
	text_free(&once.sentence);
	return r;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *) a, right = *(const double *) b;

	return (left > right) - (left < right);
}

/* The first call carries the connection: it is told apart. */
static void print_times(double *ms, long count)
{
	double first = ms[0];

	qsort(ms, (size_t) count, sizeof(*ms), by_value);
	(void) printf("{\"calls\":%ld,\"first_ms\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
		      count, first, ms[count / 2], ms[count * 99 / 100], ms[count - 1]);
}

int cri_run_repeated(const char *endpoint, const char *name, const struct json *request, long count,
		     struct err *err)
{
	struct once once = { .quiet = true };
	auto_free double *ms = calloc((size_t) count, sizeof(*ms));
	int r;

	if (!ms)
		return fail(err, -ENOMEM, "keep %ld durations", count);
	r = cri_method_find(name, &once.method, err);
	if (r == 0)
		r = call_times(endpoint, request, -1, count, &once, ms, err);
	if (r == 0)
		print_times(ms, count);
	cri_method_free(&once.method);
	text_free(&once.sentence);
	return r;
}
