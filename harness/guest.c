/* Starts a guest by the shell scripts of harness/guest, which lie inside this program, and takes in what it brings back. */
#include "harness/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "harness/embedded.h"
#include "harness/option_table.h"
#include "harness/options.h"
#include "harness/run_dir.h"
#include "harness/screen.h"

#define SCRIPTS "harness/guest/"
#define GUEST_SECONDS "14400" /* every case has its time-out; this ends a guest whose kernel hangs */
#define GUEST_NOBODY_KNOWS 125 /* boot.sh */
#define RESULTS "results.tar" /* in the run directory, until it is unpacked */

struct guest {
	const struct options *options;
	struct screen screen;
	bool keeps; /* its verb writes a run directory */
	struct run_dir directory;
	struct text work; /* a temporary directory, removed at the end */
	struct text flavour, script, files;
};

static void guest_free(struct guest *guest)
{
	/* A name that nobody chose, and nothing in it: no guest began. */
	if (guest->directory.path && !guest->options->out)
		(void) rmdir(guest->directory.path);
	if (guest->work.len)
		(void) file_remove_tree_at(AT_FDCWD, text_str(&guest->work), NULL);
	run_dir_close(&guest->directory);
	text_free(&guest->work);
	text_free(&guest->flavour);
	text_free(&guest->script);
	text_free(&guest->files);
}

static int make_work(struct guest *guest, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	int r = 0;

	text_addf(&guest->work, "%s/plumbline-guest-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(guest->work.data)) {
		r = fail(err, -errno, "temporary directory %s", text_str(&guest->work));
		text_cut(&guest->work, 0);
		return r;
	}
	auto_fd work = file_open_at(AT_FDCWD, text_str(&guest->work), O_RDONLY | O_DIRECTORY, 0, err);
	if (work < 0)
		return work;
	for (const struct embedded_file *file = embedded_files; file->name && r >= 0; file++)
		if (text_starts(file->name, SCRIPTS))
			r = file_create_at(work, file->name + strlen(SCRIPTS), file->data, file->size, 0755,
					   err);
	if (r >= 0)
		r = file_create_at(work, "script", text_str(&guest->script), guest->script.len, 0644, err);
	return r;
}

/* The programs that lie beside this one, and this one. */
static int add_programs(struct text *out, struct text *own_directory, struct err *err)
{
	static const char *const programs[] = { "plumbline", "plumbline-oci", "plumbline-oci-faulty",
						"plumbline-faulty" };
	auto_text self = { 0 };
	int r = file_read_link_at(AT_FDCWD, "/proc/self/exe", &self, err);

	if (r < 0)
		return r;
	text_add_bytes(own_directory, self.data, (size_t) (strrchr(self.data, '/') - self.data));
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		auto_free char *path = text_format("%s/%s", text_str(own_directory), programs[i]);

		if (!access(path, X_OK))
			text_addf(out, "%s\n", path);
	}
	return 0;
}

static int set_environment(const struct guest *guest, struct err *err)
{
	auto_text programs = { 0 }, own = { 0 }, folder = { 0 }, results = { 0 }, console = { 0 };
	int r = add_programs(&programs, &own, err);

	if (r < 0)
		return r;
	text_trim_end(&programs);
	if (guest->options->guest)
		text_add(&folder, guest->options->guest);
	else
		text_addf(&folder, "%s/../vm", text_str(&own));
	if (guest->keeps) {
		text_addf(&results, "%s/" RESULTS, guest->directory.path);
		text_addf(&console, "%s/console", guest->directory.path);
	}
	const struct {
		const char *name, *value;
	} variables[] = {
		{ "GUEST", text_str(&folder) },       { "PROGRAMS", text_str(&programs) },
		{ "FILES", text_str(&guest->files) }, { "RESULTS", text_str(&results) },
		{ "CONSOLE", text_str(&console) },    { "WORK", text_str(&guest->work) },
	};
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (setenv(variables[i].name, variables[i].value, 1) < 0)
			return fail(err, -errno, "setenv %s", variables[i].name);
	return 0;
}

