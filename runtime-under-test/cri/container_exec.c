/* Commands in a running container: what they run as, and ExecSync. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/describe.h"
#include "runtime-under-test/oci/faults.h"

enum { EXEC_OUTPUT_MAX = 16 << 20 }; /* of each stream: the CRI's limit for ExecSync */

static bool has_variable(const struct json *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < json_length(env); i++) {
		const char *item = json_string(json_at(env, i));

		if (item && strncmp(item, name, length) == 0 && item[length] == '=')
			return true;
	}
	return false;
}

/* User, capabilities, no_new_privs, labels, limits: an exec is confined as the first process is. */
int container_exec_process(const struct server *server, const struct container *container,
			   char *const *command, size_t count, bool tty, struct json **ret, struct err *err)
{
	auto_free char *path = life_path(server, &container->object, "bundle/config.json");
	auto_json config = describe_file(path);
	struct json *process, *args = json_new_array();

	if (!json_member(config, "process")) {
		json_free(args);
		return fail_text(err, -EIO, "%s cannot be read", path);
	}
	process = json_copy(json_member(config, "process"));
	if (fault("cri-exec-unconfined")) {
		json_remove(process, "user");
		json_remove(process, "capabilities");
		json_remove(process, "noNewPrivileges");
	}
	if (fault("cri-exec-without-environment")) {
		json_put(process, "env", json_new_array());
		json_put(process, "cwd", json_new_string("/"));
	}
	for (size_t i = 0; i < count; i++)
		json_append(args, json_new_string(command[i]));
	json_put(process, "args", args);
	json_put(process, "terminal", json_new_bool(tty));
	if (tty && !has_variable(json_member(process, "env"), "TERM"))
		(void) json_set(process, "env[]", json_new_string("TERM=xterm"), NULL);
	*ret = process;
	return 0;
}

struct sync {
	struct rpc_call *call;
	struct server *server;
	struct container *container;
	const Runtime__V1__ExecSyncRequest *asked;
	Runtime__V1__ExecSyncResponse *answer;
};

static void take_bytes(struct arena *arena, const struct text *text, ProtobufCBinaryData *ret)
{
	ret->len = text->len;
	ret->data = arena_copy(arena, text_str(text), text->len);
}

static struct monitor_limit limit_of(const struct sync *sync)
{
	struct monitor_limit limit = life_limit(sync->call);
	int64_t own = process_now_ms() + sync->asked->timeout * 1000;

	if (sync->asked->timeout > 0 && !fault("cri-exec-timeout-ignored") &&
	    (limit.deadline_ms < 0 || own < limit.deadline_ms))
		limit.deadline_ms = own;
	return limit;
}

static int run(const struct sync *sync, struct err *err)
{
	const struct object *object = &sync->container->object;
	auto_free char *directory = life_path(sync->server, object, "");
	auto_runtime runtime = RUNTIME_INIT;
	auto_json process = NULL;
	auto_text text = { 0 }, out = { 0 }, errors = { 0 };
	struct monitor_limit limit = limit_of(sync);
	struct monitor_exec exec = { .id = object->id, .directory = directory, .out = true, .err = true };
	struct monitor_exit how = { 0 };
	int r = life_runtime(sync->server, sync->container->sandbox, &runtime, err);

	if (r >= 0)
		r = container_exec_process(sync->server, sync->container, sync->asked->cmd,
					   sync->asked->n_cmd, fault("cri-exec-sync-has-tty"), &process, err);
	if (r < 0)
		return r;
	json_print(process, 0, &text);
	exec.runtime = life_monitor_runtime(&runtime);
	exec.process = text_str(&text);
	r = monitor_exec_sync(&exec, &limit, EXEC_OUTPUT_MAX, &out, &errors, &how, err);
	if (r < 0)
		return r;
	if (fault("cri-exec-output-cut"))
		text_cut(&out, 4096);
	if (fault("cri-exec-output-mixed")) {
		text_add(&out, text_str(&errors));
		text_cut(&errors, 0);
	}
	take_bytes(rpc_call_arena(sync->call), &out, &sync->answer->stdout);
	take_bytes(rpc_call_arena(sync->call), &errors, &sync->answer->stderr);
	sync->answer->exit_code = how.code + fault("cri-exec-code-off");
	return 0;
}

grpc_status_code container_exec_sync(struct rpc_call *call, const void *request, void *response, void *user)
{
	struct sync sync = { .call = call, .server = user, .asked = request, .answer = response };
	struct err err = { 0 };
	grpc_status_code code = GRPC_STATUS_OK;
	int r;

	if (!sync.asked->n_cmd && fault("cri-exec-without-command"))
		return GRPC_STATUS_OK;
	if (!sync.asked->container_id[0] || !sync.asked->n_cmd)
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request has no %s",
				sync.asked->n_cmd ? "container_id" : "cmd");
	sync.container = store_container(sync.server->store, sync.asked->container_id);
	if (!sync.container)
		return rpc_fail(call, GRPC_STATUS_NOT_FOUND, "container %s: no such container",
				sync.asked->container_id);
	if (!container_pid(sync.server, sync.container) && fault("cri-exec-in-exited")) {
		code = GRPC_STATUS_OK;
	} else if (!container_pid(sync.server, sync.container)) {
		code = rpc_fail(call, GRPC_STATUS_FAILED_PRECONDITION, "container %s: it does not run",
				sync.container->object.id);
	} else {
		r = run(&sync, &err);
		if (r == -ETIMEDOUT)
			code = rpc_fail(call,
					fault("cri-exec-timeout-unknown") ? GRPC_STATUS_UNKNOWN
									  : GRPC_STATUS_DEADLINE_EXCEEDED,
					"the command timed out: %s", err.text);
		else if (r < 0 && !fault("cri-failed-exec-is-fine"))
			code = rpc_fail_err(call, r, &err);
	}
	store_unref(sync.server->store, sync.container);
	return code;
}
