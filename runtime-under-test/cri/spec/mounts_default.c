/* What every container has mounted without asking: config-linux.md#default-filesystems and the files of its sandbox. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/mounts.h"
#include "runtime-under-test/oci/faults.h"

#define NODE RUNTIME__V1__NAMESPACE_MODE__NODE
#define PRIVILEGED "linux.security_context.privileged"

/* Options by spaces; "ro" of those that privilege opens becomes "rw". */
static const struct usual {
	const char *destination, *type, *options;
	bool opened_by_privilege, of_pause;
} usual[] = {
	{ "/proc", "proc", "nosuid noexec nodev", false, true },
	{ "/dev", "tmpfs", "nosuid strictatime mode=755 size=65536k", false, true },
	{ "/dev/pts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5", false, false },
	{ "/dev/mqueue", "mqueue", "nosuid noexec nodev", false, false },
	{ "/sys", "sysfs", "nosuid noexec nodev ro", true, true },
	{ "/sys/fs/cgroup", "cgroup", "nosuid noexec nodev relatime ro", true, false },
};

/*
 * A network namespace has one sysfs, and who mounts it first decides for all whether the file system itself can be written
 * (kernfs_get_tree() takes the superblock that is there as it is). So in a sandbox that allows privilege the pause opens it.
 */
static bool may_be_written(const struct spec_build *build)
{
	return build->container ? build->privileged
				: build->sandbox_security && build->sandbox_security->privileged;
}

static void add_options(const struct spec_build *build, struct mount_list_row *row, const struct usual *one)
{
	auto_free char *copy = strdup(one->options);
	char *rest = copy;

	for (char *word; (word = strsep(&rest, " "));) {
		if (strcmp(word, "ro") != 0 || !one->opened_by_privilege)
			mount_list_option(row, word, FROM_DEFAULT, "usual mounts");
		else if (may_be_written(build) && !fault("cri-privileged-sys-readonly"))
			mount_list_option(row, "rw", FROM_CRI, PRIVILEGED);
		else
			mount_list_option(row, "ro", FROM_DEFAULT, "usual mounts");
	}
}

/*
 * sysfs shows the devices of a network namespace, so the kernel lets only its owner mount it (sysfs_init_fs_context()): in a
 * user namespace with the node's network it is bound from the node instead.
 */
static void add_bound_sys(const struct spec_build *build, struct mount_list *list)
{
	static const char *const words[] = { "nosuid", "noexec", "nodev", "rbind" };
	static const char *const field = "user namespace with the node's network";
	struct mount_list_row *row = mount_list_add(list, "/sys", "bind", "/sys", FROM_DEFAULT, field);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		mount_list_option(row, words[i], FROM_DEFAULT, field);
	mount_list_option(row, build->request->has_recursive_readonly ? "rro" : "ro", FROM_DEFAULT, field);
}

void mounts_add_defaults(struct spec_build *build, struct mount_list *list)
{
	bool bound_sys = spec_has_user_namespace(build) && spec_network_mode(build) == NODE;

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		const struct usual *one = &usual[i];

		if (!build->container && !one->of_pause)
			continue;
		if (bound_sys && strcmp(one->destination, "/sys") == 0) {
			add_bound_sys(build, list);
			continue;
		}
		add_options(build,
			    mount_list_add(list, one->destination, one->type, one->type, FROM_DEFAULT,
					   "usual mounts"),
			    one);
	}
}

static void add_file(struct spec_build *build, struct mount_list *list, const char *destination,
		     const char *source, const char *field)
{
	bool readonly = build->security && build->security->readonly_rootfs;
	struct mount_list_row *row;

	if (!source || mount_list_has(list, destination))
		return;
	row = mount_list_add(list, destination, "bind", source, FROM_SERVER, field);
	mount_list_option(row, "rbind", FROM_SERVER, field);
	mount_list_option(row, "rprivate", FROM_SERVER, field);
	if (readonly)
		mount_list_option(row, "ro", FROM_CRI, "linux.security_context.readonly_rootfs");
	else
		mount_list_option(row, "rw", FROM_SERVER, field);
}

/* The pod's shared memory is one file system for all its containers; with the node's IPC it is the node's. */
static void add_shm(struct spec_build *build, struct mount_list *list)
{
	static const char *const words[] = { "rbind", "rprivate", "nosuid", "noexec", "nodev", "rw" };
	bool of_node = spec_ipc_mode(build) == NODE;
	const char *source = of_node ? "/dev/shm" : build->request->shm;
	const char *field =
	    of_node ? "linux.security_context.namespace_options.ipc" : "shared memory of the sandbox";
	enum spec_from from = of_node ? FROM_CRI : FROM_SERVER;
	struct mount_list_row *row;

	if (!source || mount_list_has(list, "/dev/shm") || fault("cri-shm-not-shared"))
		return;
	row = mount_list_add(list, "/dev/shm", "bind", source, from, field);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		mount_list_option(row, words[i], from, field);
}

void mounts_add_implicit(struct spec_build *build, struct mount_list *list)
{
	const struct spec_request *request = build->request;

	if (build->container) {
		add_file(build, list, "/etc/hosts", request->hosts, "hosts file of the sandbox");
		add_file(build, list, "/etc/hostname", request->hostname, "hostname file of the sandbox");
		add_file(build, list, "/etc/resolv.conf", request->resolv_conf, "resolv.conf of the sandbox");
	}
	add_shm(build, list);
}
