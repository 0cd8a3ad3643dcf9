/*
 * An endpoint of the case's own: a network namespace with a loopback, the image, and the server as its profile says it is
 * started:
 *   "cri": {"args": ["--listen", "@socket", ...],
 *           "files": {"@cri/config.toml": ["line", ...]},
 *           "import": ["ctr", ..., "@image-archive"]}     run once the server answers; left out: it took the image at its start
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case_recording.h"
#include "harness/case_run.h"
#include "harness/command.h"
#include "harness/cri.h"
#include "harness/cri_image.h"
#include "harness/edit.h"
#include "harness/engine.h"
#include "harness/faults.h"
#include "harness/profile.h"
#include "harness/runtime.h"
#include "harness/world.h"

#define CRI_HOME WORLD_HOME "/cri"
#define CRI_IMAGE "registry.plumbline.test/probe:1"
#define CRI_PAUSE "registry.plumbline.test/pause:1"
#define CRI_POD_CGROUP "/plumbline-pods"
#define READY_MS 8000
#define DEATH_MS 2000

bool runtime_is_cri(const struct runtime *runtime)
{
	return json_has(runtime->profile->document, "cri");
}

static const struct json *profile_part(const struct bench *bench, const char *name)
{
	return json_member(json_member(bench->job->runtime->profile->document, "cri"), name);
}

/* The pods' network is not the machine's: bridges, addresses and host ports of a case stay in its world. */
static int own_network(struct err *err)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (unshare(CLONE_NEWNET) < 0)
		return fail(err, -errno, "new network namespace");
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return fail(err, -errno, "loopback");
	return 0;
}

/* What the kubelet does for a pod before it asks for one: server and runtime find the parent there. */
static int make_pod_cgroup(const struct world_place *place, struct err *err)
{
	for (size_t i = 0; i < place->layout.count; i++) {
		auto_free char *path = text_format("%s%s", place->layout.rows[i].mount_point, CRI_POD_CGROUP);

		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return fail(err, -errno, "mkdir %s", path);
	}
	return 0;
}

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
	json_put(bench->symbols, "@handler", json_new_string(""));
}

static bool fault_is_of_server(const char *name)
{
	auto_faults registry = { 0 };
	struct fault_entry entry;

	return faults_load(&registry, NULL) >= 0 && fault_find(&registry, name, &entry) &&
	       !strcmp(entry.where, "cri");
}

/* The OCI runtime behind the server, as a script: a fault of the runtime stands in front of it there. */
static int write_handler(struct bench *bench, struct err *err)
{
	const char *const *before = bench->job->before;
	auto_text script = { 0 };

	text_add(&script, "#!/bin/sh\nexec ");
	for (size_t i = 0; before && !fault_is_of_server(before[2]) && before[i]; i++) {
		text_escape_shell(&script, before[i]);
		text_add_char(&script, ' ');
	}
	text_escape_shell(&script, bench->job->runtime->handler);
	text_add(&script, " \"$@\"\n");
	const char *path = json_get_string(bench->symbols, "@handler-path");
	int r = file_create_at(AT_FDCWD, path, text_str(&script), script.len, 0755, err);
	return r < 0 ? r : chmod(path, 0755) < 0 ? fail(err, -errno, "chmod %s", path) : 0;
}

