/*
 * An endpoint of the case's own: a network namespace with a loopback, the image, and the server as its profile says it is
 * started:
 *   "cri": {"args": ["--listen", "@socket", ...],
 *           "files": {"@cri/config.toml": ["line", ...]},
 *           "import": ["ctr", ..., "@image-archive"]}     run once the server answers; left out: it took the image at its start
 */
#include <assert.h>
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
#include "harness/census.h"
#include "harness/command.h"
#include "harness/cri.h"
#include "harness/cri_part.h"
#include "harness/edit.h"
#include "harness/engine.h"
#include "harness/live.h"
#include "harness/profile.h"
#include "harness/runtime.h"
#include "harness/world.h"

#define READY_MS 8000
#define DEATH_MS 2000
#define ASK_STEP_MS 5

bool runtime_is_cri(const struct runtime *runtime)
{
	return json_get(runtime->profile->document, "cri.args") != NULL;
}

const struct json *cri_profile_part(const struct bench *bench, const char *name)
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
	assert(words);
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
	const struct json *lists[] = { cri_profile_part(bench, "args"),
				       json_get(bench->config, "server.args") };
	const char *const *before = bench->job->before;
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_fd log = openat(bench->place->output, "cri-server.err",
			     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	char **words;

	if (before && !cri_fault_is_of_server(before[2]))
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

/* Whether it answers now: 1; 0: nobody is there yet. */
static int ask(struct bench *bench, const char *method, struct err *err)
{
	int64_t id = cri_helper_send(&bench->cri->helper, method, NULL, READY_MS, err);
	auto_json answer = NULL;
	int r = id < 0 ? (int) id
		       : cri_helper_await(&bench->cri->helper, id, process_now_ms() + READY_MS, &answer, err);
	const char *status = json_get_string(answer, "status");

	return r < 0 ? r : status && !strcmp(status, "OK");
}

/* The socket is there some time before or after its server is: who starts one asks until it answers, or has died. */
static int await_answer(struct bench *bench, const char *method, struct err *err)
{
	int64_t deadline = process_now_ms() + READY_MS;
	struct reaper *reaper = &bench->place->reaper;
	auto_text words = { 0 };
	int r;

	while ((r = ask(bench, method, err)) == 0 && process_now_ms() < deadline &&
	       !reaper_find(reaper, bench->cri->server.pid, NULL))
		reaper_pause(reaper, ASK_STEP_MS);
	if (r != 0)
		return r < 0 ? r : 0;
	add_last_words(bench, &words);
	return fail_text(err, -EHOSTDOWN, "the CRI server does not answer: %s", text_str(&words));
}

static int await_server(struct bench *bench, struct err *err)
{
	return await_answer(bench, "Version", err);
}

static int import_image(struct bench *bench, struct err *err)
{
	const struct json *list = cri_profile_part(bench, "import");
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

	return r < 0 ? r : cri_helper_start(bench->place, program, endpoint, &bench->cri->helper, err);
}

/* What there is of all that where the server runs already. */
static int open_live(struct bench *bench, struct err *err)
{
	bool served = !bench->job->runtime->live->image;
	int r = cri_make_home(bench, err);

	if (r >= 0 && served)
		r = cri_write_image(bench, err);
	if (r >= 0)
		r = start_calls(bench, err);
	return r < 0 ? r : live_pull_image(bench, err);
}

int cri_open(struct bench *bench, struct err *err)
{
	int (*const steps[])(struct bench * bench, struct err * err) = {
		cri_make_home, cri_write_handler, cri_write_files, cri_write_image,
		start_server,  start_calls,       await_server,    import_image,
	};
	const char *log = json_get_string(bench->config, "container.log_path");

	if (log)
		bench->cri->log = text_format("%s/%s", json_get_string(bench->symbols, "@logs"), log);
	if (bench->place->outside) {
		int opened = open_live(bench, err);

		return opened < 0 ? fail(err, opened, "CRI endpoint") : 0;
	}
	int r = own_network(err);
	if (r >= 0)
		r = make_pod_cgroup(bench->place, err);
	case_recording_begin(bench->job);
	case_recording_phase(bench->job, "server");
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](bench, err);
	return r < 0 ? fail(err, r, "CRI endpoint") : 0;
}

int cri_server_end(struct bench *bench, int signal, bool *ret_timed_out, struct process_status *ret,
		   struct err *err)
{
	struct process *server = &bench->cri->server;

	if (server->pid <= 0)
		return fail_text(err, -ESRCH, "no CRI server is there");
	int r = process_kill(server, signal);
	if (r < 0)
		return fail(err, r, "end the CRI server");
	*ret_timed_out = reaper_wait_pid(&bench->place->reaper, server->pid,
					 process_now_ms() + bench->job->command_ms, ret) == 0;
	if (*ret_timed_out)
		return 0;
	process_close(server);
	*server = (struct process) PROCESS_INIT;
	return 0;
}

int cri_server_start(struct bench *bench, struct err *err)
{
	if (bench->cri->server.pid > 0)
		return fail_text(err, -EBUSY, "a CRI server is there");
	int r = start_server(bench, err);
	/* Version may be answered before the past is known again. */
	if (r >= 0)
		r = await_answer(bench, "ListPodSandbox", err);
	census_own_process(bench->before, bench->cri->server.pid);
	return r;
}

static bool is_lasting(const struct json *lasting, const char *sentence)
{
	for (size_t i = 0; i < json_length(lasting); i++) {
		const char *what = json_string(json_at(lasting, i));

		if (what && text_starts(sentence, what) && sentence[strlen(what)] == ' ')
			return true;
	}
	return false;
}

void cri_drop_lasting(const struct bench *bench, struct json *leftovers)
{
	const struct json *lasting = cri_profile_part(bench, "lasting");

	for (size_t i = json_length(leftovers); i-- > 0;)
		if (is_lasting(lasting, json_string(json_at(leftovers, i))))
			json_remove_at(leftovers, i);
}

void cri_close(struct bench *bench)
{
	struct process_status status;

	if (!bench->cri)
		return;
	cri_helper_stop(&bench->cri->helper);
	if (bench->cri->server.pid > 0) {
		(void) process_kill(&bench->cri->server, SIGKILL);
		(void) reaper_wait_pid(&bench->place->reaper, bench->cri->server.pid,
				       process_now_ms() + DEATH_MS, &status);
	}
	process_close(&bench->cri->server);
	cleanup_fd(&bench->cri->go_on);
	free(bench->cri->log);
	json_free(bench->cri->made);
	json_free(bench->cri->streams);
	json_free(bench->cri->ours);
	json_free(bench->cri->running);
	free(bench->cri);
	bench->cri = NULL;
}
