/* A world of one's own makes this simple: whatever is there and was not before is left over. */
#include "tests/crash/leftovers.h"

#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#define FILE_MAX (1u << 20)
/* What tests/oci/world.sh keeps of every change to /run, /tmp and /var: the upper layers of their overlays. */
#define WRITTEN "/mnt/upper"

static struct text *walked; /* nftw(3) takes no argument for its function */

static int add_name(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void) ftw;
	(void) st;
	(void) kind;
	text_addf(walked, "file %s\n", path);
	return 0;
}

static int add_cgroup(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void) ftw;
	(void) st;
	if (kind == FTW_D)
		text_addf(walked, "cgroup %s\n", path);
	return 0;
}

static void add_lines(const char *path, const char *kind, const char *wanted, struct text *out)
{
	auto_text text = { 0 };
	char *rest, *line;

	if (file_read_at(AT_FDCWD, path, FILE_MAX, &text, NULL) < 0)
		return;
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line && (!wanted || strstr(line, wanted)))
			text_addf(out, "%s %s\n", kind, wanted ? strstr(line, wanted) : line);
}

/* The pid of a live process that is not ours; 0: none behind this name. */
static pid_t live_process(int proc, const char *name, struct text *ret_stat)
{
	auto_free char *path = text_format("%s/stat", name);
	const char *state;

	if (!isdigit((unsigned char) name[0]) || atoi(name) == getpid() ||
	    file_read_at(proc, path, 4096, ret_stat, NULL) < 0)
		return 0;
	state = strrchr(text_str(ret_stat), ')');
	return state && state[1] && state[2] != 'Z' && state[2] != 'X' ? atoi(name) : 0;
}

static void add_processes(struct text *out, pid_t *ret_last)
{
	auto_dir dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_text stat = { 0 };
		pid_t pid = live_process(dirfd(dir), entry->d_name, &stat);

		if (!pid)
			continue;
		*ret_last = pid;
		text_addf(out, "process %.*s)\n", (int) strcspn(text_str(&stat), ")"), text_str(&stat));
	}
}

void leftovers_read(const char *top, struct text *out)
{
	pid_t last;

	add_processes(out, &last);
	add_lines("/proc/self/mountinfo", "mount", NULL, out);
	add_lines("/proc/net/unix", "socket", "/", out);
	walked = out;
	(void) nftw("/sys/fs/cgroup", add_cgroup, 16, FTW_PHYS);
	(void) nftw(top, add_name, 16, FTW_PHYS);
	(void) nftw(WRITTEN, add_name, 16, FTW_PHYS);
}

static bool has_line(const struct text *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text_str(text); (at = strstr(at, line)); at += len)
		if ((at == text->data || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

static void add_new(const struct text *before, char *now, struct text *out)
{
	for (char *line; (line = strsep(&now, "\n"));)
		if (*line && !has_line(before, line))
			text_addf(out, "%s\n", line);
}

/* Of those that are new the last one; -1: there is none. */
static int open_new_process(const struct text *before)
{
	auto_text now = { 0 }, fresh = { 0 };
	pid_t last = 0;

	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;
	add_processes(&now, &last);
	add_new(before, now.data, &fresh);
	if (!fresh.len)
		return -1;
	return process_pidfd_open(atoi(text_str(&fresh) + strlen("process ")));
}

int leftovers_since(const char *top, const struct text *before, int64_t deadline, struct text *ret_new)
{
	auto_text now = { 0 };

	for (;;) {
		auto_fd pidfd = open_new_process(before);

		if (pidfd < 0 || process_poll(pidfd, deadline) != 1)
			break;
	}
	leftovers_read(top, &now);
	add_new(before, now.data, ret_new);
	return ret_new->len ? 1 : 0;
}
