/* Mounts by both interfaces, read as the same effects: mount(2), and fsopen/open_tree/move_mount/mount_setattr since Linux 5.2. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "bpf/calls.h"
#include "bpf/effect_build.h"

#ifndef MOVE_MOUNT_SET_GROUP
#define MOVE_MOUNT_SET_GROUP 0x100
#endif
#define OPEN_TREE_CLONE_FLAG 1u
#define AT_RECURSIVE_FLAG 0x8000u
#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static const struct flag_name mount_flags[] = {
	{ MS_RDONLY, "ro" },
	{ MS_NOSUID, "nosuid" },
	{ MS_NODEV, "nodev" },
	{ MS_NOEXEC, "noexec" },
	{ MS_SYNCHRONOUS, "sync" },
	{ MS_NOATIME, "noatime" },
	{ MS_NODIRATIME, "nodiratime" },
	{ MS_RELATIME, "relatime" },
	{ MS_STRICTATIME, "strictatime" },
	{ MS_DIRSYNC, "dirsync" },
	{ 0 },
};
/* enum of mount_setattr(2) */
static const struct flag_name attribute_flags[] = {
	{ MOUNT_ATTR_RDONLY, "ro" },
	{ MOUNT_ATTR_NOSUID, "nosuid" },
	{ MOUNT_ATTR_NODEV, "nodev" },
	{ MOUNT_ATTR_NOEXEC, "noexec" },
	{ MOUNT_ATTR_NOATIME, "noatime" },
	{ MOUNT_ATTR_STRICTATIME, "strictatime" },
	{ MOUNT_ATTR_NODIRATIME, "nodiratime" },
	{ MOUNT_ATTR_IDMAP, "idmap" },
	{ 0 },
};

static const char *propagation_name(uint64_t flags)
{
	bool r = flags & MS_REC;

	if (flags & MS_SHARED)
		return r ? "rshared" : "shared";
	if (flags & MS_SLAVE)
		return r ? "rslave" : "slave";
	if (flags & MS_UNBINDABLE)
		return r ? "runbindable" : "unbindable";
	return r ? "rprivate" : "private";
}

/* Covering a masked path has many forms (null device, empty tmpfs, a bound empty directory): they are one effect. */
static void add_placed(struct build *b, enum effect_kind kind, const char *via, const char *target,
		       const char *detail)
{
	if (list_has(b->masked, target)) {
		(void) effect_add(b, PATH_MASK, via, "%s", target);
		return;
	}
	if (*detail)
		(void) effect_add(b, kind, via, "%s:%s", target, detail);
	else
		(void) effect_add(b, kind, via, "%s", target);
}

static void add_attributes(struct build *b, const char *via, const char *target, const char *flags)
{
	if (strncmp(flags, "ro", 2) == 0 && list_has(b->readonly, target))
		(void) effect_add(b, PATH_READONLY, via, "%s", target);
	else if (!*flags)
		(void) effect_add(b, MNT_ATTR, via, "%s:none", target);
	else
		(void) effect_add(b, MNT_ATTR, via, "%s:%s", target, flags);
}

/* Attributes a mount begins with are attributes, whichever interface gave them. */
static void add_new(struct build *b, const char *via, const char *target, const char *type,
		    const char *attributes)
{
	add_placed(b, MNT_NEW, via, target, type);
	if (*attributes && b->now->event.result >= 0)
		add_attributes(b, via, target, attributes);
}

/* A read-only bind of its own executable or of a directory with it, in the host's mount namespace: runc's and crun's protection. */
static bool is_executable(struct build *b, const char *path)
{
	return (*b->runtime && strcmp(path, b->runtime) == 0) || strcmp(path, "/proc/self/exe") == 0;
}

/* The bind of the executable, its read-only remount and its detachment are one effect: true when target is that bind. */
static bool is_protection(struct build *b, const char *target)
{
	if (!b->protection || strcmp(b->protection, target) != 0)
		return false;
	for (size_t i = b->effects->count; i-- > 0;)
		if (b->effects->items[i].kind == EXE_PROTECT) {
			effect_add_raw(b, &b->effects->items[i], b->offset);
			break;
		}
	return true;
}

static void add_protection(struct build *b, const char *target)
{
	(void) effect_add(b, EXE_PROTECT, "mount(MS_BIND)", "bind");
	free(b->protection);
	b->protection = text_format("%s", target);
}

