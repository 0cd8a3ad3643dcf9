/* plumbline-oci: global options, then a verb. The one place that prints errors and chooses exit codes. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/commit.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/exe_protect.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/options.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/verbs.h"

static const struct verb verbs[] = {
	{ "create", verb_create, "ID", "make a container and stop before its program", create_rows, ROOT_MAKE,
	  .enters = true },
	{ "start", verb_start, "ID", "run the program of a created container", NULL, ROOT_LOOK },
	{ "run", verb_run, "ID", "create, start, wait and delete", run_rows, ROOT_MAKE },
	{ "state", verb_state, "ID", "print the state of a container as JSON", NULL, ROOT_LOOK },
	{ "kill", verb_kill, "ID [SIGNAL]", "send a signal, SIGTERM if none is named", kill_rows, ROOT_LOOK },
	{ "pause", verb_pause, "ID", "freeze every process of a container", NULL, ROOT_LOOK },
	{ "resume", verb_resume, "ID", "let a paused container go on", NULL, ROOT_LOOK },
	{ "update", verb_update, "ID", "change the limits of a container", update_rows, ROOT_LOOK },
	{ "events", verb_events, "ID", "print what a container uses", events_rows, ROOT_LOOK },
	{ "delete", verb_delete, "ID", "remove a container that has stopped", delete_rows, ROOT_LOOK },
	{ "exec", verb_exec, "ID COMMAND...", "run one more command in a container", exec_rows, ROOT_LOOK,
	  .failure = 255, .enters = true },
	{ "ps", verb_ps, "ID [PS-OPTION...]", "list the processes of a container", ps_rows, ROOT_LOOK },
	{ "list", verb_list, "", "print all containers", list_rows, ROOT_LOOK },
	{ "spec", verb_spec, "", "write a config.json to begin with", spec_rows, ROOT_NONE },
	{ "features", verb_features, "", "print what this runtime supports as JSON", NULL, ROOT_NONE },
};

/* Verbs of other runtimes that callers may try: a sentence of their own beats "unknown command". */
static const char *const refused[] = { "checkpoint", "restore" };

struct global_options {
	const char *root, *log_path, *log_format, *rootless, *resctrl;
	bool debug, systemd_cgroup, version, help;
	char **argv; /* main's */
};

#define AT(member) offsetof(struct global_options, member)
static const struct option_row global_rows[] = {
	{ "root", 0, OPTION_STRING, AT(root), "directory of the containers' state" },
	{ "log", 0, OPTION_STRING, AT(log_path), "append errors and warnings to this file" },
	{ "log-format", 0, OPTION_STRING, AT(log_format), "text or json" },
	{ "debug", 0, OPTION_FLAG, AT(debug), "tell more" },
	{ "systemd-cgroup", 0, OPTION_FLAG, AT(systemd_cgroup), "let systemd make the cgroups" },
	{ "resctrl", 0, OPTION_STRING, AT(resctrl), "directory of Intel RDT, if not where it is mounted" },
	{ "rootless", 0, OPTION_STRING, AT(rootless), "true, false or auto" },
	{ "version", 'v', OPTION_FLAG, AT(version), "print the version" },
	{ "help", 'h', OPTION_FLAG, AT(help), "print this" },
	{ NULL },
};

static int print(const struct text *out)
{
	return file_write_all(STDOUT_FILENO, text_str(out), out->len) < 0 ? 1 : 0;
}

static int print_version(void)
{
	auto_text out = { 0 };

	text_addf(&out, "plumbline-oci version %s\ncommit: %s\nspec: 1.3.0\n", PLUMBLINE_VERSION, commit);
	return print(&out);
}

