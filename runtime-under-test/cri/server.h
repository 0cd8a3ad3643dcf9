/*
 * The server: its options, directories and modules. A module is what one area keeps between calls; services.c lists the
 * modules in the order they open, and the tables of methods.
 */
#ifndef CRI_SERVER_H
#define CRI_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime-under-test/cri/options.h"
#include "runtime-under-test/cri/rpc/rpc.h"

struct err;
struct events;
struct image_store;
struct life;
struct net;
struct runtime_features;
struct stats;
struct store;
struct stream_server;

struct server {
	struct options options;
	int root_fd, state_fd; /* the directories of --root and --state */
	char *
	    programs; /* owned: the directory of our own executable, where plumbline-oci, -monitor and -unpack lie */
	char *pod_cidr; /* owned; of UpdateRuntimeConfig, NULL before */
	struct runtime_features *features; /* owned: what runtimes have said of themselves */
	pthread_mutex_t config_lock; /* of pod_cidr and features */
	struct rpc_server *rpc;
	size_t opened; /* modules, services.c's own */
	/* Each module's own; NULL while it is not open. */
	struct events *events;
	struct image_store *images;
	struct life *life;
	struct net *net;
	struct stats *stats;
	struct store *store;
	struct stream_server *stream;
};

/* open() may use what earlier modules opened. close() runs in reverse order, after the last call; also when open() failed. */
struct server_module {
	const char *name;
	int (*open)(struct server *server, struct err *err);
	void (*close)(struct server *server);
};

/* services.c */
int services_bind(struct rpc_server *rpc, struct err *err);
int services_open(struct server *server, struct err *err);
void services_close(struct server *server);

/* The one place that prints: a line on stderr with the time in front. */
void server_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The OCI runtime of a handler ("" is the default one). Owned; NULL: no such handler. */
char *server_runtime_path(const struct server *server, const char *handler);

#endif
