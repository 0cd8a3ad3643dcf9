/* plumbline trace: records a command or reads a recording, and shows it in one form. */
#include "harness/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/recording.h"
#include "harness/options.h"
#include "harness/screen.h"
#include "harness/trace.h"

static int usage(struct screen *screen, const char *sentence)
{
	screen_say(screen, "%s", sentence);
	return EXIT_USAGE;
}

/* NULL: the options go together. */
static const char *contradiction(const struct options *o)
{
	int targets = (o->command.count > 0) + (o->pid > 0) + !!o->cgroup + !!o->container;
	int formats = o->story + o->effects + o->raw + o->json;
	size_t words = o->words.count - o->command.count;

	if (targets > 1)
		return "one of a command, --pid, --cgroup and --container is enough";
	if (formats > 1)
		return "one of --story, --effects, --raw and --json is enough";
	if (targets && words)
		return "a recording is read, or something is recorded: not both at once";
	if (!targets && words > 1)
		return "expected -- before a command: plumbline trace -- COMMAND";
	if (!targets && !words)
		return "expected: plumbline trace -- COMMAND, plumbline trace RECORDING, or --pid, --cgroup, "
		       "--container";
	if (o->duration > 0 && (o->command.count || words))
		return "--duration is for attaching; timeout(1) ends a command";
	if (o->container && !*o->container)
		return "--container wants an id";
	if (o->out && words)
		return "-o keeps what is recorded; this recording is kept already";
	return NULL;
}

static void say_begun(void *argument)
{
	screen_say(argument, "attached; Ctrl-C ends it");
}

static int record(const struct options *o, struct screen *screen, struct recording *ret,
		  struct trace_end *ret_end, struct err *err)
{
	auto_free char *directory = NULL;
	struct trace_target target = {
		.command = o->command.count ? &o->command : NULL,
		.pid = (pid_t) o->pid,
		.cgroup = o->cgroup,
		.duration = o->duration,
		.begun = say_begun,
		.argument = screen,
		.output_to_stderr = o->json,
	};
	int r;

	if (o->container) {
		r = trace_find_container(o->container, &directory, err);
		if (r < 0)
			return r;
		target.cgroup = directory;
		target.of_container = true;
	}
	if (o->pid)
		target.of_container = trace_is_contained((pid_t) o->pid);
	r = trace_record(&target, ret, ret_end, err);
	if (r < 0 || !o->out)
		return r;
	return recording_write_at(AT_FDCWD, o->out, ret, err);
}

static void print_json(const struct recording *recording, const struct effects *effects,
		       struct screen *screen)
{
	auto_json list = effects_to_json(effects);
	struct json *summary = json_new_object();
	uint64_t tied, tieable;

	for (size_t i = 0; i < json_length(list); i++) {
		struct json *row = json_copy(json_at(list, i));

		json_put(row, "type", json_new_string("effect"));
		json_put(row, "raw", trace_raw_of(recording, &effects->items[i]));
		screen_print_json(screen, row);
	}
	json_put(summary, "type", json_new_string("summary"));
	json_put(summary, "events", json_new_uint(effects->events));
	json_put(summary, "lost", json_new_uint(effects->lost));
	effects_count_ties(effects, &tied, &tieable);
	json_put(summary, "tied", json_new_uint(tied));
	json_put(summary, "tieable", json_new_uint(tieable));
	screen_print_json(screen, summary);
}

static void print(const struct options *o, const struct recording *recording, const struct effects *effects,
		  struct screen *screen)
{
	auto_text out = { 0 };
	bool kept = o->out || o->perfetto, asked = o->story || o->effects || o->raw;

	if (o->json) {
		print_json(recording, effects, screen);
		return;
	}
	if (kept && !asked) {
		screen_say(screen, "%llu events in %s", (unsigned long long) effects->events,
			   o->out ? o->out : o->perfetto);
		return;
	}
	if (o->raw)
		trace_raw(recording, effects, &out);
	else if (o->effects)
		trace_effects(effects, &out);
	else
		trace_story(recording, effects, &out);
	/* The command had standard output: what is said of it goes where strace(1) says it. */
	(void) fwrite(text_str(&out), 1, out.len, o->command.count ? stderr : stdout);
}

static int write_perfetto(const char *path, const struct recording *recording, const struct effects *effects,
			  struct err *err)
{
	auto_text out = { 0 };

	trace_perfetto(recording, effects, &out);
	return file_create_at(AT_FDCWD, path, text_str(&out), out.len, 0644, err);
}

/* The worst of what happened. */
static int finish(const struct options *o, const struct effects *effects, const struct trace_end *end,
		  struct screen *screen)
{
	if (effects->lost || effects->gaps)
		screen_say(screen, "%llu events were lost: what is shown has holes",
			   (unsigned long long) effects->lost);
	if (effects->cut)
		screen_say(screen,
			   "there are more effects or processes than are looked at: the last are missing");
	if (end->killed)
		screen_say(screen, "%s did not end within %d s of being asked to: it was killed",
			   o->command.words[0], TRACE_GRACE_S);
	if (end->interrupted)
		return EXIT_INTERRUPTED;
	if (effects->lost || effects->gaps || effects->cut)
		return EXIT_BROKEN;
	if (!o->command.count || (end->status.exited && !end->status.code))
		return EXIT_AS_EXPECTED;
	if (end->status.exited)
		screen_say(screen, "%s exited with %d", o->command.words[0], end->status.code);
	else
		screen_say(screen, "%s was ended by signal %d", o->command.words[0], end->status.signal);
	return EXIT_UNEXPECTED_FAILURE;
}

static int exit_of(int r)
{
	switch (-r) {
	case EBADMSG:
		return EXIT_INVALID_INPUT;
	case EPERM:
	case EACCES:
	case ENOTSUP:
	case ENOSYS:
		return EXIT_MACHINE_CANNOT;
	case ENOENT:
	case ESRCH:
	case ENOEXEC:
	case ENOTDIR:
		return EXIT_USAGE;
	}
	return EXIT_BROKEN;
}

int verb_trace(const struct options *options)
{
	struct recording recording = { 0 };
	struct effects effects = { 0 };
	struct trace_end end = { 0 };
	struct screen screen = { 0 };
	struct err err = { 0 };
	const char *wrong;
	int r;

	if (screen_init(options, &screen, &err) < 0)
		return usage(&screen, err.text);
	wrong = contradiction(options);
	if (wrong)
		return usage(&screen, wrong);
	if (options->words.count > options->command.count)
		r = recording_read_at(AT_FDCWD, options->words.words[0], &recording, &err);
	else
		r = record(options, &screen, &recording, &end, &err);
	if (r == 0)
		r = effects_from(&recording, &effects, &err);
	if (r < 0) {
		screen_say(&screen, "%s", err.text);
		recording_free(&recording);
		return exit_of(r);
	}
	r = options->perfetto ? write_perfetto(options->perfetto, &recording, &effects, &err) : 0;
	if (r < 0)
		screen_say(&screen, "%s", err.text);
	else
		print(options, &recording, &effects, &screen);
	r = r < 0 ? EXIT_BROKEN : finish(options, &effects, &end, &screen);
	effects_free(&effects);
	recording_free(&recording);
	return r;
}
