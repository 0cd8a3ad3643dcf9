/* Takes the census of a world: processes, cgroups, mounts, IPC, sockets, devices, files, each by the kernel's own list. */
#include "harness/census.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/prepare.h"
#include "harness/world.h"

#define LIST_MAX (4u << 20)
#define WORDS_MAX 100 /* of a command line in a sentence */

void census_put(struct json *rows, const char *key, const char *format, ...)
{
	auto_text sentence = { 0 };
	va_list args;

	va_start(args, format);
	text_addv(&sentence, format, args);
	va_end(args);
	json_put(rows, key, json_new_bytes(text_str(&sentence), sentence.len));
}

static bool is_ours(pid_t pid, const struct prepared *prepared)
{
	if (pid == getpid())
		return true;
	for (size_t i = 0; i < prepared->count; i++)
		if (prepared->holders[i] == pid)
			return true;
	return false;
}

/* "17 (na me) S 1 ...": the name may hold anything, so the last ")" ends it. */
static bool read_stat(int proc, char *ret_name, size_t size, char *ret_state, int *ret_parent)
{
	auto_text stat = { 0 };

	if (file_read_at(proc, "stat", 4096, &stat, NULL) < 0)
		return false;
	char *open = strchr(text_str(&stat), '('), *close = strrchr(text_str(&stat), ')');
	if (!open || !close || sscanf(close + 1, " %c %d", ret_state, ret_parent) != 2)
		return false;
	(void) snprintf(ret_name, size, "%.*s", (int) (close - open - 1), open + 1);
	return true;
}

/* What it was called with: a runtime that runs itself through /proc/self/exe shows "exe" as its name. */
static void read_words(int proc, struct text *words)
{
	if (file_read_at(proc, "cmdline", 4096, words, NULL) < 0)
		return;
	for (size_t i = 0; i < words->len; i++)
		if (!words->data[i])
			words->data[i] = ' ';
	text_trim_end(words);
	if (words->len <= WORDS_MAX)
		return;
	text_cut(words, WORDS_MAX);
	text_add(words, "...");
}

/* Sockets that a process of this world holds: no other socket of the host's can be meant. */
static void add_sockets(int proc, pid_t pid, const struct json *bound, struct json *rows)
{
	int fd = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_text link = { 0 };

		if (entry->d_name[0] == '.' || file_read_link_at(fd, entry->d_name, &link, NULL) < 0 ||
		    !text_starts(text_str(&link), "socket:["))
			continue;
		const char *name = json_string(json_member(bound, text_str(&link)));
		if (name)
			census_put(rows, text_str(&link), "socket %s is held open by process %d", name,
				   (int) pid);
	}
}

/* /proc/net/unix: "Num RefCount Protocol Flags Type St Inode Path" */
static struct json *bound_sockets(void)
{
	struct json *ret = json_new_object();
	auto_text list = { 0 };
	char *rest, *line;

	if (file_read_at(AT_FDCWD, "/proc/net/unix", LIST_MAX, &list, NULL) < 0)
		return ret;
	rest = list.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		unsigned long inode;
		int path = 0;

		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu %n", &inode, &path) != 1 || !path ||
		    !line[path])
			continue;
		auto_free char *key = text_format("socket:[%lu]", inode);
		json_put(ret, key, json_new_bytes(line + path, strlen(line + path)));
	}
	return ret;
}

static void take_processes(const struct prepared *prepared, struct json *census)
{
	struct json *rows = json_new_object(), *sockets = json_new_object();
	auto_json bound = NULL;
	auto_dir dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		pid_t pid = isdigit((unsigned char) entry->d_name[0]) ? atoi(entry->d_name) : 0;
		auto_fd proc = -EBADF;
		char name[64], state = '?';
		int parent = 0;

		if (!pid || is_ours(pid, prepared))
			continue;
		proc = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* A zombie waits for a parent that is itself alive and listed; it holds nothing any more. */
		if (proc < 0 || !read_stat(proc, name, sizeof(name), &state, &parent) || state == 'Z')
			continue;
		auto_text words = { 0 };
		read_words(proc, &words);
		census_put(rows, entry->d_name, "process %d (%s) is still there, a child of %d%s%s",
			   (int) pid, name, parent, words.len ? ": " : "", text_str(&words));
		if (!bound)
			bound = bound_sockets();
		add_sockets(proc, pid, bound, sockets);
	}
	json_put(census, "processes", rows);
	json_put(census, "sockets", sockets);
}

void census_own_process(struct json *census, pid_t pid)
{
	auto_free char *key = text_format("%d", (int) pid), *path = text_format("/proc/%d", (int) pid);
	auto_fd proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_json bound = bound_sockets();

	if (!census || proc < 0)
		return;
	json_put(json_member(census, "processes"), key, json_new_bool(true));
	add_sockets(proc, pid, bound, json_member(census, "sockets"));
}

