/* What the endpoint says of the case's sandbox and container after each step, and the end of everything that is left. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/live.h"
#include "harness/world.h"

#define STATUS_MS 5000
#define WAIT_STEP_MS                                                                                         \
	10 /* between two questions whether a container has ended: the interface has no other way */

/* Words of the OCI state for the interface's, so that rows and steps speak one language. */
static const struct {
	const char *theirs, *ours;
} states[] = {
	{ "CONTAINER_CREATED", "created" },
	{ "CONTAINER_RUNNING", "running" },
	{ "CONTAINER_EXITED", "stopped" },
	{ "CONTAINER_UNKNOWN", "unknown" },
};

static const char *state_word(const char *theirs)
{
	for (size_t i = 0; theirs && i < ARRAY_SIZE(states); i++)
		if (!strcmp(states[i].theirs, theirs))
			return states[i].ours;
	return "unknown";
}

/* containerd and CRI-O put everything into one member "info". Borrowed. */
static const struct json *pid_of(const struct json *info)
{
	const struct json *pid = json_get(info, "info.pid");

	return pid ? pid : json_get(info, "pid");
}

/* An answer that came, or NULL: a silent endpoint is noted by *ret_timed_out. Owned. */
static struct json *ask(struct bench *bench, const char *method, const struct json *request,
			bool *ret_timed_out, struct err *err, int *ret_r)
{
	int64_t id = cri_helper_send(&bench->cri->helper, method, request, STATUS_MS, err);
	struct json *answer = NULL;
	struct err late = { 0 };

	*ret_r = id < 0 ? (int) id : 0;
	if (id < 0)
		return NULL;
	int r = cri_helper_await(&bench->cri->helper, id, process_now_ms() + 2 * STATUS_MS, &answer, &late);
	if (r == -ETIMEDOUT)
		*ret_timed_out = true;
	else if (r < 0)
		*ret_r = fail(err, r, "%s", late.text);
	return answer;
}

/* Members of a verbose status' info are texts that hold JSON; one that does not stays a text. */
static struct json *parse_info(const struct json *info)
{
	struct json *ret = json_new_object();

	for (size_t i = 0; i < json_length(info); i++) {
		const struct json *value = json_value_at(info, i);
		const char *text = json_string(value);
		struct json *parsed = NULL;

		if (!text || json_parse(text, strlen(text), &parsed, NULL) < 0)
			parsed = json_copy(value);
		json_put(ret, json_key_at(info, i), parsed);
	}
	return ret;
}

/* One of the two statuses: *ret_status and *ret_info are owned, NULL when the object is not there. */
static int ask_status(struct bench *bench, const char *method, const char *key, const char *symbol,
		      struct json **ret_status, struct json **ret_info, bool *ret_timed_out, struct err *err)
{
	const char *id = json_string(json_member(bench->symbols, symbol));
	auto_json request = json_new_object();
	auto_json answer = NULL;
	int r = 0;

	if (!id)
		return 0;
	json_put(request, key, json_new_string(id));
	json_put(request, "verbose", json_new_bool(true));
	answer = ask(bench, method, request, ret_timed_out, err, &r);
	const char *status = json_get_string(answer, "status");
	if (r < 0 || !status || strcmp(status, "OK") != 0)
		return r;
	*ret_status = json_copy(json_get(answer, "response.status"));
	*ret_info = parse_info(json_get(answer, "response.info"));
	return 0;
}

static void put_if(struct json *object, const char *key, struct json *taken)
{
	if (taken)
		json_put(object, key, taken);
}

int cri_state(struct bench *bench, struct json **ret, struct err *err)
{
	struct json *state = json_new_object(), *container = NULL, *info = NULL, *sandbox = NULL,
		    *about = NULL;
	bool timed_out = false;
	int r = ask_status(bench, "ContainerStatus", "container_id", "@container", &container, &info,
			   &timed_out, err);

	if (r >= 0)
		r = ask_status(bench, "PodSandboxStatus", "pod_sandbox_id", "@sandbox", &sandbox, &about,
			       &timed_out, err);
	json_put(state, "exists", json_new_bool(container != NULL));
	if (container)
		json_put(state, "status", json_new_string(state_word(json_get_string(container, "state"))));
	if (pid_of(info))
		json_put(state, "pid", json_copy(pid_of(info)));
	bench->cri->sandbox_pid = json_int(pid_of(about), bench->cri->sandbox_pid);
	put_if(state, "container", container);
	put_if(state, "info", info);
	put_if(state, "sandbox", sandbox);
	put_if(state, "sandbox_info", about);
	if (timed_out)
		json_put(state, "timed_out", json_new_bool(true));
	if (r < 0) {
		json_free(state);
		return r;
	}
	*ret = state;
	return 0;
}

int cri_wait(struct bench *bench, bool sandbox, int64_t deadline, bool *ret_timed_out, struct err *err)
{
	for (;;) {
		auto_json state = NULL;
		int r = cri_state(bench, &state, err);
		const char *status =
		    sandbox ? json_get_string(state, "sandbox.state") : json_get_string(state, "status");

		if (r < 0)
			return r;
		if (status && !strcmp(status, sandbox ? "SANDBOX_NOTREADY" : "stopped"))
			return 0;
		*ret_timed_out =
		    json_bool(json_member(state, "timed_out"), false) || process_now_ms() >= deadline;
		if (*ret_timed_out)
			return 0;
		reaper_pause(&bench->place->reaper, WAIT_STEP_MS);
	}
}

/* Also what a call has made that was never answered. */
static int list_left(struct bench *bench, bool *ret_timed_out, struct err *err)
{
	int r = 0;
	auto_json answer = ask(bench, "ListPodSandbox", NULL, ret_timed_out, err, &r);
	const struct json *items = json_get(answer, "response.items");

	if (bench->place->outside)
		live_own_rows(bench, "ListPodSandbox", json_member(answer, "response"));
	for (size_t i = 0; r >= 0 && i < json_length(items); i++) {
		const char *id = json_get_string(json_at(items, i), "id");

		if (id)
			json_put(bench->cri->made, id, json_new_bool(true));
	}
	return r;
}

int cri_clean_up(struct bench *bench, bool *ret_timed_out, struct err *err)
{
	static const char *const methods[] = { "StopPodSandbox", "RemovePodSandbox" };
	int r = list_left(bench, ret_timed_out, err);

	while (r >= 0 && !*ret_timed_out && json_length(bench->cri->made)) {
		auto_free char *id = text_format("%s", json_key_at(bench->cri->made, 0));
		auto_json request = json_new_object();

		json_put(request, "pod_sandbox_id", json_new_string(id));
		for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(methods); i++)
			json_free(ask(bench, methods[i], request, ret_timed_out, err, &r));
		json_remove(bench->cri->made, id);
	}
	return r;
}
