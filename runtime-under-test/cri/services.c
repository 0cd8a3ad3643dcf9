/* What the server consists of: a row for each table of methods and for each module. */
#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/cri/events.h"
#include "runtime-under-test/cri/life.h"
#include "runtime-under-test/cri/server.h"
#include "runtime-under-test/cri/stats.h"

extern const struct rpc_binding runtime_bindings[];
extern const struct rpc_binding events_bindings[];
extern const struct rpc_binding list_bindings[];
extern const struct rpc_binding sandbox_bindings[];
extern const struct rpc_binding container_bindings[];
extern const struct rpc_binding image_bindings[];
extern const struct rpc_binding stats_bindings[];
extern const struct rpc_binding metrics_bindings[];
extern const struct rpc_binding exec_bindings[];
extern const struct server_module image_module;
extern const struct server_module network_module;
extern const struct server_module stream_module;

/* A row each, so that two who add one do not meet in a line. */
/* clang-format off */
static const struct rpc_binding *const tables[] = {
	runtime_bindings,
	events_bindings,
	list_bindings,
	sandbox_bindings,
	container_bindings,
	image_bindings,
	stats_bindings,
	metrics_bindings,
	exec_bindings,
};

/* In the order they open; the last row ends them. */
static const struct server_module *const modules[] = {
	&events_module,
	&stats_module,
	&image_module,
	&network_module,
	&life_module,
	&stream_module,
	NULL,
};
/* clang-format on */

int services_bind(struct rpc_server *rpc, struct err *err)
{
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		r = rpc_server_bind(rpc, tables[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int services_open(struct server *server, struct err *err)
{
	int r;

	for (size_t i = 0; modules[i]; i++) {
		server->opened = i + 1;
		r = modules[i]->open(server, err);
		if (r < 0)
			return fail(err, r, "open %s", modules[i]->name);
	}
	return 0;
}

void services_close(struct server *server)
{
	while (server->opened > 0)
		modules[--server->opened]->close(server);
}
