/*
 * CreateContainer: everything that does not need a process. The runtime's `create` waits for StartContainer, so that what is
 * wrong with the command is told there, and that a container which is only created costs no process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/cri/net/net.h"
#include "runtime-under-test/cri/oom_score.h"
#include "runtime-under-test/cri/runtime_features.h"
#include "runtime-under-test/cri/sandbox.h"
#include "runtime-under-test/cri/spec/spec.h"
#include "runtime-under-test/oci/faults.h"

struct making {
	struct server *server;
	struct container *container;
	struct image *image;
	struct container_rootfs rootfs;
	struct image_userns volumes; /* as the root's, for image volumes */
	int rootfs_fd;
	char **image_mounts; /* owned; one a mount of the config, NULL where it is no image */
	struct spec_result spec;
};

static int find_image(struct making *making, struct err *err)
{
	const Runtime__V1__ImageSpec *wanted = making->container->config->image;
	struct container_facts *facts = &making->container->facts;
	const struct image *image;

	if (!wanted || !wanted->image[0])
		return fail_text(err, -EINVAL, "the config names no image");
	image = making->image = image_find(making->server->images, wanted->image);
	if (!image)
		return fail_text(err, -ENOENT, "image %s is not here: pull it first",
				 fault("cri-image-error-nameless") ? "" : wanted->image);
	facts->image_id = text_format("%s", image->id);
	facts->image_ref = text_format("%s", image->digest_count ? image->digests[0] : image->id);
	facts->image_name = text_format("%s", wanted->user_specified_image[0] ? wanted->user_specified_image
					      : image->tag_count              ? image->tags[0]
									      : wanted->image);
	return 0;
}

static int make_rootfs(struct making *making, struct err *err)
{
	auto_free char *bundle = life_path(making->server, &making->container->object, "bundle");
	int r = file_make_dirs_at(AT_FDCWD, bundle, 0700, err);

	if (r >= 0)
		r = container_rootfs_open(making->server, making->container, &making->rootfs, err);
	if (r >= 0)
		r = image_rootfs_make(making->server->images, &making->rootfs.image, err);
	if (r >= 0)
		r = making->rootfs_fd =
		    file_open_at(AT_FDCWD, making->rootfs.target, O_RDONLY | O_DIRECTORY, 0, err);
	return r;
}

/* One image is mounted once a pod, whichever container asks first. */
static int mount_image(struct making *making, size_t index, struct err *err)
{
	const struct sandbox *sandbox = making->container->sandbox;
	const Runtime__V1__Mount *mount = making->container->config->mounts[index];
	auto_free char *directory = life_path(making->server, &sandbox->object, "images");
	auto_image image = NULL;

	if (!mount->image || !mount->image->image[0]) {
		json_append(making->container->facts.mount_images, json_new_string(""));
		return 0;
	}
	image = image_find(making->server->images, mount->image->image);
	if (!image)
		return fail_text(err, -ENOENT, "ImageVolumeMountFailed: image %s is not here: pull it first",
				 fault("cri-image-error-nameless") ? "" : mount->image->image);
	json_append(making->container->facts.mount_images, json_new_string(image->id));
	return image_volume_mount(making->server->images, image->id, mount->image_sub_path, directory,
				  sandbox->object.id, &making->rootfs.image.userns,
				  &making->image_mounts[index], err);
}

static int mount_images(struct making *making, struct err *err)
{
	size_t count = making->container->config->n_mounts;
	int r = 0;

	making->image_mounts = calloc(count + 1, sizeof(char *));
	if (!making->image_mounts)
		abort();
	making->container->facts.mount_images = json_new_array();
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = mount_image(making, i, err);
	return r;
}

static const Runtime__V1__NamespaceOption *options_of(const struct container *container)
{
	const Runtime__V1__LinuxContainerConfig *config = container->config->linux;

	return config && config->security_context ? config->security_context->namespace_options : NULL;
}

