/* Hands out cases to workers and delivers a record for every one of them, whatever happens to a worker. */
#include "harness/engine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/recorder.h"
#include "harness/case.h"
#include "harness/case_watch.h"
#include "harness/cgroup_tree.h"
#include "harness/channel.h"
#include "harness/clauses.h"
#include "harness/engine_recording.h"
#include "harness/probe_file.h"
#include "harness/workers.h"

#define HANGS_MAX 3 /* in a row: a runtime that hangs everywhere would take hours */
#define RECORD_MAX (16u << 20)

struct engine {
	const struct engine_plan *plan;
	const struct engine_sink *sink;
	struct worker_task task;
	struct cgroup_run cgroups;
	struct worker *workers;
	size_t worker_count;
	bool *given, *delivered; /* by item */
	size_t running, fails, hangs;
	int signals; /* signalfd of SIGINT and SIGTERM */
	const char *stopped; /* why no more is handed out; NULL: go on */
	bool interrupted;
};

static void deliver(struct engine *engine, size_t index, const struct case_record *record)
{
	assert(!engine->delivered[index]);
	engine->delivered[index] = true;
	if (record->verdict == VERDICT_FAIL)
		engine->fails++;
	engine->sink->finished(engine->sink->argument, &engine->plan->items[index], record);
	if (engine->plan->fail_fast && engine->fails >= engine->plan->fail_fast && !engine->stopped)
		engine->stopped = "not run: enough cases had failed (fail-fast)";
}

static void deliver_sentence(struct engine *engine, size_t index, enum verdict verdict, const char *reason)
{
	const struct engine_item *item = &engine->plan->items[index];
	struct case_record record;

	case_record_begin(item->c, item->id, &record);
	record.verdict = verdict;
	record.reason = strdup(reason);
	deliver(engine, index, &record);
	case_record_free(&record);
}

static void count_hang(struct engine *engine, bool hung)
{
	engine->hangs = hung ? engine->hangs + 1 : 0;
	if (engine->hangs >= HANGS_MAX && !engine->stopped)
		engine->stopped = "not run: the runtime hung three times in a row";
}

static void deliver_memfd(struct engine *engine, const struct channel_message *message, int fd)
{
	struct case_record record;
	struct err err = { 0 };
	auto_text text = { 0 };
	auto_json json = NULL;
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : file_read_fd(fd, RECORD_MAX, &text, &err);

	if (r >= 0)
		r = json_parse(text_str(&text), text.len, &json, &err);
	if (r >= 0)
		r = case_record_from_json(json, &record, &err);
	/* Behind a fault that sends no signal every wait hangs, as it should. */
	count_hang(engine, message->hung && !engine->plan->items[message->item].fault);
	if (r < 0) {
		(void) fail(&err, r, "the record cannot be read");
		deliver_sentence(engine, message->item, VERDICT_BROKEN, err.text);
		return;
	}
	deliver(engine, message->item, &record);
	case_record_free(&record);
}

static bool is_alone(const struct engine *engine, size_t index)
{
	return engine->plan->items[index].c->needs.alone;
}

/* Cases that need the machine for themselves come last, one at a time. */
static size_t next_item(const struct engine *engine)
{
	size_t alone = WORKER_IDLE;

	if (engine->stopped)
		return WORKER_IDLE;
	for (size_t i = 0; i < engine->plan->item_count; i++) {
		if (engine->given[i])
			continue;
		if (!is_alone(engine, i))
			return i;
		if (alone == WORKER_IDLE)
			alone = i;
	}
	return engine->running ? WORKER_IDLE : alone;
}

static void hand_out(struct engine *engine)
{
	for (size_t i = 0; i < engine->worker_count; i++) {
		struct worker *worker = &engine->workers[i];
		size_t item;

		if (worker->process.pid <= 0 || worker->item != WORKER_IDLE)
			continue;
		item = next_item(engine);
		if (item == WORKER_IDLE)
			return;
		if (worker_give(worker, item) < 0)
			continue; /* it is gone: its pidfd says so in a moment */
		engine->given[item] = true;
		engine->running++;
		if (engine->sink->started)
			engine->sink->started(engine->sink->argument, &engine->plan->items[item]);
		if (is_alone(engine, item))
			return;
	}
}

