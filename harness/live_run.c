/* What a run needs beside an endpoint, and the end of all that it made there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/cgroup_tree.h"
#include "harness/cri_part.h"
#include "harness/engine.h"
#include "harness/live.h"
#include "harness/registry.h"

#define REMOVE_MS 5000
#define PODS                                                                                                 \
	"-pods" /* behind the run's name: a cgroup beside that of its cases, where those lie at the top too */

char *live_place(const struct live *live, const char *world)
{
	return text_format("%s/%s/%s", LIVE_HOME, live->run, world);
}

/* The janitor leaves alone what is locked; every process of the run inherits the descriptor. */
static int open_locked(const char *path, struct err *err)
{
	auto_fd fd = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return fail(err, -errno, "lock %s", path);
	return fd < 0 ? fd : TAKE_FD(fd);
}

/* 0711: what a container is given lies deep below, and its user must get there; nobody has to see whose runs there are. */
static int make_home(const struct live *live, struct err *err)
{
	auto_free char *path = live_place(live, "");

	if (mkdir(LIVE_HOME, 0711) < 0 && errno != EEXIST)
		return fail(err, -errno, "mkdir %s", LIVE_HOME);
	if (mkdir(path, 0711) < 0 && errno != EEXIST)
		return fail(err, -errno, "mkdir %s", path);
	return open_locked(path, err);
}

/* Whether what we write is where the server looks for it: it may have another root. */
static int check_sees_home(const struct live *live, int home, struct err *err)
{
	auto_free char *path = text_format("/proc/%d/root%s/%s", (int) live->pid, LIVE_HOME, live->run);
	struct stat its, ours;

	if (!live->pid || fstat(home, &ours) < 0)
		return 0;
	if (stat(path, &its) == 0 && its.st_dev == ours.st_dev && its.st_ino == ours.st_ino)
		return 0;
	return fail_text(err, -EXDEV,
			 "endpoint %s: its server does not see our %s, where logs are written and read",
			 live->address, LIVE_HOME);
}

/* RuntimeConfig, or for servers that have no such call the configuration that containerd shows in its verbose status. */
static bool uses_cgroupfs(const struct live *live)
{
	auto_json request = json_new_object();
	auto_json config = NULL;
	auto_json status = NULL;

	if (live_call(live, "RuntimeConfig", NULL, &config, NULL) >= 0) {
		const char *driver = json_get_string(config, "linux.cgroup_driver");

		return driver && !strcmp(driver, "CGROUPFS");
	}
	json_put(request, "verbose", json_new_bool(true));
	if (live_call(live, "Status", request, &status, NULL) < 0)
		return false;
	const char *shown = json_get_string(status, "info.config");
	return shown && strstr(shown, "\"SystemdCgroup\":") == NULL
		   ? strstr(shown, "\"systemdCgroup\":false") != NULL
		   : shown && !strstr(shown, "\"SystemdCgroup\":true");
}

/* cgroupfs: a cgroup of our own, which is removed with the run. systemd makes and ends slices itself: the server's default. */
static int make_pod_cgroup(struct live *live, struct err *err)
{
	auto_cgroup_layout layout = { 0 };

	live->cgroup_parent = text_format("%s", "");
	if (!live->pid || !uses_cgroupfs(live))
		return 0;
	free(live->cgroup_parent);
	live->cgroup_parent = text_format("/%s" PODS CRI_POD_CGROUP, live->run);
	int r = cgroup_layout_read(&layout, err);
	for (size_t i = 0; r >= 0 && i < layout.count; i++) {
		auto_free char *path = text_format("%s%s", layout.rows[i].mount_point, live->cgroup_parent);

		r = file_make_dirs_at(AT_FDCWD, path, 0755, err);
	}
	if (r < 0 || !layout.count)
		return r;
	auto_free char *first = text_format("%s/%s" PODS, layout.rows[0].mount_point, live->run);
	r = live->cgroup = open_locked(first, err);
	return r < 0 ? r : 0;
}

static int remove_pod_cgroup(const struct live *live, struct err *err)
{
	auto_cgroup_layout layout = { 0 };
	auto_free char *name = text_format("%s" PODS, live->run);
	int r = live->cgroup_parent && *live->cgroup_parent ? cgroup_layout_read(&layout, err) : 0;

	for (size_t i = 0; r >= 0 && i < layout.count; i++) {
		auto_fd top =
		    file_open_at(AT_FDCWD, layout.rows[i].mount_point, O_RDONLY | O_DIRECTORY, 0, err);

		r = top < 0 ? top : cgroup_remove_at(top, name, process_now_ms() + REMOVE_MS, NULL, err);
	}
	return r;
}

int live_open(struct live *live, const char *run, const char *image, struct err *err)
{
	live->run = text_format("%s", run);
	live->image = image ? text_format("%s", image) : NULL;
	live->opened = true;
	int r = live->home = make_home(live, err);

	if (r >= 0)
		r = check_sees_home(live, live->home, err);
	if (r >= 0)
		r = make_pod_cgroup(live, err);
	if (r >= 0 && !image)
		r = registry_start(live->home, &live->registry, &live->port, err);
	return r;
}

bool live_owns_pod(const char *run, const char *uid)
{
	size_t len = strlen(run);

	return uid && !strncmp(uid, run, len) && uid[len] == '-';
}

/* The run in "127.0.0.1:PORT/RUN/CASE:1"; NULL: it is no such name. */
static const char *run_of_image(const char *tag)
{
	static const char host[] = "127.0.0.1:";

	if (!text_starts(tag, host))
		return NULL;
	tag += strlen(host);
	tag += strspn(tag, "0123456789");
	return *tag == '/' ? tag + 1 : NULL;
}

