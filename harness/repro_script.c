/* The steps of a case as lines for sh. */
#include "harness/repro.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/case.h"
#include "harness/driver_oci.h"
#include "harness/edit.h"
#include "harness/engine.h"
#include "harness/profile.h"
#include "harness/shell_word.h"

/* The driver's words name places of a world; here they lie in the directory. Longest first. */
static const struct {
	const char *world, *here;
} places[] = {
	{ DRIVER_LOG, "/log" }, { DRIVER_PID_FILE, "/pid" }, { DRIVER_CONSOLE, "/console.sock" },
	{ WORLD_BUNDLE, "" },   { WORLD_STATE, "/state" },
};

struct script {
	const struct repro *repro;
	const struct json *symbols;
	struct text *out;
	int fd;
	size_t step; /* from 1 */
	struct err *err;
};

static void add_word(struct script *script, const char *word)
{
	auto_text here = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(places) && !here.len; i++)
		if (!strcmp(word, places[i].world))
			text_addf(&here, "%s%s", script->repro->directory, places[i].here);
	shell_word(here.len ? text_str(&here) : word, script->out);
}

static void add_lines(struct script *script, const char *lines)
{
	text_add(script->out, lines);
}

/* exec --process wants a file: its object is written beside run.sh and named by flag instead. */
static int move_process_out(struct script *script, struct json *argument)
{
	const struct json *process = json_member(argument, "process");
	auto_free char *name = text_format("process-%zu.json", script->step);
	auto_free char *path = text_format("%s/%s", script->repro->directory, name);
	auto_text text = { 0 };
	int r;

	if (!process)
		return 0;
	json_print(process, JSON_PRETTY, &text);
	r = file_create_at(script->fd, name, text_str(&text), text.len, 0644, script->err);
	if (r < 0)
		return r;
	r = json_set(argument, "flags[]", json_new_string("--process"), script->err);
	if (r >= 0)
		r = json_set(argument, "flags[]", json_new_string(path), script->err);
	json_remove(argument, "process");
	return r;
}

static int add_input(struct script *script, const struct driver_words *words)
{
	auto_free char *name = text_format("input-%zu", script->step);

	if (!words->input) {
		text_add(script->out, " < /dev/null");
		return 0;
	}
	text_addf(script->out, " < %s", name);
	return file_create_at(script->fd, name, words->input, strlen(words->input), 0644, script->err);
}

static const char *const outcome_words[] = {
	[OUTCOME_OK] = "done_well",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_EITHER] = "either",
};

/* One command of the runtime; the runtime's own path becomes $RUNTIME, so that another one can be tried. */
static int runtime_step(struct script *script, const struct step *step, struct json *argument)
{
	const struct driver driver = { .runtime = script->repro->runtime, .id = REPRO_CONTAINER };
	bool makes = !strcmp(step->verb, "create") || !strcmp(step->verb, "run");
	struct driver_words words = { 0 };
	int r = json_kind(argument) == JSON_OBJECT ? move_process_out(script, argument) : 0;

	if (r >= 0)
		r = driver_words(&driver, step->verb, argument, &words, script->err);
	if (r < 0)
		return r;
	text_add(script->out, outcome_words[step->outcome]);
	if (step->outcome != OUTCOME_OK)
		text_addf(script->out, " %s", step->verb);
	text_add(script->out, " \"$RUNTIME\"");
	for (size_t i = 1; i < words.count; i++) {
		text_add_char(script->out, ' ');
		add_word(script, words.argv[i]);
	}
	r = add_input(script, &words);
	/* A pipe would stay open for as long as the container lives; a file asks nothing of anybody. */
	if (makes)
		text_add(script->out, " >> \"$output\"");
	text_add_char(script->out, '\n');
	driver_words_free(&words);
	return r;
}

static int own_wait(struct script *script, const struct json *argument)
{
	(void) argument;
	add_lines(script, "while alive; do sleep 0.1; done\n");
	return 0;
}

