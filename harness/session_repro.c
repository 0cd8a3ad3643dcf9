/* The command line that shows one case by itself. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "harness/live.h"
#include "harness/session.h"
#include "harness/shell_word.h"

/* A server and its calls are no script: the case itself is run again, and what was there is kept. */
static void add_server_command(const char *id, const struct runtime *runtime, struct text *out)
{
	text_add(out, "plumbline test ");
	shell_word(id, out);
	text_add(out, " --cri ");
	shell_word(runtime->path, out);
	if (runtime->handler) {
		text_add(out, " --runtime ");
		shell_word(runtime->handler, out);
	}
	if (runtime->pod_handler) {
		text_add(out, " --handler ");
		shell_word(runtime->pod_handler, out);
	}
	if (runtime->live && runtime->live->image) {
		text_add(out, " --image ");
		shell_word(runtime->live->image, out);
	}
	text_add(out, " --keep");
}

static void add_script_command(const char *id, const struct runtime *runtime, struct text *out)
{
	text_add(out, "plumbline repro ");
	shell_word(id, out);
	text_add(out, " --runtime ");
	shell_word(runtime->path, out);
	for (char *const *arg = runtime->extra_args; arg && *arg; arg++) {
		auto_text word = { 0 };

		text_addf(&word, "--runtime-arg=%s", *arg);
		text_add_char(out, ' ');
		shell_word(text_str(&word), out);
	}
}

char *repro_command(const char *id, const struct runtime *runtime)
{
	auto_text out = { 0 }, directory = { 0 };
	const char *name = strrchr(id, '/');

	if (runtime->handler || runtime->live)
		add_server_command(id, runtime, &out);
	else
		add_script_command(id, runtime, &out);
	text_addf(&directory, "/tmp/%s", name ? name + 1 : id);
	text_add(&out, " -o ");
	shell_word(text_str(&directory), &out);
	return text_take(&out);
}
