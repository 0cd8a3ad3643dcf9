/* The host's view of a container's first process, from /proc. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/observe.h"

#define FILE_MAX (1u << 20)

static void put_link(struct json *facts, const char *key, int proc, const char *path)
{
	auto_text link = { 0 };

	if (file_read_link_at(proc, path, &link, NULL) >= 0)
		json_put(facts, key, json_new_bytes(text_str(&link), link.len));
}

struct json *observe_namespaces(int proc_pid_dir)
{
	struct json *ret = json_new_object();

	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		auto_free char *path = text_format("ns/%s", name_of_namespace_file(names_namespaces[i]));

		put_link(ret, name_of_namespace(names_namespaces[i]), proc_pid_dir, path);
	}
	return ret;
}

static void put_cmdline(struct json *facts, int proc)
{
	struct json *words = json_new_array();
	auto_text text = { 0 };

	(void) file_read_at(proc, "cmdline", FILE_MAX, &text, NULL);
	for (size_t at = 0; at < text.len; at += strlen(text.data + at) + 1)
		json_append(words, json_new_bytes(text.data + at, strlen(text.data + at)));
	json_put(facts, "cmdline", words);
}

/* "Uid:\t0\t0\t0\t0": real, effective, saved, file system */
static void put_ids(struct json *facts, const char *key, const char *value)
{
	static const char *const names[] = { "real", "effective", "saved", "fs" };
	struct json *ids = json_new_object();
	char *rest;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++, value = rest)
		json_put(ids, names[i], json_new_int(strtol(value, &rest, 10)));
	json_put(facts, key, ids);
}

static void put_numbers(struct json *facts, const char *key, const char *value)
{
	struct json *list = json_new_array();
	char *rest;

	for (;; value = rest) {
		long number = strtol(value, &rest, 10);

		if (rest == value)
			break;
		json_append(list, json_new_int(number));
	}
	json_put(facts, key, list);
}

static void put_number(struct json *facts, const char *key, const char *value)
{
	json_put(facts, key, json_new_int(strtol(value, NULL, 10)));
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void put_caps(struct json *facts, const char *key, const char *value)
{
	uint64_t set = strtoull(value, NULL, 16);
	const char *names[64] = { 0 };
	size_t count = 0;
	struct json *list = json_new_array();

	for (int i = 0; i < 64; i++)
		if (set & (UINT64_C(1) << i) && name_of_capability(i))
			names[count++] = name_of_capability(i);
	qsort(names, count, sizeof(names[0]), compare_strings);
	for (size_t i = 0; i < count; i++)
		json_append(list, json_new_string(names[i]));
	struct json *caps = json_member(facts, "caps");
	if (!caps) {
		caps = json_new_object();
		json_put(facts, "caps", caps);
	}
	json_put(caps, key, list);
}

static const struct status_row {
	const char *field, *key;
	void (*put)(struct json *facts, const char *key, const char *value);
} status_rows[] = {
	{ "Uid", "uid", put_ids },
	{ "Gid", "gid", put_ids },
	{ "Groups", "groups", put_numbers },
	{ "NSpid", "ns_pids", put_numbers },
	{ "CapInh", "inheritable", put_caps },
	{ "CapPrm", "permitted", put_caps },
	{ "CapEff", "effective", put_caps },
	{ "CapBnd", "bounding", put_caps },
	{ "CapAmb", "ambient", put_caps },
	{ "NoNewPrivs", "no_new_privs", put_number },
	{ "Seccomp", "seccomp", put_number },
	{ "PPid", "ppid", put_number },
};

/* Returns the state's letter; '\0' when there is none to read. */
static char put_status(struct json *facts, int proc)
{
	auto_text text = { 0 };
	char *rest, *line, state = '\0';

	if (file_read_at(proc, "status", FILE_MAX, &text, NULL) < 0)
		return state;
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		char *value = strchr(line, ':');

		if (!value)
			continue;
		*value++ = '\0';
		value += strspn(value, " \t");
		if (!strcmp(line, "State"))
			state = *value;
		for (size_t i = 0; i < ARRAY_SIZE(status_rows); i++)
			if (!strcmp(status_rows[i].field, line))
				status_rows[i].put(facts, status_rows[i].key, value);
	}
	return state;
}

