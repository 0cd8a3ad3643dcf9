/* Steps that are calls: one at a time, several together, or begun now and awaited by a later step. */
#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/case_run.h"
#include "harness/command.h"
#include "harness/cri.h"
#include "harness/cri_part.h"
#include "harness/live.h"
#include "harness/world.h"

#define LATE_MS 1500 /* that an answer may come behind its call's deadline */

static const struct json *option(const struct json *argument, const char *name)
{
	return json_kind(argument) == JSON_OBJECT ? json_member(argument, name) : NULL;
}

static int64_t deadline_ms(const struct bench *bench, const struct json *argument)
{
	return json_int(option(argument, "$deadline_ms"), bench->job->command_ms);
}

/* Bytes come as base64; what a program printed is text to a case. */
static void show_bytes(struct json *response, const char *name)
{
	const char *encoded = json_string(json_member(response, name));
	auto_text bytes = { 0 };

	if (encoded && base64_decode(encoded, &bytes) >= 0)
		json_put(response, name, json_new_bytes(text_str(&bytes), bytes.len));
}

static void put_id(struct bench *bench, const char *symbol, const struct json *argument,
		   const struct json *id)
{
	const char *as = json_string(option(argument, "$as"));
	auto_free char *name = text_format("%s%s%s", symbol, as ? "-" : "", as ? as : "");

	if (!json_string(id))
		return;
	json_put(bench->symbols, name, json_copy(id));
	json_put(bench->cri->ours, json_string(id), json_new_bool(true));
}

/* What later steps call @sandbox and @container, and what is left to be removed. */
static void learn(struct bench *bench, const char *method, const struct json *argument,
		  const struct json *request, const struct json *response)
{
	const struct json *sandbox = json_member(response, "pod_sandbox_id");
	const char *gone = json_get_string(request, "pod_sandbox_id");

	if (!strcmp(method, "RunPodSandbox") && json_string(sandbox)) {
		put_id(bench, "@sandbox", argument, sandbox);
		json_put(bench->cri->made, json_string(sandbox), json_new_bool(true));
	}
	if (!strcmp(method, "CreateContainer"))
		put_id(bench, "@container", argument, json_member(response, "container_id"));
	if (json_string(json_member(response, "url"))) {
		put_id(bench, "@url", argument, json_member(response, "url"));
		json_put(bench->cri->streams, json_get_string(response, "url"), json_copy(request));
	}
	if (!strcmp(method, "RemovePodSandbox") && gone)
		json_remove(bench->cri->made, gone);
}

/* Others may be at the same server: a case is told of its own pods alone. */
static void keep_own_rows(const struct bench *bench, const char *method, struct json *answer)
{
	const struct json *items = json_member(answer, "items");

	if (!bench->place->outside)
		return;
	live_own_rows(bench, method, json_member(answer, "response"));
	for (size_t i = 0; i < json_length(items); i++)
		live_own_rows(bench, method, json_at(items, i));
}

/* Turns an answer into what a case sees of the step: an exit code of its own, for zero means done everywhere. */
struct json *cri_exit_facts(const char *method, struct json *answer)
{
	const char *status = json_get_string(answer, "status"), *message = json_get_string(answer, "message");
	struct json *exit = json_new_object(), *response = json_member(answer, "response");
	bool ok = status && !strcmp(status, "OK");

	if (!strcmp(method, "ExecSync")) {
		show_bytes(response, "stdout");
		show_bytes(response, "stderr");
	}
	json_put(exit, "verb", json_new_string(method));
	json_put(exit, "code", json_new_int(ok ? 0 : 1));
	json_put(exit, "status", json_new_string(status ? status : "none"));
	json_put(exit, "errors", json_new_string(message ? message : ""));
	if (response)
		json_put(exit, "response", json_copy(response));
	if (json_has(answer, "items"))
		json_put(exit, "items", json_copy(json_member(answer, "items")));
	return exit;
}

/* We cancelled it ourselves, once it had said enough: that is a good end. */
static void forgive_cancel(struct json *exit, const struct json *argument)
{
	int64_t wanted = json_int(option(argument, "$items"), 0);
	const char *status = json_get_string(exit, "status");

	if (wanted > 0 && status && !strcmp(status, "CANCELLED") &&
	    (int64_t) json_length(json_member(exit, "items")) >= wanted)
		json_put(exit, "code", json_new_int(0));
}

/* Waits for a call. A silence beyond its deadline is a fact about the endpoint: it hangs. */
int cri_await(struct bench *bench, int64_t id, int64_t ms, struct json **ret, bool *ret_timed_out,
	      struct err *err)
{
	struct err own = { 0 };
	int r = cri_helper_await(&bench->cri->helper, id, process_now_ms() + ms + LATE_MS, ret, &own);

