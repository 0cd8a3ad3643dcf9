/* plumbline flow: one pod is run as a case is, and its way told from what was observed and recorded. */
#include "harness/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/case.h"
#include "harness/faults.h"
#include "harness/flow.h"
#include "harness/flow_attach.h"
#include "harness/flow_kept.h"
#include "harness/live.h"
#include "harness/options.h"
#include "harness/prepare_run.h"
#include "harness/session.h"

#define OWN_POD "flow/one_pod"

struct flow {
	const struct options *options;
	struct prepared_run *prepared;
	struct runtime_dir directory;
	struct run_record record;
	struct fault_registry faults;
	struct fault_entry fault; /* name NULL: none was asked for */
	struct flow_attach attach;
	char *made; /* owned: where it all lies when the user keeps nothing; NULL: he does */
};

static int settled(void *argument, const struct case_record *record, struct err *err)
{
	struct flow *flow = argument;

	return runtime_dir_add(&flow->directory, record, flow->record.runtime.name, err);
}

static int open_directory(struct flow *flow, struct err *err)
{
	struct prepared_run *prepared = flow->prepared;
	const char *temporary = getenv("TMPDIR");
	auto_free char *path = NULL;
	int r;

	if (!flow->options->out) {
		path = text_format("%s/plumbline-flow.XXXXXX", temporary ? temporary : "/tmp");
		if (!mkdtemp(path))
			return fail(err, -errno, "make a directory in %s", path);
		flow->made = text_format("%s", path);
	}
	r = run_dir_open(path ? path : flow->options->out, prepared->name, &prepared->directory, err);
	return r < 0 ? r
		     : runtime_dir_open(&prepared->directory, prepared->runtimes[0].runtime.name,
					&flow->directory, err);
}

/* A server in no world of ours is recorded all the same, where it is a process of this machine that we may watch. */
static void watch_server(struct flow *flow, char **ret_file)
{
	struct prepared_run *prepared = flow->prepared;
	const struct live *live = prepared->runtimes[0].runtime.live;
	struct err err = { 0 };
	int r = -EPERM;

	if (!live || (flow->options->record && !strcmp(flow->options->record, "off")))
		return;
	/* A run of many cases leaves a server alone that others use; here it is what is asked for, and other pods are told apart. */
	free(TAKE(prepared->not_recorded));
	*ret_file = text_format("%s/server.rec", prepared->directory.path);
	if (live->pid > 0)
		r = flow_attach_begin(live->pid, *ret_file, &flow->attach, &err);
	if (r >= 0)
		return;
	free(TAKE(*ret_file));
	prepared->not_recorded = text_format(
	    "off: %s", live->pid > 0 ? err.text : "the server is no process that can be seen from here");
}

/* To where a recording lies that was made in a world. */
static int keep_recording(struct flow *flow, const char *file, struct err *err)
{
	auto_free char *place = text_format("recordings/%s.rec", flow->record.cases[0].id);
	auto_free char *folder = text_format("%.*s", (int) (strrchr(place, '/') - place), place);
	int r = flow_attach_end(&flow->attach, err);

	if (r >= 0)
		r = file_make_dirs_at(flow->directory.fd, folder, 0755, err);
	if (r >= 0 && renameat(AT_FDCWD, file, flow->directory.fd, place) < 0)
		r = fail(err, -errno, "keep %s", file);
	return r;
}

static int run_pod(struct flow *flow, struct err *err)
{
	struct prepared_run *prepared = flow->prepared;
	const struct runtime_found *found = &prepared->runtimes[0];
	const struct session session = {
		.run = prepared->name,
		.options = flow->options,
		.machine = &prepared->machine,
		.clauses = &prepared->clauses,
		.selection = &prepared->shares[0],
		.screen = &prepared->screen,
		.recorder = prepared->recorder,
		.not_recorded = prepared->not_recorded,
		.jobs = 1,
		.fault = flow->fault.name,
		.out = flow->directory.fd,
		.settled = settled,
		.argument = flow,
	};
	int r;

	auto_free char *file = NULL;
	watch_server(flow, &file);
	session_describe(&session, &flow->record);
	runtime_facts(found, &flow->record);
	flow->record.recording = text_format("%s", prepared->not_recorded ? prepared->not_recorded : "on");
	r = session_run(&session, &found->runtime, &flow->record, err);
	if (r >= 0 && file)
		r = keep_recording(flow, file, err);
	return r < 0 ? r : run_record_write(flow->directory.fd, "run.json", &flow->record, err);
}

static void print(const struct json *facts, struct screen *screen)
{
	auto_text out = { 0 };

	for (size_t i = 0; screen->json && i < json_length(facts); i++)
		screen_print_json(screen, json_copy(json_at(facts, i)));
	if (screen->json)
		return;
	flow_story(facts, &screen->style, &out);
	screen_print(screen, &out);
}

