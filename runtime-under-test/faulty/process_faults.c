/* Faults in what the process is: identity, privileges, limits, environment. Each is one edit of config.json. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

#define FIELD(list) "process.capabilities." list

static struct json *every_capability(void)
{
	struct json *all = json_new_array();

	for (int i = 0; name_of_capability(i); i++)
		json_append(all, json_new_string(name_of_capability(i)));
	return all;
}

static int capabilities_all(struct json *config, const char *argument, struct err *err)
{
	static const char *const sets[] = { "bounding", "effective", "permitted", "inheritable" };

	(void) argument;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		auto_free char *path = text_format(FIELD("%s"), sets[i]);
		int r = json_set(config, path, every_capability(), err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* One set becomes a copy of the bounding set, as when a runtime takes one list for all. */
static int capabilities_as_bounding(struct json *config, const char *path, struct err *err)
{
	const struct json *bounding = json_get(config, FIELD("bounding"));

	return bounding ? json_set(config, path, json_copy(bounding), err) : 0;
}

static int capabilities_set_all(struct json *config, const char *path, struct err *err)
{
	return json_set(config, path, every_capability(), err);
}

static int set_true(struct json *config, const char *path, struct err *err)
{
	return json_set(config, path, json_new_bool(true), err);
}

static int set_false(struct json *config, const char *path, struct err *err)
{
	return json_set(config, path, json_new_bool(false), err);
}

static int set_zero(struct json *config, const char *path, struct err *err)
{
	return json_set(config, path, json_new_int(0), err);
}

static int oom_score_always(struct json *config, const char *argument, struct err *err)
{
	(void) argument;
	return json_set(config, "process.oomScoreAdj", json_new_int(100), err);
}

/* "hard soft": each limit's first member gets the value of the second. */
static int rlimit_copied(struct json *config, const char *pair, struct err *err)
{
	const struct json *limits = json_get(config, "process.rlimits");
	auto_free char *to = text_format("%.4s", pair);

	(void) err;
	for (size_t i = 0; i < json_length(limits); i++) {
		struct json *limit = json_at(limits, i), *from = json_member(limit, pair + 5);

		if (from)
			json_put(limit, to, json_copy(from));
	}
	return 0;
}

static int string_added(struct json *config, const char *word, struct err *err)
{
	return json_set(config, "process.args[]", json_new_string(word), err);
}

static int env_added(struct json *config, const char *word, struct err *err)
{
	return json_set(config, "process.env[]", json_new_string(word), err);
}

static int args_first_only(struct json *config, const char *argument, struct err *err)
{
	const struct json *args = json_get(config, "process.args");
	struct json *first;

	(void) argument;
	if (json_length(args) < 2)
		return 0;
	first = json_new_array();
	json_append(first, json_copy(json_at(args, 0)));
	return json_set(config, "process.args", first, err);
}

static int cwd_is_root(struct json *config, const char *argument, struct err *err)
{
	(void) argument;
	return json_set(config, "process.cwd", json_new_string("/"), err);
}

static int seccomp_added(struct json *config, const char *argument, struct err *err)
{
	(void) argument;
	if (json_get(config, "linux.seccomp"))
		return 0;
	return json_set(config, "linux.seccomp.defaultAction", json_new_string("SCMP_ACT_ALLOW"), err);
}

static int seccomp_allows(struct json *config, const char *argument, struct err *err)
{
	(void) argument;
	if (!json_get(config, "linux.seccomp"))
		return 0;
	return json_set(config, "linux.seccomp.defaultAction", json_new_string("SCMP_ACT_ALLOW"), err);
}

/* A member that every rule of the seccomp filter loses: args or errnoRet. */
static int seccomp_rules_lose(struct json *config, const char *member, struct err *err)
{
	const struct json *rules = json_get(config, "linux.seccomp.syscalls");
	int r = edit_drop(config, "linux.seccomp.defaultErrnoRet", err);

	for (size_t i = 0; r == 0 && i < json_length(rules); i++)
		r = edit_drop(json_at(rules, i), member, err);
	return r;
}

static int seccomp_action_becomes(struct json *config, const char *action, struct err *err)
{
	const struct json *rules = json_get(config, "linux.seccomp.syscalls");

	(void) err;
	for (size_t i = 0; i < json_length(rules); i++)
		json_put(json_at(rules, i), "action", json_new_string(action));
	return 0;
}

#define EDIT(fault, function, words)                                                                         \
	{                                                                                                    \
		.name = fault, .hook = HOOK_EDIT, .edit = function, .argument = words                        \
	}

const struct fault process_faults[] = {
	EDIT("capabilities-all", capabilities_all, NULL),
	EDIT("capabilities-dropped", edit_drop, "process.capabilities"),
	EDIT("capabilities-bounding-kept", capabilities_set_all, FIELD("bounding")),
	EDIT("capabilities-inheritable-as-bounding", capabilities_as_bounding, FIELD("inheritable")),
	EDIT("capabilities-inheritable-dropped", edit_drop, FIELD("inheritable")),
	EDIT("capabilities-ambient-dropped", edit_drop, FIELD("ambient")),
	EDIT("no-new-privileges-cleared", set_false, "process.noNewPrivileges"),
	EDIT("no-new-privileges-always", set_true, "process.noNewPrivileges"),
	EDIT("rlimits-dropped", edit_drop, "process.rlimits"),
	EDIT("rlimit-hard-is-soft", rlimit_copied, "hard soft"),
	EDIT("rlimit-soft-is-hard", rlimit_copied, "soft hard"),
	EDIT("uid-zeroed", set_zero, "process.user.uid"),
	EDIT("gid-zeroed", set_zero, "process.user.gid"),
	EDIT("groups-dropped", edit_drop, "process.user.additionalGids"),
	EDIT("umask-dropped", edit_drop, "process.user.umask"),
	EDIT("oom-score-dropped", edit_drop, "process.oomScoreAdj"),
	EDIT("oom-score-always-written", oom_score_always, NULL),
	EDIT("env-dropped", edit_drop, "process.env"),
	EDIT("env-added", env_added, "PLUMBLINE_STRAY=1"),
	EDIT("cwd-ignored", cwd_is_root, NULL),
	EDIT("args-added", string_added, "stray"),
	EDIT("args-cut", args_first_only, NULL),
	EDIT("terminal-dropped", edit_drop, "process.terminal"),
	EDIT("console-size-dropped", edit_drop, "process.consoleSize"),
	EDIT("scheduler-dropped", edit_drop, "process.scheduler"),
	EDIT("io-priority-dropped", edit_drop, "process.ioPriority"),
	EDIT("seccomp-added", seccomp_added, NULL),
	EDIT("seccomp-dropped", edit_drop, "linux.seccomp"),
	EDIT("seccomp-default-allows", seccomp_allows, NULL),
	EDIT("seccomp-args-ignored", seccomp_rules_lose, "args"),
	EDIT("seccomp-errno-ignored", seccomp_rules_lose, "errnoRet"),
	EDIT("seccomp-kills-become-errors", seccomp_action_becomes, "SCMP_ACT_ERRNO"),
	EDIT("seccomp-always-kills", seccomp_action_becomes, "SCMP_ACT_KILL_PROCESS"),
	{ 0 },
};
