/* Takes a runtime's command line apart and runs the real runtime with it, descriptors and signals untouched. */
#include "runtime-under-test/faulty/faulty.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

#define STATE_MAX (1u << 20)
#define STATE_TIMEOUT_MS 10000

/* Options whose value is the next word. An option written as --name=value needs no row. */
static const struct {
	const char *name;
	size_t offset; /* of the member of struct call that takes the value; 0: nobody asks */
} valued[] = {
	{ "--root", offsetof(struct call, root) },
	{ "--bundle", offsetof(struct call, bundle) },
	{ "-b", offsetof(struct call, bundle) },
	{ "--pid-file", offsetof(struct call, pid_file) },
	{ "--log", 0 },
	{ "--log-format", 0 },
	{ "--criu", 0 },
	{ "--cgroup-manager", 0 },
	{ "--console-socket", 0 },
	{ "--pidfd-socket", 0 },
	{ "--preserve-fds", 0 },
	{ "--process", 0 },
	{ "-p", 0 },
	{ "--resources", 0 },
	{ "-r", 0 },
	{ "--format", 0 },
	{ "-f", 0 },
};

static void store(struct call *call, size_t offset, const char *value)
{
	if (offset)
		*(const char **) ((char *) call + offset) = value;
}

/* How many words the option takes: 1, or 2 when its value stands apart. `-f` of delete is a flag, of list a value. */
static size_t option_take(struct call *call, size_t at)
{
	const char *word = call->argv[at];

	for (size_t i = 0; i < ARRAY_SIZE(valued); i++) {
		size_t len = strlen(valued[i].name);

		if (strncmp(word, valued[i].name, len) != 0)
			continue;
		if (word[len] == '=') {
			store(call, valued[i].offset, word + len + 1);
			return 1;
		}
		if (word[len] != '\0' || (!strcmp(word, "-f") && !strcmp(call->verb, "delete")))
			continue;
		if (at + 1 >= call->count)
			return 1;
		store(call, valued[i].offset, call->argv[at + 1]);
		return 2;
	}
	return 1;
}

int call_parse(char **argv, struct call *ret, struct err *err)
{
	struct call call = { .argv = argv, .verb = "" };

	while (argv[call.count])
		call.count++;
	if (!call.count)
		return fail_text(err, -EINVAL, "no runtime is given after --");
	for (size_t i = 1; i < call.count;) {
		if (argv[i][0] == '-' && argv[i][1]) {
			i += option_take(&call, i);
			continue;
		}
		if (!call.verb_at) {
			call.verb_at = i;
			call.verb = argv[i];
		} else if (!call.id) {
			call.id = argv[i];
		} else if (!call.signal) {
			call.signal = argv[i];
		}
		i++;
	}
	*ret = call;
	return 0;
}

static int run_argv(char *const *argv, struct err *err)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return fail(err, -errno, "fork");
	if (!pid) {
		execvp(argv[0], argv);
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return fail(err, -errno, "wait for %s", argv[0]);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int call_run(const struct call *call, struct err *err)
{
	return run_argv(call->argv, err);
}

/* The runtime and its global options, then words. The array is owned, the strings are borrowed. */
static char **with_words(const struct call *call, const char *const *words)
{
	size_t globals = call->verb_at ? call->verb_at : call->count, count = 0;
	char **argv;

	while (words[count])
		count++;
	argv = calloc(globals + count + 1, sizeof(*argv));
	if (!argv)
		return NULL;
	memcpy(argv, call->argv, globals * sizeof(*argv));
	memcpy(argv + globals, words, count * sizeof(*argv));
	return argv;
}

int call_run_words(const struct call *call, const char *const *words, struct err *err)
{
	auto_free char **argv = with_words(call, words);

	if (!argv)
		return fail(err, -ENOMEM, "make a command line");
	return run_argv(argv, err);
}

int call_state(const struct call *call, struct json **ret, struct err *err)
{
	const char *const words[] = { "state", call->id ? call->id : "", NULL };
	auto_free char **argv = with_words(call, words);
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_text out = { 0 };
	struct process_capture capture = { .out = &out, .max = STATE_MAX, .timeout_ms = STATE_TIMEOUT_MS };
	struct process_status status = { 0 };
	int r;

	if (!argv)
		return fail(err, -ENOMEM, "make a command line");
	options.argv = (const char *const *) argv;
	r = process_run(&options, &capture, &status, err);
	if (r < 0)
		return r;
	if (!status.exited || status.code)
		return fail_text(err, -ENOENT, "state of %s is refused", words[1]);
	return json_parse(text_str(&out), out.len, ret, err);
}
