/* The RPCs about what containers and sandboxes use. */
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/describe.h"
#include "runtime-under-test/cri/server.h"
#include "runtime-under-test/cri/stats.h"
#include "runtime-under-test/oci/faults.h"

static Runtime__V1__UInt64Value *number(struct arena *arena, uint64_t value)
{
	Runtime__V1__UInt64Value *number = message_new(arena, &runtime__v1__uint64_value__descriptor);

	number->value = value;
	return number;
}

static Runtime__V1__UInt64Value *known(struct arena *arena, const struct usage *usage, enum usage_key key)
{
	return usage->known[key] ? number(arena, usage->value[key]) : NULL;
}

static Runtime__V1__PsiData *psi_line(struct arena *arena, const struct pressure_line *line)
{
	Runtime__V1__PsiData *data = message_new(arena, &runtime__v1__psi_data__descriptor);

	data->total = line->total_ns;
	data->avg10 = line->avg10;
	data->avg60 = line->avg60;
	data->avg300 = line->avg300;
	return data;
}

static Runtime__V1__PsiStats *psi(struct arena *arena, const struct usage *usage, enum pressure_kind kind)
{
	const struct pressure *pressure = &usage->pressure[kind];
	Runtime__V1__PsiStats *stats;

	if (!pressure->known)
		return NULL;
	stats = message_new(arena, &runtime__v1__psi_stats__descriptor);
	stats->full = psi_line(arena, &pressure->full);
	stats->some = psi_line(arena, &pressure->some);
	return stats;
}

static Runtime__V1__CpuUsage *cpu(struct arena *arena, const struct sample *sample)
{
	Runtime__V1__CpuUsage *cpu = message_new(arena, &runtime__v1__cpu_usage__descriptor);

	cpu->timestamp = sample->at;
	cpu->usage_core_nano_seconds =
	    fault("cri-stats-zero") ? number(arena, 0) : known(arena, &sample->usage, USAGE_CPU_NS);
	if (sample->has_rate)
		cpu->usage_nano_cores = number(arena, sample->nano_cores);
	cpu->psi = psi(arena, &sample->usage, PRESSURE_CPU);
	return cpu;
}

static Runtime__V1__MemoryUsage *memory(struct arena *arena, const struct sample *sample)
{
	const struct usage *usage = &sample->usage;
	Runtime__V1__MemoryUsage *memory = message_new(arena, &runtime__v1__memory_usage__descriptor);
	uint64_t working_set = usage_working_set(usage), limit = usage->value[USAGE_MEMORY_LIMIT];

	memory->timestamp = sample->at;
	memory->usage_bytes = known(arena, usage, USAGE_MEMORY);
	if (usage->known[USAGE_MEMORY])
		memory->working_set_bytes = number(arena, working_set);
	/* Without a limit nothing can be said of what is available here. */
	if (usage->known[USAGE_MEMORY_LIMIT] && usage->known[USAGE_MEMORY])
		memory->available_bytes = number(arena, working_set < limit ? limit - working_set : 0);
	memory->rss_bytes = known(arena, usage, USAGE_MEMORY_RSS);
	memory->page_faults = known(arena, usage, USAGE_FAULTS);
	memory->major_page_faults = known(arena, usage, USAGE_MAJOR_FAULTS);
	memory->psi = psi(arena, usage, PRESSURE_MEMORY);
	return memory;
}

static Runtime__V1__SwapUsage *swap(struct arena *arena, const struct sample *sample)
{
	const struct usage *usage = &sample->usage;
	Runtime__V1__SwapUsage *swap = message_new(arena, &runtime__v1__swap_usage__descriptor);
	uint64_t used = usage->value[USAGE_SWAP], limit = usage->value[USAGE_SWAP_LIMIT];

	swap->timestamp = sample->at;
	swap->swap_usage_bytes = known(arena, usage, USAGE_SWAP);
	if (usage->known[USAGE_SWAP] && usage->known[USAGE_SWAP_LIMIT])
		swap->swap_available_bytes = number(arena, used < limit ? limit - used : 0);
	return swap;
}

static Runtime__V1__IoUsage *io(struct arena *arena, const struct sample *sample)
{
	Runtime__V1__IoUsage *io = message_new(arena, &runtime__v1__io_usage__descriptor);

	io->timestamp = sample->at;
	io->psi = psi(arena, &sample->usage, PRESSURE_IO);
	return io;
}

static Runtime__V1__FilesystemUsage *disk(struct server *server, const struct container *container,
					  struct arena *arena, int64_t at)
{
	Runtime__V1__FilesystemUsage *usage;
	struct image_usage used;

	if (!stats_disk(server, container, &used))
		return NULL;
	usage = message_new(arena, &runtime__v1__filesystem_usage__descriptor);
	usage->timestamp = at;
	/* The same as ImageFsInfo has: by it the kubelet finds the file system. */
	usage->fs_id = message_new(arena, &runtime__v1__filesystem_identifier__descriptor);
	usage->fs_id->mountpoint = arena_string(arena, image_store_path(server->images));
	usage->used_bytes = number(arena, used.bytes);
	usage->inodes_used = number(arena, used.inodes);
	return usage;
}