	*ret_timed_out = r == -ETIMEDOUT;
	if (r == -ETIMEDOUT) {
		*ret = json_new_object();
		json_put(*ret, "status", json_new_string("none"));
		json_put(*ret, "message", json_new_string("it has not answered"));
		return 0;
	}
	return r < 0 ? fail(err, r, "%s", own.text) : 0;
}

/* "$items": a stream that has no end of its own is cancelled once so many messages have come. */
static void end_stream(struct bench *bench, int64_t id, const struct json *argument, int64_t ms)
{
	int64_t items = json_int(option(argument, "$items"), 0);

	if (items <= 0)
		return;
	(void) cri_helper_await_items(&bench->cri->helper, id, (size_t) items, process_now_ms() + ms);
	(void) cri_helper_cancel(&bench->cri->helper, id, NULL);
}

static int call_and_wait(struct bench *bench, const char *method, const struct json *argument,
			 struct json *request, struct step_result *result, struct err *err)
{
	int64_t ms = deadline_ms(bench, argument),
		id = cri_helper_send(&bench->cri->helper, method, request, ms, err);
	struct json *answer = NULL;

	if (id < 0)
		return (int) id;
	end_stream(bench, id, argument, ms);
	int r = cri_await(bench, id, ms, &answer, &result->timed_out, err);
	if (r < 0)
		return r;
	learn(bench, method, argument, request, json_member(answer, "response"));
	keep_own_rows(bench, method, answer);
	result->exit = cri_exit_facts(method, answer);
	json_put(result->exit, "request", cri_without_secrets(request));
	forgive_cancel(result->exit, argument);
	json_free(answer);
	/* What it printed: a probe is heard as the first process is. */
	if (!strcmp(method, "ExecSync")) {
		const char *out = json_get_string(result->exit, "response.stdout");

		json_append(bench->execs, json_new_string(out ? out : ""));
	}
	return 0;
}

/* "$async": "name": the call goes on; a later step {"call": "name"} of `await` or `cancel` ends it. */
static int begin(struct bench *bench, const char *method, const struct json *argument, struct json *request,
		 struct step_result *result, struct err *err)
{
	const char *name = json_string(option(argument, "$async"));
	int64_t id = cri_helper_send(&bench->cri->helper, method, request, deadline_ms(bench, argument), err);
	struct json *call = json_new_object();

	if (id < 0) {
		json_free(call);
		return (int) id;
	}
	if (text_starts(method, "Stream") || !strcmp(method, "GetContainerEvents"))
		(void) cri_helper_await_headers(&bench->cri->helper, id, process_now_ms() + LATE_MS);
	json_put(call, "id", json_new_int(id));
	json_put(call, "method", json_new_string(method));
	json_put(call, "request", json_copy(request));
	json_put(call, "argument", json_copy(argument));
	json_put(bench->cri->running, name, call);
	result->exit = json_new_object();
	json_put(result->exit, "verb", json_new_string(method));
	json_put(result->exit, "code", json_new_int(0));
	json_put(result->exit, "request", cri_without_secrets(request));
	return 0;
}

static const struct json *running_call(const struct bench *bench, const struct json *argument,
				       struct err *err)
{
	const char *name = json_get_string(argument, "call");
	const struct json *call = name ? json_member(bench->cri->running, name) : NULL;

	if (!call)
		(void) fail_text(err, -EINVAL, "no step has begun a call %s", name ? name : "without a name");
	return call;
}

static int step_await(struct bench *bench, const struct json *argument, struct step_result *result,
		      struct err *err)
{
	const struct json *call = running_call(bench, argument, err);
	const char *method = json_get_string(call, "method");
	int64_t ms = deadline_ms(bench, argument), id = json_int(json_member(call, "id"), -1);
	struct json *answer = NULL;

	if (!call)
		return -EINVAL;
	end_stream(bench, id, argument, ms);
	int r = cri_await(bench, id, ms, &answer, &result->timed_out, err);
	if (r < 0)
		return r;
	learn(bench, method, json_member(call, "argument"), json_member(call, "request"),
	      json_member(answer, "response"));
	keep_own_rows(bench, method, answer);
	result->exit = cri_exit_facts("await", answer);
	forgive_cancel(result->exit, argument);
	if (json_bool(option(argument, "$any"), false))
		json_put(result->exit, "code", json_new_int(0));
	json_free(answer);
	return 0;
}

static int step_cancel(struct bench *bench, const struct json *argument, struct step_result *result,
		       struct err *err)
{
	const struct json *call = running_call(bench, argument, err);

