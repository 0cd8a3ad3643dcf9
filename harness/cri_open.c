/* The step that visits the URL of a stream: it types, reads and leaves, or goes on beside the steps that follow. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/cri_part.h"

/* The last URL, or the one that is named, with the streams it was asked for; the rest is the case's own. Owned. */
static struct json *make_wish(const struct bench *bench, const struct json *argument)
{
	static const char *const kept[] = { "stdin", "stdout", "stderr", "tty" };
	const char *url = json_get_string(argument, "url");
	const struct json *asked;
	struct json *wish = argument ? json_copy(argument) : json_new_object();

	if (!url)
		url = json_string(json_member(bench->symbols, "@url"));
	asked = url ? json_member(bench->cri->streams, url) : NULL;
	json_put(wish, "open", json_new_string(url ? url : ""));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (json_has(asked, kept[i]) && !json_has(wish, kept[i]))
			json_put(wish, kept[i], json_copy(json_member(asked, kept[i])));
	return wish;
}

static void put_begun(struct bench *bench, const char *name, int64_t id, const struct json *wish,
		      struct step_result *result)
{
	struct json *call = json_new_object();

	json_put(call, "id", json_new_int(id));
	json_put(call, "method", json_new_string("open"));
	json_put(call, "request", json_copy(wish));
	json_put(call, "argument", json_new_object());
	json_put(bench->cri->running, name, call);
	result->exit = json_new_object();
	json_put(result->exit, "verb", json_new_string("open"));
	json_put(result->exit, "code", json_new_int(0));
}

int cri_step_open(struct bench *bench, const struct json *argument, struct step_result *result,
		  struct err *err)
{
	const char *name = json_get_string(argument, "$async");
	int64_t ms = json_int(json_member(argument, "$deadline_ms"), bench->job->command_ms);
	auto_json wish = make_wish(bench, argument);
	auto_json answer = NULL;
	int64_t id = cri_helper_open(&bench->cri->helper, wish, ms, err);

	if (id < 0)
		return (int) id;
	if (name) {
		/* From its first bytes on the program is known to be there. */
		(void) cri_helper_await_headers(&bench->cri->helper, id, process_now_ms() + ms);
		put_begun(bench, name, id, wish, result);
		return 0;
	}
	int r = cri_await(bench, id, ms, &answer, &result->timed_out, err);
	if (r < 0)
		return r;
	result->exit = cri_exit_facts("open", answer);
	const char *out = json_get_string(result->exit, "response.stdout");
	json_append(bench->execs, json_new_string(out ? out : ""));
	return 0;
}
