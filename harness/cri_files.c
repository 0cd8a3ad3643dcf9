/* What lies in the world before a CRI server starts: its symbols, its configuration, the runtime behind it, and the image. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/cri_image.h"
#include "harness/cri_part.h"
#include "harness/edit.h"
#include "harness/engine.h"
#include "harness/faults.h"
#include "harness/live.h"
#include "harness/world.h"

#define CRI_HOME WORLD_HOME "/cri"
#define CRI_IMAGE "registry.plumbline.test/probe:1"
#define CRI_PAUSE "registry.plumbline.test/pause:1"

static struct json *own_string(char *taken)
{
	struct json *string = json_new_string(taken);

	free(taken);
	return string;
}

static void add_symbols(struct bench *bench, const char *home)
{
	static const struct {
		const char *symbol, *below;
	} paths[] = { { "@cri", "" },
		      { "@cri-root", "/root" },
		      { "@cri-state", "/state" },
		      { "@socket", "/cri.sock" },
		      { "@logs", "/logs" },
		      { "@image-layout", "/image" },
		      { "@image-archive", "/image.tar" },
		      { "@handler-path", "/handler" } };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		json_put(bench->symbols, paths[i].symbol,
			 own_string(text_format("%s%s", home, paths[i].below)));
	json_put(bench->symbols, "@image", json_new_string(CRI_IMAGE));
	json_put(bench->symbols, "@pause-image", json_new_string(CRI_PAUSE));
	json_put(bench->symbols, "@cgroup-parent", json_new_string(CRI_POD_CGROUP));
	const char *handler = bench->job->runtime->pod_handler;
	json_put(bench->symbols, "@handler", json_new_string(handler ? handler : ""));
}

bool cri_fault_is_of_server(const char *name)
{
	auto_faults registry = { 0 };
	struct fault_entry entry;

	return faults_load(&registry, NULL) >= 0 && fault_find(&registry, name, &entry) &&
	       !strcmp(entry.where, "cri");
}

int cri_write_files(struct bench *bench, struct err *err)
{
	const struct json *files = cri_profile_part(bench, "files");

	for (size_t i = 0; i < json_length(files); i++) {
		auto_text path = { 0 }, content = { 0 };
		const struct json *lines = json_value_at(files, i);

		symbols_expand_text(json_key_at(files, i), bench->symbols, &path);
		for (size_t k = 0; k < json_length(lines); k++) {
			symbols_expand_text(json_string(json_at(lines, k)), bench->symbols, &content);
			text_add_char(&content, '\n');
		}
		int r = file_create_at(AT_FDCWD, text_str(&path), text_str(&content), content.len, 0644, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* For a server that makes the first process of a sandbox from an image: the probe, told to stay and to take orphans away. */
static struct json *pause_config(void)
{
	static const char text[] =
	    "{\"Env\": [\"PATH=/\"], \"Cmd\": [\"/probe\", \"--try\", \"reap\", \"hold\"]}";
	struct json *config = NULL;

	(void) json_parse(text, sizeof(text) - 1, &config, NULL);
	return config;
}

int cri_write_image(struct bench *bench, struct err *err)
{
	auto_json pause = pause_config();
	const struct cri_image images[] = { { json_get_string(bench->symbols, "@image"),
					      json_member(bench->config, "image") },
					    { CRI_PAUSE, pause } };
	auto_fd rootfs = file_open_at(bench->bundle, "rootfs", O_RDONLY | O_DIRECTORY, 0, err);
	auto_fd home = rootfs < 0 ? rootfs
				  : file_open_at(AT_FDCWD, json_get_string(bench->symbols, "@cri"),
						 O_RDONLY | O_DIRECTORY, 0, err);
	size_t count = json_bool(cri_profile_part(bench, "pause_image"), false) ? 2 : 1;
	auto_free char *id = NULL;
	int r = home < 0 ? home : cri_image_write(home, "image", rootfs, images, count, &id, err);

	if (r >= 0)
		json_put(bench->symbols, "@image-id", json_new_string(id));
	return r;
}

int cri_make_home(struct bench *bench, struct err *err)
{
	static const char *const below[] = { "root", "state", "logs" };
	const char *home = json_get_string(bench->symbols, "@cri");
	int r = file_make_dirs_at(AT_FDCWD, home, 0755, err);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(below); i++) {
		auto_free char *path = text_format("%s/%s", home, below[i]);

		r = file_make_dirs_at(AT_FDCWD, path, 0755, err);
	}
	return r;
}

int cri_prepare_symbols(struct bench *bench, bool control)
{
	bench->cri = calloc(1, sizeof(*bench->cri));
	if (!bench->cri)
		return -ENOMEM;
	*bench->cri = (struct cri){ .helper = CRI_HELPER_INIT,
				    .server = PROCESS_INIT,
				    .go_on = -EBADF,
				    .made = json_new_object(),
				    .streams = json_new_object(),
				    .ours = json_new_object(),
				    .running = json_new_object() };
	if (bench->place->outside) {
		/* The registry serves what lies in a directory of that name beside the case's. */
		auto_free char *home = text_format("%s%s", bench->place->outside, control ? "-control" : "");

		add_symbols(bench, home);
		live_put_symbols(bench, control);
	} else {
		add_symbols(bench, control ? CRI_HOME "-control" : CRI_HOME);
	}
	return 0;
}
