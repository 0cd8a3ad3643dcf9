/* Samples, and the ones before them: how fast a processor is used takes two. */
#include "runtime-under-test/cri/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/life.h"
#include "runtime-under-test/cri/sandbox.h"
#include "runtime-under-test/cri/server.h"

/* Two samples closer together tell more of the scheduler's tick than of the load. */
#define RATE_MIN_NS INT64_C(50000000)
#define SECOND_NS INT64_C(1000000000)

struct earlier {
	struct earlier *next;
	char id[OBJECT_ID_SIZE];
	int64_t uptime;
	uint64_t cpu_ns;
	bool has_rate;
	uint64_t nano_cores;
};

struct stats {
	struct cgroup_layout layout;
	pthread_mutex_t lock; /* of the list */
	struct earlier *earlier;
	size_t count;
};

/* What is gone is forgotten when the list has grown to twice what there is. */
static void forget_gone(struct server *server, struct stats *stats)
{
	size_t there =
	    store_count(server->store, OBJECT_CONTAINER) + store_count(server->store, OBJECT_SANDBOX);
	struct earlier **at = &stats->earlier, *gone;

	if (stats->count < 64 + 2 * there)
		return;
	while (*at) {
		struct container *container = store_container(server->store, (*at)->id);
		struct sandbox *sandbox = store_sandbox(server->store, (*at)->id);

		if (container || sandbox) {
			at = &(*at)->next;
		} else {
			gone = *at;
			*at = gone->next;
			free(gone);
			stats->count--;
		}
		store_unref(server->store, container);
		store_unref(server->store, sandbox);
	}
}

static struct earlier *earlier_of(struct server *server, struct stats *stats, const char *id)
{
	struct earlier *earlier;

	for (earlier = stats->earlier; earlier; earlier = earlier->next)
		if (strcmp(earlier->id, id) == 0)
			return earlier;
	forget_gone(server, stats);
	earlier = calloc(1, sizeof(*earlier));
	if (!earlier)
		abort();
	strcpy(earlier->id, id);
	earlier->next = stats->earlier;
	stats->earlier = earlier;
	stats->count++;
	return earlier;
}

static struct sample sample_now(void)
{
	struct timespec now = { 0 };

	(void) clock_gettime(CLOCK_BOOTTIME, &now);
	return (struct sample){ .at = store_now_ns(),
				.uptime = (int64_t) now.tv_sec * SECOND_NS + now.tv_nsec };
}