/* boot.sh's exit code. It is ended by the same Ctrl-C, and cleans up: so that is waited for. */
static int boot(const struct guest *guest, int *ret_code, struct err *err)
{
	auto_free char *boot_sh = text_format("%s/boot.sh", text_str(&guest->work));
	auto_free char *script = text_format("%s/script", text_str(&guest->work));
	const char *const argv[] = { "sh", boot_sh, text_str(&guest->flavour), script, GUEST_SECONDS, NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process process = PROCESS_INIT;
	struct process_status status = { 0 };
	void (*before)(int);
	int r;

	options.argv = argv;
	options.stdio[1] = STDOUT_FILENO;
	options.stdio[2] = STDERR_FILENO;
	options.death_signal = SIGTERM;
	before = signal(SIGINT, SIG_IGN);
	r = process_spawn(&options, &process, err);
	if (r >= 0)
		r = process_wait(&process, -1, &status, err);
	process_close(&process);
	(void) signal(SIGINT, before);
	if (r >= 0)
		*ret_code = status.exited ? status.code : 128 + status.signal;
	return r;
}

/* The runs are here: every runtime's, or the guest's exit code is not believed. */
static int take_results(const struct guest *guest, struct err *err)
{
	const struct options *options = guest->options;
	size_t wanted = options->runtimes.count ? options->runtimes.count : 1;
	auto_run_list list = { 0 };
	auto_free char *archive = text_format("%s/" RESULTS, guest->directory.path);
	int r = guest_unpack(guest->directory.path, archive, err);

	if (r >= 0)
		r = run_list_add(&list, guest->directory.path, err);
	if (r >= 0 && list.count != wanted)
		r = fail_text(err, -EBADMSG, "the guest brought back %zu runs of %zu", list.count, wanted);
	if (r >= 0 && reports_asked(options))
		r = write_asked_reports(options, list.runs, list.count, err);
	return r;
}

static int finish(struct guest *guest, int code)
{
	struct err err = { 0 };

	if (code == 128 + SIGINT || code == 128 + SIGTERM)
		return EXIT_INTERRUPTED;
	if (code > EXIT_INVALID_INPUT)
		return EXIT_BROKEN;
	if (!guest->keeps || code == EXIT_USAGE || code == EXIT_NOTHING_SELECTED ||
	    code == EXIT_INVALID_INPUT)
		return code;
	if (take_results(guest, &err) >= 0)
		return code;
	/* With 3 there may be no guest, or no runtime that runs there: that was told. */
	if (code == EXIT_MACHINE_CANNOT)
		return code;
	screen_say(&guest->screen, "%s", err.text);
	return EXIT_BROKEN;
}

/* Its path is absolute: it is the guest's as well. */
static int open_results(struct guest *guest, struct err *err)
{
	auto_free char *name = run_name_new();
	int r = run_dir_open(guest->options->out, name, &guest->directory, err);

	if (r < 0)
		return r;
	char *path = realpath(guest->directory.path, NULL);
	if (!path)
		return fail(err, -errno, "run directory %s", guest->directory.path);
	free(guest->directory.path);
	guest->directory.path = path;
	return 0;
}

/* 0, or an exit code. */
static int prepare(const struct verb *verb, struct guest *guest)
{
	struct err err = { 0 };
	int r = screen_init(guest->options, &guest->screen, &err);

	if (r >= 0)
		r = guest_flavour(guest->options, &guest->flavour, &err);
	if (r >= 0 && guest->keeps)
		r = open_results(guest, &err);
	if (r >= 0)
		r = guest_script(verb, guest->options, guest->directory.path, &guest->script, &guest->files,
				 &err);
	if (r < 0) {
		screen_say(&guest->screen, "%s", err.text);
		return EXIT_USAGE;
	}
	r = make_work(guest, &err);
	if (r >= 0)
		r = set_environment(guest, &err);
	if (r >= 0)
		return 0;
	screen_say(&guest->screen, "%s", err.text);
	return EXIT_BROKEN;
}

int guest_run(const struct verb *verb, const struct options *options)
{
	struct guest guest = {
		.options = options,
		.keeps = verb->bit == VERB_TEST,
		.directory = { .fd = -EBADF },
	};
	struct err err = { 0 };
	int status = 0, code = prepare(verb, &guest);

	if (!code && boot(&guest, &status, &err) < 0) {
		screen_say(&guest.screen, "%s", err.text);
		code = EXIT_BROKEN;
	} else if (!code) {
		code = finish(&guest, status);
	}
	guest_free(&guest);
	return code;
}
