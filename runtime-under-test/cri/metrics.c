/* The RPCs about metrics, and how each number is come by. */
#include "runtime-under-test/cri/metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/life.h"
#include "runtime-under-test/cri/server.h"
#include "runtime-under-test/cri/stats.h"

/* The metrics of one container or sandbox as they grow; all in the call's arena. */
struct metrics {
	struct arena *arena;
	int64_t at;
	char *base[METRIC_BASE_LABELS];
	Runtime__V1__Metric **items;
	size_t count, space;
};

static size_t count_labels(const struct metric_row *row)
{
	size_t count = 0;

	while (count < METRIC_LABELS_MAX && row->labels[count])
		count++;
	return count;
}

/* More arguments: the values of the row's own labels, strings in the arena or of literals. */
static void add(struct metrics *metrics, enum metric metric, uint64_t value, ...)
{
	const struct metric_row *row = &metric_rows[metric];
	size_t labels = count_labels(row), space = metrics->space ? metrics->space * 2 : METRICS;
	Runtime__V1__Metric *item = message_new(metrics->arena, &runtime__v1__metric__descriptor), **items;
	va_list args;

	if (metrics->count == metrics->space) {
		items = arena_array(metrics->arena, space, sizeof(Runtime__V1__Metric *));
		if (metrics->count)
			memcpy(items, metrics->items, metrics->count * sizeof(Runtime__V1__Metric *));
		metrics->items = items;
		metrics->space = space;
	}
	item->name = (char *) row->name;
	item->timestamp = metrics->at;
	item->metric_type = row->type;
	item->value = message_new(metrics->arena, &runtime__v1__uint64_value__descriptor);
	item->value->value = value;
	item->label_values = arena_array(metrics->arena, METRIC_BASE_LABELS + labels, sizeof(char *));
	memcpy(item->label_values, metrics->base, sizeof(metrics->base));
	va_start(args, value);
	for (size_t i = 0; i < labels; i++)
		item->label_values[METRIC_BASE_LABELS + i] = va_arg(args, char *);
	va_end(args);
	item->n_label_values = METRIC_BASE_LABELS + labels;
	metrics->items[metrics->count++] = item;
}

/* A limit that is none is 0, and so is swap where the kernel does not count it. What else is not known is not told. */
static bool is_told(const struct usage *usage, enum usage_key key)
{
	static const bool always[USAGE_KEYS] = { [USAGE_MEMORY_LIMIT] = true,
						 [USAGE_MEMORY_LOW] = true,
						 [USAGE_PIDS_LIMIT] = true,
						 [USAGE_SWAP] = true };

	return usage->known[key] || always[key];
}

static void add_usage(struct metrics *metrics, const struct usage *usage)
{
	const struct metric_row *row;

	for (enum metric i = METRIC_OF_USAGE; i < METRICS; i++) {
		row = &metric_rows[i];
		if (is_told(usage, row->key))
			add(metrics, i, usage->value[row->key] / (row->divisor ? row->divisor : 1));
	}
	add(metrics, METRIC_CPU_TOTAL, usage->value[USAGE_CPU_NS] / 1000000000, "total");
	add(metrics, METRIC_SWAP_LIMIT, usage->value[USAGE_SWAP_LIMIT]);
	add(metrics, METRIC_WORKING_SET, usage_working_set(usage));
	add(metrics, METRIC_FAILURES, usage->value[USAGE_FAULTS], "pgfault", "hierarchy");
	add(metrics, METRIC_FAILURES, usage->value[USAGE_MAJOR_FAULTS], "pgmajfault", "hierarchy");
}