static int own_ready(struct script *script, const struct json *argument)
{
	(void) argument;
	add_lines(script,
		  "while alive && ! grep -Eq '\"(hold|waiting|end)\":' \"$output\"; do sleep 0.1; done\n");
	return 0;
}

static void command(struct script *script, const char *words, const char *path, const char *rest)
{
	text_add(script->out, words);
	text_add_char(script->out, ' ');
	shell_word(path ? path : "", script->out);
	text_add(script->out, rest);
}

static int own_write(struct script *script, const struct json *argument)
{
	const char *path = json_get_string(argument, "path"), *content = json_get_string(argument, "content");

	command(script, "mkdir -p -- \"$(dirname --", path, ")\"\n");
	command(script, "printf %s", content, " > ");
	shell_word(path ? path : "", script->out);
	add_lines(script, "\n");
	return 0;
}

static int own_rename(struct script *script, const struct json *argument)
{
	const char *to = json_string(json_at(argument, 1));

	command(script, "mv --", json_string(json_at(argument, 0)), " ");
	shell_word(to ? to : "", script->out);
	add_lines(script, "\n");
	return 0;
}

static int own_remove(struct script *script, const struct json *argument)
{
	command(script, "rm -df --", json_string(argument), "\n");
	return 0;
}

static int own_mount(struct script *script, const struct json *argument)
{
	const char *path = json_get_string(argument, "path"), *options = json_get_string(argument, "options");

	command(script, "mkdir -p --", path, "\n");
	command(script, "mount -t tmpfs -o", options && *options ? options : "defaults", " plumbline ");
	shell_word(path ? path : "", script->out);
	command(script, "\necho mark >", path, "/mark\n");
	return 0;
}

static int own_umount(struct script *script, const struct json *argument)
{
	command(script, "umount --", json_string(argument), "\n");
	return 0;
}

static int own_edit(struct script *script, const struct json *argument)
{
	auto_text text = { 0 };

	json_print(argument, 0, &text);
	return fail_text(script->err, -EINVAL, "an edit of config.json in mid-run needs more than sh: %s",
			 text_str(&text));
}

static const struct {
	const char *verb;
	int (*write)(struct script *script, const struct json *argument);
} own_steps[] = {
	{ "wait", own_wait },     { "ready", own_ready },   { "write", own_write }, { "edit", own_edit },
	{ "rename", own_rename }, { "remove", own_remove }, { "mount", own_mount }, { "umount", own_umount },
};

static int add_step(struct script *script, const struct step *step)
{
	auto_json raw = NULL;
	auto_json argument = NULL;

	if (step->json && *step->json) {
		int r = json_parse(step->json, strlen(step->json), &raw, script->err);

		if (r < 0)
			return r;
		argument = symbols_expand(raw, script->symbols);
	}
	text_addf(script->out, "\nsay ");
	auto_free char *title =
	    text_format("%zu. %s %s%s", script->step, step->verb, step->json ? step->json : "",
			step->outcome == OUTCOME_REFUSED  ? " (must be refused)"
			: step->outcome == OUTCOME_EITHER ? " (may be refused)"
							  : "");
	shell_word(title, script->out);
	text_add_char(script->out, '\n');
	for (size_t i = 0; i < ARRAY_SIZE(own_steps); i++)
		if (!strcmp(own_steps[i].verb, step->verb))
			return own_steps[i].write(script, argument);
	return runtime_step(script, step, argument);
}

static const char *const namespace_flags[][2] = {
	{ "network", "--net" }, { "pid", "--pid" },       { "mount", "--mount" }, { "ipc", "--ipc" },
	{ "uts", "--uts" },     { "cgroup", "--cgroup" }, { "user", "--user" },   { "time", "--time" },
};