bool live_owns_image(const char *run, const char *tag)
{
	const char *word = tag ? run_of_image(tag) : NULL;
	size_t len = strlen(run);

	return word && !strncmp(word, run, len) && word[len] == '/';
}

/* Its directory is locked for as long as any of its processes lives. */
static bool is_live(const char *run, size_t len)
{
	auto_free char *path = text_format("%s/%.*s", LIVE_HOME, (int) len, run);
	auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

/* Begins with the name of a run of which nothing lives. */
static bool is_dead(const char *word)
{
	return word && janitor_is_run_name(word) && !is_live(word, janitor_run_length(word));
}

static bool takes_pod(const struct live *live, const char *only, const char *uid)
{
	if (live->run)
		return live_owns_pod(live->run, uid);
	return is_dead(uid) && (!only || live_owns_pod(only, uid));
}

static bool takes_image(const struct live *live, const char *only, const char *tag)
{
	if (live->run)
		return live_owns_image(live->run, tag);
	return tag && is_dead(run_of_image(tag)) && (!only || live_owns_image(only, tag));
}

static int call_for(const struct live *live, const char *method, const char *key, struct json *taken,
		    struct err *err)
{
	auto_json request = json_new_object();

	json_put(request, key, taken);
	return live_call(live, method, request, NULL, err);
}

/* The first error is told, and what comes behind it is done all the same: one that stays must not keep the others. */
static void note(int one, const struct err *own, int *r, struct err *err)
{
	if (one >= 0 || *r < 0)
		return;
	*r = one;
	if (err)
		*err = *own;
}

static int sweep_pods(const struct live *live, const char *only, size_t *count, struct err *err)
{
	auto_json answer = NULL;
	int r = live_call(live, "ListPodSandbox", NULL, &answer, err);
	const struct json *items = json_member(answer, "items");

	/* A server that is silent would be waited for once more for each. */
	for (size_t i = 0; r != -ETIMEDOUT && i < json_length(items); i++) {
		const char *id = json_get_string(json_at(items, i), "id");
		struct err own = { 0 };

		if (!id || !takes_pod(live, only, json_get_string(json_at(items, i), "metadata.uid")))
			continue;
		++*count;
		/* One that cannot be stopped may be removable all the same. */
		(void) call_for(live, "StopPodSandbox", "pod_sandbox_id", json_new_string(id), NULL);
		note(call_for(live, "RemovePodSandbox", "pod_sandbox_id", json_new_string(id), &own), &own,
		     &r, err);
	}
	return r;
}

static int sweep_tags(const struct live *live, const char *only, const struct json *tags, size_t *count,
		      struct err *err)
{
	int r = 0;

	for (size_t k = 0; r != -ETIMEDOUT && k < json_length(tags); k++) {
		const char *tag = json_string(json_at(tags, k));
		struct err own = { 0 };
		struct json *image;

		if (!takes_image(live, only, tag))
			continue;
		++*count;
		image = json_new_object();
		json_put(image, "image", json_new_string(tag));
		note(call_for(live, "RemoveImage", "image", image, &own), &own, &r, err);
	}
	return r;
}

static int sweep_images(const struct live *live, const char *only, size_t *count, struct err *err)
{
	auto_json answer = NULL;
	int r = live->image ? 0 : live_call(live, "ListImages", NULL, &answer, err);
	const struct json *images = json_member(answer, "images");

	for (size_t i = 0; r != -ETIMEDOUT && i < json_length(images); i++) {
		const struct json *tags = json_member(json_at(images, i), "repo_tags");
		struct err own = { 0 };

		note(sweep_tags(live, only, tags, count, &own), &own, &r, err);
	}
	return r;
}

int live_sweep(const struct live *live, const char *only, size_t *ret_count, struct err *err)
{
	struct err own = { 0 };
	size_t count = 0;
	int r = sweep_pods(live, only, &count, err);

	if (r != -ETIMEDOUT)
		note(sweep_images(live, only, &count, &own), &own, &r, err);
	*ret_count = count;
	return r;
}

static int remove_home(const char *run, struct err *err)
{
	auto_fd home = open(LIVE_HOME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = home < 0 ? 0 : file_remove_tree_at(home, run, err);

	/* The last run takes the directory with it; another one that is there keeps it. */
	(void) rmdir(LIVE_HOME);
	return r;
}

int live_remove_dead(const char *only, size_t *ret_count, struct err *err)
{
	auto_dir dir = opendir(LIVE_HOME);
	struct dirent *entry;
	size_t count = 0;
	int r = 0;

	while (dir && (entry = readdir(dir))) {
		struct err own = { 0 };

		if (!is_dead(entry->d_name) || (only && strcmp(entry->d_name, only) != 0))
			continue;
		count++;
		note(remove_home(entry->d_name, &own), &own, &r, err);
	}
	*ret_count = count;
	return r;
}

int live_close(struct live *live, struct err *err)
{
	struct err ignored = { 0 };
	size_t count;
	int r, one;

	if (!live || !live->opened)
		return 0;
	live->opened = false;
	r = live_sweep(live, NULL, &count, err);
	registry_end(&live->registry);
	one = remove_pod_cgroup(live, r < 0 ? &ignored : err);
	r = r < 0 ? r : one;
	one = remove_home(live->run, r < 0 ? &ignored : err);
	r = r < 0 ? r : one;
	return r < 0 ? fail(err, r, "what this run made at %s is not all removed", live->address) : 0;
}
