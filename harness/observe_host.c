/* The world as it stands: cgroups and their limits, mounts that came, files, and what the world itself is. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "harness/cgroup_tree.h"
#include "harness/observe.h"
#include "harness/prepare.h"
#include "harness/world.h"

#define CONTENT_MAX 512
#define LIMIT_FILE_MAX 8192
#define FILES_MAX 1000

/* What a command of the runtime inherits and a container must not show by accident. */
static void put_inherited(struct json *facts)
{
	static const char *const keys[] = { "rlimits", "oom_score_adj", "seccomp" };
	auto_json self = observe_process(getpid(), false);
	mode_t mask = umask(0);
	auto_free char *octal = text_format("%04o", (unsigned) mask);

	(void) umask(mask);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_member(self, keys[i]))
			json_put(facts, keys[i], json_copy(json_member(self, keys[i])));
	json_put(facts, "umask", json_new_string(octal));
	json_put(facts, "nice", json_new_int(getpriority(PRIO_PROCESS, 0)));
}

struct json *observe_prepared(const struct json *symbols)
{
	static const char prefix[] = "@ns-";
	struct json *facts = json_new_object();

	for (size_t i = 0; i < json_length(symbols); i++) {
		const char *path = json_string(json_value_at(symbols, i)), *key = json_key_at(symbols, i);
		auto_text link = { 0 };

		if (path && text_starts(key, prefix) && file_read_link_at(AT_FDCWD, path, &link, NULL) >= 0)
			json_put(facts, key + sizeof(prefix) - 1, json_new_bytes(text_str(&link), link.len));
	}
	return facts;
}

struct json *observe_world(const struct world_place *place)
{
	struct json *facts = json_new_object(), *controllers = json_new_array();
	auto_fd self = file_open_at(AT_FDCWD, "/proc/self", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_text boot_id = { 0 };
	struct utsname names;

	json_put(facts, "namespaces", observe_namespaces(self));
	json_put(facts, "cgroup_mode", json_new_string(cgroup_mode_name(place->layout.mode)));
	for (size_t i = 0; i < place->layout.count; i++) {
		auto_free char *list = strdup(place->layout.rows[i].controllers);
		char *rest = list, *name;

		while ((name = strsep(&rest, ",")))
			if (*name)
				json_append(controllers, json_new_string(name));
	}
	json_put(facts, "controllers", controllers);
	if (uname(&names) == 0) {
		json_put(facts, "hostname", json_new_string(names.nodename));
		json_put(facts, "kernel", json_new_string(names.release));
	}
	(void) file_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot_id, NULL);
	text_trim_end(&boot_id);
	json_put(facts, "boot_id", json_new_bytes(text_str(&boot_id), boot_id.len));
	put_inherited(facts);
	return facts;
}

struct json *observe_null(void)
{
	struct json *facts;
	struct stat st;

	if (stat("/dev/null", &st) < 0)
		return NULL;
	auto_free char *mode = text_format("%04o", st.st_mode & 07777);
	facts = json_new_object();
	json_put(facts, "uid", json_new_int(st.st_uid));
	json_put(facts, "gid", json_new_int(st.st_gid));
	json_put(facts, "mode", json_new_string(mode));
	return facts;
}

