/* Exec, Attach and PortForward: they answer with the URL of a stream; what the stream then does is here too. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/stream/stream.h"
#include "runtime-under-test/oci/faults.h"

/* Owned reference. It may have ended since the URL was given. */
static int find_running(struct server *server, const char *id, struct container **ret, struct err *err)
{
	struct container *container = store_container(server->store, id);

	if (!container)
		return fail_text(err, -ENOENT, "container %s: no such container", id);
	if (!container_pid(server, container)) {
		store_unref(server->store, container);
		return fail_text(err, -EBUSY, "container %s: it does not run", id);
	}
	*ret = container;
	return 0;
}

static int start_command(struct server *server, struct container *container,
			 const struct stream_request *request, const struct monitor_limit *limit,
			 struct monitor_streams *ret, struct err *err)
{
	auto_free char *directory = life_path(server, &container->object, "");
	auto_runtime runtime = RUNTIME_INIT;
	auto_json process = NULL;
	auto_text text = { 0 };
	struct monitor_exec exec = {
		.id = container->object.id,
		.directory = directory,
		.tty = request->tty,
		.in = request->in,
		.out = request->out,
		.err = request->err,
	};
	pid_t pid;
	int r = life_runtime(server, container->sandbox, &runtime, err);

	if (r == 0)
		r = container_exec_process(server, container, (char *const *) request->command,
					   request->command_count, request->tty, &process, err);
	if (r < 0)
		return r;
	json_print(process, 0, &text);
	exec.runtime = life_monitor_runtime(&runtime);
	exec.process = text_str(&text);
	return monitor_exec(&exec, limit, ret, &pid, err);
}

static int run(void *user, const struct stream_request *request, const struct monitor_limit *limit,
	       struct monitor_streams *ret, struct err *err)
{
	struct monitor_attach how = { .in = request->in, .out = request->out, .err = request->err };
	struct server *server = user;
	struct container *container = NULL;
	auto_free char *directory = NULL;
	int r = find_running(server, request->id, &container, err);

	if (!container)
		return r;
	directory = life_path(server, &container->object, "");
	r = request->kind == STREAM_EXEC ? start_command(server, container, request, limit, ret, err)
					 : monitor_attach(directory, &how, ret, err);
	store_unref(server->store, container);
	return r;
}

static int resize(void *user, const struct stream_request *request, unsigned width, unsigned height)
{
	struct server *server = user;
	struct container *container = NULL;
	auto_free char *directory = NULL;
	int r = find_running(server, request->id, &container, NULL);

	if (!container)
		return r;
	directory = life_path(server, &container->object, "");
	store_unref(server->store, container);
	return monitor_resize(directory, width, height, NULL);
}

static bool is_ready(struct server *server, const struct sandbox *sandbox)
{
	bool ready;

	store_lock(server->store);
	ready = sandbox_state(sandbox) == RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY;
	store_unlock(server->store);
	return ready;
}

static bool has_own_network(const struct sandbox *sandbox)
{
	const Runtime__V1__LinuxPodSandboxConfig *linux_config = sandbox->config->linux;
	const Runtime__V1__LinuxSandboxSecurityContext *security =
	    linux_config ? linux_config->security_context : NULL;

	return !security || !security->namespace_options ||
	       security->namespace_options->network != RUNTIME__V1__NAMESPACE_MODE__NODE;
}

/* Owned reference. */
static int find_ready(struct server *server, const char *id, struct sandbox **ret, struct err *err)
{
	struct sandbox *sandbox = store_sandbox(server->store, id);

	if (!sandbox)
		return fail_text(err, -ENOENT, "sandbox %s: no such sandbox", id);
	if (!is_ready(server, sandbox)) {
		store_unref(server->store, sandbox);
		return fail_text(err, -EBUSY, "sandbox %s: it is not ready", id);
	}
	*ret = sandbox;
	return 0;
}

static int network(void *user, const struct stream_request *request, int *ret_netns, struct err *err)
{
	struct server *server = user;
	struct sandbox *sandbox = NULL;
	int r = find_ready(server, request->id, &sandbox, err), netns = -1;

	if (!sandbox)
		return r;
	if (has_own_network(sandbox)) {
		auto_free char *path = life_path(server, &sandbox->object, "ns/net");

		netns = file_open_at(AT_FDCWD, path, O_RDONLY, 0, err);
		r = netns < 0 ? netns : 0;
	}
	store_unref(server->store, sandbox);
	if (r == 0)
		*ret_netns = netns;
	return r;
}

static const struct stream_ops ops = { .run = run, .resize = resize, .network = network };

