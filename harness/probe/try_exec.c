/* Tries: other programs, and what becomes of this one's identity when they start. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json_check.h"
#include "base/text.h"
#include "harness/probe/census.h"
#include "harness/probe/child.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"
#include "harness/probe/try.h"

struct program {
	const char *path;
	char *const *argv;
	char *const *env;
};

static long replace_process(void *argument)
{
	const struct program *program = argument;

	execve(program->path, program->argv, program->env);
	return -errno;
}

/* Runs it in a child; -errno when execve(2) refused. */
static int run_program(const struct program *program, struct text *output, struct child_end *end)
{
	const struct child_work work = { .body = replace_process,
					 .argument = (void *) program,
					 .output = output,
					 .output_max = TRY_OUTPUT_MAX };
	int r = child_run(&work, end);

	if (r < 0)
		return r;
	return end->reported ? (int) end->result : 0;
}

static int try_exec(struct try *try)
{
	const struct program program = { .path = try->words[1],
					 .argv = try->words + 1,
					 .env = try->probe->env };
	auto_text output = { 0 };
	struct child_end end;
	int r = run_program(&program, &output, &end);

	if (r < 0)
		return r;
	out_child_end(try->out, &end);
	out_bytes(try->out, "out", text_str(&output), output.len);
	return 0;
}

/*
 * The program should be a copy of the probe: under the name PROBE_IDS it prints who it became, and those
 * members join the try's. Any other program's output is shown as it is.
 */
static int try_suid(struct try *try)
{
	const struct program program = { .path = try->words[1],
					 .argv = (char *const[]){ (char *) PROBE_IDS, NULL },
					 .env = try->probe->env };
	auto_text output = { 0 };
	struct child_end end;
	int r = run_program(&program, &output, &end);

	if (r < 0)
		return r;
	out_child_end(try->out, &end);
	text_trim_end(&output);
	if (output.len > 2 && output.data[0] == '{' && json_check(output.data, output.len, NULL) == 0)
		out_json(try->out, NULL, output.data + 1, output.len - 2);
	else
		out_bytes(try->out, "out", text_str(&output), output.len);
	return 0;
}

int try_print_ids(void)
{
	auto_out out = OUT_INIT(STDOUT_FILENO);
	const struct probe probe = { .proc = -ENOENT };

	out_object(&out, NULL);
	out_uint(&out, "euid", geteuid());
	out_uint(&out, "egid", getegid());
	(void) census_uid(&probe, &out, "uid");
	(void) census_gid(&probe, &out, "gid");
	(void) census_caps(&probe, &out, "caps");
	(void) census_no_new_privs(&probe, &out, "no_new_privs");
	(void) census_dumpable(&probe, &out, "dumpable");
	(void) census_secure(&probe, &out, "secure");
	out_end(&out);
	return out_flush(&out) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct try_verb try_exec_verbs[] = {
	{ "exec P [ARGS]", try_exec, 1, "code or signal, out: its stdout and stderr" },
	{ "suid P", try_suid, 1,
	  "runs a copy of the probe: euid egid uid gid caps secure as it finds itself" },
	{ NULL },
};
