/* Census: what the process is, was given, and which others it sees. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

int census_started(const struct probe *probe, struct out *out, const char *key)
{
	out_int(out, key, probe->started_ns);
	return 0;
}

int census_pid(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	out_int(out, key, getpid());
	return 0;
}

int census_ppid(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	out_int(out, key, getppid());
	return 0;
}

int census_pgid(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	out_int(out, key, getpgid(0));
	return 0;
}

int census_sid(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	out_int(out, key, getsid(0));
	return 0;
}

int census_argv(const struct probe *probe, struct out *out, const char *key)
{
	int bound = probe->argc < CENSUS_MAX ? probe->argc : CENSUS_MAX;

	out_array(out, key);
	for (int i = 0; i < bound; i++)
		out_string(out, NULL, probe->argv[i]);
	out_end(out);
	return probe->argc > bound;
}

int census_exe(const struct probe *probe, struct out *out, const char *key)
{
	auto_text target = { 0 };
	int r = probe->proc < 0 ? probe->proc : file_read_link_at(probe->proc, "self/exe", &target, NULL);

	if (r < 0)
		return r;
	out_string(out, key, text_str(&target));
	return 0;
}

/* The path that execve(2) was called with: known without /proc, and before any symlink is followed. */
int census_exec_path(const struct probe *probe, struct out *out, const char *key)
{
	const char *path = (const char *) getauxval(AT_EXECFN);

	(void) probe;
	if (!path)
		return -ENOENT;
	out_string(out, key, path);
	return 0;
}

int census_cwd(const struct probe *probe, struct out *out, const char *key)
{
	char path[PATH_MAX];

	(void) probe;
	/* Not getcwd(3): it hides "(unreachable)", the sign of CVE-2024-21626 and its kind, behind ENOENT. */
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		return -errno;
	out_string(out, key, path);
	return 0;
}

/* Length of NAME in NAME=value; 0: no assignment. */
static size_t name_length(const char *entry)
{
	const char *equals = strchr(entry, '=');

	return equals ? (size_t) (equals - entry) : 0;
}

static bool is_last_of_its_name(char *const *entry, size_t len)
{
	for (char *const *later = entry + 1; *later; later++)
		if (!strncmp(*later, *entry, len + 1))
			return false;
	return true;
}

int census_env(const struct probe *probe, struct out *out, const char *key)
{
	size_t count = 0;

	out_object(out, key);
	for (char *const *entry = probe->env; *entry && count <= CENSUS_MAX; entry++) {
		size_t len = name_length(*entry);
		auto_free char *name = NULL;

		if (!len || !is_last_of_its_name(entry, len))
			continue;
		if (count++ == CENSUS_MAX)
			break;
		name = strndup(*entry, len);
		if (name)
			out_string(out, name, *entry + len + 1);
	}
	out_end(out);
	return count > CENSUS_MAX;
}

int census_env_list(const struct probe *probe, struct out *out, const char *key)
{
	size_t count = 0;

	out_array(out, key);
	while (count < CENSUS_MAX && probe->env[count])
		out_string(out, NULL, probe->env[count++]);
	out_end(out);
	return probe->env[count] != NULL;
}

/* "12 (a) name) S 1 ...": the name may hold anything, so its end is the last parenthesis. */
static int process_row(const struct probe *probe, struct out *out, const char *pid)
{
	auto_free char *path = text_format("%s/stat", pid);
	auto_text stat = { 0 };
	int r = read_file(probe->proc, path, 4096, &stat);
	char *name, *end;

	if (r < 0)
		return r;
	name = strchr(text_str(&stat), '(');
	end = strrchr(text_str(&stat), ')');
	if (!name || !end || end < name)
		return -EINVAL;
	out_object(out, NULL);
	out_int(out, "pid", atoi(pid));
	out_int(out, "ppid", strlen(end) > 4 ? atoi(end + 4) : 0);
	out_bytes(out, "name", name + 1, (size_t) (end - name - 1));
	out_end(out);
	return 0;
}

int census_processes(const struct probe *probe, struct out *out, const char *key)
{
	auto_name_list list = { 0 };
	size_t count = 0;
	int r = probe->proc < 0 ? probe->proc : read_directory(probe->proc, ".", 4096, &list);

	/* Without /proc nobody is visible: that is the fact, not a gap. */
	out_array(out, key);
	for (size_t i = 0; r >= 0 && i < list.count && count < CENSUS_MAX; i++)
		if (list.names[i][0] >= '1' && list.names[i][0] <= '9')
			count += process_row(probe, out, list.names[i]) == 0;
	out_end(out);
	return list.cut || count == CENSUS_MAX;
}

static int proc_number(const struct probe *probe, struct out *out, const char *key, const char *path,
		       int base)
{
	auto_text text = { 0 };
	int r = probe->proc < 0 ? probe->proc : read_line(probe->proc, path, &text);

	if (r < 0)
		return r;
	out_int(out, key, strtoll(text.data, NULL, base));
	return 0;
}

int census_oom_score_adj(const struct probe *probe, struct out *out, const char *key)
{
	return proc_number(probe, out, key, "self/oom_score_adj", 10);
}

int census_coredump_filter(const struct probe *probe, struct out *out, const char *key)
{
	return proc_number(probe, out, key, "self/coredump_filter", 16);
}

int census_threads(const struct probe *probe, struct out *out, const char *key)
{
	const char *value = probe_status(probe, "Threads");

	if (!value)
		return -ENODATA;
	out_int(out, key, atoi(value));
	return 0;
}

/* AT_SECURE: the kernel says that this exec changed credentials. */
int census_secure(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	out_bool(out, key, getauxval(AT_SECURE) != 0);
	return 0;
}

/* A directory that only pretends to be /proc is told apart: facts must come from the kernel. */
int census_proc(const struct probe *probe, struct out *out, const char *key)
{
	static const struct {
		int error;
		const char *word;
	} words[] = { { -ENOENT, "absent" }, { -ENODEV, "fake" } };
	const char *word = probe->proc < 0 ? "unreadable" : "real";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].error == probe->proc)
			word = words[i].word;
	out_string(out, key, word);
	return 0;
}
