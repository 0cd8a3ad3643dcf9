/*
 * The OCI runtime behind the server, as a script. Cases make it fail or hold: what a server does with a runtime that is in
 * trouble, and how it is found by the next server, is seen at the same place of its work each time.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case_run.h"
#include "harness/command.h"
#include "harness/cri.h"
#include "harness/cri_part.h"
#include "harness/runtime.h"
#include "harness/world.h"

#define LOOK_STEP_MS 5

/* Beside the script: the wish, the same once one has taken it, and the pipe that holds it until somebody opens the other end. */
static const char script_head[] = "#!/bin/sh\n"
				  "if [ -r \"$0.trouble\" ]; then\n"
				  "\tread -r deed verbs < \"$0.trouble\"\n"
				  "\tfor word; do\n"
				  "\t\tcase \" $verbs \" in *\" $word \"*) ;; *) continue ;; esac\n"
				  "\t\tif [ \"$deed\" = fail ]; then\n"
				  "\t\t\techo 'the runtime fails, as it was told to' >&2\n"
				  "\t\t\texit 1\n"
				  "\t\tfi\n"
				  "\t\tmv \"$0.trouble\" \"$0.held\" 2> /dev/null && : < \"$0.pipe\"\n"
				  "\t\tbreak\n"
				  "\tdone\n"
				  "fi\n"
				  "exec ";

static int write_script(struct bench *bench, const char *path, bool faulty, struct err *err)
{
	const char *const *before = bench->job->before;
	auto_text script = { 0 };

	text_add(&script, script_head);
	for (size_t i = 0; faulty && before && !cri_fault_is_of_server(before[2]) && before[i]; i++) {
		text_escape_shell(&script, before[i]);
		text_add_char(&script, ' ');
	}
	text_escape_shell(&script, bench->job->runtime->handler);
	text_add(&script, " \"$@\"\n");
	int r = file_create_at(AT_FDCWD, path, text_str(&script), script.len, 0755, err);
	return r < 0 ? r : chmod(path, 0755) < 0 ? fail(err, -errno, "chmod %s", path) : 0;
}

static char *beside(const struct bench *bench, const char *suffix)
{
	return text_format("%s%s", json_get_string(bench->symbols, "@handler-path"), suffix);
}

int cri_write_handler(struct bench *bench, struct err *err)
{
	auto_free char *path = beside(bench, ""), *second = beside(bench, "-second"),
		       *pipe = beside(bench, ".pipe");
	int r = write_script(bench, path, true, err);

	if (r >= 0)
		r = write_script(bench, second, true, err);
	return r < 0 ? r : mkfifo(pipe, 0600) < 0 ? fail(err, -errno, "mkfifo %s", pipe) : 0;
}

/*
 * Who is held goes on, and so does who has taken the wish and is not yet at the pipe: the other end stays open. For both
 * ways open(2) needs nobody there.
 */
static int release(const struct bench *bench, struct err *err)
{
	auto_free char *wish = beside(bench, ".trouble"), *held = beside(bench, ".held"),
		       *pipe = beside(bench, ".pipe");

	(void) unlink(wish);
	(void) unlink(held);
	if (bench->cri->go_on < 0)
		bench->cri->go_on = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return bench->cri->go_on < 0 ? fail(err, -errno, "open %s", pipe) : 0;
}

static int make_wish(const struct bench *bench, const struct text *line, struct err *err)
{
	auto_free char *path = beside(bench, ".trouble");

	cleanup_fd(&bench->cri->go_on);
	bench->cri->go_on = -EBADF;
	return file_create_at(AT_FDCWD, path, text_str(line), line->len, 0644, err);
}

/* Words of its trouble: ["fail", "create", "run"] or ["hold", ...]. Nothing: it does as it should, and whoever is held goes on. */
int cri_step_handler(struct bench *bench, const struct json *argument, struct step_result *result,
		     struct err *err)
{
	const char *deed = json_string(json_at(argument, 0));
	auto_text line = { 0 };

	if (argument && (!deed || (strcmp(deed, "fail") != 0 && strcmp(deed, "hold") != 0)))
		return fail_text(err, -EINVAL,
				 "step handler needs \"fail\" or \"hold\", and the verbs it is about");
	for (size_t i = 0; i < json_length(argument); i++) {
		const char *word = json_string(json_at(argument, i));

		text_addf(&line, "%s%s", i ? " " : "", word ? word : "");
	}
	text_add_char(&line, '\n');
	int r = argument ? make_wish(bench, &line, err) : release(bench, err);
	result->exit = json_new_object();
	json_put(result->exit, "verb", json_new_string("handler"));
	json_put(result->exit, "code", json_new_int(0));
	return r;
}

static bool is_held(void *argument)
{
	return access(argument, F_OK) == 0;
}

/* Until the runtime has come to where it is held. */
int cri_step_held(struct bench *bench, const struct json *argument, struct step_result *result,
		  struct err *err)
{
	int64_t deadline = process_now_ms() + bench->job->command_ms;
	auto_free char *path = beside(bench, ".held");

	(void) argument;
	(void) err;
	while (!is_held(path) && process_now_ms() < deadline)
		(void) reaper_wait_until(&bench->place->reaper, is_held, path,
					 process_now_ms() + LOOK_STEP_MS);
	result->timed_out = !is_held(path);
	result->exit = json_new_object();
	json_put(result->exit, "verb", json_new_string("held"));
	json_put(result->exit, "code", json_new_int(result->timed_out ? 1 : 0));
	return 0;
}