static void add_pressure(struct metrics *metrics, const struct usage *usage)
{
	static const struct {
		enum pressure_kind kind;
		enum metric full, some;
	} rows[] = {
		{ PRESSURE_CPU, METRIC_PRESSURE_CPU_FULL, METRIC_PRESSURE_CPU_SOME },
		{ PRESSURE_IO, METRIC_PRESSURE_IO_FULL, METRIC_PRESSURE_IO_SOME },
		{ PRESSURE_MEMORY, METRIC_PRESSURE_MEMORY_FULL, METRIC_PRESSURE_MEMORY_SOME },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct pressure *pressure = &usage->pressure[rows[i].kind];

		if (!pressure->known)
			continue;
		add(metrics, rows[i].full, pressure->full.total_ns / 1000000000);
		add(metrics, rows[i].some, pressure->some.total_ns / 1000000000);
	}
}

/* "sda" for 8:0; the numbers where sysfs knows no name. */
static char *device_name(struct arena *arena, unsigned major, unsigned minor)
{
	auto_free char *path = text_format("/sys/dev/block/%u:%u", major, minor);
	auto_text target = { 0 };
	const char *slash;

	if (file_read_link_at(AT_FDCWD, path, &target, NULL) >= 0 && (slash = strrchr(target.data, '/')))
		return arena_format(arena, "/dev%s", slash);
	return arena_format(arena, "%u:%u", major, minor);
}

static void add_blocks(struct metrics *metrics, const struct usage *usage)
{
	for (size_t i = 0; i < usage->block_count; i++) {
		const struct block_io *block = &usage->blocks[i];
		char *device = device_name(metrics->arena, block->major, block->minor);
		char *major = arena_format(metrics->arena, "%u", block->major);
		char *minor = arena_format(metrics->arena, "%u", block->minor);

		add(metrics, METRIC_BLKIO, block->read_bytes, device, major, minor, "Read");
		add(metrics, METRIC_BLKIO, block->write_bytes, device, major, minor, "Write");
		add(metrics, METRIC_FS_READ_BYTES, block->read_bytes, device);
		add(metrics, METRIC_FS_WRITE_BYTES, block->write_bytes, device);
		add(metrics, METRIC_FS_READS, block->reads, device);
		add(metrics, METRIC_FS_WRITES, block->writes, device);
	}
	for (size_t i = 0; i < usage->huge_count; i++) {
		char *size = arena_string(metrics->arena, usage->huge[i].size);

		add(metrics, METRIC_HUGE, usage->huge[i].bytes, size);
		add(metrics, METRIC_HUGE_PEAK, usage->huge[i].peak_bytes, size);
	}
}

static void add_disk(struct metrics *metrics, struct server *server, const struct container *container)
{
	auto_free char *storage = life_storage(server, &container->object, "");
	struct image_usage used;
	struct statvfs system;
	struct stat status;
	char *device;

	if (statvfs(storage, &system) < 0 || stat(storage, &status) < 0)
		return;
	device = device_name(metrics->arena, major(status.st_dev), minor(status.st_dev));
	add(metrics, METRIC_FS_INODES, system.f_files, device);
	add(metrics, METRIC_FS_INODES_FREE, system.f_ffree, device);
	add(metrics, METRIC_FS_LIMIT, system.f_blocks * system.f_frsize, device);
	if (stats_disk(server, container, &used))
		add(metrics, METRIC_FS_USAGE, used.bytes, device);
}

static void count_descriptors(pid_t pid, uint64_t *descriptors, uint64_t *sockets)
{
	auto_free char *path = text_format("/proc/%d/fd", (int) pid);
	auto_dir dir = opendir(path);
	const struct dirent *entry;
	char target[16];

	while (dir && (entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target));

		*descriptors += len >= 0;
		*sockets += len > 7 && strncmp(target, "socket:", 7) == 0;
	}
}

