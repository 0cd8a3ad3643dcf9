/* Faults in what the state operation says: the container is right, the report of it is not. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "runtime-under-test/faulty/faulty.h"

static int status_is(struct json *state, const char *status, struct err *err)
{
	return json_set(state, "status", json_new_string(status), err);
}

/* argument: what a live container is called */
static int live_status_is(struct json *state, const char *status, struct err *err)
{
	const char *now = json_get_string(state, "status");

	return now && strcmp(now, "stopped") != 0 ? status_is(state, status, err) : 0;
}

static int id_is_other(struct json *state, const char *id, struct err *err)
{
	return json_set(state, "id", json_new_string(id), err);
}

/* The last component, as if the bundle were remembered the way it was typed. */
static int bundle_is_relative(struct json *state, const char *argument, struct err *err)
{
	const char *bundle = json_get_string(state, "bundle");
	const char *slash = bundle ? strrchr(bundle, '/') : NULL;

	(void) argument;
	return slash ? json_set(state, "bundle", json_new_string(slash + 1), err) : 0;
}

static int pid_is_off_by_one(struct json *state, const char *argument, struct err *err)
{
	int64_t pid = json_int(json_member(state, "pid"), 0);

	(void) argument;
	return json_set(state, "pid", json_new_int(pid + 1), err);
}

#define EDIT(fault, function, words)                                                                         \
	{                                                                                                    \
		.name = fault, .hook = HOOK_STATE, .edit = function, .argument = words                       \
	}

const struct fault state_faults[] = {
	EDIT("state-always-running", status_is, "running"),
	EDIT("state-created-while-running", live_status_is, "created"),
	EDIT("state-has-unknown-status", live_status_is, "up"),
	EDIT("state-has-wrong-id", id_is_other, "another"),
	EDIT("state-has-relative-bundle", bundle_is_relative, NULL),
	EDIT("state-has-wrong-pid", pid_is_off_by_one, NULL),
	EDIT("state-without-pid", edit_drop, "pid"),
	EDIT("state-without-version", edit_drop, "ociVersion"),
	EDIT("state-without-annotations", edit_drop, "annotations"),
	EDIT("state-without-bundle", edit_drop, "bundle"),
	{ 0 },
};
