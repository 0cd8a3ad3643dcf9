/* What containers and sandboxes use right now: gathered once, told by stats_service.c and by metrics.c. */
#ifndef CRI_STATS_H
#define CRI_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime-under-test/cri/image/image.h"
#include "runtime-under-test/cri/interfaces.h"
#include "runtime-under-test/cri/store.h"
#include "runtime-under-test/cri/usage.h"

struct server;
struct server_module;
struct stats;

struct sample {
	int64_t at; /* ns since the epoch */
	int64_t uptime; /* ns since the machine's start, which nobody sets: what rates count by */
	pid_t pid; /* of the first process; 0: it does not run, and nothing but the disk is known */
	struct usage usage;
	bool has_rate;
	uint64_t nano_cores; /* since the sample before this one, or since the start */
};

/* A container, or a sandbox's own cgroup and network. */
void stats_sample_container(struct server *server, const struct container *container, struct sample *ret);
struct sandbox_sample {
	struct sample sample; /* of the whole pod */
	struct interfaces interfaces; /* none on the host's network */
};
void stats_sample_sandbox(struct server *server, const struct sandbox *sandbox, struct sandbox_sample *ret);
/* False when it cannot be told. */
bool stats_disk(struct server *server, const struct container *container, struct image_usage *ret);

/* Processes of a container, by pid; owned. */
int stats_members(struct server *server, const struct container *container, pid_t **ret, size_t *ret_count,
		  struct err *err);

extern const struct server_module stats_module;

#endif
