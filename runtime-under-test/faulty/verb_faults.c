/* Faults in what a verb does or how it ends: exit codes that lie, signals that are others, work that is not done. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

static int exits_zero(const struct call *call, struct err *err)
{
	(void) call;
	(void) err;
	return 0;
}

static int exits_one(const struct call *call, struct err *err)
{
	(void) call;
	(void) err;
	return 1;
}

static int never_fails(const struct call *call, struct err *err)
{
	int code = call_run(call, err);

	return code < 0 ? code : 0;
}

static int always_fails(const struct call *call, struct err *err)
{
	int code = call_run(call, err);

	return code < 0 ? code : 1;
}

static int create_starts(const struct call *call, struct err *err)
{
	const char *const start[] = { "start", call->id, NULL };
	int code = call_run(call, err);

	return code || !call->id ? code : call_run_words(call, start, err);
}

static int create_replaces(const struct call *call, struct err *err)
{
	const char *const forced[] = { "delete", "--force", call->id, NULL };
	int code;

	if (!call->id)
		return call_run(call, err);
	code = call_run_words(call, forced, err);
	return code < 0 ? code : call_run(call, err);
}

/* As if `start` read config.json and `create` only took a name. */
static int start_rereads(const struct call *call, struct err *err)
{
	const char *const forced[] = { "delete", "--force", call->id, NULL };
	const char *const start[] = { "start", call->id, NULL };
	auto_json state = NULL;
	const char *bundle;
	int r;

	if (!call->id || call_state(call, &state, NULL) < 0)
		return call_run(call, err);
	bundle = json_get_string(state, "bundle");
	r = bundle ? call_run_words(call, forced, err) : -ENOENT;
	if (r)
		return r;
	r = call_run_words(call, (const char *const[]){ "create", "--bundle", bundle, call->id, NULL }, err);
	return r ? r : call_run_words(call, start, err);
}

static int delete_forces(const struct call *call, struct err *err)
{
	const char *const words[] = { "delete", "--force", call->id, NULL };

	return call->id ? call_run_words(call, words, err) : call_run(call, err);
}

static int kill_sends(const struct call *call, struct err *err)
{
	const char *const words[] = { "kill", call->id, call->argument, NULL };

	return call->id ? call_run_words(call, words, err) : call_run(call, err);
}

/* As if a limit that is not named were one that is not wanted. */
static int update_lifts_pids_limit(const struct call *call, struct err *err)
{
	/* The id is last: what is before it may be a document on stdin. */
	const char *const words[] = { "update", "--pids-limit", "-1", call->argv[call->count - 1], NULL };
	int code = call_run(call, err);

	return code ? code : call_run_words(call, words, err);
}

static int pid_file_is(const struct call *call, struct err *err)
{
	int code = call_run(call, err), r;

	if (code || !call->pid_file)
		return code;
	if (!call->argument) {
		if (unlink(call->pid_file) < 0)
			return fail(err, -errno, "remove %s", call->pid_file);
		return 0;
	}
	r = file_create_at(AT_FDCWD, call->pid_file, call->argument, strlen(call->argument), 0644, err);
	return r < 0 ? r : 0;
}

/* Keeps a directory of the host open in the container: what CVE-2024-21626 was made of. */
static int create_leaks_descriptor(const struct call *call, struct err *err)
{
	auto_free const char **words = calloc(call->count + 3, sizeof(*words));
	size_t count = 0;
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!words || fd < 0)
		return fail(err, words ? -errno : -ENOMEM, "open the host's root");
	/* Descriptor 3 without O_CLOEXEC, on purpose; dup2(2) onto itself would change nothing. */
	if (fd == 3 ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, 3) < 0)
		return fail(err, -errno, "put a descriptor on 3");
	/* Last before the id, so that an option of the caller's does not win. */
	for (size_t i = call->verb_at; i + 1 < call->count; i++)
		words[count++] = call->argv[i];
	words[count++] = "--preserve-fds";
	words[count++] = "1";
	words[count++] = call->argv[call->count - 1];
	return call_run_words(call, words, err);
}

#define ALWAYS(fault, function)                                                                              \
	{                                                                                                    \
		.name = fault, .hook = HOOK_ALWAYS, .verb = function                                         \
	}
#define VERB(fault, verb_name, function)                                                                     \
	{                                                                                                    \
		.name = fault, .hook = HOOK_VERB, .on = verb_name, .verb = function                          \
	}
#define VERB_WITH(fault, verb_name, function, word)                                                          \
	{                                                                                                    \
		.name = fault, .hook = HOOK_VERB, .on = verb_name, .verb = function, .argument = word        \
	}

const struct fault verb_faults[] = {
	ALWAYS("exits-zero-always", exits_zero),
	ALWAYS("exits-one-always", exits_one),
	VERB("create-does-nothing", "create", exits_zero),
	VERB("create-never-fails", "create", never_fails),
	VERB("create-starts", "create", create_starts),
	VERB("create-replaces-existing", "create", create_replaces),
	VERB("create-leaks-descriptor", "create", create_leaks_descriptor),
	VERB("run-never-fails", "run", never_fails),
	VERB("run-always-fails", "run", always_fails),
	VERB("exec-never-fails", "exec", never_fails),
	VERB("state-never-fails", "state", never_fails),
	VERB("start-does-nothing", "start", exits_zero),
	VERB("start-never-fails", "start", never_fails),
	VERB("start-always-fails", "start", always_fails),
	VERB("start-rereads-config", "start", start_rereads),
	VERB("kill-sends-nothing", "kill", exits_zero),
	VERB("kill-never-fails", "kill", never_fails),
	VERB_WITH("kill-always-sends-kill", "kill", kill_sends, "KILL"),
	VERB_WITH("kill-always-sends-term", "kill", kill_sends, "TERM"),
	VERB("delete-does-nothing", "delete", exits_zero),
	VERB("delete-never-fails", "delete", never_fails),
	VERB("delete-always-fails", "delete", always_fails),
	VERB("delete-forces", "delete", delete_forces),
	VERB("pause-does-nothing", "pause", exits_zero),
	VERB("pause-never-fails", "pause", never_fails),
	VERB("resume-does-nothing", "resume", exits_zero),
	VERB("resume-never-fails", "resume", never_fails),
	VERB("update-does-nothing", "update", exits_zero),
	VERB("update-never-fails", "update", never_fails),
	VERB("update-lifts-pids-limit", "update", update_lifts_pids_limit),
	VERB("events-does-nothing", "events", exits_zero),
	VERB("events-never-fails", "events", never_fails),
	VERB("features-says-nothing", "features", exits_zero),
	VERB("pid-file-missing", "create", pid_file_is),
	VERB_WITH("pid-file-wrong", "create", pid_file_is, "1"),
	{ 0 },
};