static void build_mount(struct build *b)
{
	uint64_t flags = b->now->event.args[3];
	auto_text source = { 0 }, target = { 0 }, type = { 0 }, names = { 0 };

	path_argument(b, -1, 0, &source);
	path_argument(b, -1, 1, &target);
	(void) part_string(b->now, 2, &type);
	flags_text(flags, mount_flags, &names);
	if (is_protection(b, text_str(&target)))
		return;
	if ((flags & PROPAGATION) && !(flags & (MS_BIND | MS_REMOUNT)))
		(void) effect_add(b, MNT_PROPAGATE, "mount", "%s:%s", text_str(&target),
				  propagation_name(flags));
	else if (flags & MS_REMOUNT)
		add_attributes(b, flags & MS_BIND ? "mount(MS_REMOUNT|MS_BIND)" : "mount(MS_REMOUNT)",
			       text_str(&target), text_str(&names));
	else if ((flags & MS_BIND) && is_executable(b, text_str(&source)))
		add_protection(b, text_str(&target));
	else if (flags & MS_BIND)
		add_placed(b, MNT_BIND, "mount(MS_BIND)", text_str(&target), flags & MS_REC ? "rec" : "");
	else if (flags & MS_MOVE)
		(void) effect_add(b, MNT_MOVE, "mount(MS_MOVE)", "%s", text_str(&target));
	else
		add_new(b, "mount", text_str(&target), text_str(&type), text_str(&names));
}

/* Descriptors of the mount API travel by fork: look at the parents too. */
static struct api_fd *api_find(struct build *b, int fd)
{
	struct task *t = b->task;

	for (int depth = 0; t && depth < 8; depth++) {
		for (size_t i = t->fd_count; i-- > 0;)
			if (t->fds[i].fd == fd)
				return &t->fds[i];
		t = build_task(b, t->parent);
	}
	return NULL;
}

bool build_is_detached(struct build *b, int fd)
{
	return api_find(b, fd) != NULL;
}

static struct api_fd *api_new(struct build *b, int fd)
{
	struct task *t = b->task;
	struct api_fd *grown;

	if (!t || fd < 0)
		return NULL;
	grown = reallocarray(t->fds, t->fd_count + 1, sizeof(*grown));
	if (!grown)
		abort();
	t->fds = grown;
	grown[t->fd_count] = (struct api_fd){ .fd = fd };
	return &grown[t->fd_count++];
}

static void build_fsopen(struct build *b)
{
	struct api_fd *api = b->now->event.result < 0 ? NULL : api_new(b, (int) b->now->event.result);
	auto_text type = { 0 };

	if (!api)
		return;
	(void) part_string(b->now, 0, &type);
	api->type = text_take(&type);
}

static void build_fsmount(struct build *b)
{
	struct api_fd *context = api_find(b, (int) b->now->event.args[0]);
	auto_free char *type = strdup(context && context->type ? context->type : "?");
	struct api_fd *api = b->now->event.result < 0 ? NULL : api_new(b, (int) b->now->event.result);
	auto_text names = { 0 };

	if (!api)
		return;
	api->type = TAKE(type);
	flags_text(b->now->event.args[2], attribute_flags, &names);
	if (names.len)
		api->attributes = text_take(&names);
}

static void build_open_tree(struct build *b)
{
	struct api_fd *api;
	auto_text source = { 0 };

	if (b->now->event.result < 0 || !(b->now->event.args[2] & OPEN_TREE_CLONE_FLAG))
		return;
	path_argument(b, 0, 1, &source);
	if (is_executable(b, text_str(&source))) {
		(void) effect_add(b, EXE_PROTECT, "open_tree", "bind");
		return;
	}
	api = api_new(b, (int) b->now->event.result);
	if (!api)
		return;
	api->bind = true;
	api->recursive = b->now->event.args[2] & AT_RECURSIVE_FLAG;
	api->source = text_take(&source);
}

static void add_bound(struct build *b, const char *target, const struct api_fd *api)
{
	add_placed(b, MNT_BIND, "open_tree+move_mount", target, api->recursive ? "rec" : "");
	if (api->attributes && b->now->event.result >= 0)
		add_attributes(b, "mount_setattr", target, api->attributes);
}

