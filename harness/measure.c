/* Starts the world of a measurement and collects its laps. */
#include "harness/measure.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "harness/cgroup_tree.h"
#include "harness/engine.h"
#include "harness/measure_world.h"

/* Set-up, the first round of everybody, and a round that has begun when the budget ends. */
#define GRACE_MS 120000

static void make_room(const struct measure_plan *plan, struct measured *ret)
{
	*ret = (struct measured){ .count = plan->count + 1, .rounds = plan->rounds };
	ret->subjects = calloc(ret->count, sizeof(*ret->subjects));
	assert(ret->subjects);
	for (size_t i = 0; i < ret->count; i++) {
		ret->subjects[i].name = i ? plan->runtimes[i - 1]->name : "floor";
		for (size_t k = 0; k < MEASURE_OPERATIONS; k++) {
			struct measure_series *series = &ret->subjects[i].series[k];

			series->laps = calloc(plan->rounds + 1, sizeof(*series->laps));
			assert(series->laps);
			for (size_t round = 0; round < plan->rounds; round++)
				series->laps[round].status = -1;
		}
	}
}

/* The world's own words, but its first process saw foreign programs: nothing is taken on trust. */
static int collect(int fd, struct measured *measured, struct err *err)
{
	struct measure_record record;
	ssize_t n;

	for (off_t at = 0; (n = pread(fd, &record, sizeof(record), at)) == (ssize_t) sizeof(record);
	     at += n) {
		struct measure_subject *subject;

		if (record.subject >= measured->count || record.round >= measured->rounds)
			return fail_text(err, -EBADMSG, "a lap names what nobody measured");
		subject = &measured->subjects[record.subject];
		record.trouble[sizeof(record.trouble) - 1] = '\0';
		if (record.operation >= MEASURE_OPERATIONS) {
			if (!subject->trouble)
				subject->trouble = text_format("%s", record.trouble);
			continue;
		}
		subject->series[record.operation].laps[record.round] = record.lap;
		subject->series[record.operation].count++;
	}
	return n < 0 ? fail(err, -errno, "read laps") : 0;
}

static int hear(const struct world *world, const struct measure_plan *plan, struct err *err)
{
	int64_t deadline = process_now_ms() + GRACE_MS + plan->budget_ms * (int64_t) (plan->count + 1);
	struct world_message message = { 0 };
	int r;

	while ((r = world_hear(world, deadline, &message)) > 0 && message.word == WORLD_STEP)
		;
	if (r == -ETIMEDOUT)
		return fail_text(err, r, "no end within %lld s", (long long) (deadline / 1000));
	if (r <= 0)
		return fail_text(err, -ECHILD, "the world's first process ended without a word");
	return message.word == WORLD_FAILED ? fail_text(err, -EIO, "%s", message.text) : 0;
}

int measure_run(const struct measure_plan *plan, struct measured *ret, struct err *err)
{
	auto_fd result = memfd_create("plumbline-laps", MFD_CLOEXEC);
	struct cgroup_run cgroups = CGROUP_RUN_INIT;
	struct world world = WORLD_INIT;
	int r = result < 0 ? fail(err, -errno, "memfd") : cgroup_run_make(plan->run, &cgroups, err);

	if (r < 0)
		return fail(err, r, "bench");
	make_room(plan, ret);
	r = world_start(&cgroups, "bench", result, measure_world, (void *) plan, &world, err);
	if (r >= 0) {
		r = hear(&world, plan, err);
		int ended = world_end(&world, r < 0 ? NULL : err);
		r = r < 0 ? r : ended;
	}
	if (r >= 0)
		r = collect(result, ret, err);
	int removed = cgroup_run_remove(&cgroups, r < 0 ? NULL : err);
	r = r < 0 ? r : removed;
	if (r < 0)
		measured_free(ret);
	return r < 0 ? fail(err, r, "bench") : 0;
}
