/* The OCI runtime as a command, with the verbs and options of runc(8), which every runtime has. */
#include "runtime-under-test/cri/runtime_exec.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/server.h"
#include "runtime-under-test/oci/faults.h"

/* What has mistakes starts what has them too: the name of the one that is wanted comes through the environment. */
#ifdef PLUMBLINE_FAULTS
#define MONITOR "plumbline-monitor-faulty"
#else
#define MONITOR "plumbline-monitor"
#endif

enum {
	OUTPUT_MAX = 1 << 20,
	VERB_MS = 60000, /* a runtime that hangs holds up its own container only, and not for ever */
	WORDS_MAX = 12,
};

int runtime_open(const struct server *server, const char *handler, struct runtime *ret, struct err *err)
{
	char *program = server_runtime_path(server, fault("cri-unknown-handler-is-default") ? "" : handler);

	if (!program)
		return fail_text(err, -EINVAL, "no runtime handler is named %s", handler);
	*ret = (struct runtime){
		.monitor = text_format("%s/" MONITOR, server->programs),
		.program = program,
		/* A handler is a DNS label (RuntimeClass), so no handler has the default one's folder. */
		.root =
		    text_format("%s/runtimes/%s", server->options.state, handler[0] ? handler : "_default"),
		.systemd_cgroup = strcmp(server->options.cgroup_driver, "systemd") == 0,
	};
	return 0;
}

void runtime_close(struct runtime *runtime)
{
	free(runtime->monitor);
	free(runtime->program);
	free(runtime->root);
	*runtime = (struct runtime) RUNTIME_INIT;
}

/* The last line that is one, without what a logger puts in front (time="..." level=error msg="..."). */
static void last_line(const struct text *output, struct text *ret)
{
	const char *begin = text_str(output), *end = begin + output->len, *line;

	while (end > begin && (end[-1] == '\n' || end[-1] == ' '))
		end--;
	line = end;
	while (line > begin && line[-1] != '\n')
		line--;
	text_escape_terminal(ret, line, (size_t) (end - line));
}

struct verb {
	const struct runtime *runtime;
	const char *const *words; /* ended by NULL; the first is the verb */
	int input; /* -1: /dev/null */
};

static int run(const struct verb *verb, struct text *out, struct err *err)
{
	const char *argv[WORDS_MAX + 5];
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_text errors = { 0 }, line = { 0 };
	struct process_capture capture = {
		.out = out, .err = &errors, .max = OUTPUT_MAX, .timeout_ms = VERB_MS
	};
	struct process_status status = { 0 };
	size_t n = 0;
	int r;

	argv[n++] = verb->runtime->program;
	argv[n++] = "--root";
	argv[n++] = verb->runtime->root;
	if (verb->runtime->systemd_cgroup)
		argv[n++] = "--systemd-cgroup";
	for (size_t i = 0; verb->words[i] && i < WORDS_MAX; i++)
		argv[n++] = verb->words[i];
	argv[n] = NULL;
	options.argv = argv;
	options.stdio[0] = verb->input;
	options.new_group = true;
	r = process_run(&options, &capture, &status, err);
	if (r < 0)
		return fail(err, r, "%s %s", verb->runtime->program, verb->words[0]);
	if (status.exited && status.code == 0)
		return 0;
	last_line(&errors, &line);
	if (line.len)
		return fail_text(err, -EIO, "%s", text_str(&line));
	return fail_text(err, -EIO, "%s %s ended with %s %d and said nothing", verb->runtime->program,
			 verb->words[0], status.exited ? "status" : "signal",
			 status.exited ? status.code : status.signal);
}

int runtime_start(const struct runtime *runtime, const char *id, struct err *err)
{
	const char *const words[] = { "start", id, NULL };

	return run(&(struct verb){ runtime, words, -1 }, NULL, err);
}

int runtime_kill(const struct runtime *runtime, const char *id, int signal, struct err *err)
{
	auto_free char *number = text_format("%d", signal);
	const char *const words[] = { "kill", id, number, NULL };

	return run(&(struct verb){ runtime, words, -1 }, NULL, err);
}

/* The sentence in which runtimes say that they know no such container: runc's, which crun, youki and ours have too. */
static int run_on_known(const struct verb *verb, struct text *out, struct err *err)
{
	struct err own = { 0 };
	int r = run(verb, out, &own);

	if (r == -EIO && strstr(own.text, "does not exist"))
		return -ENOENT;
	return r < 0 ? fail_text(err, r, "%s", own.text) : 0;
}

bool runtime_keeps(const struct runtime *runtime, const char *id)
{
	auto_dir root = opendir(runtime->root);
	const struct dirent *entry;

	if (!root)
		return errno != ENOENT;
	while ((entry = readdir(root)))
		if (text_starts(entry->d_name, id))
			return true;
	return false;
}

int runtime_delete(const struct runtime *runtime, const char *id, struct err *err)
{
	const char *const words[] = { "delete", "--force", id, NULL };
	struct err own = { 0 };
	int r = run_on_known(&(struct verb){ runtime, words, -1 }, NULL, &own);

	if (r == -ENOENT || (r < 0 && !runtime_keeps(runtime, id)))
		return 0;
	return r < 0 ? fail_text(err, r, "%s", own.text) : 0;
}

static int memory_with(const struct text *content, struct err *err)
{
	auto_fd fd = memfd_create("plumbline-resources", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return fail(err, -errno, "make a file of memory");
	r = file_write_all(fd, text_str(content), content->len);
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return fail(err, r < 0 ? r : -errno, "write a file of memory");
	return TAKE_FD(fd);
}

int runtime_update(const struct runtime *runtime, const char *id, const struct json *resources,
		   struct err *err)
{
	const char *const words[] = { "update", "--resources", "-", id, NULL };
	auto_text text = { 0 };
	auto_fd input = -EBADF;

	json_print(resources, 0, &text);
	input = memory_with(&text, err);
	return input < 0 ? input : run(&(struct verb){ runtime, words, input }, NULL, err);
}

int runtime_state(const struct runtime *runtime, const char *id, struct json **ret, struct err *err)
{
	const char *const words[] = { "state", id, NULL };
	auto_text out = { 0 };
	int r = run_on_known(&(struct verb){ runtime, words, -1 }, &out, err);

	if (r < 0)
		return r;
	r = json_parse(text_str(&out), out.len, ret, err);
	return r < 0 ? fail(err, r, "the answer of %s state", runtime->program) : 0;
}