/* Every line after the first, with the columns that do not change while the object lives. */
static void take_sysv(const char *path, const char *what, struct json *rows)
{
	auto_text list = { 0 };
	char *rest, *line;

	if (file_read_at(AT_FDCWD, path, LIST_MAX, &list, NULL) < 0)
		return;
	rest = list.data;
	(void) strsep(&rest, "\n");
	while (rest && (line = strsep(&rest, "\n"))) {
		long key, id;

		if (sscanf(line, " %ld %ld", &key, &id) != 2)
			continue;
		auto_free char *name = text_format("%s %ld", what, id);
		census_put(rows, name, "System V %s %ld (key 0x%lx)", what, id, key);
	}
}

static void take_ipc(const struct world_place *place, struct json *census)
{
	struct json *rows = json_new_object();
	int fd = fcntl(place->queues, F_DUPFD_CLOEXEC, 0);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	take_sysv("/proc/sysvipc/shm", "shared memory segment", rows);
	take_sysv("/proc/sysvipc/sem", "semaphore set", rows);
	take_sysv("/proc/sysvipc/msg", "message queue", rows);
	if (dir)
		rewinddir(dir);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			census_put(rows, entry->d_name, "POSIX message queue /%s", entry->d_name);
	json_put(census, "ipc", rows);
}

/* The host's devtmpfs and loop devices are everybody's: another program's doing can show here. */
static void take_devices(struct json *census)
{
	struct json *rows = json_new_object();
	auto_dir dev = opendir("/dev");
	struct dirent *entry;

	while (dev && (entry = readdir(dev))) {
		auto_free char *path = text_format("/dev/%s", entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		census_put(rows, path, "device node %s", path);
		if (!text_starts(entry->d_name, "loop"))
			continue;
		auto_free char *backing = text_format("/sys/block/%s/loop/backing_file", entry->d_name);
		auto_text file = { 0 };
		if (file_read_at(AT_FDCWD, backing, 4096, &file, NULL) < 0)
			continue;
		text_trim_end(&file);
		census_put(rows, backing, "loop device %s backed by %s", path, text_str(&file));
	}
	json_put(census, "devices", rows);
}

static void take_host(struct json *census)
{
	struct json *rows = json_new_object();
	struct utsname names;

	if (uname(&names) == 0) {
		census_put(rows, names.nodename, "the host name became %s", names.nodename);
		census_put(rows, names.domainname, "the domain name became %s", names.domainname);
	}
	json_put(census, "names", rows);
}

static void take_keyrings(struct json *census)
{
	struct json *rows = json_new_object();
	auto_text list = { 0 };
	char *rest, *line;

	json_put(census, "keyrings", rows);
	if (file_read_at(AT_FDCWD, "/proc/keys", LIST_MAX, &list, NULL) < 0)
		return;
	rest = list.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		char id[32];
		int name = 0;

		if (sscanf(line, "%31s %*s %*s %*s %*s %*s %*s keyring %n", id, &name) == 1 && name)
			census_put(rows, id, "%.*s", (int) strcspn(line + name, ":"), line + name);
	}
}

struct json *census_take(struct world_place *place, const struct prepared *prepared)
{
	struct json *census = json_new_object();
	struct json *files = json_new_object();

	reaper_collect(&place->reaper);
	take_processes(prepared, census);
	census_cgroups(place, census);
	census_mounts(census);
	take_ipc(place, census);
	take_devices(census);
	take_host(census);
	take_keyrings(census);
	census_overlays(place, files);
	census_home(place, files);
	json_put(census, "files", files);
	return census;
}

static void add_missing(const struct json *in, const struct json *not_in, const char *format,
			struct json *ret)
{
	for (size_t i = 0; i < json_length(in); i++) {
		const char *sentence = json_string(json_value_at(in, i));

		if (json_has(not_in, json_key_at(in, i)) || !sentence)
			continue;
		auto_text text = { 0 };
		text_add(&text, sentence);
		text_add(&text, format);
		json_append(ret, json_new_bytes(text_str(&text), text.len));
	}
}

struct json *census_difference(const struct json *before, const struct json *after)
{
	static const char *const kinds[] = { "processes", "cgroups", "sockets", "ipc",
					     "devices",   "names",   "files" };
	struct json *ret = json_new_array();

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		add_missing(json_member(after, kinds[i]), json_member(before, kinds[i]), "", ret);
	census_new_mounts(before, after, ret);
	add_missing(json_member(before, "mounts"), json_member(after, "mounts"), " is gone", ret);
	add_missing(json_member(before, "devices"), json_member(after, "devices"), " is gone", ret);
	return ret;
}

struct json *census_keyrings(const struct json *before, const struct json *after)
{
	struct json *ret = json_new_array();

	add_missing(json_member(after, "keyrings"), json_member(before, "keyrings"), "", ret);
	return ret;
}
