/* linux.devices with its allow list: listed nodes, listed directories, and everything of the node for the privileged. */
#include "runtime-under-test/cri/spec/devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"

/* A directory of devices is flat or a class with its disks by id: deeper is a loop that a mount made. */
#define DEPTH_MAX 8
#define DEVICES_MAX 4096

bool device_describe(const struct stat *st, struct device_node *ret)
{
	if (!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode))
		return false;
	ret->type = S_ISCHR(st->st_mode) ? 'c' : 'b';
	ret->major = major(st->st_rdev);
	ret->minor = minor(st->st_rdev);
	ret->mode = st->st_mode & 07777;
	ret->uid = st->st_uid;
	ret->gid = st->st_gid;
	return true;
}

int device_check_access(const char *access, const char *field, struct err *err)
{
	if (fault("cri-device-access-unchecked"))
		return 0;
	if (access[strspn(access, "rwm")] || strlen(access) > 3)
		return fail_text(err, -EINVAL, "%s: \"%s\" is not made of r, w and m", field, access);
	return 0;
}

static void put_numbers(struct json *row, const struct device_node *node)
{
	char type[2] = { node->type, '\0' };

	json_put(row, "type", json_new_string(type));
	if (node->type != 'p') {
		json_put(row, "major", json_new_uint(node->major));
		json_put(row, "minor", json_new_uint(node->minor));
	}
}

static void allow(struct spec_build *build, const struct device_node *node)
{
	struct json *row = json_new_object();

	if (!node->access || node->type == 'p')
		return json_free(row);
	json_put(row, "allow", json_new_bool(true));
	put_numbers(row, node);
	json_put(row, "access", json_new_string(node->access));
	(void) spec_append(build, "linux.resources.devices", row,
			   node->access_field ? node->access_from : node->from,
			   node->access_field ? node->access_field : node->field);
}

/* Nobody makes a node in a user namespace, and a runtime looks for the node's at the same path: user_namespaces(7). */
static bool is_bound(const struct spec_build *build, const struct device_node *node)
{
	return node->host && strcmp(node->host, node->path) != 0 && spec_has_user_namespace(build) &&
	       !fault("cri-userns-devices-by-name");
}

static void bind_node(struct spec_build *build, const struct device_node *node)
{
	static const char *const options[] = { "bind", "rprivate", "nosuid", "noexec", "rw" };
	struct json *edit = json_new_object(), *mount = json_new_object(), *list = json_new_array();

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		json_append(list, json_new_string(options[i]));
	json_put(mount, "destination", json_new_string(node->path));
	json_put(mount, "type", json_new_string("bind"));
	json_put(mount, "source", json_new_string(node->host));
	json_put(mount, "options", list);
	json_put(edit, "mount", mount);
	json_put(edit, "from", json_new_int(node->from));
	json_put(edit, "name", json_new_string(node->field));
	json_append(build->device_mounts, edit);
}

/* The last description of a path is the one that counts, as with mounts. */
void device_put(struct spec_build *build, const struct device_node *node)
{
	struct json *list = json_get(build->result.config, "linux.devices"), *row = json_new_object();

	if (is_bound(build, node)) {
		bind_node(build, node);
		allow(build, node);
		return json_free(row);
	}
	json_put(row, "path", json_new_string(node->path));
	put_numbers(row, node);
	if (node->mode >= 0)
		json_put(row, "fileMode", json_new_int(node->mode));
	if (node->uid >= 0)
		json_put(row, "uid", json_new_int(node->uid));
	if (node->gid >= 0)
		json_put(row, "gid", json_new_int(node->gid));
	allow(build, node);
	for (size_t i = 0; i < json_length(list); i++) {
		auto_free char *at = text_format("linux.devices[%zu]", i);

		if (strcmp(json_get_string(json_at(list, i), "path"), node->path) != 0)
			continue;
		json_put_at(list, i, row);
		spec_origin(build, at, node->from, node->field);
		return;
	}
	(void) spec_append(build, "linux.devices", row, node->from, node->field);
}

static bool is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* One walk: names are added below node->path. What is no device is passed over, symlinks are not followed. */
struct walk {
	struct spec_build *build;
	const struct device_node *node; /* path: where the directory appears inside */
	const char *const *skip;
	size_t skip_count;
	unsigned found;
};

static int walk(struct walk *all, int directory, const char *inside, unsigned depth, struct err *err);

