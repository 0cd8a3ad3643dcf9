/* Nodes, links and owners; writes to files that are switches of the kernel: cgroups, id maps, sysctls, labels, oom scores. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "bpf/calls.h"
#include "bpf/effect_build.h"

#define MAGIC_CGROUP 0x27e0eb
#define MAGIC_CGROUP2 0x63677270
#define MAGIC_PROC 0x9fa0
#define DEVICE_MAJOR(dev) (((dev) >> 8) & 0xfff)
#define DEVICE_MINOR(dev) (((dev) &0xff) | (((dev) >> 12) & 0xfff00))

static void add_node(struct build *b, int dir_arg, int arg)
{
	uint64_t mode = b->now->event.args[arg + 1], device = b->now->event.args[arg + 2];
	char kind = S_ISCHR(mode) ? 'c' : S_ISBLK(mode) ? 'b' : S_ISFIFO(mode) ? 'p' : 'f';
	auto_text path = { 0 };

	path_argument(b, dir_arg, arg, &path);
	(void) effect_add(b, FS_NODE, call_name(b->now->event.call), "%s:%c:%u:%u", text_str(&path), kind,
			  (unsigned) DEVICE_MAJOR(device), (unsigned) DEVICE_MINOR(device));
}

static void build_mknod(struct build *b)
{
	add_node(b, -1, 0);
}

static void build_mknodat(struct build *b)
{
	add_node(b, 0, 1);
}

static void add_symlink(struct build *b, int dir_arg, int arg)
{
	auto_text path = { 0 }, target = { 0 };

	path_argument(b, dir_arg, arg, &path);
	(void) part_string(b->now, 0, &target);
	(void) effect_add(b, FS_SYMLINK, call_name(b->now->event.call), "%s:%s", text_str(&path),
			  text_str(&target));
}

static void build_symlink(struct build *b)
{
	add_symlink(b, -1, 1);
}

static void build_symlinkat(struct build *b)
{
	add_symlink(b, 1, 2);
}

static void add_owner(struct build *b, const char *path, int ids)
{
	(void) effect_add(b, FS_OWNER, call_name(b->now->event.call), "%s:%d:%d", path,
			  (int) b->now->event.args[ids], (int) b->now->event.args[ids + 1]);
}

static void build_chown(struct build *b)
{
	auto_text path = { 0 };

	path_argument(b, -1, 0, &path);
	add_owner(b, text_str(&path), 1);
}

static void build_fchownat(struct build *b)
{
	auto_text path = { 0 };

	path_argument(b, 0, 1, &path);
	add_owner(b, text_str(&path), 2);
}

/* The standard streams are the caller's, whatever file they are; pipes and sockets have no path. */
static void build_fchown(struct build *b)
{
	static const char *const streams[] = { "@stdin", "@stdout", "@stderr" };
	auto_text raw = { 0 }, path = { 0 };
	struct event_file file = { 0 };

	(void) part_file(b->now, 0, &file);
	if (b->now->event.args[0] < ARRAY_SIZE(streams)) {
		add_owner(b, streams[b->now->event.args[0]], 1);
	} else if (S_ISFIFO(file.mode) || S_ISSOCK(file.mode)) {
		add_owner(b, S_ISFIFO(file.mode) ? "@pipe" : "@socket", 1);
	} else {
		(void) part_path(b->now, 0, &raw);
		path_normalize(b, text_str(&raw), &path);
		add_owner(b, text_str(&path), 1);
	}
}

static void build_openat2(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 2, PART_BYTES);
	struct open_how how = { 0 };
	auto_text path = { 0 };
	auto_free char *text = NULL;
	struct effect *last = effect_last(b, PATH_RESOLVE);
	const char *bound;

	if (!part)
		return;
	memcpy(&how, part->data, part->size < sizeof(how) ? part->size : sizeof(how));
	bound = how.resolve & RESOLVE_IN_ROOT       ? "in-root"
		: how.resolve & RESOLVE_BENEATH     ? "beneath"
		: how.resolve & RESOLVE_NO_SYMLINKS ? "no-symlinks"
						    : NULL;
	if (!bound || build_is_detached(b, (int) b->now->event.args[0]))
		return;
	path_argument(b, 0, 1, &path);
	text = text_format("path.resolve:%s:%s", text_str(&path), bound);
	if (last && strcmp(last->text, text) == 0)
		effect_add_raw(b, last, b->offset);
	else
		(void) effect_add(b, PATH_RESOLVE, "openat2", "%s:%s", text_str(&path), bound);
}

/* What was written, on one line, bounded. */
static void written(struct build *b, struct text *ret)
{
	const struct event_slice *part = part_find(b->now, 1, PART_BYTES);
	size_t size = part ? part->size : 0;

	while (size && (part->data[size - 1] == '\n' || part->data[size - 1] == '\0'))
		size--;
	for (size_t i = 0; i < size && i < 120; i++)
		text_add_char(ret, part->data[i] == '\n' ? ';' : (char) part->data[i]);
}

static void write_proc(struct build *b, const char *path, const char *value)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	if (strcmp(name, "uid_map") == 0 || strcmp(name, "gid_map") == 0)
		(void) effect_add(b, USERNS_MAP, "write", "%.3s:%s", name, value);
	else if (strcmp(name, "setgroups") == 0)
		(void) effect_add(b, USERNS_MAP, "write", "setgroups:%s", value);
	else if (strcmp(name, "timens_offsets") == 0)
		(void) effect_add(b, TIME_OFFSET, "write", "%s", value);
	else if (strcmp(name, "oom_score_adj") == 0)
		(void) effect_add(b, PROC_TUNE, "write", "oom_score_adj:%s", value);
	else if (strstr(path, "/attr/"))
		(void) effect_add(b, SEC_LSM, "write", "%s:%s", name, value);
	else if (strstr(path, "/sys/kernel/hostname") || strstr(path, "/sys/kernel/domainname"))
		(void) effect_add(b, UTS_SET, "write", "%s:%s", name, value);
	else if (strstr(path, "sys/"))
		(void) effect_add(b, PROC_TUNE, "write", "sysctl %s:%s", strstr(path, "sys/") + 4, value);
}

static void build_write(struct build *b)
{
	struct event_file file;
	auto_text path = { 0 }, value = { 0 };
	const char *name;

	if (!part_file(b->now, 0, &file) || !part_path(b->now, 0, &path))
		return;
	written(b, &value);
	name = strrchr(text_str(&path), '/');
	name = name ? name + 1 : text_str(&path);
	if (file.magic == MAGIC_PROC) {
		write_proc(b, text_str(&path), text_str(&value));
	} else if (file.magic == MAGIC_CGROUP || file.magic == MAGIC_CGROUP2) {
		/* Moves show as attach events; the pid written would differ from run to run. */
		if (strcmp(name, "cgroup.procs") != 0 && strcmp(name, "tasks") != 0)
			(void) effect_add(b, CG_SET, "write", "%s:%s", name, text_str(&value));
	}
}

const struct call_effect file_call_effects[] = {
	{ SYS_mknod, build_mknod },
	{ SYS_mknodat, build_mknodat },
	{ SYS_symlink, build_symlink },
	{ SYS_symlinkat, build_symlinkat },
	{ SYS_chown, build_chown },
	{ SYS_lchown, build_chown },
	{ SYS_fchown, build_fchown },
	{ SYS_fchownat, build_fchownat },
	{ SYS_openat2, build_openat2 },
	{ SYS_write, build_write },
	{ SYS_pwrite64, build_write },
	{ SYS_writev, build_write },
	{ 0 },
};
