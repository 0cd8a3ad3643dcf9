/* ps: the processes of a container by the pids of whoever asks, what exec has added and groups below included. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/options.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/verbs.h"

#define PS_OUTPUT_MAX (16u << 20)
#define PS_TIMEOUT_MS 30000

struct ps_options {
	const char *format;
};

const struct option_row ps_rows[] = {
	{ "format", 'f', OPTION_STRING, offsetof(struct ps_options, format), "table or json" },
	{ NULL },
};

struct pids {
	pid_t *items; /* owned, sorted */
	size_t count;
};

static void pids_free(struct pids *pids)
{
	free(pids->items);
}

/* Without cgroups, as without privileges, init is all that is known. */
static int read_pids(const struct state *state, struct pids *ret, struct err *err)
{
	auto_cgroups cgroups = { 0 };
	int r = cgroups_from_json(state->cgroups, &cgroups, err);

	if (r < 0)
		return r;
	if (!fault("ps-shows-init-only"))
		r = cgroups_list(&cgroups, &ret->items, &ret->count, err);
	if (r < 0 || ret->count)
		return r;
	if (state_status(state) == STATUS_STOPPED || state->pid <= 0)
		return 0;
	ret->items = malloc(sizeof(pid_t));
	if (!ret->items)
		abort();
	ret->items[0] = state->pid;
	ret->count = 1;
	return 0;
}

static int print_json(const struct pids *pids)
{
	auto_json array = json_new_array();
	auto_text out = { 0 };

	for (size_t i = 0; i < pids->count; i++)
		json_append(array,
			    json_new_int(fault("ps-counts-in-the-container") ? (int) i + 1 : pids->items[i]));
	json_print(array, 0, &out);
	text_add_char(&out, '\n');
	return file_write_all(STDOUT_FILENO, text_str(&out), out.len);
}

static bool has_pid(const struct pids *pids, unsigned long long pid)
{
	for (size_t i = 0; i < pids->count; i++)
		if ((unsigned long long) pids->items[i] == pid)
			return true;
	return false;
}

static char *word(const char *line, size_t index)
{
	for (;; index--) {
		size_t length;

		line += strspn(line, " \t");
		length = strcspn(line, " \t\n");
		if (index == 0 || length == 0)
			return text_format("%.*s", (int) length, line);
		line += length;
	}
}

/* Which column of the title line is the pid; -1: none. */
static int find_column(const char *title)
{
	for (int i = 0;; i++) {
		auto_free char *name = word(title, (size_t) i);

		if (strcmp(name, "PID") == 0)
			return i;
		if (!*name)
			return -1;
	}
}

/* The title, and the lines of ps(1) whose pid is the container's. */
static int filter(char *lines, const struct pids *pids, struct text *out, struct err *err)
{
	char *rest = lines, *line = strsep(&rest, "\n");
	int column = line ? find_column(line) : -1;

	if (column < 0)
		return fail_text(err, -EINVAL, "ps: its output has no column PID");
	text_addf(out, "%s\n", line);
	while ((line = strsep(&rest, "\n"))) {
		auto_free char *pid = word(line, (size_t) column);
		unsigned long long number;

		if (text_to_u64(pid, &number) == 0 && has_pid(pids, number))
			text_addf(out, "%s\n", line);
	}
	return 0;
}

static int print_table(const struct pids *pids, int argc, char **argv, struct err *err)
{
	auto_free const char **words = calloc((size_t) argc + 3, sizeof(*words));
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_text lines = { 0 }, errors = { 0 }, out = { 0 };
	const struct process_capture capture = {
		.out = &lines, .err = &errors, .max = PS_OUTPUT_MAX, .timeout_ms = PS_TIMEOUT_MS
	};
	struct process_status status;
	int r;

	if (!words)
		abort();
	words[0] = "ps";
	words[1] = "-ef";
	for (int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	options.argv = words;
	r = process_run(&options, &capture, &status, err);
	if (r < 0)
		return fail(err, r, "run ps");
	text_trim_end(&errors);
	if (!status.exited || status.code != 0)
		return fail_text(err, -EINVAL, "ps: %s", text_str(&errors));
	if (!lines.len)
		return fail_text(err, -EINVAL, "ps: it printed nothing");
	r = filter(lines.data, pids, &out, err);
	return r < 0 ? r : file_write_all(STDOUT_FILENO, text_str(&out), out.len);
}

int verb_ps(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct ps_options options = { .format = "table" };
	int first = options_parse(ps_rows, &options, argc, argv, err);
	__attribute__((cleanup(pids_free))) struct pids pids = { 0 };
	struct state state = { 0 };
	auto_fd directory = -EBADF;
	bool json = strcmp(options.format, "json") == 0;
	int r;

	if (first < 0)
		return fail_text(err, first, "ps");
	if (first >= argc)
		return fail_text(err, -EINVAL, "ps: needs a container id");
	if (!json && strcmp(options.format, "table") != 0)
		return fail_text(err, -EINVAL, "ps: unknown format \"%s\"", options.format);
	directory = verb_open(runtime, argv[first], &state, err);
	if (directory < 0)
		return directory;
	r = read_pids(&state, &pids, err);
	state_clear(&state);
	if (r < 0)
		return fail(err, r, "ps");
	return json ? print_json(&pids) : print_table(&pids, argc - first - 1, argv + first + 1, err);
}