/* Whether the pod came to its end, and was what was asked for. */
static int tell(const struct json *facts, struct screen *screen)
{
	const struct json *summary = json_at(facts, json_length(facts) - 1);

	print(facts, screen);
	return json_bool(json_member(summary, "cut_short"), false) ||
		       json_uint(json_member(summary, "off_the_line"), 0)
		   ? EXIT_UNEXPECTED_FAILURE
		   : EXIT_AS_EXPECTED;
}

static int run_flow(struct flow *flow)
{
	struct screen *screen = &flow->prepared->screen;
	const struct case_record *record;
	struct err err = { 0 };
	auto_json facts = NULL;
	int r = open_directory(flow, &err);

	if (r < 0) {
		screen_say(screen, "%s", err.text);
		return EXIT_USAGE;
	}
	r = run_pod(flow, &err);
	record = flow->record.cases;
	if (r >= 0 && flow->record.interrupted)
		return EXIT_INTERRUPTED;
	if (r >= 0 && record->verdict == VERDICT_SKIP) {
		screen_say(screen, "%s: %s", record->id, record->reason);
		return EXIT_MACHINE_CANNOT;
	}
	if (r >= 0)
		r = flow_kept_facts(flow->directory.fd, record->id, &flow->record,
				    flow->fault.name ? &flow->fault : NULL, &facts, &err);
	if (r >= 0)
		return tell(facts, screen);
	/* Without an observation there is nothing to tell: the record says why. */
	screen_say(screen, "%s", record && record->reason ? record->reason : err.text);
	return EXIT_BROKEN;
}

static int check(const struct options *options, struct prepared_run *prepared)
{
	if (prepared->runtime_count == 1 && prepared->shares[0].count == 1 &&
	    prepared->shares[0].items[0].c->cri)
		return 0;
	if (options->endpoints.count > 1)
		screen_say(&prepared->screen, "one server at a time: --cri is there %zu times",
			   options->endpoints.count);
	else
		screen_say(&prepared->screen,
			   "one pod at a time: name one case of the CRI (plumbline list 'cri/*')");
	return EXIT_USAGE;
}

/* Without a world, a server or root: what happened is told once more. */
static int tell_kept(const struct options *options)
{
	const char *run = options->words.words[0],
		   *id = options->words.count > 1 ? options->words.words[1] : OWN_POD;
	struct screen screen = { 0 };
	struct err err = { 0 };
	auto_json facts = NULL;
	int r = screen_init(options, &screen, &err);

	if (r >= 0)
		r = flow_kept_read(run, id, &facts, &err);
	if (r >= 0)
		return tell(facts, &screen);
	screen_say(&screen, "%s", err.text);
	return r == -EBADMSG ? EXIT_INVALID_INPUT : EXIT_USAGE;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* 0, or the exit code. */
static int choose_fault(const struct options *options, struct flow *flow)
{
	struct screen quiet = { 0 };
	struct err err = { 0 };

	if (!options->fault)
		return 0;
	if (options->out) {
		screen_say(&quiet, "--fault and -o do not go together: what is kept would not say that it "
				   "was wrong on purpose");
		return EXIT_USAGE;
	}
	if (faults_load(&flow->faults, &err) < 0) {
		screen_say(&quiet, "%s", err.text);
		return EXIT_BROKEN;
	}
	if (fault_find(&flow->faults, options->fault, &flow->fault) && flow->fault.built)
		return 0;
	screen_say(&quiet, "there is no fault %s; plumbline list faults shows them", options->fault);
	return EXIT_USAGE;
}

/* One of those that no selector finds; NULL: it is none of them. */
static const struct conformance_case *find_own(const char *id)
{
	for (size_t i = 0; i < flow_area.count; i++) {
		auto_text own = { 0 };

		case_id(&flow_area, &flow_area.cases[i], &own);
		if (!strcmp(text_str(&own), id))
			return &flow_area.cases[i];
	}
	return NULL;
}

int verb_flow(const struct options *options)
{
	auto_free char *id = text_format("%s", options->words.count ? options->words.words[0] : OWN_POD);
	const struct selected own = { .area = &flow_area, .c = find_own(id), .id = id };
	auto_prepared_run prepared = { .directory = { .fd = -EBADF } };
	struct flow flow = { .options = options,
			     .prepared = &prepared,
			     .directory = { .fd = -EBADF, .cases = -EBADF },
			     .attach = FLOW_ATTACH_INIT };
	int code;

	if (options->words.count && is_directory(options->words.words[0]))
		return tell_kept(options);
	code = choose_fault(options, &flow);
	if (!code)
		code = prepare_run_of(options, own.c ? &own : NULL, &prepared);
	if (!code)
		code = check(options, &prepared);
	if (!code)
		code = run_flow(&flow);
	(void) flow_attach_end(&flow.attach, NULL);
	code = prepared_run_end(&prepared, code);
	runtime_dir_close(&flow.directory);
	run_record_free(&flow.record);
	faults_free(&flow.faults);
	if (flow.made)
		(void) file_remove_tree_at(AT_FDCWD, flow.made, NULL);
	free(flow.made);
	return code;
}