/* proc(5), field 22 of stat, on the clock of sample_now(). 0: it is gone. */
static int64_t started_uptime(pid_t pid)
{
	auto_free char *path = text_format("/proc/%d/stat", (int) pid);
	auto_text stat = { 0 };
	const char *at;

	if (file_read_at(AT_FDCWD, path, 4096, &stat, NULL) < 0)
		return 0;
	/* The name, field 2, may hold anything: the last ")" ends it. */
	at = strrchr(text_str(&stat), ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoll(at, NULL, 10) * (SECOND_NS / sysconf(_SC_CLK_TCK)) : 0;
}

/* The first rate counts from the start of the first process. */
static void rate(struct server *server, const char *id, struct sample *sample)
{
	struct stats *stats = server->stats;
	uint64_t cpu_ns = sample->usage.value[USAGE_CPU_NS];
	struct earlier *earlier;
	int64_t passed;

	if (!sample->usage.known[USAGE_CPU_NS])
		return;
	pthread_mutex_lock(&stats->lock);
	earlier = earlier_of(server, stats, id);
	if (!earlier->uptime)
		earlier->uptime = started_uptime(sample->pid);
	passed = sample->uptime - earlier->uptime;
	if (earlier->uptime && passed >= RATE_MIN_NS && cpu_ns >= earlier->cpu_ns) {
		earlier->nano_cores =
		    (uint64_t) ((double) (cpu_ns - earlier->cpu_ns) / (double) passed * 1e9);
		earlier->has_rate = true;
		earlier->uptime = sample->uptime;
		earlier->cpu_ns = cpu_ns;
	}
	sample->has_rate = earlier->has_rate;
	sample->nano_cores = earlier->nano_cores;
	pthread_mutex_unlock(&stats->lock);
}

static pid_t running_pid(struct server *server, const struct container *container)
{
	pid_t pid = 0;

	store_lock(server->store);
	if (container->status.phase == PHASE_RUNNING)
		pid = container->status.pid;
	store_unlock(server->store);
	return pid;
}

static bool read_usage(struct server *server, pid_t pid, const char *id, bool parent, struct usage *ret)
{
	struct usage_places places;
	int r = usage_open(&server->stats->layout, pid, id, parent, &places, NULL);

	if (r >= 0)
		usage_read(&places, ret);
	usage_close(&places);
	return r >= 0;
}

void stats_sample_container(struct server *server, const struct container *container, struct sample *ret)
{
	pid_t pid = running_pid(server, container);

	*ret = sample_now();
	if (!pid || !read_usage(server, pid, container->object.id, false, &ret->usage))
		return;
	/* A number that was given anew belongs to somebody else. */
	if (running_pid(server, container) != pid)
		return;
	ret->pid = pid;
	rate(server, container->object.id, ret);
}

static bool has_parent(const struct sandbox *sandbox)
{
	return sandbox->config->linux && sandbox->config->linux->cgroup_parent[0];
}

/* Where the kubelet gave the pod no cgroup, it is the sum of its parts; limits and pressure have no sum. */
static void add_containers(struct server *server, const struct sandbox *sandbox, struct usage *sum)
{
	auto_object_list list = { 0 };
	struct usage part;
	pid_t pid;

	store_containers_of(server->store, sandbox, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct container *container = list.items[i];

		pid = running_pid(server, container);
		if (pid && read_usage(server, pid, container->object.id, false, &part))
			usage_add(sum, &part);
	}
}

void stats_sample_sandbox(struct server *server, const struct sandbox *sandbox, struct sandbox_sample *ret)
{
	struct usage *usage = &ret->sample.usage;
	pid_t pid = 0;

	ret->sample = sample_now();
	ret->interfaces.count = 0;
	store_lock(server->store);
	if (sandbox->status.phase == PHASE_READY)
		pid = sandbox->status.pid;
	store_unlock(server->store);
	if (!pid)
		return;
	if (!has_parent(sandbox) || !read_usage(server, pid, sandbox->object.id, true, usage)) {
		if (!read_usage(server, pid, sandbox->object.id, false, usage))
			return;
		add_containers(server, sandbox, usage);
	}
	ret->sample.pid = pid;
	if (sandbox_network_mode(sandbox) != RUNTIME__V1__NAMESPACE_MODE__NODE)
		interfaces_read(pid, &ret->interfaces);
	rate(server, sandbox->object.id, &ret->sample);
}

bool stats_disk(struct server *server, const struct container *container, struct image_usage *ret)
{
	auto_free char *storage = life_storage(server, &container->object, "");

	return image_rootfs_usage(storage, ret, NULL) >= 0;
}

int stats_members(struct server *server, const struct container *container, pid_t **ret, size_t *ret_count,
		  struct err *err)
{
	struct usage_places places;
	pid_t pid = running_pid(server, container);
	int r;

	if (!pid)
		return fail_text(err, -ESRCH, "container %s does not run", container->object.id);
	r = usage_open(&server->stats->layout, pid, container->object.id, false, &places, err);
	if (r >= 0)
		r = usage_members(&places, ret, ret_count, err);
	usage_close(&places);
	return r;
}

static int stats_open(struct server *server, struct err *err)
{
	server->stats = calloc(1, sizeof(*server->stats));
	if (!server->stats)
		return fail(err, -ENOMEM, "keep samples");
	pthread_mutex_init(&server->stats->lock, NULL);
	return cgroup_layout_read(&server->stats->layout, err);
}

static void stats_close(struct server *server)
{
	struct earlier *next;

	if (!server->stats)
		return;
	for (struct earlier *earlier = server->stats->earlier; earlier; earlier = next) {
		next = earlier->next;
		free(earlier);
	}
	cgroup_layout_free(&server->stats->layout);
	pthread_mutex_destroy(&server->stats->lock);
	free(TAKE(server->stats));
}

const struct server_module stats_module = { "statistics", stats_open, stats_close };