static void add_processes(struct metrics *metrics, struct server *server, const struct container *container)
{
	uint64_t descriptors = 0, sockets = 0;
	auto_free pid_t *pids = NULL;
	size_t count;

	if (stats_members(server, container, &pids, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		count_descriptors(pids[i], &descriptors, &sockets);
	add(metrics, METRIC_PROCESSES, count);
	add(metrics, METRIC_DESCRIPTORS, descriptors);
	add(metrics, METRIC_SOCKETS, sockets);
}

/* "Max open files            1024                 524288               files" */
static void add_ulimits(struct metrics *metrics, pid_t pid)
{
	auto_free char *path = text_format("/proc/%d/limits", (int) pid);
	auto_text content = { 0 };
	const char *line;

	if (file_read_at(AT_FDCWD, path, 8192, &content, NULL) < 0)
		return;
	line = strstr(text_str(&content), "Max open files");
	if (line)
		add(metrics, METRIC_ULIMITS, strtoull(line + strlen("Max open files"), NULL, 10),
		    "max_open_files");
}

static void add_specification(struct metrics *metrics, struct server *server,
			      const struct container *container)
{
	const Runtime__V1__LinuxContainerResources *resources = NULL;

	store_lock(server->store);
	resources = container->resources;
	if (!resources && container->config->linux)
		resources = container->config->linux->resources;
	/* The kernel's own period is told where none was asked for. */
	add(metrics, METRIC_CPU_PERIOD,
	    resources && resources->cpu_period > 0 ? (uint64_t) resources->cpu_period : 100000);
	if (resources && resources->cpu_quota > 0)
		add(metrics, METRIC_CPU_QUOTA, (uint64_t) resources->cpu_quota);
	add(metrics, METRIC_CPU_SHARES,
	    resources && resources->cpu_shares > 0 ? (uint64_t) resources->cpu_shares : 0);
	add(metrics, METRIC_START_TIME, (uint64_t) container->status.started_at / 1000000000);
	store_unlock(server->store);
}

static void name_owner(struct metrics *metrics, const struct sandbox *sandbox,
		       const struct container *container)
{
	const Runtime__V1__PodSandboxMetadata *pod = sandbox->config->metadata;
	const char *values[METRIC_BASE_LABELS] = {
		container ? container->config->metadata->name : "",
		container ? container->object.id : sandbox->object.id,
		container ? container->facts.image_ref : "",
		container ? container->object.id : sandbox->object.id,
		pod->namespace_,
		pod->name,
	};

	for (size_t i = 0; i < METRIC_BASE_LABELS; i++)
		metrics->base[i] = arena_string(metrics->arena, values[i]);
}

/* NULL: it does not run. */
static Runtime__V1__ContainerMetrics *
describe_container(struct server *server, const struct container *container, struct arena *arena)
{
	struct metrics metrics = { .arena = arena };
	Runtime__V1__ContainerMetrics *ret;
	struct sample sample;

	stats_sample_container(server, container, &sample);
	if (!sample.pid)
		return NULL;
	metrics.at = sample.at;
	name_owner(&metrics, container->sandbox, container);
	add_usage(&metrics, &sample.usage);
	add_pressure(&metrics, &sample.usage);
	add_blocks(&metrics, &sample.usage);
	add_disk(&metrics, server, container);
	add_processes(&metrics, server, container);
	add_ulimits(&metrics, sample.pid);
	add_specification(&metrics, server, container);
	add(&metrics, METRIC_LAST_SEEN, (uint64_t) sample.at / 1000000000);
	ret = message_new(arena, &runtime__v1__container_metrics__descriptor);
	ret->container_id = arena_string(arena, container->object.id);
	ret->metrics = metrics.items;
	ret->n_metrics = metrics.count;
	return ret;
}

static void add_interface(struct metrics *metrics, const struct interface *interface)
{
	char *name = arena_string(metrics->arena, interface->name);

	add(metrics, METRIC_RX_BYTES, interface->rx_bytes, name);
	add(metrics, METRIC_RX_ERRORS, interface->rx_errors, name);
	add(metrics, METRIC_RX_DROPPED, interface->rx_dropped, name);
	add(metrics, METRIC_RX_PACKETS, interface->rx_packets, name);
	add(metrics, METRIC_TX_BYTES, interface->tx_bytes, name);
	add(metrics, METRIC_TX_ERRORS, interface->tx_errors, name);
	add(metrics, METRIC_TX_DROPPED, interface->tx_dropped, name);
	add(metrics, METRIC_TX_PACKETS, interface->tx_packets, name);
}

static Runtime__V1__PodSandboxMetrics *describe_sandbox(struct server *server, const struct sandbox *sandbox,
							struct arena *arena)
{
	Runtime__V1__PodSandboxMetrics *ret =
	    message_new(arena, &runtime__v1__pod_sandbox_metrics__descriptor);
	struct metrics metrics = { .arena = arena };
	auto_object_list list = { 0 };
	struct sandbox_sample sample;

	ret->pod_sandbox_id = arena_string(arena, sandbox->object.id);
	stats_sample_sandbox(server, sandbox, &sample);
	metrics.at = sample.sample.at;
	name_owner(&metrics, sandbox, NULL);
	for (size_t i = 0; i < sample.interfaces.count; i++)
		add_interface(&metrics, &sample.interfaces.rows[i]);
	ret->metrics = metrics.items;
	ret->n_metrics = metrics.count;
	store_containers_of(server->store, sandbox, &list);
	ret->container_metrics = arena_array(arena, list.count + 1, sizeof(*ret->container_metrics));
	for (size_t i = 0; i < list.count; i++) {
		ret->container_metrics[ret->n_container_metrics] =
		    describe_container(server, list.items[i], arena);
		ret->n_container_metrics += ret->container_metrics[ret->n_container_metrics] != NULL;
	}
	return ret;
}

static grpc_status_code list_pod_sandbox_metrics(struct rpc_call *call, const void *request, void *response,
						 void *user)
{
	Runtime__V1__ListPodSandboxMetricsResponse *answer = response;
	struct arena *arena = rpc_call_arena(call);
	struct server *server = user;
	auto_object_list list = { 0 };

	(void) request;
	store_sandboxes(server->store, NULL, &list);
	answer->pod_metrics = arena_array(arena, list.count + 1, sizeof(*answer->pod_metrics));
	for (size_t i = 0; i < list.count && !rpc_call_done(call); i++)
		answer->pod_metrics[answer->n_pod_metrics++] = describe_sandbox(server, list.items[i], arena);
	return GRPC_STATUS_OK;
}

static grpc_status_code list_metric_descriptors(struct rpc_call *call, const void *request, void *response,
						void *user)
{
	Runtime__V1__ListMetricDescriptorsResponse *answer = response;
	struct arena *arena = rpc_call_arena(call);

	(void) request;
	(void) user;
	answer->descriptors = arena_array(arena, METRICS, sizeof(*answer->descriptors));
	for (size_t i = 0; i < METRICS; i++) {
		Runtime__V1__MetricDescriptor *row =
		    message_new(arena, &runtime__v1__metric_descriptor__descriptor);
		size_t labels = count_labels(&metric_rows[i]);

		row->name = (char *) metric_rows[i].name;
		row->help = (char *) metric_rows[i].help;
		row->label_keys = arena_array(arena, METRIC_BASE_LABELS + labels, sizeof(char *));
		memcpy(row->label_keys, metric_base_labels, sizeof(metric_base_labels));
		memcpy(row->label_keys + METRIC_BASE_LABELS, metric_rows[i].labels, labels * sizeof(char *));
		row->n_label_keys = METRIC_BASE_LABELS + labels;
		answer->descriptors[answer->n_descriptors++] = row;
	}
	return GRPC_STATUS_OK;
}

extern const struct rpc_binding metrics_bindings[];
const struct rpc_binding metrics_bindings[] = {
	{ "ListMetricDescriptors", list_metric_descriptors },
	{ "ListPodSandboxMetrics", list_pod_sandbox_metrics },
	{ NULL },
};
