/* A visit as a line of JSON, and what was seen of it as another. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/process.h"
#include "harness/cri/stream.h"

#define VISIT_MS 10000

static const char *word(const struct json *line, const char *key, const char *usual)
{
	const char *string = json_string(json_member(line, key));

	return string ? string : usual;
}

static void read_wish(const struct json *line, struct stream_wish *ret)
{
	static const char *const flags[STREAMS] = {
		[STREAM_IN] = "stdin", [STREAM_OUT] = "stdout", [STREAM_ERR] = "stderr"
	};
	const struct json *typed = json_member(line, "typed");
	bool websocket = !strcmp(word(line, "transport", "spdy"), "websocket"),
	     tty = json_bool(json_member(line, "tty"), false);

	*ret = (struct stream_wish){
		.url = word(line, "open", ""),
		.websocket = websocket,
		.typed = json_string(typed),
		.typed_len = json_string(typed) ? json_string_length(typed) : 0,
		.until = json_string(json_member(line, "until")),
		.after = json_string(json_member(line, "after")),
		.ends = json_bool(json_member(line, "ends"), false),
		.width = (int) json_int(json_member(line, "width"), 0),
		.height = (int) json_int(json_member(line, "height"), 0),
		.port = (int) json_int(json_member(line, "port"), 0),
		.deadline = process_now_ms() + json_int(json_member(line, "deadline_ms"), VISIT_MS),
	};
	ret->protocol = word(line, "protocol",
			     ret->port   ? "portforward.k8s.io"
			     : websocket ? "v5.channel.k8s.io"
					 : "v4.channel.k8s.io");
	for (int i = 0; i < STREAMS; i++)
		ret->streams[i] = flags[i] && json_bool(json_member(line, flags[i]), false);
	ret->streams[STREAM_RESIZE] = tty;
	if (ret->port)
		ret->streams[STREAM_IN] = true;
}

/* Of a Status object of Kubernetes' API: nothing at all, or Success, is 0. */
static struct json *exit_code(const struct json *status)
{
	const char *word_ = json_get_string(status, "status");
	const struct json *causes = json_get(status, "details.causes");

	if (word_ && !strcmp(word_, "Success"))
		return json_new_int(0);
	for (size_t i = 0; i < json_length(causes); i++) {
		const char *reason = json_get_string(json_at(causes, i), "reason"),
			   *code = json_get_string(json_at(causes, i), "message");

		if (reason && code && !strcmp(reason, "ExitCode"))
			return json_new_int(atoi(code));
	}
	return NULL;
}

static void put_bytes(struct json *response, const char *key, const struct text *bytes)
{
	json_put(response, key, json_new_bytes(text_str(bytes), bytes->len));
}

static struct json *show(const struct stream_wish *wish, const struct stream_sight *sight)
{
	struct json *response = json_new_object(), *code;
	const struct text *error = &sight->read[STREAM_ERROR];
	auto_json status = NULL;

	json_put(response, "http", json_new_int(sight->http));
	put_bytes(response, "protocol", &sight->protocol);
	json_put(response, "ended", json_new_bool(sight->ended));
	put_bytes(response, "stdout", &sight->read[wish->port ? STREAM_IN : STREAM_OUT]);
	json_put(response, "stdout_bytes",
		 json_new_int((int64_t) sight->read[wish->port ? STREAM_IN : STREAM_OUT].len));
	put_bytes(response, "stderr", &sight->read[STREAM_ERR]);
	put_bytes(response, "error", error);
	if (error->len && json_parse(text_str(error), error->len, &status, NULL) >= 0 &&
	    (code = exit_code(status)))
		json_put(response, "exit_code", code);
	return response;
}

struct json *stream_call(const struct json *line, void (*heard)(void *user), void *user)
{
	struct json *answer = json_new_object();
	struct stream_sight sight = { 0 };
	struct stream_wish wish;
	struct err err = { 0 };
	auto_text status = { 0 };

	read_wish(line, &wish);
	wish.heard = heard;
	wish.user = user;
	int r = stream_visit(&wish, &sight, &err);
	if (r == -ETIMEDOUT)
		text_add(&status, "DEADLINE_EXCEEDED");
	else if (r < 0)
		text_add(&status, "UNAVAILABLE");
	else if (sight.http != 101)
		text_addf(&status, "HTTP %d", sight.http);
	else
		text_add(&status, "OK");
	json_put(answer, "status", json_new_string(text_str(&status)));
	if (r < 0)
		json_put(answer, "message", json_new_bytes(err.text, strlen(err.text)));
	else
		put_bytes(answer, "message", sight.http != 101 ? &sight.head : &(struct text){ 0 });
	json_put(answer, "response", show(&wish, &sight));
	stream_sight_free(&sight);
	return answer;
}
