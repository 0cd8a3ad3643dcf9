/*
 * Removes what dead runs left. It walks whole hierarchies, for a harness's own cgroup differs from shell to shell,
 * and touches nothing whose directory is locked: the lock lives as long as any process of the run.
 */
#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "harness/cgroup_tree.h"
#include "harness/engine.h"

#define DEPTH_MAX 32
#define LOCKS_MAX (4u << 20)
#define DYING_MS 5000

struct finding {
	char *name; /* owned */
	int parent; /* owned: directory it lies in */
	int directory; /* owned: itself, with our lock on it until it is removed */
	bool locked; /* by a live run */
};

struct search {
	const char *run; /* only this one; NULL: all */
	struct finding *rows;
	size_t count;
	int64_t deadline; /* for runs that are just dying */
};

/*
 * "plumbline-20261123-153000-1a2b" and names that go on behind it, as containers' cgroups do. Nothing looser:
 * a service of somebody's may be called plumbline-something, and its processes would be killed.
 */
bool janitor_is_run_name(const char *name)
{
	static const char pattern[] = "plumbline-dddddddd-dddddd-x";

	for (size_t i = 0; pattern[i]; i++) {
		bool fits = pattern[i] == 'd' && i >= strlen("plumbline-") ? isdigit((unsigned char) name[i])
			    : pattern[i] == 'x'                            ? isalnum((unsigned char) name[i])
									   : name[i] == pattern[i];
		if (!fits)
			return false;
	}
	return true;
}

size_t janitor_run_length(const char *name)
{
	size_t len = strlen("plumbline-dddddddd-dddddd-");

	return len + strcspn(name + len, "-/");
}

/* name is the run's own or begins with it and a dash. */
static bool belongs_to(const char *name, const char *run)
{
	size_t n = strlen(run);

	return strncmp(name, run, n) == 0 && (name[n] == '\0' || name[n] == '-');
}

/*
 * The kernel's list names the process that took the lock. It shows no owner that is not of our pid namespace, or
 * is gone altogether: such a run is either foreign or its harness was killed a moment ago.
 */
static bool has_living_owner(int directory)
{
	auto_text locks = { 0 };
	struct stat st;
	char *rest, *line;

	if (fstat(directory, &st) < 0 || file_read_at(AT_FDCWD, "/proc/locks", LOCKS_MAX, &locks, NULL) < 0)
		return true;
	rest = locks.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		unsigned long long inode;
		unsigned major, minor;
		int pid;

		/* "1: FLOCK  ADVISORY  WRITE 4711 00:1d:42 0 EOF" */
		if (sscanf(line, "%*s FLOCK %*s %*s %d %x:%x:%llu", &pid, &major, &minor, &inode) != 4 ||
		    inode != st.st_ino || makedev(major, minor) != st.st_dev)
			continue;
		auto_free char *path = text_format("/proc/%d/stat", pid);
		auto_text stat = { 0 };
		if (file_read_at(AT_FDCWD, path, 4096, &stat, NULL) < 0)
			continue;
		const char *state = strrchr(text_str(&stat), ')');
		if (state && state[1] && state[2] != 'Z' && state[2] != 'X')
			return true;
	}
	return false;
}

/*
 * The workers of a killed harness die of its death, which takes them a moment. Our own lock is a shared one, so that
 * another janitor does not take it for a run's; while we hold it, a run of that name can only wait.
 */
static bool is_locked(const struct search *search, int directory)
{
	int pause = 1;

	while (flock(directory, LOCK_SH | LOCK_NB) < 0) {
		if (process_now_ms() >= search->deadline || has_living_owner(directory))
			return true;
		(void) poll(NULL, 0, pause);
		pause = pause < 32 ? pause * 2 : pause;
	}
	return false;
}

static void add_finding(struct search *search, int parent, const char *name, int directory)
{
	struct finding *row;

	search->rows = realloc(search->rows, (search->count + 1) * sizeof(*search->rows));
	assert(search->rows);
	row = &search->rows[search->count++];
	*row = (struct finding){ .name = strdup(name), .parent = fcntl(parent, F_DUPFD_CLOEXEC, 0) };
	row->directory = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	row->locked = is_locked(search, row->directory);
}

static void find_below(struct search *search, int parent, const char *name, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (!janitor_is_run_name(entry->d_name)) {
			if (depth < DEPTH_MAX)
				find_below(search, fd, entry->d_name, depth + 1);
			continue;
		}
		auto_fd found = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (found >= 0 && (!search->run || belongs_to(entry->d_name, search->run)))
			add_finding(search, fd, entry->d_name, found);
	}
}

/* Alive when it, or the run whose name it begins with, is locked anywhere. */
static bool is_live(const struct search *search, const char *name)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->rows[i].locked && belongs_to(name, search->rows[i].name))
			return true;
	return false;
}

static bool is_first_of_run(const struct search *search, size_t index)
{
	for (size_t i = 0; i < search->count; i++)
		if (i != index && belongs_to(search->rows[index].name, search->rows[i].name) &&
		    (i < index || strcmp(search->rows[index].name, search->rows[i].name) != 0))
			return false;
	return true;
}

static int clean_findings(const struct search *search, struct janitor_report *report, struct err *err)
{
	int64_t deadline = process_now_ms() + 10000;
	int r = 0;

	for (size_t i = 0; i < search->count; i++) {
		const struct finding *row = &search->rows[i];
		struct cgroup_removed removed = { 0 };
		bool first = is_first_of_run(search, i);

		if (is_live(search, row->name)) {
			report->live += first;
			continue;
		}
		int one = cgroup_remove_at(row->parent, row->name, deadline, &removed, err);
		r = one < 0 ? one : r;
		report->runs += first;
		report->cgroups += removed.cgroups;
		report->processes += removed.processes;
	}
	return r;
}

/* Two descriptors a directory: a machine with hundreds of dead runs needs more than the usual 1024. */
static void allow_descriptors(struct rlimit *ret_before)
{
	struct rlimit limit;

	(void) getrlimit(RLIMIT_NOFILE, ret_before);
	limit = *ret_before;
	limit.rlim_cur = limit.rlim_max;
	(void) setrlimit(RLIMIT_NOFILE, &limit);
}

int janitor_clean(const char *run, struct janitor_report *ret, struct err *err)
{
	auto_cgroup_layout layout = { 0 };
	struct janitor_report report = { 0 };
	struct search search = { .run = run, .deadline = process_now_ms() + DYING_MS };
	struct rlimit limit;
	int r = cgroup_layout_read(&layout, err);

	allow_descriptors(&limit);
	/* A run makes and locks the first hierarchy's directory first: seen last, it is there for every other one's. */
	for (size_t i = r < 0 ? 0 : layout.count; i-- > 0;)
		find_below(&search, AT_FDCWD, layout.rows[i].mount_point, 0);
	if (r >= 0)
		r = clean_findings(&search, &report, err);
	for (size_t i = 0; i < search.count; i++) {
		free(search.rows[i].name);
		cleanup_fd(&search.rows[i].parent);
		cleanup_fd(&search.rows[i].directory);
	}
	free(search.rows);
	(void) setrlimit(RLIMIT_NOFILE, &limit);
	*ret = report;
	return r < 0 ? fail(err, r, "clean up") : 0;
}
