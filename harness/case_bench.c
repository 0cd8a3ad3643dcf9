/* Sets up what a container is made from: symbols, namespaces, bundle, prepared files, terminal and driver. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/bundle.h"
#include "harness/case.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/engine.h"
#include "harness/faults.h"
#include "harness/profile.h"
#include "harness/world.h"

#define OUTPUT_MAX (12u << 20) /* of a container, read for the probe's lines */

static void make_nonce(char *ret)
{
	unsigned char bytes[16];

	/* 16 bytes never come short from the kernel's generator once it is seeded, and init needs it seeded long before. */
	(void) !getrandom(bytes, sizeof(bytes), 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void) snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

/* Owned. What is executed in the end: a fault inside the reference runtime is another program, beside the one that stands in for it. */
static char *program_of(const struct case_job *job)
{
	auto_faults faults = { 0 };
	struct fault_entry fault;
	const char *stand_in = job->before ? job->before[0] : NULL;

	if (!stand_in || faults_load(&faults, NULL) < 0 || !fault_find(&faults, job->before[2], &fault) ||
	    strcmp(fault.where, "inner") != 0)
		return text_format("%s", job->runtime->path);
	return text_format("%.*s/plumbline-oci-faulty", (int) (strrchr(stand_in, '/') - stand_in), stand_in);
}

static void add_symbols(struct bench *bench, const char *bundle_path)
{
	static const struct {
		const char *symbol, *below;
	} paths[] = { { "@bundle", "" },
		      { "@rootfs", "/rootfs" },
		      { "@scratch", "/scratch" },
		      { "@probe", "/rootfs/probe" } };
	struct json *symbols = bench->symbols;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_free char *path = text_format("%s%s", bundle_path, paths[i].below);

		json_put(symbols, paths[i].symbol, json_new_string(path));
	}
	auto_free char *second = text_format("%s-2", bench->container);
	auto_free char *cgroup = text_format("/%s", bench->container);
	auto_free char *program = program_of(bench->job);
	json_put(symbols, "@runtime", json_new_string(program));
	auto_free char *shared =
	    text_format("%s/shared", bench->place->outside ? bench->place->outside : WORLD_HOME);
	json_put(symbols, "@shared", json_new_string(shared));
	json_put(symbols, "@id", json_new_string(bench->container));
	json_put(symbols, "@id-2", json_new_string(second));
	json_put(symbols, "@cgroup", json_new_string(cgroup));
	json_put(symbols, "@run", json_new_string(bench->job->run));
	json_put(symbols, "@pid-file", json_new_string(DRIVER_PID_FILE));
	json_put(symbols, "@console-socket", json_new_string(DRIVER_CONSOLE));
	json_put(symbols, "@agent-socket", json_new_string(DRIVER_AGENT));
	json_put(symbols, "@log", json_new_string(DRIVER_LOG));
	json_put(symbols, "@state-root", json_new_string(WORLD_STATE));
}

static int write_bundle(struct bench *bench, const char *path, bool control, struct err *err)
{
	const struct case_job *job = bench->job;
	const struct bundle_request request = {
		.c = job->c,
		.profile = job->runtime->profile,
		.spec_version = job->runtime->spec_version,
		.nonce = bench->nonce,
		.symbols = bench->symbols,
		.control = control,
	};
	int r;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return fail(err, -errno, "mkdir %s", path);
	bench->bundle = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
	if (bench->bundle < 0)
		return bench->bundle;
	r = bundle_write(bench->bundle, &request, &bench->config, err);
	return r < 0 ? r : prepare_bundle(job->c, bench->bundle, bench->symbols, err);
}

static bool wants_console(const struct bench *bench)
{
	for (size_t i = 0; i < bench->step_count; i++)
		if (!strcmp(bench->steps[i]->verb, "exec") && strstr(bench->steps[i]->json, "@console"))
			return true;
	return bench->driver.terminal;
}

static int open_console(struct bench *bench, struct err *err)
{
	bench->driver.terminal = json_bool(json_get(bench->config, "process.terminal"), false);
	if (!wants_console(bench))
		return 0;
	(void) unlink(DRIVER_CONSOLE);
	return console_listen(&bench->console, &bench->place->reaper, DRIVER_CONSOLE, err);
}