/* unshare(1) keeps a namespace by binding its file; a mount namespace can only be kept on a private mount. */
static void add_namespace(struct script *script, const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespace_flags); i++) {
		if (strcmp(namespace_flags[i][0], type) != 0)
			continue;
		text_addf(script->out, ": > ns-%s\nunshare %s=ns-%s%s%s true\n", type, namespace_flags[i][1],
			  type, strcmp(type, "pid") != 0 && strcmp(type, "time") != 0 ? "" : " --fork",
			  strcmp(type, "user") ? "" : " --map-root-user");
	}
}

static bool edits_mention(const struct edit *const *edits, size_t count, const char *word)
{
	for (size_t i = 0; i < count && edits[i]; i++)
		if (edits[i]->json && strstr(edits[i]->json, word))
			return true;
	return false;
}

bool repro_mentions(const struct conformance_case *c, const char *word)
{
	const struct step *const *steps;
	size_t count = case_steps(c, &steps);

	for (size_t i = 0; i < count; i++)
		if (steps[i]->json && strstr(steps[i]->json, word))
			return true;
	return edits_mention(c->given, ARRAY_SIZE(c->given), word) ||
	       edits_mention(c->control, ARRAY_SIZE(c->control), word);
}

static void add_prepares(struct script *script)
{
	const struct conformance_case *c = script->repro->c;

	/* In a world it is a mount of its own, from which others may hear of mounts. */
	if (repro_mentions(c, "@shared"))
		add_lines(script, "mount --bind shared shared\nmount --make-shared shared\n");
	for (size_t i = 0; i < ARRAY_SIZE(c->prepare) && c->prepare[i]; i++) {
		const struct prepare *row = c->prepare[i];

		if (row->kind == PREPARE_NAMESPACE)
			add_namespace(script, row->path);
		if (row->kind != PREPARE_MOUNT)
			continue;
		command(script, "mkdir -p --", row->path, "\n");
		command(script, "mount -t tmpfs -o", row->value && *row->value ? row->value : "defaults",
			" plumbline ");
		shell_word(row->path, script->out);
		add_lines(script, "\n");
	}
}

/* A function that is a command of the runtime, in the words of the profile ("delete -force" for one). */
static int add_function(struct script *script, const char *name, const char *verb,
			const struct json *argument, const char *rest)
{
	const struct driver driver = { .runtime = script->repro->runtime, .id = REPRO_CONTAINER };
	struct driver_words words = { 0 };
	int r = driver_words(&driver, verb, argument, &words, script->err);

	if (r < 0)
		return r;
	text_addf(script->out, "%s() {\n\t\"$RUNTIME\"", name);
	for (size_t i = 1; i < words.count; i++) {
		text_add_char(script->out, ' ');
		add_word(script, words.argv[i]);
	}
	text_addf(script->out, "%s\n}\n", rest);
	driver_words_free(&words);
	return 0;
}

/* What the traps undo, and what comes before the corrected input. */
static int add_clean_up(struct script *script)
{
	auto_json force = json_new_array();
	int r = add_function(script, "state_of_it", "state", NULL, " 2> /dev/null");

	json_append(force, json_new_string("--force"));
	json_append(force, json_new_string(REPRO_CONTAINER));
	if (r >= 0)
		r = add_function(script, "delete_it", "delete", force, " > /dev/null 2>&1 || true");
	if (r < 0)
		return r;
	add_lines(script, "clean_up() {\n\tdelete_it\n"
			  "\t[ ! -e config-given.json ] || mv config-given.json config.json\n"
			  "\tfor place in ns-* shared; do umount -l \"$place\" 2> /dev/null || true; done\n"
			  "}\ntrap clean_up EXIT\ntrap 'exit 130' INT TERM\n");
	return 0;
}

