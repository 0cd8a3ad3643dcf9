/* Watches one world from outside and turns what it said into a record. */
#include "harness/case_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/case.h"
#include "harness/case_recording.h"
#include "harness/engine.h"
#include "harness/judge.h"
#include "harness/live.h"
#include "harness/record.h"
#include "harness/world.h"

#define OBSERVATION_MAX (64u << 20)

void case_record_begin(const struct conformance_case *c, const char *id, struct case_record *ret)
{
	*ret = (struct case_record){
		.id = strdup(id),
		.title = strdup(c->title ? c->title : ""),
		.file = text_format("%s:%d", c->file, c->line),
	};
	ret->clauses = calloc(ARRAY_SIZE(c->clause) + 1, sizeof(*ret->clauses));
	for (size_t i = 0; ret->clauses && i < case_clauses(c); i++)
		ret->clauses[ret->clause_count++] =
		    text_format("%s %s", level_name(c->clause[i]->level), c->clause[i]->id);
}

void case_record_of_silence(const struct case_note *note, const char *why, struct case_record *ret)
{
	const char *step = note->step[0] ? note->step : "starting the world";

	free(ret->reason);
	ret->verdict = note->hung ? VERDICT_FAIL : VERDICT_BROKEN;
	ret->reason = text_format("%s during %s", why, step);
	free(ret->step);
	ret->step = strdup(step);
}

static int read_observation(int fd, struct json **ret, struct err *err)
{
	auto_text text = { 0 };
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return fail(err, -errno, "observation");
	r = file_read_fd(fd, OBSERVATION_MAX, &text, err);
	if (r >= 0)
		r = json_parse(text_str(&text), text.len, ret, err);
	return r < 0 ? fail(err, r, "observation") : 0;
}