/* Everything that is set; what the kernel counts changes from moment to moment and is no setting. */
static bool is_limit_file(const char *name)
{
	static const char *const counters[] = { "stat",      "usage",         "procs",       "tasks",
						"threads",   "events",        "pressure",    "failcnt",
						"peak",      "current",       "slabinfo",    "reset",
						"recursive", "event_control", "force_empty", "time" };

	/* freezer.state has "stat" in it, and is the one setting of its controller. */
	if (!strcmp(name, "freezer.state"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (strstr(name, counters[i]))
			return false;
	return true;
}

static struct json *limit_files(const char *directory, const char *path)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct json *facts;
	struct dirent *entry;

	if (!dir)
		return NULL;
	facts = json_new_object();
	json_put(facts, "path", json_new_bytes(path, strlen(path)));
	while ((entry = readdir(dir))) {
		auto_text text = { 0 };

		if (entry->d_type != DT_REG || !is_limit_file(entry->d_name) ||
		    file_read_at(fd, entry->d_name, LIMIT_FILE_MAX, &text, NULL) < 0)
			continue;
		text_trim_end(&text);
		json_put(facts, entry->d_name, json_new_bytes(text_str(&text), text.len));
	}
	return facts;
}

/* The unified hierarchy by its own name and by every controller it has here: "pids" is where pids.max is, in either version. */
static void put_hierarchy(struct json *facts, const struct cgroup_hierarchy *row, const char *path)
{
	auto_free char *directory = text_format("%s%s", row->mount_point, path);
	auto_free char *controllers = text_format("%s/cgroup.controllers", directory);
	auto_json limits = limit_files(directory, path);
	auto_text list = { 0 };
	char *rest, *name;

	if (!limits)
		return;
	if (row->unified) {
		json_put(facts, "unified", json_copy(limits));
		(void) file_read_at(AT_FDCWD, controllers, LIMIT_FILE_MAX, &list, NULL);
		text_trim_end(&list);
	} else {
		text_add(&list, row->controllers);
	}
	rest = list.data;
	while ((name = strsep(&rest, ", ")))
		json_put(facts, name, json_copy(limits));
}

struct json *observe_cgroup(const struct world_place *place, pid_t pid, const char *path)
{
	struct json *facts = json_new_object();
	auto_free char *proc = text_format("/proc/%d", (int) pid);
	auto_fd directory = pid > 0 ? file_open_at(AT_FDCWD, proc, O_RDONLY | O_DIRECTORY, 0, NULL) : -EBADF;

	for (size_t i = 0; i < place->layout.count; i++) {
		const struct cgroup_hierarchy *row = &place->layout.rows[i];
		auto_text own = { 0 };

		if (directory >= 0 && cgroup_path_of(directory, row, &own, NULL) >= 0 && own.len > 1)
			put_hierarchy(facts, row, text_str(&own));
		else if (path)
			put_hierarchy(facts, row, path);
	}
	return facts;
}

static void list_cgroups(int parent, const char *name, const char *path, const char *controllers,
			 struct json *list, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || !strcmp(entry->d_name, CGROUP_LEAF))
			continue;
		auto_free char *below = text_format("%s/%s", path, entry->d_name);
		auto_text full = { 0 };
		text_addf(&full, "%s:%s", controllers, below);
		json_append(list, json_new_bytes(text_str(&full), full.len));
		if (depth < 32)
			list_cgroups(fd, entry->d_name, below, controllers, list, depth + 1);
	}
}

struct json *observe_cgroups(const struct world_place *place)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < place->layout.count; i++)
		list_cgroups(AT_FDCWD, place->layout.rows[i].mount_point, "",
			     place->layout.rows[i].controllers, list, 0);
	return list;
}

static struct json *words_of(const char *list)
{
	struct json *ret = json_new_array();
	auto_free char *copy = strdup(list);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ",")))
		if (*word)
			json_append(ret, json_new_bytes(word, strlen(word)));
	return ret;
}

static struct json *mount_facts(const struct mount_row *row)
{
	struct json *facts = json_new_object();

	json_put(facts, "destination", json_new_bytes(row->target, strlen(row->target)));
	json_put(facts, "type", json_new_string(row->type));
	json_put(facts, "source", json_new_bytes(row->source, strlen(row->source)));
	json_put(facts, "root", json_new_bytes(row->root, strlen(row->root)));
	json_put(facts, "flags", words_of(row->options));
	json_put(facts, "propagation", json_new_string(row->propagation));
	return facts;
}

static bool has_mount(const struct mount_table *table, int id)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].id == id)
			return true;
	return false;
}

