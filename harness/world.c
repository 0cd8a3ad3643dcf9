/* Starts and ends a world; the outer half of the recipe. world_inside.c furnishes it. */
#include "harness/world.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/cgroup_tree.h"

#define OOM_SCORE "17"

void world_say(const struct world_place *place, enum world_word word, bool runtime, const char *text)
{
	struct world_message message = { .word = word, .runtime = runtime };

	(void) snprintf(message.text, sizeof(message.text), "%s", text);
	/* Nobody listens any more: then this world is about to be killed. */
	(void) send(place->channel, &message, sizeof(message), MSG_NOSIGNAL);
}

int world_hear(const struct world *world, int64_t deadline, struct world_message *ret)
{
	for (;;) {
		struct pollfd fds[2] = { { .fd = world->channel, .events = POLLIN },
					 { .fd = world->init.pidfd, .events = POLLIN } };
		int64_t left = deadline - process_now_ms();

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(fds, 2, left > 60000 ? 60000 : (int) left) < 0 && errno != EINTR)
			return -errno;
		ssize_t n = recv(world->channel, ret, sizeof(*ret), MSG_DONTWAIT);
		if (n == sizeof(*ret)) {
			ret->text[sizeof(ret->text) - 1] = '\0';
			return 1;
		}
		if (n == 0 || (fds[1].revents & POLLIN))
			return 0;
	}
}

/* Moves what the world keeps to 3 and 4 and drops the rest: locks, other worlds' sockets, libcheck's files. */
static int keep_descriptors(struct world_place *place, struct err *err)
{
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int result = place->result < 0 ? -EBADF : fcntl(place->result, F_DUPFD_CLOEXEC, 10);
	int channel = fcntl(place->channel, F_DUPFD_CLOEXEC, 10);

	if (null < 0 || channel < 0)
		return fail(err, -errno, "descriptors of the world");
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return fail(err, -errno, "dup2 /dev/null");
	place->channel = dup3(channel, 3, O_CLOEXEC);
	place->result = result < 0 ? -EBADF : dup3(result, 4, O_CLOEXEC);
	TAKE_FD(null);
	if (place->channel < 0 || close_range(place->result < 0 ? 4 : 5, ~0U, 0) < 0)
		return fail(err, -errno, "close_range");
	return 0;
}

/* The death signal comes before anything else; a parent that died before it shows as a hung-up socket. */
static bool is_parent_alive(int channel)
{
	struct pollfd hangup = { .fd = channel };

	return poll(&hangup, 1, 0) == 0 || !(hangup.revents & POLLHUP);
}

/*
 * What a careless runtime hands on to the program, so that the cases about it can fail at all: supplementary groups
 * and an oom score. Without the right to set them the world is as it was.
 */
static void carry_baggage(void)
{
	static const gid_t groups[] = { 0, 4 };
	struct err err = { 0 };

	(void) setgroups(ARRAY_SIZE(groups), groups);
	(void) file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", OOM_SCORE, strlen(OOM_SCORE), &err);
}

static int settle(const struct cgroup_run *run, const char *name, struct world_place *place, struct err *err)
{
	int r;

	(void) setsid();
	(void) umask(022);
	(void) prctl(PR_SET_NAME, place->outside ? "plumbline-live" : "plumbline-world");
	r = cgroup_world_enter(run, name, err);
	if (r >= 0)
		r = keep_descriptors(place, err);
	if (r >= 0)
		r = place->outside ? world_furnish_outside(place, err) : world_furnish(place, err);
	if (!place->outside)
		carry_baggage();
	return r >= 0 ? reaper_start(&place->reaper, err) : r;
}

static _Noreturn void first_process(const struct cgroup_run *run, const char *name, struct world_place *place,
				    world_body *body, void *argument)
{
	struct err err = { 0 };

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!is_parent_alive(place->channel))
		_exit(EXIT_FAILURE);
	if (settle(run, name, place, &err) < 0) {
		world_say(place, WORLD_FAILED, false, err.text);
		_exit(EXIT_FAILURE);
	}
	_exit(body(place, argument));
}

static pid_t clone_first(bool outside, int *pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_NEWNS |
			 (outside ? 0 : CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID),
		.pidfd = (uintptr_t) pidfd,
		.exit_signal = SIGCHLD,
	};

	return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
}

int world_start_outside(const struct cgroup_run *run, const char *name, const char *directory, int result,
			world_body *body, void *argument, struct world *ret, struct err *err)
{
	struct world world = { .init = PROCESS_INIT, .channel = -EBADF, .run = run };
	int pair[2], r = cgroup_world_make(run, name, err);

	if (r >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		r = fail(err, -errno, "socketpair");
	if (r < 0)
		goto undo;
	world.init.pid = clone_first(directory, &world.init.pidfd);
	if (world.init.pid == 0) {
		struct world_place place = { .channel = pair[1],
					     .result = result,
					     .home = -EBADF,
					     .output = -EBADF,
					     .upper = -EBADF,
					     .queues = -EBADF,
					     .outside = directory };

		(void) close(pair[0]);
		first_process(run, name, &place, body, argument);
	}
	r = world.init.pid < 0 ? fail(err, -errno, "clone3 of a world") : 0;
	(void) close(pair[1]);
	if (r < 0) {
		(void) close(pair[0]);
		goto undo;
	}
	world.channel = pair[0];
	world.name = strdup(name);
	*ret = world;
	return 0;
undo:
	(void) cgroup_world_remove(run, name, process_now_ms() + 1000, NULL);
	return fail(err, r, "start world %s", name);
}

int world_start(const struct cgroup_run *run, const char *name, int result, world_body *body, void *argument,
		struct world *ret, struct err *err)
{
	return world_start_outside(run, name, NULL, result, body, argument, ret, err);
}

/* A first process with a v1-frozen child hangs in the kernel until that is thawed, although it is being killed. */
static int end_first(struct world *world, struct err *err)
{
	struct process_status ignored;

	(void) process_kill(&world->init, SIGKILL);
	for (int attempt = 0; attempt < 50; attempt++) {
		int r = process_wait(&world->init, process_now_ms() + 100, &ignored, err);

		if (r != -ETIMEDOUT)
			return r;
		cgroup_world_thaw(world->run, world->name);
	}
	return fail_text(err, -EBUSY, "world %s does not die", world->name);
}

int world_end(struct world *world, struct err *err)
{
	int r = world->init.pid > 0 ? end_first(world, err) : 0;

	process_close(&world->init);
	cleanup_fd(&world->channel);
	world->channel = -EBADF;
	if (world->name) {
		int one = cgroup_world_remove(world->run, world->name, process_now_ms() + 2000, err);
		r = r < 0 ? r : one;
	}
	free(world->name);
	world->name = NULL;
	return r;
}