static Runtime__V1__ContainerAttributes *container_attributes(const struct container *container,
							      struct arena *arena)
{
	const Runtime__V1__ContainerConfig *config = container->config;
	Runtime__V1__ContainerAttributes *row =
	    message_new(arena, &runtime__v1__container_attributes__descriptor);

	row->id = arena_string(arena, container->object.id);
	row->metadata = message_copy(arena, config->metadata);
	row->labels = describe_copies(arena, config->labels, config->n_labels);
	row->n_labels = config->n_labels;
	row->annotations = describe_copies(arena, config->annotations, config->n_annotations);
	row->n_annotations = config->n_annotations;
	return row;
}

static Runtime__V1__PodSandboxAttributes *sandbox_attributes(const struct sandbox *sandbox,
							     struct arena *arena)
{
	const Runtime__V1__PodSandboxConfig *config = sandbox->config;
	Runtime__V1__PodSandboxAttributes *row =
	    message_new(arena, &runtime__v1__pod_sandbox_attributes__descriptor);

	row->id = arena_string(arena, sandbox->object.id);
	row->metadata = message_copy(arena, config->metadata);
	row->labels = describe_copies(arena, config->labels, config->n_labels);
	row->n_labels = config->n_labels;
	row->annotations = describe_copies(arena, config->annotations, config->n_annotations);
	row->n_annotations = config->n_annotations;
	return row;
}

/* NULL: running_only, and it does not. */
static Runtime__V1__ContainerStats *describe_container(struct server *server,
						       const struct container *container, struct arena *arena,
						       bool running_only)
{
	Runtime__V1__ContainerStats *stats;
	struct sample sample;

	stats_sample_container(server, container, &sample);
	if (running_only && !sample.pid && !fault("cri-stats-of-everything"))
		return NULL;
	stats = message_new(arena, &runtime__v1__container_stats__descriptor);
	stats->attributes = container_attributes(container, arena);
	stats->writable_layer = disk(server, container, arena, sample.at);
	if (!sample.pid)
		return stats;
	stats->cpu = cpu(arena, &sample);
	stats->memory = memory(arena, &sample);
	stats->swap = swap(arena, &sample);
	stats->io = io(arena, &sample);
	return stats;
}

static Runtime__V1__NetworkInterfaceUsage *interface(const struct interface *from, struct arena *arena)
{
	Runtime__V1__NetworkInterfaceUsage *row =
	    message_new(arena, &runtime__v1__network_interface_usage__descriptor);

	row->name = arena_string(arena, from->name);
	row->rx_bytes = number(arena, from->rx_bytes);
	row->rx_errors = number(arena, from->rx_errors);
	row->tx_bytes = number(arena, from->tx_bytes);
	row->tx_errors = number(arena, from->tx_errors);
	return row;
}

/* The default one is not repeated among the others. */
static Runtime__V1__NetworkUsage *network(const struct sandbox_sample *sample, struct arena *arena)
{
	const struct interfaces *interfaces = &sample->interfaces;
	const struct interface *chosen = interfaces_default(interfaces);
	Runtime__V1__NetworkUsage *usage;

	if (!chosen)
		return NULL;
	usage = message_new(arena, &runtime__v1__network_usage__descriptor);
	usage->timestamp = sample->sample.at;
	usage->default_interface = interface(chosen, arena);
	usage->interfaces = arena_array(arena, interfaces->count, sizeof(*usage->interfaces));
	for (size_t i = 0; i < interfaces->count; i++)
		if (&interfaces->rows[i] != chosen)
			usage->interfaces[usage->n_interfaces++] = interface(&interfaces->rows[i], arena);
	return usage;
}

static void add_container_stats(struct server *server, const struct sandbox *sandbox, struct arena *arena,
				Runtime__V1__LinuxPodSandboxStats *stats)
{
	auto_object_list list = { 0 };

	store_containers_of(server->store, sandbox, &list);
	stats->containers = arena_array(arena, list.count + 1, sizeof(*stats->containers));
	for (size_t i = 0; i < list.count; i++) {
		stats->containers[stats->n_containers] =
		    describe_container(server, list.items[i], arena, true);
		stats->n_containers += stats->containers[stats->n_containers] != NULL;
	}
}

static Runtime__V1__PodSandboxStats *describe_sandbox(struct server *server, const struct sandbox *sandbox,
						      struct arena *arena)
{
	Runtime__V1__PodSandboxStats *stats = message_new(arena, &runtime__v1__pod_sandbox_stats__descriptor);
	struct sandbox_sample sample;