/* Pinned while the target is known to run: a pid in a path could be another's by the time it is opened. */
static int pin_target(struct making *making, struct err *err)
{
	struct container *container = making->container;
	const Runtime__V1__NamespaceOption *options = options_of(container);
	const char *id = options ? options->target_id : "";
	auto_free char *path = life_path(making->server, &container->object, "ns-pid");
	struct container *target = store_container(making->server->store, id);
	pid_t pid = 0, after = 0;
	int r;

	if (!target)
		return fail_text(err, -EINVAL, "the target container %s is not there", id);
	if (target->sandbox == container->sandbox || fault("cri-target-unchecked"))
		pid = container_pid(making->server, target);
	if (!pid && fault("cri-target-unchecked"))
		pid = getpid();
	r = pid ? net_ns_pin(pid, "pid", path, err)
		: fail_text(err, -EINVAL, "the target container %s %s", id,
			    target->sandbox != container->sandbox ? "is of another sandbox" : "does not run");
	if (r >= 0)
		after = container_pid(making->server, target);
	store_unref(making->server->store, target);
	if (r >= 0 && after != pid && !fault("cri-target-unchecked"))
		return fail_text(err, -EINVAL, "the target container %s has just ended", id);
	return r;
}

static int pin_namespaces(struct making *making, struct err *err)
{
	const Runtime__V1__NamespaceOption *options = options_of(making->container);

	if (!options || options->pid != RUNTIME__V1__NAMESPACE_MODE__TARGET || !options->target_id[0])
		return 0;
	return pin_target(making, err);
}

static bool needs_features(const struct making *making)
{
	const Runtime__V1__ContainerConfig *config = making->container->config;

	for (size_t i = 0; i < config->n_mounts; i++)
		if (config->mounts[i]->recursive_read_only || config->mounts[i]->n_uidmappings)
			return true;
	return sandbox_userns(making->container->sandbox) != NULL;
}

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; strings && i < count; i++)
		free(strings[i]);
	free(strings);
}

/* Everything that config.json is made of; the strings are kept by the caller's paths. */
enum path { NET, IPC, UTS, USER, PID, HOSTS, HOSTNAME, RESOLV_CONF, SHM, PATHS };

static void find_paths(const struct making *making, char *paths[PATHS])
{
	static const char *const names[PATHS] = { "ns/net", "ns/ipc",   "ns/uts",      "ns/user", "ns/pid",
						  "hosts",  "hostname", "resolv.conf", "shm" };
	const struct container *container = making->container;
	const struct sandbox *sandbox = container->sandbox;
	const Runtime__V1__NamespaceOption *options = options_of(container);

	for (size_t i = 0; i < PATHS; i++)
		paths[i] = life_path(making->server, &sandbox->object, names[i]);
	if (options && options->pid == RUNTIME__V1__NAMESPACE_MODE__TARGET) {
		free(paths[PID]);
		paths[PID] = life_path(making->server, &container->object, "ns-pid");
	} else if (sandbox_pid_mode(sandbox) == RUNTIME__V1__NAMESPACE_MODE__NODE) {
		free(TAKE(paths[PID]));
	}
	if (!sandbox_userns(sandbox))
		free(TAKE(paths[USER]));
	if (sandbox_ipc_mode(sandbox) == RUNTIME__V1__NAMESPACE_MODE__NODE) {
		/* The node's own, as its processes see it. */
		free(paths[SHM]);
		paths[SHM] = text_format("/dev/shm");
	}
}

static int make_spec(struct making *making, struct err *err)
{
	struct server *server = making->server;
	const struct container *container = making->container;
	auto_free char **paths = calloc(PATHS, sizeof(char *));
	auto_free char *volumes = life_storage(server, &container->object, "volumes");
	struct runtime_features features = { 0 };
	struct spec_request request = {
		.sandbox = container->sandbox_config,
		.container = container->config,
		.image = making->image->config,
		.image_name = container->facts.image_name,
		.rootfs = making->rootfs_fd,
		.rootfs_path = making->rootfs.target,
		.id = container->object.id,
		.sandbox_id = container->sandbox->object.id,
		.systemd_cgroup = strcmp(server->options.cgroup_driver, "systemd") == 0,
		.cgroup_v2 = server->life->cgroup_v2,
		.has_swap_limits = server->life->has_swap_limits,
		.image_mounts = (const char *const *) making->image_mounts,
		.volume_dir = volumes,
		.make_missing_sources = strcmp(server->options.missing_host_path, "make") == 0,
		.cdi_dirs = server->options.cdi_dirs.items,
		.cdi_dir_count = server->options.cdi_dirs.count,
	};
	int r;

	if (!paths)
		abort();
	find_paths(making, paths);
	request.namespaces = (struct spec_namespaces){ .net = paths[NET],
						       .ipc = paths[IPC],
						       .uts = paths[UTS],
						       .user = paths[USER],
						       .pid = paths[PID] };
	request.hosts = paths[HOSTS];
	request.hostname = paths[HOSTNAME];
	request.resolv_conf = paths[RESOLV_CONF];
	request.shm = paths[SHM];
	if (needs_features(making))
		runtime_features_of(server, container->sandbox->request->runtime_handler, &features);
	request.has_recursive_readonly = features.recursive_read_only;
	request.has_id_mapped_mounts = features.user_namespaces;
	r = spec_container(&request, &making->spec, err);
	for (size_t i = 0; i < PATHS; i++)
		free(paths[i]);
	if (r >= 0)
		oom_score_restrict(&making->spec, server->life->lowest_oom_score);
	return r;
}

