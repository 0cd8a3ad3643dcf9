/* plumbline flow: one pod is run as a case is, and its way told from what was observed and recorded. */
#include "harness/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/recording.h"
#include "harness/area.h"
#include "harness/case.h"
#include "harness/flow.h"
#include "harness/options.h"
#include "harness/prepare_run.h"
#include "harness/session.h"

#define OBSERVATION_MAX (64u << 20)

struct flow {
	const struct options *options;
	struct prepared_run *prepared;
	struct runtime_dir directory;
	struct run_record record;
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
		.jobs = 1,
		.out = flow->directory.fd,
		.settled = settled,
		.argument = flow,
	};
	int r;

	session_describe(&session, &flow->record);
	runtime_facts(found, &flow->record);
	flow->record.recording = text_format("%s", prepared->not_recorded ? prepared->not_recorded : "on");
	r = session_run(&session, &found->runtime, &flow->record, err);
	return r < 0 ? r : run_record_write(flow->directory.fd, "run.json", &flow->record, err);
}

static void print(struct flow *flow, const struct json *facts)
{
	struct screen *screen = &flow->prepared->screen;
	auto_text out = { 0 };

	for (size_t i = 0; screen->json && i < json_length(facts); i++)
		screen_print_json(screen, json_copy(json_at(facts, i)));
	if (screen->json)
		return;
	flow_story(facts, &screen->style, &out);
	screen_print(screen, &out);
}

/* 0: the pod came to its end; 1: a call failed. */
static int tell(struct flow *flow, const char *id, struct err *err)
{
	const struct runtime_found *found = &flow->prepared->runtimes[0];
	auto_free char *observed = text_format("observations/%s.json", id);
	auto_free char *recorded = text_format("recordings/%s.rec", id);
	auto_json observation = NULL;
	auto_json facts = NULL;
	struct recording recording = { 0 };
	int r = json_read_at(flow->directory.fd, observed, OBSERVATION_MAX, &observation, err);

	if (r >= 0 && flow->prepared->recorder)
		r = recording_read_at(flow->directory.fd, recorded, &recording, err);
	if (r < 0)
		return r;
	facts = flow_facts(&(struct flow_source){
	    .observation = observation,
	    .recording = flow->prepared->recorder ? &recording : NULL,
	    .not_recorded = flow->prepared->not_recorded,
	    .server = found->version ? found->version : found->runtime.name,
	    .server_path = found->runtime.path,
	    .runtime = found->runtime.handler,
	});
	recording_free(&recording);
	print(flow, facts);
	return json_int(json_member(json_at(facts, json_length(facts) - 1), "failed"), 0) ? 1 : 0;
}

static int run_flow(struct flow *flow)
{
	struct screen *screen = &flow->prepared->screen;
	const struct case_record *record;
	struct err err = { 0 };
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
		r = tell(flow, record->id, &err);
	if (r >= 0)
		return r ? EXIT_UNEXPECTED_FAILURE : EXIT_AS_EXPECTED;
	/* Without an observation there is nothing to tell: the record says why. */
	screen_say(screen, "%s", record && record->reason ? record->reason : err.text);
	return EXIT_BROKEN;
}

static int check(const struct options *options, struct prepared_run *prepared)
{
	if (prepared->runtime_count == 1 && prepared->shares[0].count == 1 &&
	    prepared->runtimes[0].runtime.handler)
		return 0;
	if (options->endpoints.count > 1)
		screen_say(&prepared->screen, "one server at a time: --cri is there %zu times",
			   options->endpoints.count);
	else
		screen_say(&prepared->screen,
			   "one pod at a time: name one case of the CRI (plumbline list 'cri/*')");
	return EXIT_USAGE;
}

int verb_flow(const struct options *options)
{
	const struct selected own = { .area = &flow_area,
				      .c = flow_area.cases,
				      .id = (char[]){ "flow/one_pod" } };
	auto_prepared_run prepared = { .directory = { .fd = -EBADF } };
	struct flow flow = { .options = options,
			     .prepared = &prepared,
			     .directory = { .fd = -EBADF, .cases = -EBADF } };
	int code = prepare_run_of(options, options->words.count ? NULL : &own, &prepared);

	if (!code)
		code = check(options, &prepared);
	if (!code)
		code = run_flow(&flow);
	runtime_dir_close(&flow.directory);
	run_record_free(&flow.record);
	if (flow.made)
		(void) file_remove_tree_at(AT_FDCWD, flow.made, NULL);
	free(flow.made);
	return code;
}
