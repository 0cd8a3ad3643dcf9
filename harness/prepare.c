/* What must lie there before a container is made: a row of .prepare each. */
#include "harness/prepare.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/edit.h"
#include "harness/world.h"

/* Stays until it is killed; as the first process of a pid namespace it is what keeps that namespace usable. */
static _Noreturn void hold(void)
{
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) prctl(PR_SET_NAME, "plumbline-hold");
	for (;;)
		(void) poll(NULL, 0, -1);
}

static int write_map(pid_t pid, const char *file, struct err *err)
{
	auto_free char *path = text_format("/proc/%d/%s", (int) pid, file);
	static const char map[] = "0 0 65536\n";

	return file_write_at(AT_FDCWD, path, map, strlen(map), err);
}

static int make_holder(uint64_t flag, pid_t *ret, struct err *err)
{
	struct clone_args args = { .flags = flag | CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
	pid_t pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		return fail(err, -errno, "clone3 with a new %s namespace", name_of_namespace(flag));
	if (pid == 0)
		hold();
	*ret = pid;
	if (flag != CLONE_NEWUSER)
		return 0;
	int r = write_map(pid, "uid_map", err);
	return r < 0 ? r : write_map(pid, "gid_map", err);
}

int prepare_namespaces(const struct conformance_case *c, struct json *symbols, struct prepared *ret,
		       struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->prepare) && c->prepare[i]; i++) {
		const struct prepare *row = c->prepare[i];
		uint64_t flag;

		if (row->kind != PREPARE_NAMESPACE)
			continue;
		flag = name_to_namespace(row->path);
		if (!flag)
			return fail_text(err, -EINVAL, "prepare: %s is no type of namespace", row->path);
		assert(ret->count < PREPARED_MAX);
		int r = make_holder(flag, &ret->holders[ret->count], err);
		if (r < 0)
			return fail(err, r, "prepare");
		auto_free char *symbol = text_format("@ns-%s", row->path);
		auto_free char *path = text_format("/proc/%d/ns/%s", (int) ret->holders[ret->count],
						   name_of_namespace_file(flag));
		json_put(symbols, symbol, json_new_string(path));
		ret->count++;
	}
	return 0;
}

static int make_parents(int bundle, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = slash ? strndup(path, slash - path) : NULL;

	return parent ? file_make_dirs_at(bundle, parent, 0755, err) : 0;
}

static int make_file(int bundle, const char *path, const char *value, struct err *err)
{
	return file_create_at(bundle, path, value, strlen(value), 0644, err);
}

static int make_directory(int bundle, const char *path, const char *value, struct err *err)
{
	(void) value;
	return file_make_dirs_at(bundle, path, 0755, err);
}

static int make_link(int bundle, const char *path, const char *value, struct err *err)
{
	return symlinkat(value, bundle, path) < 0 ? fail(err, -errno, "symlink %s", path) : 0;
}

/* "c 1 3 0666", "b 7 0 0660", "p 0644" */
static int make_node(int bundle, const char *path, const char *value, struct err *err)
{
	unsigned major = 0, minor = 0, mode = 0;
	char kind = '\0';
	bool device = sscanf(value, "%c %u %u %o", &kind, &major, &minor, &mode) == 4;
	mode_t type;

	if (!device && (sscanf(value, "%c %o", &kind, &mode) != 2 || kind != 'p'))
		return fail_text(err, -EINVAL, "node %s: %s is not understood", path, value);
	type = kind == 'c' ? S_IFCHR : kind == 'b' ? S_IFBLK : S_IFIFO;
	if (mknodat(bundle, path, type | mode, makedev(major, minor)) < 0 ||
	    fchmodat(bundle, path, mode, 0) < 0)
		return fail(err, -errno, "node %s", path);
	return 0;
}

static int remove_path(int bundle, const char *path, const char *value, struct err *err)
{
	(void) value;
	return file_remove_tree_at(bundle, path, err);
}

static const struct mount_word {
	const char *word;
	unsigned long flag;
	bool propagation;
} mount_words[] = {
	{ "shared", MS_SHARED, true },         { "rshared", MS_SHARED, true },
	{ "slave", MS_SLAVE, true },           { "rslave", MS_SLAVE, true },
	{ "private", MS_PRIVATE, true },       { "rprivate", MS_PRIVATE, true },
	{ "unbindable", MS_UNBINDABLE, true }, { "ro", MS_RDONLY, false },
	{ "nosuid", MS_NOSUID, false },        { "nodev", MS_NODEV, false },
	{ "noexec", MS_NOEXEC, false },        { "noatime", MS_NOATIME, false },
	{ "relatime", MS_RELATIME, false },
};