struct json *observe_mounts_added(const struct mount_table *before)
{
	struct json *list = json_new_array();
	auto_fd self = file_open_at(AT_FDCWD, "/proc/self", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_mount_table table = { 0 };

	if (self < 0 || mount_table_read(self, &table, NULL) < 0)
		return list;
	for (size_t i = 0; i < table.count; i++)
		if (!has_mount(before, table.rows[i].id))
			json_append(list, mount_facts(&table.rows[i]));
	return list;
}

int observe_process_count(const struct prepared *prepared)
{
	auto_dir dir = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)))
		count += isdigit((unsigned char) entry->d_name[0]) != 0;
	return count - 1 - (int) prepared->count;
}

static const char *kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFSOCK:
		return "socket";
	case S_IFIFO:
		return "fifo";
	case S_IFCHR:
		return "char";
	default:
		return "block";
	}
}

static void put_content(struct json *facts, int directory, const char *name)
{
	auto_fd fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char content[CONTENT_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, content, sizeof(content));

	if (n >= 0)
		json_put(facts, "content", json_new_bytes(content, (size_t) n));
}

static struct json *file_facts(int directory, const char *name, const struct stat *st)
{
	struct json *facts = json_new_object();
	char mode[8];

	(void) snprintf(mode, sizeof(mode), "%04o", st->st_mode & 07777);
	json_put(facts, "kind", json_new_string(kind_of(st->st_mode)));
	json_put(facts, "size", json_new_int(st->st_size));
	json_put(facts, "mode", json_new_string(mode));
	json_put(facts, "uid", json_new_int(st->st_uid));
	json_put(facts, "gid", json_new_int(st->st_gid));
	if (S_ISREG(st->st_mode))
		put_content(facts, directory, name);
	if (S_ISLNK(st->st_mode)) {
		auto_text link = { 0 };

		if (file_read_link_at(directory, name, &link, NULL) >= 0)
			json_put(facts, "target", json_new_bytes(text_str(&link), link.len));
	}
	return facts;
}

static bool is_in(const char *const *list, const char *word)
{
	for (; list && *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

static void walk_files(int parent, const char *name, const char *path, const char *const *skip,
		       struct json *files, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) && json_length(files) < FILES_MAX) {
		struct stat st;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    is_in(skip, entry->d_name) || fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		auto_text below = { 0 };
		text_addf(&below, "%s%s%s", path, *path ? "/" : "", entry->d_name);
		/* Keys must be UTF-8; a name that is not can only come from a runtime gone wrong. */
		auto_json key = json_new_bytes(text_str(&below), below.len);
		json_put(files, json_string(key), file_facts(fd, entry->d_name, &st));
		if (S_ISDIR(st.st_mode) && depth < 16)
			walk_files(fd, entry->d_name, text_str(&below), NULL, files, depth + 1);
	}
}

struct json *observe_files(int parent, const char *name, const char *const *skip)
{
	struct json *files = json_new_object();

	walk_files(parent, name, "", skip, files, 0);
	return files;
}

void observe_note(struct json *meta, const char *path, const char *source, const char *error)
{
	struct json *note = json_new_object();

	json_put(note, "source", json_new_string(source));
	json_put(note, "error", json_new_string(error));
	json_put(meta, path, note);
}

void observe_lines(const char *text, size_t len, struct json *facts, const char *key, struct json *meta,
		   const char *path)
{
	auto_json list = json_new_array();
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', end - text), *stop = newline ? newline : end;
		struct json *line = NULL;

		if (stop > text && json_parse(text, stop - text, &line, NULL) >= 0)
			json_append(list, line);
		text = stop + 1;
		if (json_length(list) > OBSERVE_LINES_MAX) {
			auto_free char *many = text_format("more than %d lines", OBSERVE_LINES_MAX);

			observe_note(meta, path, key, many);
			return;
		}
	}
	json_put(facts, key, TAKE(list));
}