/* What the image has at the place of a volume is what the volume begins with. */
static int make_volumes(struct making *making, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < making->spec.volume_count; i++) {
		const struct spec_volume *volume = &making->spec.volumes[i];
		auto_fd directory = -EBADF;

		r = file_make_dirs_at(AT_FDCWD, volume->source, 0755, err);
		if (r >= 0)
			r = directory =
			    file_open_at(AT_FDCWD, volume->source, O_RDONLY | O_DIRECTORY, 0, err);
		/* The server's umask is stricter than an image without that folder means. */
		if (r >= 0 && fchmod(directory, 0755) < 0)
			r = fail(err, -errno, "open %s to its users", volume->source);
		if (r >= 0)
			r = image_copy_up(making->rootfs_fd, volume->destination, directory, err);
	}
	return r;
}

/* --missing-host-path make: what other servers do in silence. */
static int make_host_paths(struct making *making, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < making->spec.missing_count; i++)
		r = file_make_dirs_at(AT_FDCWD, making->spec.missing[i], 0755, err);
	return r;
}

static int write_bundle(struct making *making, struct err *err)
{
	const struct object *object = &making->container->object;
	int r = life_write(making->server, object, "bundle/config.json", making->spec.config, err);

	return r < 0 ? r : life_write(making->server, object, "origins.json", making->spec.origins, err);
}

static int note_facts(struct making *making, struct err *err)
{
	struct container *container = making->container;
	struct container_facts *facts = &container->facts;
	const Runtime__V1__LinuxContainerConfig *config = container->config->linux;
	const char *directory = container->sandbox_config->log_directory, *path = container->config->log_path;

	if (directory[0] && path[0])
		facts->log_path = text_format("%s/%s", directory, path);
	facts->uid = making->spec.user.uid;
	facts->gid = making->spec.user.gid;
	facts->groups = TAKE(making->spec.user.groups);
	facts->group_count = making->spec.user.group_count;
	making->spec.user.group_count = 0;
	facts->stop_signal = making->spec.stop_signal;
	store_lock(making->server->store);
	if (config && config->resources)
		container->resources = store_clone(&config->resources->base);
	container->status.phase = PHASE_CREATED;
	store_unlock(making->server->store);
	container->cleaned = true; /* the runtime has not heard of it */
	return store_container_save(making->server->store, container, err);
}

static const struct {
	const char *name, *crash;
	int (*make)(struct making *making, struct err *err);
} steps[] = {
	{ "image", "container-image", find_image },
	{ "root file system", "container-rootfs", make_rootfs },
	{ "image volumes", "container-images", mount_images },
	{ "namespaces", "container-namespaces", pin_namespaces },
	{ "config.json", "container-spec", make_spec },
	{ "volumes", "container-volumes", make_volumes },
	{ "host paths", "container-host-paths", make_host_paths },
	{ "bundle", "container-bundle", write_bundle },
	{ "record", "container-record", note_facts },
};

int container_make(struct server *server, struct container *container, struct rpc_call *call, struct err *err)
{
	struct making making = { .server = server, .container = container, .rootfs_fd = -EBADF };
	int r = 0;

	making.rootfs.userns = -EBADF;
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++) {
		r = life_patience(call, err);
		if (r >= 0)
			r = steps[i].make(&making, err);
		if (r < 0)
			r = fail(err, r, "container %s: %s", container->object.id, steps[i].name);
		crash_point(steps[i].crash);
	}
	cleanup_fd(&making.rootfs_fd);
	container_rootfs_close(&making.rootfs);
	image_release(making.image);
	free_strings(making.image_mounts, container->config->n_mounts);
	spec_result_free(&making.spec);
	return r < 0 ? r : life_patience(call, err);
}