/* A dead worker took its case with it: nobody can tell how that went. What it left goes, and another one works on. */
static int replace_worker(struct engine *engine, struct worker *worker, struct err *err)
{
	size_t item = worker->item;

	worker_end(worker);
	if (item != WORKER_IDLE) {
		auto_free char *world = worker_world_name(item);

		(void) cgroup_world_remove(&engine->cgroups, world, process_now_ms() + 5000, NULL);
		recordings_forget(engine->plan->recorder, engine->task.first_tag, worker, item);
		engine->running--;
		deliver_sentence(engine, item, VERDICT_BROKEN, "the worker that ran it was killed");
	}
	return engine->stopped ? 0 : worker_start(&engine->task, worker, err);
}

static int serve(struct engine *engine, struct worker *worker, const struct pollfd *fds, struct err *err)
{
	struct channel_message message = { 0 };
	auto_fd record = -EBADF;

	if (fds[0].revents && channel_receive(worker->channel, &message, &record) > 0) {
		if (message.word == CHANNEL_RECORDING) {
			recordings_want(worker);
			return 0;
		}
		recordings_forget(engine->plan->recorder, engine->task.first_tag, worker, message.item);
		worker->item = WORKER_IDLE;
		engine->running--;
		deliver_memfd(engine, &message, record);
		return 0;
	}
	return fds[0].revents || fds[1].revents ? replace_worker(engine, worker, err) : 0;
}

static int turn(struct engine *engine, struct err *err)
{
	size_t count = 1 + 2 * engine->worker_count;
	auto_free struct pollfd *fds = calloc(count, sizeof(*fds));
	int r = 0;

	assert(fds);
	fds[0] = (struct pollfd){ .fd = engine->signals, .events = POLLIN };
	for (size_t i = 0; i < engine->worker_count; i++) {
		fds[1 + 2 * i] = (struct pollfd){ .fd = engine->workers[i].channel, .events = POLLIN };
		fds[2 + 2 * i] = (struct pollfd){ .fd = engine->workers[i].process.pidfd, .events = POLLIN };
	}
	if (poll(fds, count, recordings_poll_ms(engine->plan->recorder, engine->running)) < 0)
		return errno == EINTR ? 0 : fail(err, -errno, "poll");
	if (fds[0].revents) {
		engine->interrupted = true;
		engine->stopped = "not run: interrupted";
		return 0;
	}
	for (size_t i = 0; r >= 0 && i < engine->worker_count; i++)
		r = serve(engine, &engine->workers[i], &fds[1 + 2 * i], err);
	if (r >= 0)
		r = recordings_deliver(engine->plan->recorder, engine->task.first_tag, engine->workers,
				       engine->worker_count, err);
	return r;
}

static int run_all(struct engine *engine, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < engine->worker_count; i++)
		r = worker_start(&engine->task, &engine->workers[i], err);
	if (r < 0)
		return r;
	for (;;) {
		hand_out(engine);
		if (!engine->running || engine->interrupted)
			return 0;
		r = turn(engine, err);
		if (r < 0)
			return r;
	}
}

static int block_signals(struct engine *engine, sigset_t *ret_old, struct err *err)
{
	sigset_t set;

	(void) sigemptyset(&set);
	(void) sigaddset(&set, SIGINT);
	(void) sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, ret_old) < 0)
		return fail(err, -errno, "block signals");
	engine->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return engine->signals < 0 ? fail(err, -errno, "signalfd") : 0;
}

/* A second Ctrl-C while the first is obeyed must not end the caller half-way: what is pending is taken. */
static void restore_signals(struct engine *engine, const sigset_t *old)
{
	struct signalfd_siginfo info;

	while (engine->signals >= 0 && read(engine->signals, &info, sizeof(info)) > 0)
		;
	cleanup_fd(&engine->signals);
	(void) sigprocmask(SIG_SETMASK, old, NULL);
}