/* Not every file system has O_TMPFILE. */
int write_whole(int out, const char *path, const struct text *text, struct err *err)
{
	auto_free char *parent = strndup(path, strrchr(path, '/') - path);
	int r = file_make_dirs_at(out, parent, 0755, err);

	if (r < 0)
		return r;
	auto_fd fd = openat(out, parent, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return file_create_at(out, path, text->data, text->len, 0644, err);
	r = file_write_all(fd, text->data, text->len);
	if (r < 0)
		return fail(err, r, "write %s", path);
	auto_free char *link = text_format("/proc/self/fd/%d", fd);
	(void) unlinkat(out, path, 0);
	if (linkat(AT_FDCWD, link, out, path, AT_SYMLINK_FOLLOW) < 0)
		return fail(err, -errno, "write %s", path);
	return 0;
}

static int write_observation(const struct case_watch *watch, const struct json *observation, struct err *err)
{
	auto_free char *path = text_format("observations/%s.json", watch->job.id);
	auto_text text = { 0 };

	if (watch->out < 0)
		return 0;
	json_print(observation, JSON_PRETTY, &text);
	text_add_char(&text, '\n');
	return write_whole(watch->out, path, &text, err);
}

static void take_leaks(const struct json *observation, struct case_record *record)
{
	const struct json *leaks = json_get(observation, "host.leaks");
	size_t count = json_length(leaks);

	record->leaks = calloc(count + 1, sizeof(*record->leaks));
	for (size_t i = 0; record->leaks && i < count; i++)
		record->leaks[record->leak_count++] = strdup(json_string(json_at(leaks, i)));
}

/* Rules that the recording breaks, whatever the case is about. */
static void take_breaches(const struct json *observation, struct case_record *record)
{
	const struct json *rules = json_member(observation, "rules");
	size_t count = json_length(rules);

	record->breaches = calloc(count + 1, sizeof(*record->breaches));
	for (size_t i = 0; record->breaches && i < count; i++) {
		const struct json *rule = json_value_at(rules, i);
		const char *verdict = json_get_string(rule, "verdict"),
			   *reason = json_get_string(rule, "reason");

		if (verdict && reason && !strcmp(verdict, "broken"))
			record->breaches[record->breach_count++] =
			    text_format("%s: %s", json_key_at(rules, i), reason);
	}
}

static void take_judgement(struct judgement *judgement, struct case_record *record)
{
	record->verdict = judgement->verdict;
	record->reason = TAKE(judgement->reason);
	record->expected = TAKE(judgement->expected);
	record->observed = TAKE(judgement->observed);
	record->rung = TAKE(judgement->rung);
	record->unseen = TAKE(judgement->unseen);
	record->unseen_count = judgement->unseen_count;
	judgement->unseen_count = 0;
	judgement_free(judgement);
}

static const char *hung_step(const struct json *observation)
{
	const struct json *steps = json_get(observation, "exit.step");

	for (size_t i = 0; i < json_length(steps); i++)
		if (json_bool(json_member(json_at(steps, i), "timed_out"), false))
			return json_get_string(json_at(steps, i), "verb");
	return NULL;
}

static int judge_observation(const struct case_watch *watch, int document, struct case_record *record,
			     struct err *err)
{
	auto_json observation = NULL;
	struct judgement judgement;
	int r = read_observation(document, &observation, err);

	if (r >= 0)
		r = case_recording_join(watch, observation, err);
	if (r < 0)
		return r;
	judge(watch->job.c, observation, watch->disputed, &judgement);
	take_judgement(&judgement, record);
	take_leaks(observation, record);
	take_breaches(observation, record);
	const char *hung = hung_step(observation);
	if (hung) {
		record->step = strdup(hung);
		watch->note->hung = true;
	}
	return write_observation(watch, observation, err);
}

static void be_broken(struct case_record *record, const char *sentence)
{
	record->verdict = VERDICT_BROKEN;
	free(record->reason);
	record->reason = strdup(sentence);
}

static void note_step(struct case_note *note, const struct world_message *message)
{
	(void) snprintf(note->step, sizeof(note->step), "%.63s", message->text);
	note->runtime = message->runtime;
}

/* Hears the world out; *ret_silence says why there is no document, NULL when there is one. Owned. */
static bool listen(const struct case_watch *watch, const struct world *world, char **ret_silence)
{
	int64_t deadline = process_now_ms() + watch->job.case_ms;
	struct world_message message;

	for (;;) {
		int r = world_hear(world, deadline, &message);

		if (r == -ETIMEDOUT) {
			watch->note->hung = watch->note->runtime;
			*ret_silence =
			    text_format("nothing was heard for %lld ms", (long long) watch->job.case_ms);
			return false;
		}
		if (r <= 0) {
			*ret_silence = strdup("the world's first process ended without a word");
			return false;
		}
		switch (message.word) {
		case WORLD_STEP:
			note_step(watch->note, &message);
			break;
		case WORLD_FAILED:
			*ret_silence = strdup(message.text);
			return false;
		case WORLD_DONE:
			return true;
		}
	}
}

static int write_record(const struct case_watch *watch, const struct case_record *record)
{
	auto_json json = case_record_to_json(record, watch->job.runtime->name);
	auto_text text = { 0 };

	json_print(json, 0, &text);
	int r = file_write_all(watch->record, text.data, text.len);
	watch->note->recorded = r >= 0;
	return r;
}

/* At an endpoint that runs already: where its server can see what the case writes. */
static int start_world(const struct case_watch *watch, int document, struct world *ret, struct err *err)
{
	const struct live *live = watch->job.runtime->live;
	auto_free char *place = live ? live_place(live, watch->world) : NULL;

	if (place && mkdir(place, 0711) < 0 && errno != EEXIST)
		return fail(err, -errno, "mkdir %s", place);
	return world_start_outside(watch->cgroups, watch->world, place, document, case_run,
				   (void *) &watch->job, ret, err);
}

/* What is still there when the run ends goes with all of it. */
static void remove_place(const struct case_watch *watch)
{
	const struct live *live = watch->job.runtime->live;
	auto_free char *place = live ? live_place(live, watch->world) : NULL;

	if (place)
		(void) file_remove_tree_at(AT_FDCWD, place, NULL);
}

static void watch_world(const struct case_watch *watch, struct case_record *record)
{
	auto_fd document = memfd_create("plumbline-observation", MFD_CLOEXEC);
	auto_free char *silence = NULL;
	struct world world = WORLD_INIT;
	struct err err = { 0 };
	int r = document < 0 ? fail(&err, -errno, "memfd of the observation") : 0;

	if (r >= 0)
		r = start_world(watch, document, &world, &err);
	if (r < 0) {
		be_broken(record, err.text);
		return;
	}
	if (!listen(watch, &world, &silence)) {
		case_record_of_silence(watch->note, silence, record);
		/* What it did before it fell silent is worth keeping; that this fails too changes no verdict. */
		(void) case_recording_join(watch, NULL, NULL);
	} else {
		r = judge_observation(watch, document, record, &err);
		if (r < 0)
			be_broken(record, err.text);
	}
	if (watch->keep && record->verdict != VERDICT_PASS)
		case_keep(world.init.pid, watch->out, watch->job.id);
	r = world_end(&world, &err);
	if (r < 0)
		be_broken(record, err.text);
	remove_place(watch);
}

void case_watch(const struct case_watch *watch)
{
	struct case_record record;
	int64_t begin = process_now_ms();

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != watch->worker)
		_exit(EXIT_FAILURE);
	case_record_begin(watch->job.c, watch->job.id, &record);
	watch_world(watch, &record);
	record.ms = process_now_ms() - begin;
	if (write_record(watch, &record) < 0)
		_exit(EXIT_FAILURE);
	case_record_free(&record);
}
