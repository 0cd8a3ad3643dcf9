/*
 * The bundle of a reproduction: what the engine makes in a world, made in a directory that a person can
 * look at.
 */
#include "harness/repro.h"

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
#include "harness/area.h"
#include "harness/bundle.h"
#include "harness/case.h"
#include "harness/edit.h"
#include "harness/engine.h"
#include "harness/explain.h"
#include "harness/faults.h"
#include "harness/prepare.h"

static const struct {
	const char *symbol, *below;
} places[] = {
	{ "@bundle", "" },
	{ "@rootfs", "/rootfs" },
	{ "@scratch", "/scratch" },
	{ "@shared", "/shared" },
	{ "@probe", "/rootfs/probe" },
	{ "@pid-file", "/pid" },
	{ "@log", "/log" },
	{ "@state-root", "/state" },
	{ "@console-socket", "/console.sock" },
	{ "@agent-socket", "/agent.sock" },
};

static void put_symbol(struct json *symbols, const char *name, const char *value)
{
	json_put(symbols, name, json_new_bytes(value, strlen(value)));
}

static struct json *make_symbols(const struct repro *repro)
{
	struct json *symbols = json_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		auto_free char *path = text_format("%s%s", repro->directory, places[i].below);

		put_symbol(symbols, places[i].symbol, path);
	}
	put_symbol(symbols, "@id", REPRO_CONTAINER);
	put_symbol(symbols, "@cgroup", "/" REPRO_CONTAINER);
	put_symbol(symbols, "@run", REPRO_CONTAINER);
	put_symbol(symbols, "@runtime", repro->runtime->path);
	for (size_t i = 0; i < ARRAY_SIZE(repro->c->prepare) && repro->c->prepare[i]; i++) {
		const struct prepare *row = repro->c->prepare[i];
		auto_free char *name = text_format("@ns-%s", row->path);
		auto_free char *path = text_format("%s/ns-%s", repro->directory, row->path);

		if (row->kind == PREPARE_NAMESPACE)
			put_symbol(symbols, name, path);
	}
	return symbols;
}

/*
 * Namespaces and mounts are made by run.sh, when somebody runs it: writing a reproduction changes no
 * machine.
 */
static int prepare_files(const struct repro *repro, int fd, const struct json *symbols, struct err *err)
{
	struct conformance_case files = { .name = repro->c->name };
	struct prepare rows[ARRAY_SIZE(files.prepare)];
	char *paths[ARRAY_SIZE(files.prepare)] = { NULL };
	size_t n = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(files.prepare) && repro->c->prepare[i]; i++) {
		const struct prepare *row = repro->c->prepare[i];

		/* By hand the runtime lies where it lies. */
		if (row->kind == PREPARE_NAMESPACE || row->kind == PREPARE_MOUNT ||
		    row->kind == PREPARE_RUNTIME)
			continue;
		/* "shared/" in front would be the world's own place: here it is a folder of the directory. */
		paths[n] = text_format("./%s", row->path);
		rows[n] = (struct prepare){ row->kind, paths[n], row->value };
		files.prepare[n] = &rows[n];
		n++;
	}
	r = prepare_bundle(&files, fd, symbols, err);
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	return r;
}

static int write_text(int fd, const char *name, const struct text *text, mode_t mode, struct err *err)
{
	return file_create_at(fd, name, text_str(text), text->len, mode, err);
}

static int write_control(const struct bundle_request *request, int fd, struct err *err)
{
	struct bundle_request control = *request;
	auto_json config = NULL;
	auto_text text = { 0 };

	if (!request->c->control[0])
		return 0;
	control.control = true;
	int r = bundle_config(&control, &config, err);
	if (r < 0)
		return r;
	json_print(config, JSON_PRETTY, &text);
	text_add_char(&text, '\n');
	return write_text(fd, "config-control.json", &text, 0644, err);
}

static int write_readme(const struct repro *repro, int fd, struct err *err)
{
	const struct area *area = NULL;
	auto_faults faults = { 0 };
	auto_text text = { 0 };
	int r = faults_load(&faults, err);

	if (r < 0)
		return r;
	(void) area_case_find(repro->id, &area);
	text_add(&text, "One case of plumbline, by hand. It needs sh and the runtime");
	for (size_t i = 0; i < ARRAY_SIZE(repro->c->prepare) && repro->c->prepare[i]; i++)
		if (repro->c->prepare[i]->kind == PREPARE_NAMESPACE ||
		    repro->c->prepare[i]->kind == PREPARE_MOUNT) {
			text_add(&text, ", and unshare and mount of util-linux");
			break;
		}
	text_add(&text, ".\n\n    sh run.sh                   the runtime is ");
	text_add(&text, repro->runtime->path);
	text_add(
	    &text,
	    "\n    RUNTIME=/other sh run.sh    another one\n\n"
	    "It runs the runtime on this machine as you are: use one that may break, or begin with\n"
	    "    unshare --pid --fork --mount --mount-proc --ipc --uts --cgroup sh run.sh\n\n"
	    "Files: config.json and rootfs are the bundle, rootfs/.plumbline/tries what the probe tries,\n"
	    "output what the container printed, log the runtime's log. The paths in config.json are those "
	    "of\n"
	    "this directory: write the case again for another place, do not move it.\n");
	if (repro->c->control[0])
		text_add(
		    &text,
		    "config-control.json is the corrected input: after a refusal run.sh takes it in the "
		    "place of config.json,\nand what was refused must succeed; output-control is what the "
		    "container printed then.\n");
	text_add(&text,
		 "\nrun.sh exits with 1 when a step does not end as it must. What the container printed and "
		 "what it\nleft it does not judge.\n\nThe case\n--------\n");
	explain_case(area, repro->c, repro->clauses, &faults, &text);
	return write_text(fd, "README", &text, 0644, err);
}

/* The master of a terminal and the descriptor of a filter come over a socket. */
static int check_sockets(const struct conformance_case *c, struct err *err)
{
	bool terminal = repro_mentions(c, "@console");

	for (size_t i = 0; i < ARRAY_SIZE(c->given) && c->given[i]; i++)
		terminal = terminal || !strcmp(c->given[i]->path, "process.terminal");
	if (!terminal && !repro_mentions(c, "@agent-socket"))
		return 0;
	return fail_text(err, -EINVAL, "somebody must listen at a socket for %s, which needs more than sh",
			 terminal ? "the container's terminal" : "the seccomp agent");
}

int repro_write(const struct repro *repro, int fd, struct err *err)
{
	auto_json symbols = make_symbols(repro);
	struct bundle_request request = {
		.c = repro->c,
		.profile = repro->runtime->profile,
		.spec_version = repro->runtime->spec_version,
		.nonce = "repro",
		.symbols = symbols,
	};
	auto_text script = { 0 };
	int r = check_sockets(repro->c, err);

	if (r >= 0)
		r = bundle_write(fd, &request, NULL, err);
	if (r >= 0 && mkdirat(fd, "shared", 0755) < 0)
		r = fail(err, -errno, "mkdir shared");
	if (r >= 0)
		r = prepare_files(repro, fd, symbols, err);
	if (r >= 0)
		r = write_control(&request, fd, err);
	if (r >= 0)
		r = repro_script(repro, symbols, fd, &script, err);
	if (r >= 0)
		r = write_text(fd, "run.sh", &script, 0755, err);
	if (r >= 0)
		r = write_readme(repro, fd, err);
	return r;
}