/* Whether the registry disputes a case's clauses: then a failure is only a warning. */
static int read_disputes(const struct engine_plan *plan, bool *disputed, struct err *err)
{
	auto_clauses registry = { 0 };
	int r = clauses_load(&registry, err);

	for (size_t i = 0; r >= 0 && i < plan->item_count; i++)
		disputed[i] = case_is_disputed(&registry, plan->items[i].c);
	return r;
}

static char *faulty_path(void)
{
	auto_text path = { 0 };

	if (file_read_link_at(AT_FDCWD, "/proc/self/exe", &path, NULL) < 0 || !strrchr(path.data, '/'))
		return strdup("plumbline-faulty");
	text_cut(&path, strrchr(path.data, '/') + 1 - path.data);
	text_add(&path, "plumbline-faulty");
	return text_take(&path);
}

static int engine_work(struct engine *engine, struct err *err)
{
	const struct engine_plan *plan = engine->plan;
	auto_free char *faulty = faulty_path();
	auto_free bool *disputed = calloc(plan->item_count + 1, sizeof(*disputed));
	const struct text *probe; /* inflated here, not anew in the process of each case */
	int r;

	assert(disputed);
	r = read_disputes(plan, disputed, err);
	if (r >= 0)
		r = probe_file(&probe, err);
	if (r >= 0)
		r = cgroup_run_make(plan->run, &engine->cgroups, err);
	if (r < 0)
		return r;
	engine->task = (struct worker_task){
		.plan = plan,
		.cgroups = &engine->cgroups,
		.disputed = disputed,
		.faulty = faulty,
		.engine = getpid(),
		.secret = plan->recorder ? recorder_secret(plan->recorder) : 0,
		.first_tag = plan->recorder ? recorder_tags(plan->recorder, plan->item_count) : 0,
	};
	r = run_all(engine, err);
	for (size_t i = 0; i < engine->worker_count; i++)
		worker_end(&engine->workers[i]);
	/* The watchers and worlds of killed workers die by their parent's death; this waits for the last of them. */
	int removed = cgroup_run_remove(&engine->cgroups, r < 0 ? NULL : err);
	return r < 0 ? r : removed;
}

int engine_run(const struct engine_plan *plan, const struct engine_sink *sink, struct err *err)
{
	size_t jobs = plan->jobs > 0 ? (size_t) plan->jobs : 1;
	struct engine engine = {
		.plan = plan,
		.sink = sink,
		.signals = -EBADF,
		.cgroups = CGROUP_RUN_INIT,
		.worker_count = jobs < plan->item_count ? jobs : plan->item_count,
	};
	auto_free bool *given = calloc(plan->item_count + 1, sizeof(*given));
	auto_free bool *delivered = calloc(plan->item_count + 1, sizeof(*delivered));
	auto_free struct worker *workers = calloc(engine.worker_count + 1, sizeof(*workers));
	sigset_t old;
	int r;

	assert(given && delivered && workers);
	if (!plan->item_count)
		return 0;
	engine.given = given;
	engine.delivered = delivered;
	engine.workers = workers;
	for (size_t i = 0; i < engine.worker_count; i++)
		workers[i] =
		    (struct worker){ .process = PROCESS_INIT, .channel = -EBADF, .item = WORKER_IDLE };
	r = block_signals(&engine, &old, err);
	if (r >= 0)
		r = engine_work(&engine, err);
	for (size_t i = 0; i < plan->item_count; i++)
		if (!delivered[i])
			deliver_sentence(&engine, i, VERDICT_NOTRUN,
					 engine.stopped ? engine.stopped
							: "not run: the engine could not go on");
	restore_signals(&engine, &old);
	if (r < 0)
		return fail(err, r, "run %s", plan->run);
	return engine.interrupted ? fail_text(err, -EINTR, "interrupted") : 0;
}
