/*
 * Steps that bring trouble: the server is ended and started again, and a process of the pod gets a signal from the host, with
 * or without a server that could see it.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/names.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/cri_part.h"
#include "harness/engine.h"
#include "harness/live.h"
#include "harness/observe.h"

static int put_answer(struct step_result *result, const char *verb, const char *errors)
{
	result->exit = json_new_object();
	json_put(result->exit, "verb", json_new_string(verb));
	json_put(result->exit, "code", json_new_int(*errors ? 1 : 0));
	json_put(result->exit, "errors", json_new_string(errors));
	return 0;
}

static void put_end(struct json *exit, const struct process_status *status)
{
	const char *name = status->exited ? NULL : name_of_signal(status->signal);

	if (status->exited)
		json_put(exit, "server_code", json_new_int(status->code));
	else
		json_put(exit, "server_signal", json_new_string(name ? name : "unknown"));
}

/* How each word ends the server, and whether it is started then; signal 0: nobody is there to be ended. */
static const struct deed {
	const char *word;
	int signal;
	bool starts;
} deeds[] = {
	{ "kill", SIGKILL, false },
	{ "end", SIGTERM, false },
	{ "start", 0, true },
	{ "restart", SIGKILL, true },
};

static const struct deed *find_deed(const struct json *argument)
{
	const char *word = json_string(argument);

	for (size_t i = 0; word && i < ARRAY_SIZE(deeds); i++)
		if (!strcmp(deeds[i].word, word))
			return &deeds[i];
	return NULL;
}

int cri_step_server(struct bench *bench, const struct json *argument, struct step_result *result,
		    struct err *err)
{
	const struct deed *deed = find_deed(argument);
	struct process_status status = { 0 };
	struct err own = { 0 };
	int r = 0;

	if (!deed)
		return fail_text(err, -EINVAL,
				 "step server needs \"kill\", \"end\", \"start\" or \"restart\"");
	if (deed->signal)
		r = cri_server_end(bench, deed->signal, &result->timed_out, &status, err);
	if (r < 0)
		return r;
	/* One that does not come back is the case's answer, not an error of ours. */
	if (deed->starts && !result->timed_out)
		r = cri_server_start(bench, &own);
	if (r < 0 && r != -EHOSTDOWN)
		return fail(err, r, "%s", own.text);
	(void) put_answer(result, "server", result->timed_out ? "the CRI server has not ended" : own.text);
	if (deed->signal && !result->timed_out)
		put_end(result->exit, &status);
	return 0;
}

/* Who watches over the container: a server's monitor or shim is the parent of its first process. 0: nobody. */
static int64_t parent_of(int64_t pid)
{
	auto_json facts = observe_process((pid_t) pid, false);
	int64_t parent = pid > 1 ? json_int(json_member(facts, "ppid"), 0) : 0;

	return parent > 1 ? parent : 0;
}

static int64_t addressee(struct bench *bench, const char *to)
{
	if (to && !strcmp(to, "sandbox"))
		return bench->cri->sandbox_pid;
	return to && !strcmp(to, "monitor") ? parent_of(bench->init) : bench->init;
}

/*
 * Why not, or nothing. In a world the worst that a wrong number meets is ours. Beside an endpoint that runs already it is the
 * machine's: there a server's word alone is not enough.
 */
static const char *send_signal(const struct bench *bench, pid_t pid, int number)
{
	struct process process = { .pid = pid, .pidfd = process_pidfd_open(pid) };
	const char *why = "";

	/* In this order: what it is in is looked at when its number can no longer become another's. */
	if (process.pidfd >= 0 && bench->job->runtime->live && !live_owns_process(bench, pid))
		why = "the process that the status tells lies in no cgroup of this pod";
	else if (process.pidfd < 0 || process_kill(&process, number) < 0)
		why = "the process is gone";
	process_close(&process);
	return why;
}

/*
 * {"to": "container" or "sandbox", "name": "SIGTERM"}: to the first process of either, as the status last told it, or to the
 * "monitor" of the container.
 */
int cri_step_signal(struct bench *bench, const struct json *argument, struct step_result *result,
		    struct err *err)
{
	const char *name = json_get_string(argument, "name");
	int64_t pid = addressee(bench, json_get_string(argument, "to"));
	int number = name ? name_to_signal(name) : -EINVAL;

	if (number < 0)
		return fail_text(err, -EINVAL, "step signal needs the \"name\" of one");
	if (pid <= 1 || pid > INT_MAX)
		return put_answer(result, "signal", "no status has told a process");
	return put_answer(result, "signal", send_signal(bench, (pid_t) pid, number));
}

/* Until the sandbox is not ready any more. */
int cri_step_lost(struct bench *bench, const struct json *argument, struct step_result *result,
		  struct err *err)
{
	int r = cri_wait(bench, true, process_now_ms() + bench->job->command_ms, &result->timed_out, err);

	(void) argument;
	return r < 0 ? r : put_answer(result, "lost", result->timed_out ? "the sandbox is ready still" : "");
}