	stats->attributes = sandbox_attributes(sandbox, arena);
	stats->linux = message_new(arena, &runtime__v1__linux_pod_sandbox_stats__descriptor);
	stats_sample_sandbox(server, sandbox, &sample);
	if (!sample.sample.pid)
		return stats;
	stats->linux->cpu = cpu(arena, &sample.sample);
	stats->linux->memory = memory(arena, &sample.sample);
	stats->linux->io = io(arena, &sample.sample);
	stats->linux->network = network(&sample, arena);
	stats->linux->process = message_new(arena, &runtime__v1__process_usage__descriptor);
	stats->linux->process->timestamp = sample.sample.at;
	stats->linux->process->process_count = known(arena, &sample.sample.usage, USAGE_PIDS);
	add_container_stats(server, sandbox, arena, stats->linux);
	return stats;
}

static grpc_status_code container_stats(struct rpc_call *call, const void *request, void *response,
					void *user)
{
	const Runtime__V1__ContainerStatsRequest *asked = request;
	Runtime__V1__ContainerStatsResponse *answer = response;
	struct server *server = user;
	struct container *container = store_container(server->store, asked->container_id);

	if (!container)
		return rpc_fail(call, GRPC_STATUS_NOT_FOUND, "container \"%s\": no such container",
				asked->container_id);
	answer->stats = describe_container(server, container, rpc_call_arena(call), false);
	store_unref(server->store, container);
	return GRPC_STATUS_OK;
}

/* Filters differ in their types alone: entries of maps have one shape. */
static grpc_status_code list_container_stats(struct rpc_call *call, const void *request, void *response,
					     void *user)
{
	const Runtime__V1__ListContainerStatsRequest *asked = request;
	Runtime__V1__ListContainerStatsResponse *answer = response;
	Runtime__V1__ContainerStateValue running = RUNTIME__V1__CONTAINER_STATE_VALUE__INIT;
	Runtime__V1__ContainerFilter filter = RUNTIME__V1__CONTAINER_FILTER__INIT;
	struct arena *arena = rpc_call_arena(call);
	struct server *server = user;
	auto_object_list list = { 0 };

	running.state = RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING;
	filter.state = fault("cri-stats-of-everything") ? NULL : &running;
	if (asked->filter) {
		filter.id = asked->filter->id;
		filter.pod_sandbox_id = asked->filter->pod_sandbox_id;
		filter.label_selector = (void *) asked->filter->label_selector;
		filter.n_label_selector = asked->filter->n_label_selector;
	}
	store_containers(server->store, &filter, &list);
	answer->stats = arena_array(arena, list.count + 1, sizeof(*answer->stats));
	for (size_t i = 0; i < list.count && !rpc_call_done(call); i++) {
		answer->stats[answer->n_stats] = describe_container(server, list.items[i], arena, true);
		answer->n_stats += answer->stats[answer->n_stats] != NULL;
	}
	return GRPC_STATUS_OK;
}

static grpc_status_code pod_sandbox_stats(struct rpc_call *call, const void *request, void *response,
					  void *user)
{
	const Runtime__V1__PodSandboxStatsRequest *asked = request;
	Runtime__V1__PodSandboxStatsResponse *answer = response;
	struct server *server = user;
	struct sandbox *sandbox = store_sandbox(server->store, asked->pod_sandbox_id);

	if (!sandbox)
		return rpc_fail(call, GRPC_STATUS_NOT_FOUND, "sandbox \"%s\": no such sandbox",
				asked->pod_sandbox_id);
	answer->stats = describe_sandbox(server, sandbox, rpc_call_arena(call));
	store_unref(server->store, sandbox);
	return GRPC_STATUS_OK;
}

static grpc_status_code list_pod_sandbox_stats(struct rpc_call *call, const void *request, void *response,
					       void *user)
{
	const Runtime__V1__ListPodSandboxStatsRequest *asked = request;
	Runtime__V1__ListPodSandboxStatsResponse *answer = response;
	Runtime__V1__PodSandboxStateValue ready = RUNTIME__V1__POD_SANDBOX_STATE_VALUE__INIT;
	Runtime__V1__PodSandboxFilter filter = RUNTIME__V1__POD_SANDBOX_FILTER__INIT;
	struct arena *arena = rpc_call_arena(call);
	struct server *server = user;
	auto_object_list list = { 0 };

	ready.state = RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY;
	filter.state = &ready;
	if (asked->filter) {
		filter.id = asked->filter->id;
		filter.label_selector = (void *) asked->filter->label_selector;
		filter.n_label_selector = asked->filter->n_label_selector;
	}
	store_sandboxes(server->store, &filter, &list);
	answer->stats = arena_array(arena, list.count + 1, sizeof(*answer->stats));
	for (size_t i = 0; i < list.count && !rpc_call_done(call); i++)
		answer->stats[answer->n_stats++] = describe_sandbox(server, list.items[i], arena);
	return GRPC_STATUS_OK;
}

extern const struct rpc_binding stats_bindings[];
const struct rpc_binding stats_bindings[] = {
	{ "ContainerStats", container_stats },
	{ "ListContainerStats", list_container_stats },
	{ "PodSandboxStats", pod_sandbox_stats },
	{ "ListPodSandboxStats", list_pod_sandbox_stats },
	{ NULL },
};