static const struct mount_word *find_mount_word(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(mount_words); i++)
		if (!strcmp(mount_words[i].word, word))
			return &mount_words[i];
	return NULL;
}

int prepare_mount(const char *path, const char *options, struct err *err)
{
	auto_free char *copy = strdup(options ? options : "");
	unsigned long flags = 0, propagation = 0;
	auto_text data = { 0 };
	char *rest = copy, *word;

	while (rest && (word = strsep(&rest, ","))) {
		const struct mount_word *known = find_mount_word(word);

		if (known && known->propagation)
			propagation = known->flag;
		else if (known)
			flags |= known->flag;
		else if (*word)
			text_addf(&data, "%s%s", data.len ? "," : "", word);
	}
	if (mount("plumbline", path, "tmpfs", flags, text_str(&data)) < 0)
		return fail(err, -errno, "mount a tmpfs on %s", path);
	if (propagation && mount(NULL, path, NULL, propagation, NULL) < 0)
		return fail(err, -errno, "set the propagation of %s", path);
	return 0;
}

static int make_mount(int bundle, const char *path, const char *value, struct err *err)
{
	auto_text target = { 0 };
	auto_fd directory = -EBADF;
	int r = file_make_dirs_at(bundle, path, 0755, err);

	if (r < 0)
		return r;
	directory = file_open_at(bundle, path, O_PATH | O_DIRECTORY, 0, err);
	if (directory < 0)
		return directory;
	auto_free char *link = text_format("/proc/self/fd/%d", directory);
	r = file_read_link_at(AT_FDCWD, link, &target, err);
	return r < 0 ? r : prepare_mount(text_str(&target), value, err);
}

/* The world's tree is read-only, which would protect any program: one that is to protect itself needs another mount. */
static int copy_runtime(int bundle, const char *path, const char *value, struct err *err)
{
	int r = file_copy_at(AT_FDCWD, value, bundle, path, 0755, err);

	if (r < 0)
		return r;
	auto_fd copy = file_open_at(bundle, path, O_PATH, 0, err);
	if (copy < 0)
		return copy;
	auto_free char *link = text_format("/proc/self/fd/%d", copy);
	r = mount(link, value, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
	return r < 0 ? fail(err, r, "mount a copy on %s", value) : 0;
}

static int (*const makers[])(int bundle, const char *path, const char *value, struct err *err) = {
	[PREPARE_FILE] = make_file,   [PREPARE_DIRECTORY] = make_directory, [PREPARE_LINK] = make_link,
	[PREPARE_NODE] = make_node,   [PREPARE_REMOVE] = remove_path,       [PREPARE_NAMESPACE] = NULL,
	[PREPARE_MOUNT] = make_mount, [PREPARE_RUNTIME] = copy_runtime,
};

static int prepare_row(const struct prepare *row, int bundle, const struct json *symbols, struct err *err)
{
	auto_text path = { 0 };
	auto_text value = { 0 };
	auto_fd shared = -EBADF;
	const char *at;
	int r = 0;

	symbols_expand_text(row->path, symbols, &path);
	symbols_expand_text(row->value ? row->value : "", symbols, &value);
	at = text_str(&path);
	if (text_starts(at, "shared/")) {
		at += strlen("shared/");
		shared = file_open_at(AT_FDCWD, WORLD_SHARED, O_RDONLY | O_DIRECTORY, 0, err);
		if (shared < 0)
			return shared;
		bundle = shared;
	}
	if (row->kind != PREPARE_REMOVE)
		r = make_parents(bundle, at, err);
	return r < 0 ? r : makers[row->kind](bundle, at, text_str(&value), err);
}

int prepare_bundle(const struct conformance_case *c, int bundle, const struct json *symbols, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->prepare) && c->prepare[i]; i++) {
		if (c->prepare[i]->kind == PREPARE_NAMESPACE)
			continue;
		int r = prepare_row(c->prepare[i], bundle, symbols, err);
		if (r < 0)
			return fail(err, r, "prepare %s", c->prepare[i]->path);
	}
	return 0;
}
