/* The part of a case that is other where the server was there before: its symbols, its image, and what is ours of an answer. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/cri_part.h"
#include "harness/engine.h"
#include "harness/live.h"
#include "harness/registry_request.h"
#include "harness/world.h"

#define PULL_MS 30000
#define REMOVE_MS 5000
#define MOUNTS_MAX (16u << 20)
#define CGROUPS_MAX (1u << 20) /* of a process */
#define ID_MIN 12 /* what engines show of ids of 64 digits */

static void put(struct bench *bench, const char *symbol, char *taken)
{
	json_put(bench->symbols, symbol, json_new_string(taken));
	free(taken);
}

void live_put_symbols(struct bench *bench, bool control)
{
	const struct live *live = bench->job->runtime->live;
	const char *world = strrchr(bench->place->outside, '/') + 1;

	put(bench, "@socket", text_format("%s", live->address + strlen("unix://")));
	put(bench, "@cgroup-parent", text_format("%s", live->cgroup_parent));
	/* Pods of all cases are at one server: the name of each tells whose it is. */
	put(bench, "@run", text_format("%s", bench->container));
	put(bench, "@image",
	    live->image ? text_format("%s", live->image)
			: text_format("127.0.0.1:%d/%s/%s%s:%s", live->port, live->run, world,
				      control ? "-control" : "", REGISTRY_TAG_NAME));
}

static int call(struct bench *bench, const char *method, int64_t ms, struct json **ret, struct err *err)
{
	auto_json request = json_new_object();
	struct json *image = json_new_object();
	struct cri_helper *helper = &bench->cri->helper;

	json_put(image, "image", json_copy(json_member(bench->symbols, "@image")));
	json_put(request, "image", image);
	int64_t id = cri_helper_send(helper, method, request, ms, err);
	return id < 0 ? (int) id : cri_helper_await(helper, id, process_now_ms() + ms + 1000, ret, err);
}

int live_pull_image(struct bench *bench, struct err *err)
{
	const struct live *live = bench->job->runtime->live;
	const char *method = live->image ? "ImageStatus" : "PullImage";
	auto_json answer = NULL;
	int r = call(bench, method, PULL_MS, &answer, err);
	const char *status = json_get_string(answer, "status"), *said = json_get_string(answer, "message");
	const char *reference = json_get_string(bench->symbols, "@image");

	if (r < 0)
		return fail(err, r, "%s %s", method, reference);
	if (!status || strcmp(status, "OK") != 0)
		return fail_text(err, -EIO, "%s %s: %s; plumbline doctor --cri says what the endpoint needs",
				 method, reference, said ? said : "no answer");
	if (live->image && !json_get(answer, "response.image"))
		return fail_text(err, -ENOENT, "the endpoint has no image %s", reference);
	return 0;
}

void live_remove_image(struct bench *bench)
{
	auto_json answer = NULL;

	/* What this leaves is found when the run ends. */
	if (!bench->job->runtime->live->image)
		(void) call(bench, "RemoveImage", REMOVE_MS, &answer, NULL);
}

void live_clean_up(struct bench *bench)
{
	bool timed_out = false;

	/* As above. */
	if (bench->cri->helper.place && cri_clean_up(bench, &timed_out, NULL) >= 0)
		live_remove_image(bench);
}

/* Arrays of the answers that name pods and containers of the whole endpoint, and where a row names its own. */
static const struct list {
	const char *method, *rows, *id;
} lists[] = {
	{ "ListPodSandbox", "items", "id" },
	{ "ListContainers", "containers", "pod_sandbox_id" },
	{ "ListContainerStats", "stats", "attributes.id" },
	{ "ListPodSandboxStats", "stats", "attributes.id" },
	{ "ListPodSandboxMetrics", "pod_metrics", "pod_sandbox_id" },
	{ "StreamPodSandboxes", "pod_sandboxes", "id" },
	{ "StreamContainers", "containers", "pod_sandbox_id" },
	{ "StreamContainerStats", "container_stats", "attributes.id" },
	{ "StreamPodSandboxStats", "pod_sandbox_stats", "attributes.id" },
};

static bool is_ours(const struct bench *bench, const struct list *list, const struct json *row)
{
	const char *id = json_get_string(row, list->id), *uid = json_get_string(row, "metadata.uid");
	const char *run = json_get_string(bench->symbols, "@run");

	/* One whose making was not answered is known by its uid alone. */
	return (id && json_has(bench->cri->ours, id)) ||
	       (!strcmp(list->id, "id") && uid && (!strcmp(uid, run) || live_owns_pod(run, uid)));
}

void live_own_rows(const struct bench *bench, const char *method, struct json *response)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct json *rows = json_member(response, lists[i].rows);

		if (strcmp(lists[i].method, method) != 0)
			continue;
		for (size_t k = json_length(rows); k-- > 0;)
			if (!is_ours(bench, &lists[i], json_at(rows, k)))
				json_remove_at(rows, k);
	}
}

/* The first of our ids that is part of the text; NULL: none. An id is a server's word: a shorter one would be part of anything. */
static const char *id_within(const struct bench *bench, const char *text)
{
	for (size_t i = 0; i < json_length(bench->cri->ours); i++) {
		const char *id = json_key_at(bench->cri->ours, i);

		if (strlen(id) >= ID_MIN && strstr(text, id))
			return id;
	}
	return NULL;
}

bool live_owns_process(const struct bench *bench, pid_t pid)
{
	auto_free char *path = text_format("/proc/%d/cgroup", (int) pid);
	auto_text text = { 0 };

	return file_read_at(AT_FDCWD, path, CGROUPS_MAX, &text, NULL) >= 0 &&
	       id_within(bench, text_str(&text));
}

static void add(struct json *list, const char *what, const char *path)
{
	auto_free char *sentence = text_format("%s %s", what, path);

	json_append(list, json_new_string(sentence));
}

static void add_mounts(const struct bench *bench, struct json *list)
{
	auto_text table = { 0 };
	char *rest, *line;

	(void) file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &table, NULL);
	rest = table.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		char target[4096];

		if (id_within(bench, line) && sscanf(line, "%*s %*s %*s %*s %4095s", target) == 1)
			add(list, "mount", target);
	}
}

static void add_cgroups(const struct bench *bench, int parent, const char *name, const char *path, int depth,
			struct json *list)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		auto_free char *below = text_format("%s/%s", path, entry->d_name);
		if (id_within(bench, entry->d_name))
			add(list, "cgroup", below);
		else if (depth < 16)
			add_cgroups(bench, fd, entry->d_name, below, depth + 1, list);
	}
}

static void add_processes(const struct bench *bench, struct json *list)
{
	auto_dir dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (isdigit((unsigned char) entry->d_name[0]) &&
		    live_owns_process(bench, (pid_t) atoi(entry->d_name)))
			add(list, "process", entry->d_name);
	}
}

struct json *live_leftovers(const struct bench *bench)
{
	struct json *list = json_new_array();

	add_mounts(bench, list);
	for (size_t i = 0; i < bench->place->layout.count; i++) {
		const char *top = bench->place->layout.rows[i].mount_point;

		add_cgroups(bench, AT_FDCWD, top, "", 0, list);
	}
	add_processes(bench, list);
	return list;
}