	if (!call)
		return -EINVAL;
	result->exit = json_new_object();
	json_put(result->exit, "verb", json_new_string("cancel"));
	json_put(result->exit, "code", json_new_int(0));
	return cri_helper_cancel(&bench->cri->helper, json_int(json_member(call, "id"), -1), err);
}

static void count_status(struct json *statuses, const char *status)
{
	json_put(statuses, status, json_new_int(json_int(json_member(statuses, status), 0) + 1));
}

struct flight {
	int64_t *ids;
	struct json *requests;
	size_t count;
};

static int send_all(struct bench *bench, const struct json *calls, struct flight *flight, struct err *err)
{
	for (size_t i = 0; i < json_length(calls); i++) {
		const struct json *call = json_at(calls, i), *own = json_member(call, "request");
		const char *method = json_get_string(call, "method");
		int64_t times = json_int(json_member(call, "times"), 1);

		for (int64_t k = 0; method && k < times && flight->count < 256; k++) {
			auto_json request = cri_request(bench, method, own);
			int64_t id = cri_helper_send(&bench->cri->helper, method, request,
						     bench->job->command_ms, err);

			if (id < 0)
				return (int) id;
			flight->ids[flight->count++] = id;
			struct json *sent = json_new_object();
			json_put(sent, "method", json_new_string(method));
			json_put(sent, "argument", own ? json_copy(own) : json_new_object());
			json_put(sent, "request", TAKE(request));
			json_append(flight->requests, sent);
		}
	}
	return 0;
}

/* [{"method", "request", "times"}, ...]: all are sent before one is awaited. Done when each has been answered, whatever it says. */
static int step_together(struct bench *bench, const struct json *argument, struct step_result *result,
			 struct err *err)
{
	int64_t ids[256];
	struct flight flight = { .ids = ids, .requests = json_new_array() };
	struct json *statuses = json_new_object(), *answers = json_new_array();
	int r = send_all(bench, argument, &flight, err);

	for (size_t i = 0; r >= 0 && i < flight.count && !result->timed_out; i++) {
		const struct json *sent = json_at(flight.requests, i);
		const char *method = json_get_string(sent, "method");
		auto_json answer = NULL;

		r = cri_await(bench, ids[i], bench->job->command_ms, &answer, &result->timed_out, err);
		if (r < 0)
			break;
		learn(bench, method, json_member(sent, "argument"), json_member(sent, "request"),
		      json_member(answer, "response"));
		keep_own_rows(bench, method, answer);
		struct json *facts = cri_exit_facts(method, answer);
		count_status(statuses, json_get_string(facts, "status"));
		json_append(answers, facts);
	}
	json_free(flight.requests);
	result->exit = json_new_object();
	json_put(result->exit, "verb", json_new_string("together"));
	json_put(result->exit, "code", json_new_int(0));
	json_put(result->exit, "statuses", statuses);
	json_put(result->exit, "answers", answers);
	return r;
}

static const struct special {
	const char *verb;
	int (*run)(struct bench *bench, const struct json *argument, struct step_result *result,
		   struct err *err);
} specials[] = {
	{ "await", step_await },       { "cancel", step_cancel },     { "together", step_together },
	{ "server", cri_step_server }, { "signal", cri_step_signal }, { "handler", cri_step_handler },
	{ "held", cri_step_held },     { "lost", cri_step_lost },     { "open", cri_step_open },
};

static int run_special(struct bench *bench, const char *verb, const struct json *argument,
		       struct step_result *result, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
		if (!strcmp(specials[i].verb, verb))
			return specials[i].run(bench, argument, result, err);
	return fail_text(err, -EINVAL, "%s is no call and no step", verb);
}

bool cri_has_step(const char *verb)
{
	for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
		if (!strcmp(specials[i].verb, verb))
			return true;
	return cri_has_method(verb);
}

int cri_step_run(struct bench *bench, const char *verb, const struct json *argument,
		 struct step_result *result, struct err *err)
{
	auto_json request = NULL;
	int r;

	result->begin_ns = command_now_ns();
	if (!cri_has_method(verb)) {
		r = run_special(bench, verb, argument, result, err);
	} else {
		request = cri_request(bench, verb, argument);
		r = option(argument, "$async") ? begin(bench, verb, argument, request, result, err)
					       : call_and_wait(bench, verb, argument, request, result, err);
	}
	if (r < 0)
		return r;
	result->end_ns = command_now_ns();
	json_put(result->exit, "ms", json_new_int((result->end_ns - result->begin_ns) / 1000000));
	json_put(result->exit, "begin_ns", json_new_int(result->begin_ns));
	json_put(result->exit, "end_ns", json_new_int(result->end_ns));
	json_put(result->exit, "timed_out", json_new_bool(result->timed_out));
	return 0;
}