/* NULL: they are fine. */
static const char *check_streams(bool in, bool out, bool errors, bool tty)
{
	if (!in && !out && !errors && !fault("cri-stream-without-streams"))
		return "one of stdin, stdout and stderr is needed";
	if (tty && errors && !fault("cri-stream-tty-with-stderr"))
		return "a terminal has no stderr of its own";
	return NULL;
}

static grpc_status_code give_url(struct rpc_call *call, struct server *server,
				 const struct stream_request *request, char **ret)
{
	auto_free char *url = NULL;
	struct err err = { 0 };
	int r = stream_server_url(server->stream, request, &url, &err);

	if (r < 0)
		return rpc_fail_err(call, r, &err);
	if (fault("cri-stream-same-url") || fault("cri-stream-open-to-all"))
		*ret = arena_string(rpc_call_arena(call), fault("cri-stream-same-url")
							      ? "http://127.0.0.1:1/exec/aaaaaaaa"
							      : "http://0.0.0.0:1/exec/aaaaaaaa");
	else
		*ret = arena_string(rpc_call_arena(call), url);
	return GRPC_STATUS_OK;
}

/* Checked now, so that the caller gets a status; and again when the client comes. */
static grpc_status_code check_running(struct rpc_call *call, struct server *server, const char *id)
{
	struct container *container = NULL;
	struct err err = { 0 };
	int r;

	if (!id[0])
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request has no container_id");
	r = find_running(server, id, &container, &err);
	if (r == -EBUSY && fault("cri-stream-of-ended"))
		return GRPC_STATUS_OK;
	if (r < 0)
		return rpc_fail_err(call, r, &err);
	store_unref(server->store, container);
	return GRPC_STATUS_OK;
}

static grpc_status_code exec(struct rpc_call *call, const void *request, void *response, void *user)
{
	const Runtime__V1__ExecRequest *asked = request;
	Runtime__V1__ExecResponse *answer = response;
	const char *wrong = check_streams(asked->stdin, asked->stdout, asked->stderr, asked->tty);
	struct stream_request stream = {
		.kind = STREAM_EXEC,
		.id = asked->container_id,
		.command = (const char *const *) asked->cmd,
		.command_count = asked->n_cmd,
		.in = asked->stdin,
		.out = asked->stdout,
		.err = asked->stderr,
		.tty = asked->tty,
	};
	grpc_status_code code;

	if (wrong || !asked->n_cmd)
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "%s",
				wrong ? wrong : "the request has no cmd");
	code = check_running(call, user, asked->container_id);
	return code == GRPC_STATUS_OK ? give_url(call, user, &stream, &answer->url) : code;
}

static grpc_status_code attach(struct rpc_call *call, const void *request, void *response, void *user)
{
	const Runtime__V1__AttachRequest *asked = request;
	Runtime__V1__AttachResponse *answer = response;
	const char *wrong = check_streams(asked->stdin, asked->stdout, asked->stderr, asked->tty);
	struct stream_request stream = {
		.kind = STREAM_ATTACH,
		.id = asked->container_id,
		.in = asked->stdin,
		.out = asked->stdout,
		.err = asked->stderr,
		.tty = asked->tty,
	};
	grpc_status_code code;

	if (wrong)
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "%s", wrong);
	code = check_running(call, user, asked->container_id);
	return code == GRPC_STATUS_OK ? give_url(call, user, &stream, &answer->url) : code;
}

static grpc_status_code port_forward(struct rpc_call *call, const void *request, void *response, void *user)
{
	const Runtime__V1__PortForwardRequest *asked = request;
	Runtime__V1__PortForwardResponse *answer = response;
	struct stream_request stream = {
		.kind = STREAM_PORT_FORWARD,
		.id = asked->pod_sandbox_id,
		.ports = asked->port,
		.port_count = asked->n_port,
	};
	struct server *server = user;
	struct sandbox *sandbox = NULL;
	struct err err = { 0 };
	int r;

	if (!asked->pod_sandbox_id[0])
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request has no pod_sandbox_id");
	for (size_t i = 0; i < asked->n_port; i++)
		if (asked->port[i] <= 0 || asked->port[i] > 65535)
			return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "%d is no port", asked->port[i]);
	r = find_ready(server, asked->pod_sandbox_id, &sandbox, &err);
	if (r < 0)
		return rpc_fail_err(call, r, &err);
	store_unref(server->store, sandbox);
	return give_url(call, server, &stream, &answer->url);
}

const struct rpc_binding exec_bindings[] = {
	{ "Exec", exec },
	{ "Attach", attach },
	{ "PortForward", port_forward },
	{ NULL },
};

static int open_streams(struct server *server, struct err *err)
{
	return stream_server_open(server->options.stream, &ops, server, NULL, &server->stream, err);
}

static void close_streams(struct server *server)
{
	stream_server_close(server->stream);
	server->stream = NULL;
}

const struct server_module stream_module = { "streams", open_streams, close_streams };