static int print_help(void)
{
	auto_text out = { 0 };

	text_add(&out, "usage: plumbline-oci [OPTION...] VERB [OPTION...] [ARGUMENT...]\n\nverbs:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		text_addf(&out, "  %-10s %-18s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
	text_add(&out, "\noptions:\n");
	options_describe(global_rows, &out);
	return print(&out);
}

static int print_verb_help(const struct verb *verb)
{
	auto_text out = { 0 };

	text_addf(&out, "usage: plumbline-oci %s%s %s\n\n%s\n", verb->name,
		  verb->options ? " [OPTION...]" : "", verb->arguments, verb->help);
	if (verb->options) {
		text_add(&out, "\n");
		options_describe(verb->options, &out);
	}
	return print(&out);
}

/* Root in a user namespace that is not the first one is rootless too: podman starts us that way. */
static bool is_rootless(void)
{
	auto_text map = { 0 };
	unsigned long inside, outside, count;

	if (geteuid() != 0)
		return true;
	if (file_read_at(AT_FDCWD, "/proc/self/uid_map", 4096, &map, NULL) < 0)
		return false;
	if (sscanf(text_str(&map), "%lu %lu %lu", &inside, &outside, &count) != 3)
		return true;
	return inside != 0 || outside != 0 || count != 4294967295ul;
}

static int resolve_rootless(const char *wish, bool *ret, struct err *err)
{
	if (!wish || strcmp(wish, "auto") == 0)
		*ret = is_rootless();
	else if (strcmp(wish, "true") == 0 || strcmp(wish, "false") == 0)
		*ret = wish[0] == 't';
	else
		return fail_text(err, -EINVAL, "option --rootless takes true, false or auto, not \"%s\"",
				 wish);
	return 0;
}

/* Owned. Absolute, because a hook or a later verb may run elsewhere. */
static char *resolve_root(const char *given, bool rootless)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	auto_free char *here = NULL;

	if (given && given[0] == '/')
		return text_format("%s", given);
	if (given) {
		here = getcwd(NULL, 0);
		return text_format("%s/%s", here ? here : ".", given);
	}
	if (rootless && runtime_dir && runtime_dir[0] == '/')
		return text_format("%s/plumbline-oci", runtime_dir);
	return text_format("/run/plumbline-oci");
}

static int open_log(const struct global_options *options, struct log *log, struct err *err)
{
	const char *format = options->log_format ? options->log_format : "text";

	log->debug = options->debug;
	log->json = strcmp(format, "json") == 0;
	if (!log->json && strcmp(format, "text") != 0)
		return fail_text(err, -EINVAL, "option --log-format takes text or json, not \"%s\"", format);
	if (options->log_path && options->log_path[0])
		return log_open(log, options->log_path, err);
	return 0;
}

static const struct verb *find_verb(const char *name, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (strcmp(refused[i], name) == 0) {
			(void) fail_text(err, -EOPNOTSUPP, "%s is not supported by plumbline-oci", name);
			return NULL;
		}
	(void) fail_text(err, -EINVAL, "unknown command \"%s\"", name);
	return NULL;
}

static int run_verb(const struct verb *verb, struct runtime *runtime, int argc, char **argv, struct err *err)
{
	auto_fd root = -EBADF;

	if (verb->root != ROOT_NONE) {
		root = state_root_open(runtime->root_path, verb->root == ROOT_MAKE, err);
		if (root == -ENOENT)
			err->text[0] = '\0'; /* nothing was ever created there: the verb says so */
		else if (root < 0)
			return root;
	}
	runtime->root = root;
	return verb->run(runtime, argc, argv, err);
}

static bool enters_container(const char *name)
{
	const struct verb *verb = find_verb(name, NULL);

	return verb && verb->enters && !fault("exe-unprotected");
}

static bool wants_help(int argc, char **argv)
{
	return argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

/* *ret_failure: the exit code should it fail. */
static int run(const struct global_options *options, struct log *log, int argc, char **argv, int *ret_failure,
	       struct err *err)
{
	const struct verb *verb = find_verb(argv[0], err);
	struct runtime runtime = { .argv = options->argv,
				   .systemd_cgroup = options->systemd_cgroup,
				   .resctrl = options->resctrl,
				   .log = log };
	auto_free char *root = NULL;
	int r;

	if (!verb)
		return -EINVAL;
	if (verb->failure)
		*ret_failure = verb->failure;
	if (wants_help(argc, argv))
		return print_verb_help(verb);
	r = resolve_rootless(options->rootless, &runtime.rootless, err);
	if (r < 0)
		return r;
	root = resolve_root(options->root, runtime.rootless);
	runtime.root_path = root;
	return run_verb(verb, &runtime, argc, argv, err);
}

int main(int argc, char **argv)
{
	struct global_options options = { .argv = argv };
	struct log log = { .fd = -EBADF };
	struct err err = { 0 };
	int first = options_parse(global_rows, &options, argc, argv, &err);
	int r = first, failure = 1;

	if (r >= 0)
		r = open_log(&options, &log, &err);
	if (r >= 0 && options.version)
		return print_version();
	if (r >= 0 && (options.help || first >= argc))
		return print_help() | (options.help ? 0 : 1);
	if (r >= 0 && enters_container(argv[first]))
		r = exe_protect(argv, &err);
	if (r >= 0)
		r = run(&options, &log, argc - first, argv + first, &failure, &err);
	if (r < 0)
		log_error(&log, err.text[0] ? err.text : strerror(-r));
	log_close(&log);
	return r < 0 ? failure : r;
}
