/* The inside of a worker, and the messages between it and the engine. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/case.h"
#include "harness/case_watch.h"
#include "harness/cgroup_tree.h"
#include "harness/channel.h"
#include "harness/engine.h"
#include "harness/libcheck.h"
#include "harness/profile.h"
#include "harness/workers.h"

#define CASE_MS 10000 /* of a case that names no time */
#define CLEAN_UP_MS 8000 /* that libcheck waits longer than the watcher does */

char *worker_world_name(size_t item)
{
	return text_format("w%zu", item);
}

/* What libcheck's two callbacks are given. */
struct assignment {
	const struct worker_task *task;
	struct case_watch watch;
	struct libcheck_result outcome;
};

static void watch(void *argument)
{
	case_watch(&((struct assignment *) argument)->watch);
}

/* When the watcher ended well this finds nothing; after a crash or a time-out it is what ends the world. */
static void clean_up(void *argument)
{
	const struct assignment *assignment = argument;

	(void) cgroup_world_remove(assignment->task->cgroups, assignment->watch.world,
				   process_now_ms() + 5000, NULL);
}

static double scale_of(const struct engine_plan *plan)
{
	const struct profile *profile = plan->runtime->profile;
	double own = profile ? json_double(json_member(profile->document, "timeout_scale"), 1.0) : 1.0;

	return (plan->timeout_scale > 0 ? plan->timeout_scale : 1.0) * own;
}

/* Time-outs nest: a command has half of its case's time, and libcheck waits until everyone else has given up. */
static void plan_times(struct assignment *assignment, const struct conformance_case *c)
{
	int64_t ms = (int64_t) ((c->timeout_ms ? c->timeout_ms : CASE_MS) * scale_of(assignment->task->plan));

	assignment->watch.job.case_ms = ms;
	assignment->watch.job.command_ms = ms / 2;
}

/* libcheck's word is always heard: a watcher that crashed after its record was whole is broken all the same. */
static int replace_record(const struct assignment *assignment, int record)
{
	const struct case_watch *watch = &assignment->watch;
	struct case_record broken;
	auto_json json = NULL;
	auto_text text = { 0 };

	case_record_begin(watch->job.c, watch->job.id, &broken);
	case_record_of_silence(watch->note,
			       assignment->outcome.message[0] ? assignment->outcome.message
							      : "the case ended without a record",
			       &broken);
	json = case_record_to_json(&broken, watch->job.runtime->name);
	case_record_free(&broken);
	json_print(json, 0, &text);
	if (ftruncate(record, 0) < 0 || lseek(record, 0, SEEK_SET) < 0)
		return -errno;
	return file_write_all(record, text.data, text.len);
}

static bool records(const struct engine_plan *plan, const struct engine_item *item)
{
	return !plan->record_needed || case_needs_recording(item->c);
}

static int run_item(const struct worker_task *task, size_t index, int channel, struct case_note *note)
{
	const struct engine_item *item = &task->plan->items[index];
	const char *before[] = { task->faulty, "--fault", item->fault, "--", NULL };
	auto_free char *world = worker_world_name(index);
	auto_fd record = memfd_create("plumbline-record", MFD_CLOEXEC);
	struct assignment assignment = {
		.task = task,
		.watch = {
			.job = { .c = item->c, .id = item->id, .run = task->plan->run, .number = index,
				 .runtime = task->plan->runtime, .before = item->fault ? before : NULL,
				 .secret = records(task->plan, item) ? task->secret : 0, .tag = task->first_tag + (uint32_t) index },
			.cgroups = task->cgroups,
			.world = world,
			.record = record,
			.channel = channel,
			.out = task->plan->out,
			.disputed = task->disputed[index],
			.keep = task->plan->keep,
			.worker = getpid(),
			.note = note,
		},
	};

	if (record < 0)
		return -errno;
	*note = (struct case_note){ 0 };
	plan_times(&assignment, item->c);
	const struct libcheck_job job = {
		.suite = "cases",
		.name = item->id,
		.file = item->c->file,
		.line = item->c->line,
		.timeout_s = (double) (assignment.watch.job.case_ms + CLEAN_UP_MS) / 1000.0,
		.run = watch,
		.clean = clean_up,
		.argument = &assignment,
	};
	libcheck_run(&job, &assignment.outcome);
	if (!assignment.outcome.ended_well || !note->recorded) {
		int r = replace_record(&assignment, record);
		if (r < 0)
			return r;
	}
	const struct channel_message message = { .word = CHANNEL_RECORD, .item = index, .hung = note->hung };
	return channel_send(channel, &message, record);
}

static _Noreturn void work(const struct worker_task *task, int channel)
{
	struct channel_message message;
	struct case_note *note;
	int fd;

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != task->engine)
		_exit(EXIT_FAILURE);
	/* libcheck passes a SIGINT on to its whole process group: ours must have nobody else in it. */
	(void) setpgid(0, 0);
	libcheck_clear_environment();
	note = mmap(NULL, sizeof(*note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (note == MAP_FAILED)
		_exit(EXIT_FAILURE);
	while (channel_receive(channel, &message, &fd) > 0) {
		cleanup_fd(&fd);
		/* A recording may come after the watcher that asked for it has died. */
		if (message.word != CHANNEL_ITEM)
			continue;
		if (run_item(task, message.item, channel, note) < 0)
			_exit(EXIT_FAILURE);
	}
	_exit(EXIT_SUCCESS);
}

int worker_start(const struct worker_task *task, struct worker *ret, struct err *err)
{
	struct worker worker = { .process = PROCESS_INIT, .channel = -EBADF, .item = WORKER_IDLE };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(err, -errno, "socketpair of a worker");
	/* What stdio holds now would be printed once more by every child that exits. */
	(void) fflush(NULL);
	worker.process.pid = fork();
	if (worker.process.pid == 0) {
		(void) close(pair[0]);
		work(task, pair[1]);
	}
	(void) close(pair[1]);
	worker.channel = pair[0];
	if (worker.process.pid < 0) {
		int r = fail(err, -errno, "fork a worker");

		cleanup_fd(&worker.channel);
		return r;
	}
	worker.process.pidfd = process_pidfd_open(worker.process.pid);
	if (worker.process.pidfd < 0) {
		int r = fail(err, worker.process.pidfd, "pidfd of a worker");

		(void) kill(worker.process.pid, SIGKILL);
		cleanup_fd(&worker.channel);
		return r;
	}
	*ret = worker;
	return 0;
}

int worker_give(struct worker *worker, size_t item)
{
	const struct channel_message message = { .word = CHANNEL_ITEM, .item = item };
	int r = channel_send(worker->channel, &message, -1);

	if (r >= 0)
		worker->item = item;
	return r;
}

void worker_end(struct worker *worker)
{
	struct process_status ignored;

	if (worker->process.pid > 0) {
		(void) process_kill(&worker->process, SIGKILL);
		(void) process_wait(&worker->process, -1, &ignored, NULL);
	}
	process_close(&worker->process);
	cleanup_fd(&worker->channel);
	*worker = (struct worker){ .process = PROCESS_INIT, .channel = -EBADF, .item = WORKER_IDLE };
}