static int walk_entry(struct walk *all, int directory, const char *name, const char *inside, unsigned depth,
		      struct err *err)
{
	const char *top = all->node->host; /* of the same place below it: "/dev/bus" and "/mnt/bus" */
	auto_free char *path = text_format("%s/%s", inside, name);
	auto_free char *host = top ? text_format("%s%s", top, path + strlen(all->node->path)) : NULL;
	struct device_node node = *all->node;
	auto_fd below = -EBADF;
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* gone: devices come and go */
	node.path = path;
	node.host = host;
	if (device_describe(&st, &node)) {
		if (++all->found > DEVICES_MAX)
			return fail_text(err, -EINVAL, "%s: more than %d devices", node.field, DEVICES_MAX);
		device_put(all->build, &node);
		return 0;
	}
	if (!S_ISDIR(st.st_mode) || depth >= DEPTH_MAX || fault("cri-device-directory-flat"))
		return 0;
	below = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return below < 0 ? 0 : walk(all, below, path, depth + 1, err);
}

static int walk(struct walk *all, int directory, const char *inside, unsigned depth, struct err *err)
{
	int copy = fcntl(directory, F_DUPFD_CLOEXEC, 3), r = 0;
	auto_dir entries = copy < 0 ? NULL : fdopendir(copy);

	if (!entries)
		return fail(err, -errno, "read the directory %s", inside);
	for (struct dirent *entry; r == 0 && (entry = readdir(entries));)
		if (entry->d_name[0] != '.' && !is_listed(entry->d_name, all->skip, all->skip_count))
			r = walk_entry(all, directory, entry->d_name, inside, depth, err);
	return r;
}

static int put_listed(struct spec_build *build, const Runtime__V1__Device *device, size_t index,
		      struct err *err)
{
	auto_free char *field = text_format("devices[%zu]", index);
	auto_free char *access_field = text_format("devices[%zu].permissions", index);
	const char *inside = is_set(device->container_path) ? device->container_path : device->host_path;
	bool given = is_set(device->permissions) && !fault("cri-device-access-whole");
	struct device_node node = { .path = inside,
				    .host = device->host_path,
				    .access = given ? device->permissions : "rwm",
				    .from = FROM_CRI,
				    .field = field,
				    .access_from = given ? FROM_CRI : FROM_DEFAULT,
				    .access_field = given ? access_field : "access to a device" };
	struct walk all = { .build = build, .node = &node };
	auto_fd fd = -EBADF;
	struct stat st;
	int r = device_check_access(node.access, access_field, err);

	if (r < 0)
		return r;
	if (!is_set(device->host_path) || *device->host_path != '/' || *inside != '/')
		return fail_text(err, -EINVAL, "%s: its paths must be absolute", field);
	/* O_PATH: to open a device may rewind a tape or start a watchdog. Symlinks lead to it, as /dev/disk/by-id does. */
	fd = open(device->host_path, O_PATH | O_CLOEXEC | (fault("cri-device-link-left") ? O_NOFOLLOW : 0));
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(err, -errno, "%s: %s", field, device->host_path);
	if (device_describe(&st, &node)) {
		device_put(build, &node);
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return fail_text(err, -EINVAL, "%s: %s is neither a device nor a directory", field,
				 device->host_path);
	cleanup_fd(&fd);
	fd = open(device->host_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail(err, -errno, "%s: %s", field, device->host_path)
		      : walk(&all, fd, inside, 0, err);
}

/* The node's /dev without what the container gets of its own: terminals, shared memory, message queues. */
static int put_all(struct spec_build *build, struct err *err)
{
	static const char *const own[] = { "pts", "shm", "mqueue", "fd", "console", "ptmx" };
	const struct device_node node = { .from = FROM_CRI, .field = "linux.security_context.privileged" };
	struct walk all = { .build = build, .node = &node, .skip = own, .skip_count = ARRAY_SIZE(own) };
	auto_fd fd = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail(err, -errno, "open /dev") : walk(&all, fd, "/dev", 0, err);
}

int spec_devices(struct spec_build *build, struct err *err)
{
	int r = build->privileged && !fault("cri-privileged-without-devices") ? put_all(build, err) : 0;

	for (size_t i = 0; r == 0 && i < build->container->n_devices; i++) {
		r = put_listed(build, build->container->devices[i], i, err);
		r = fault("cri-device-missing-ignored") ? 0 : r;
	}
	return r;
}