static const struct {
	const char *label, *name;
} limit_names[] = {
	{ "Max cpu time", "RLIMIT_CPU" },
	{ "Max file size", "RLIMIT_FSIZE" },
	{ "Max data size", "RLIMIT_DATA" },
	{ "Max stack size", "RLIMIT_STACK" },
	{ "Max core file size", "RLIMIT_CORE" },
	{ "Max resident set", "RLIMIT_RSS" },
	{ "Max processes", "RLIMIT_NPROC" },
	{ "Max open files", "RLIMIT_NOFILE" },
	{ "Max locked memory", "RLIMIT_MEMLOCK" },
	{ "Max address space", "RLIMIT_AS" },
	{ "Max file locks", "RLIMIT_LOCKS" },
	{ "Max pending signals", "RLIMIT_SIGPENDING" },
	{ "Max msgqueue size", "RLIMIT_MSGQUEUE" },
	{ "Max nice priority", "RLIMIT_NICE" },
	{ "Max realtime priority", "RLIMIT_RTPRIO" },
	{ "Max realtime timeout", "RLIMIT_RTTIME" },
};

static struct json *limit_value(const char *word)
{
	return json_new_uint(strcmp(word, "unlimited") ? strtoull(word, NULL, 10) : UINT64_MAX);
}

/* Columns of fixed width: the label takes 26, see proc_pid_limits(). */
static void put_limits(struct json *facts, int proc)
{
	struct json *limits = json_new_object();
	auto_text text = { 0 };
	char *rest, *line;

	json_put(facts, "rlimits", limits);
	if (file_read_at(proc, "limits", FILE_MAX, &text, NULL) < 0)
		return;
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		char soft[32], hard[32];

		if (strlen(line) < 27 || sscanf(line + 26, "%31s %31s", soft, hard) != 2)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(limit_names); i++) {
			if (!text_starts(line, limit_names[i].label))
				continue;
			struct json *limit = json_new_object();
			json_put(limit, "soft", limit_value(soft));
			json_put(limit, "hard", limit_value(hard));
			json_put(limits, limit_names[i].name, limit);
		}
	}
}

static void put_descriptors(struct json *facts, int proc)
{
	struct json *fds = json_new_object(), *targets = json_new_array();
	int fd = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char) entry->d_name[0]))
			put_link(fds, entry->d_name, fd, entry->d_name);
	for (size_t i = 0; i < json_length(fds); i++)
		json_append(targets, json_copy(json_value_at(fds, i)));
	json_put(facts, "fds", fds);
	json_put(facts, "fd_targets", targets);
}

/* "4:cpu,cpuacct:/a": one member a controller, as the probe reports its own */
static void put_cgroups(struct json *facts, int proc)
{
	struct json *cgroups = json_new_object();
	auto_text text = { 0 };
	char *rest, *line;

	(void) file_read_at(proc, "cgroup", FILE_MAX, &text, NULL);
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL, *name;

		if (!path)
			continue;
		*path++ = '\0';
		names++;
		while ((name = strsep(&names, ",")))
			json_put(cgroups, name, json_new_bytes(path, strlen(path)));
	}
	json_put(facts, "cgroup", cgroups);
}

static void put_file_number(struct json *facts, const char *key, int proc, const char *file)
{
	auto_text text = { 0 };

	if (file_read_at(proc, file, 64, &text, NULL) >= 0)
		put_number(facts, key, text_str(&text));
}

struct json *observe_process(pid_t pid, bool dead)
{
	struct json *facts = json_new_object();
	auto_free char *path = text_format("/proc/%d", (int) pid);
	auto_fd proc = dead ? -EBADF : file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, NULL);
	char state;

	json_put(facts, "pid", json_new_int(pid));
	if (proc < 0 || !(state = put_status(facts, proc)) || state == 'Z' || state == 'X') {
		json_put(facts, "alive", json_new_bool(false));
		return facts;
	}
	json_put(facts, "alive", json_new_bool(true));
	json_put(facts, "run_state", json_new_bytes(&state, 1));
	put_link(facts, "exe", proc, "exe");
	put_link(facts, "root", proc, "root");
	put_link(facts, "cwd", proc, "cwd");
	put_cmdline(facts, proc);
	json_put(facts, "namespaces", observe_namespaces(proc));
	put_limits(facts, proc);
	put_descriptors(facts, proc);
	put_cgroups(facts, proc);
	put_file_number(facts, "oom_score_adj", proc, "oom_score_adj");
	return facts;
}