static int write_files(struct bench *bench, struct err *err)
{
	const struct json *files = profile_part(bench, "files");

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

/* For a server that makes the first process of a sandbox from an image: the probe, told to stay. */
static struct json *pause_config(void)
{
	static const char text[] = "{\"Env\": [\"PATH=/\"], \"Cmd\": [\"/probe\", \"--try\", \"hold\"]}";
	struct json *config = NULL;

	(void) json_parse(text, sizeof(text) - 1, &config, NULL);
	return config;
}

static int write_image(struct bench *bench, struct err *err)
{
	auto_json pause = pause_config();
	const struct cri_image images[] = { { CRI_IMAGE, json_member(bench->config, "image") },
					    { CRI_PAUSE, pause } };
	auto_fd rootfs = file_open_at(bench->bundle, "rootfs", O_RDONLY | O_DIRECTORY, 0, err);
	auto_fd home = rootfs < 0 ? rootfs
				  : file_open_at(AT_FDCWD, json_get_string(bench->symbols, "@cri"),
						 O_RDONLY | O_DIRECTORY, 0, err);
	size_t count = json_bool(profile_part(bench, "pause_image"), false) ? 2 : 1;
	auto_free char *id = NULL;
	int r = home < 0 ? home : cri_image_write(home, "image", rootfs, images, count, &id, err);

	if (r >= 0)
		json_put(bench->symbols, "@image-id", json_new_string(id));
	return r;
}

/* Words of a profile with symbols replaced, behind words that stand in front; owned, with what they point at in `keep`. */
static char **make_words(const struct bench *bench, const char *const *before, const char *program,
			 const struct json *const *lists, size_t list_count)
{
	size_t count = 0, space = 2;
	char **words;

	for (size_t i = 0; before && before[i]; i++)
		space++;
	for (size_t i = 0; i < list_count; i++)
		space += json_length(lists[i]);
	words = calloc(space, sizeof(*words));
	for (size_t i = 0; before && before[i]; i++)
		words[count++] = text_format("%s", before[i]);
	if (program)
		words[count++] = text_format("%s", program);
	for (size_t i = 0; i < list_count; i++)
		for (size_t k = 0; k < json_length(lists[i]); k++) {
			struct text word = { 0 };
			const char *raw = json_string(json_at(lists[i], k));

			symbols_expand_text(raw ? raw : "", bench->symbols, &word);
			words[count++] = text_take(&word);
		}
	return words;
}

static void free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

static int start_server(struct bench *bench, struct err *err)
{
	const struct json *lists[] = { profile_part(bench, "args"), json_get(bench->config, "server.args") };
	const char *const *before = bench->job->before;
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_fd log = openat(bench->place->output, "cri-server.err",
			     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	char **words;

	if (before && !fault_is_of_server(before[2]))
		before = NULL;
	words = make_words(bench, before, bench->job->runtime->path, lists, ARRAY_SIZE(lists));
	options.argv = (const char *const *) words;
	options.env = command_environment;
	options.stdio[1] = options.stdio[2] = log;
	int r = process_spawn(&options, &bench->cri->server, err);
	free_words(words);
	if (r >= 0)
		reaper_forget(&bench->place->reaper, bench->cri->server.pid);
	return r < 0 ? fail(err, r, "start the CRI server") : 0;
}

/* The last line the server has written: that is where it says why. */
static void add_last_words(const struct bench *bench, struct text *out)
{
	auto_text text = { 0 };

	if (file_read_at(bench->place->output, "cri-server.err", 1u << 20, &text, NULL) < 0)
		return;
	text_trim_end(&text);
	const char *last = strrchr(text_str(&text), '\n');
	last = last ? last + 1 : text_str(&text);
	text_escape_terminal(out, last, strlen(last) < 300 ? strlen(last) : 300);
}

static int await_server(struct bench *bench, struct err *err)
{
	int64_t id = cri_call_send(&bench->cri->call, "Version", NULL, READY_MS, err);
	auto_json answer = NULL;
	auto_text words = { 0 };
	int r = id < 0 ? (int) id
		       : cri_call_await(&bench->cri->call, id, process_now_ms() + READY_MS, &answer, err);
	const char *status = json_get_string(answer, "status");

	if (r >= 0 && status && !strcmp(status, "OK"))
		return 0;
	add_last_words(bench, &words);
	return fail_text(err, -EHOSTDOWN, "the CRI server does not answer (%s): %s",
			 status ? status : "nothing", text_str(&words));
}

static int import_image(struct bench *bench, struct err *err)
{
	const struct json *list = profile_part(bench, "import");
	struct command_result result;

	if (!list)
		return 0;
	char **words = make_words(bench, NULL, NULL, &list, 1);
	const struct command command = {
		.name = "cri-import",
		.argv = (const char *const *) words,
		.input = -1,
		.directory = -1,
		.timeout_ms = READY_MS,
	};
	int r = command_run(bench->place, &command, &result, err);
	free_words(words);
	if (r < 0)
		return r;
	if (result.timed_out || !result.status.exited || result.status.code)
		r = fail_text(err, -EIO, "the server does not import the image");
	command_result_free(&result);
	return r;
}

static int start_calls(struct bench *bench, struct err *err)
{
	auto_free char *program = NULL;
	auto_free char *endpoint = text_format("unix://%s", json_get_string(bench->symbols, "@socket"));
	int r = runtime_locate("plumbline-cri-call", &program, err);

	return r < 0 ? r : cri_call_start(bench->place, program, endpoint, &bench->cri->call, err);
}

static int make_home(struct bench *bench, struct err *err)
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
	*bench->cri = (struct cri){ .call = CRI_CALL_INIT,
				    .server = PROCESS_INIT,
				    .made = json_new_object(),
				    .running = json_new_object() };
	add_symbols(bench, control ? CRI_HOME "-control" : CRI_HOME);
	return 0;
}

int cri_open(struct bench *bench, struct err *err)
{
	int (*const steps[])(struct bench * bench, struct err * err) = {
		make_home,    write_handler, write_files,  write_image,
		start_server, start_calls,   await_server, import_image,
	};
	const char *log = json_get_string(bench->config, "container.log_path");
	int r = own_network(err);

	if (log)
		bench->cri->log = text_format("%s/%s", json_get_string(bench->symbols, "@logs"), log);
	if (r >= 0)
		r = make_pod_cgroup(bench->place, err);
	case_recording_begin(bench->job);
	case_recording_phase(bench->job, "server");
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](bench, err);
	return r < 0 ? fail(err, r, "CRI endpoint") : 0;
}

void cri_close(struct bench *bench)
{
	struct process_status status;

	if (!bench->cri)
		return;
	cri_call_stop(&bench->cri->call);
	if (bench->cri->server.pid > 0) {
		(void) process_kill(&bench->cri->server, SIGKILL);
		(void) reaper_wait_pid(&bench->place->reaper, bench->cri->server.pid,
				       process_now_ms() + DEATH_MS, &status);
	}
	process_close(&bench->cri->server);
	free(bench->cri->log);
	json_free(bench->cri->made);
	json_free(bench->cri->running);
	free(bench->cri);
	bench->cri = NULL;
}