static const char helpers[] =
    "failed=0 refused=no output=output\n"
    "say() { printf '%s\\n' \"$*\" >&2; }\n"
    /* Not every create is told to write a pid file, and one that fails writes none: nobody is waited for then. */
    "alive() {\n"
    "\tif [ ! -s pid ]; then state_of_it | grep -Eq '\"status\": *\"(created|running)\"'; return; fi\n"
    "\tstat=$(cat \"/proc/$(cat pid)/stat\" 2> /dev/null) && case ${stat##*') '} in Z* | X*) false ;; esac\n"
    "}\n"
    "done_well() {\n"
    "\tcode=0; \"$@\" || code=$?\n"
    "\tif [ \"$code\" -ne 0 ]; then say \"   exit status $code, expected 0\"; failed=1; fi\n"
    "}\n"
    /* Of run and exec the status may be the program's. */
    "refused() {\n"
    "\tverb=$1 code=0; shift; \"$@\" || code=$?\n"
    "\tif [ \"$code\" -eq 0 ]; then say '   exit status 0, expected a refusal'; failed=1; fi\n"
    "\trefusal\n"
    "}\n"
    "either() {\n"
    "\tverb=$1 code=0; shift; \"$@\" || code=$?\n"
    "\tsay \"   exit status $code\"\n"
    "\trefusal\n"
    "}\n"
    "refusal() {\n"
    "\tcase $verb in run | exec) ;; *)\n"
    "\t\tif [ \"$code\" -gt 128 ] && [ \"$code\" -lt 160 ]; then say '   ended by a signal'; failed=1; fi\n"
    "\tesac\n"
    "\t[ \"$code\" -eq 0 ] || refused=yes\n"
    "}\n";

/* Up to the first step that may be refused, as the engine does: what is refused as well was refused for another reason. */
static int add_control(struct script *script, const struct step *const *steps, size_t count)
{
	size_t last = 0;
	int r = 0;

	while (last < count && steps[last]->outcome == OUTCOME_OK)
		last++;
	if (!script->repro->c->control[0] || last == count)
		return 0;
	add_lines(script, "\nif [ \"$refused\" = yes ]; then\n"
			  "say 'the same with config-control.json, the corrected input: refused as well, the "
			  "refusal proves nothing'\n"
			  "delete_it\n"
			  "mv config.json config-given.json\n"
			  "cp config-control.json config.json\n"
			  "output=output-control\n: > output-control\nrm -f pid\n");
	for (size_t i = 0; r >= 0 && i <= last; i++) {
		struct step step = *steps[i];

		step.outcome = OUTCOME_OK;
		script->step = i + 1;
		r = add_step(script, &step);
	}
	add_lines(script, "fi\n");
	return r < 0 ? fail(script->err, r, "control") : 0;
}

int repro_script(const struct repro *repro, const struct json *symbols, int fd, struct text *out,
		 struct err *err)
{
	struct script script = { .repro = repro, .symbols = symbols, .out = out, .fd = fd, .err = err };
	const struct step *const *steps;
	size_t count = case_steps(repro->c, &steps);
	int r;

	text_addf(out, "#!/bin/sh\n# %s: the steps of this case; README says what is expected.\nset -eu\ncd ",
		  repro->id);
	shell_word(repro->directory, out);
	text_add(out, "\nif [ -z \"${RUNTIME:-}\" ]; then RUNTIME=");
	shell_word(repro->runtime->path, out);
	text_add(out, "; fi\nmkdir -p state\n: > output\nrm -f pid\n"
		      "[ ! -e config-given.json ] || mv config-given.json config.json\n");
	text_add(out, helpers);
	r = add_clean_up(&script);
	add_prepares(&script);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		script.step = i + 1;
		r = add_step(&script, steps[i]);
		if (r < 0)
			return fail(err, r, "step %zu, %s", i + 1, steps[i]->verb);
	}
	if (r >= 0)
		r = add_control(&script, steps, count);
	text_add(out, "\nsay 'what the container printed is in output; README says what is expected of it'\n"
		      "exit \"$failed\"\n");
	return r;
}