static int open_agent(struct bench *bench, struct err *err)
{
	const char *path = json_get_string(bench->config, "linux.seccomp.listenerPath");

	if (!path || strcmp(path, DRIVER_AGENT) != 0)
		return 0;
	(void) unlink(DRIVER_AGENT);
	return agent_listen(&bench->agent, &bench->place->reaper, DRIVER_AGENT, err);
}

/* The usual words name WORLD_BUNDLE, so a control takes the place of the case's own bundle, which was observed before. */
static int make_place(const struct world_place *place, bool control, struct err *err)
{
	if (!control || place->outside)
		return 0;
	if (rename(WORLD_BUNDLE, WORLD_BUNDLE "-observed") < 0)
		return fail(err, -errno, "move " WORLD_BUNDLE " aside");
	(void) unlink(DRIVER_PID_FILE);
	return 0;
}

int bench_make(struct world_place *place, const struct case_job *job, bool control, struct prepared *prepared,
	       struct json *meta, struct bench *ret, struct err *err)
{
	auto_free char *bundle = place->outside
				     ? text_format("%s/bundle%s", place->outside, control ? "-control" : "")
				     : text_format("%s", WORLD_BUNDLE);
	int r;

	*ret = (struct bench){
		.place = place,
		.job = job,
		.console = CONSOLE_INIT,
		.agent = AGENT_INIT,
		.container = text_format("%s-%zu%s", job->run, job->number, control ? "-control" : ""),
		.bundle = -EBADF,
		.symbols = json_new_object(),
		.execs = json_new_array(),
		.meta = meta,
		.prepared = prepared,
	};
	ret->step_count = case_steps(job->c, &ret->steps);
	ret->driver = (struct driver){
		.place = place,
		.runtime = job->runtime,
		.before = job->before,
		.id = ret->container,
		.command_ms = job->command_ms,
		.serial = control ? 1000 : 0,
	};
	make_nonce(ret->nonce);
	add_symbols(ret, bundle);
	r = job->c->cri ? cri_prepare_symbols(ret, control) : 0;
	if (r >= 0)
		r = make_place(place, control, err);
	if (r >= 0)
		r = prepare_namespaces(job->c, ret->symbols, prepared, err);
	if (r >= 0)
		r = write_bundle(ret, bundle, control, err);
	if (r >= 0)
		r = job->c->cri ? cri_open(ret, err) : open_console(ret, err);
	return r < 0 || job->c->cri ? r : open_agent(ret, err);
}

void bench_free(struct bench *bench)
{
	cri_close(bench);
	console_close(&bench->console);
	agent_close(&bench->agent);
	driver_free(&bench->driver);
	cleanup_fd(&bench->bundle);
	json_free(bench->symbols);
	json_free(bench->config);
	json_free(bench->execs);
	free(bench->container);
	*bench = (struct bench){ .bundle = -EBADF, .console = CONSOLE_INIT, .agent = AGENT_INIT };
}

void bench_init_output(struct bench *bench, struct text *out)
{
	uint64_t cut;
	bool full;

	if (bench->cri)
		cri_log_output(bench, out);
	if (bench->driver.init_output)
		(void) command_output(bench->place, bench->driver.init_output, OUTPUT_MAX, out, &cut, &full,
				      NULL);
	if (bench->driver.terminal)
		text_add_bytes(out, text_str(&bench->console.output), bench->console.output.len);
}

void bench_exec_output(struct bench *bench, size_t index, struct text *out)
{
	const char *file = json_string(json_at(bench->execs, index));
	uint64_t cut;
	bool full;

	if (file && bench->cri)
		text_add_bytes(out, file, json_string_length(json_at(bench->execs, index)));
	else if (file && *file)
		(void) command_output(bench->place, file, OUTPUT_MAX, out, &cut, &full, NULL);
	else if (file)
		text_add_bytes(out, text_str(&bench->console.output), bench->console.output.len);
}

bool bench_init_has_ended(struct bench *bench)
{
	auto_free char *path = text_format("/proc/%lld", (long long) bench->init);

	if (bench->init <= 0)
		return false;
	reaper_collect(&bench->place->reaper);
	/* Not our child while the runtime that made it lives, so /proc decides beside the list of the dead. */
	return reaper_find(&bench->place->reaper, (pid_t) bench->init, NULL) || access(path, F_OK) < 0;
}

void bench_find_init(struct bench *bench, const struct json *state)
{
	int64_t pid = driver_read_pid(&bench->driver);

	if (!pid)
		pid = json_int(json_member(state, "pid"), 0);
	if (pid > 1 && pid != bench->init)
		bench->init = pid;
}