static void build_move_mount(struct build *b)
{
	struct api_fd *api = api_find(b, (int) b->now->event.args[0]);
	auto_text target = { 0 }, from = { 0 };

	path_argument(b, 2, 3, &target);
	(void) part_string(b->now, 1, &from);
	if (b->now->event.args[4] & MOVE_MOUNT_SET_GROUP)
		(void) effect_add(b, MNT_PROPAGATE, "move_mount", "%s:group", text_str(&target));
	else if (!api || from.len)
		(void) effect_add(b, MNT_MOVE, "move_mount", "%s", text_str(&target));
	else if (api->bind)
		add_bound(b, text_str(&target), api);
	else
		add_new(b, "fsmount+move_mount", text_str(&target), api->type ? api->type : "?",
			api->attributes ? api->attributes : "");
	if (!api || from.len || b->now->event.result < 0)
		return;
	if (api->propagation)
		(void) effect_add(b, MNT_PROPAGATE, "mount_setattr+move_mount", "%s:%s", text_str(&target),
				  api->propagation);
	api->placed = true;
}

/* A mount that hangs nowhere yet: a descriptor of the mount API and an empty path. */
static struct api_fd *unplaced(struct build *b)
{
	struct api_fd *api = api_find(b, (int) b->now->event.args[0]);
	auto_text path = { 0 };

	(void) part_string(b->now, 1, &path);
	return path.len || !api || api->placed ? NULL : api;
}

static void keep_attributes(struct build *b, struct api_fd *api, const char *names, const char *propagation)
{
	if (b->now->event.result < 0)
		return;
	if (*names) {
		free(api->attributes);
		api->attributes = text_format("%s", names);
	}
	if (propagation)
		api->propagation = propagation;
}

static void build_mount_setattr(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 3, PART_BYTES);
	struct api_fd *api = unplaced(b);
	const char *propagation = NULL;
	struct mount_attr attr = { 0 };
	auto_text target = { 0 }, names = { 0 };

	if (!part)
		return;
	memcpy(&attr, part->data, part->size < sizeof(attr) ? part->size : sizeof(attr));
	if (attr.propagation)
		propagation = propagation_name(attr.propagation |
					       (b->now->event.args[2] & AT_RECURSIVE_FLAG ? MS_REC : 0));
	flags_text(attr.attr_set, attribute_flags, &names);
	if (api) { /* move_mount will say where */
		keep_attributes(b, api, text_str(&names), propagation);
		return;
	}
	path_argument(b, 0, 1, &target);
	if (propagation)
		(void) effect_add(b, MNT_PROPAGATE, "mount_setattr", "%s:%s", text_str(&target), propagation);
	if (attr.attr_set || attr.attr_clr)
		add_attributes(b, "mount_setattr", text_str(&target), text_str(&names));
}

static void build_umount(struct build *b)
{
	auto_text target = { 0 };

	path_argument(b, -1, 0, &target);
	if (is_protection(b, text_str(&target))) {
		free(TAKE(b->protection));
		return;
	}
	if (b->now->event.args[1] & MNT_DETACH)
		(void) effect_add(b, MNT_UMOUNT, "umount2", "%s:detach", text_str(&target));
	else
		(void) effect_add(b, MNT_UMOUNT, "umount2", "%s", text_str(&target));
}

static void build_pivot_root(struct build *b)
{
	(void) effect_add(b, ROOT_SWITCH, "pivot_root", "pivot");
	if (b->task && b->now->event.result == 0)
		b->task->switched = true;
}

static void build_chroot(struct build *b)
{
	(void) effect_add(b, ROOT_SWITCH, "chroot", "chroot");
	if (b->task && b->now->event.result == 0)
		b->task->switched = true;
}

const struct call_effect mount_call_effects[] = {
	{ SYS_mount, build_mount },
	{ SYS_umount2, build_umount },
	{ SYS_fsopen, build_fsopen },
	{ SYS_fsmount, build_fsmount },
	{ SYS_open_tree, build_open_tree },
	{ SYS_open_tree_attr, build_open_tree },
	{ SYS_move_mount, build_move_mount },
	{ SYS_mount_setattr, build_mount_setattr },
	{ SYS_pivot_root, build_pivot_root },
	{ SYS_chroot, build_chroot },
	{ 0 },
};
