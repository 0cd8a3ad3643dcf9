/*
 * The parent's half of creation; init.c is the container's. Both are written in the same stages, in the order they happen.
 *
 *	parent (plumbline-oci create)			init (the container's first process)
 *	1 check    what can be refused, is
 *	2 record   ROOT/ID: state "creating", the gate
 *	3 cgroups  made, limits written
 *	4 clone    -----------------------------------> 4 namespaces: joins the v1 cgroups, user ids, the rest
 *	           maps of a user namespace   --MAPPED->
 *	                                                 5 furnish: root, mounts, devices, terminal
 *	6 hooks    prestart, createRuntime   <-MOUNTED-    (if any, or anything else that only the parent can do)
 *	           tunes init from outside   --HOOKED-->  createContainer hooks, sysctls, masks, the switch of the root
 *	7 publish  state "created", pid file <-READY---
 *	           and exits                 --CREATED->  8 gate: waits for `start`, then becomes the payload
 *
 * Why two processes? The payload must live in namespaces and behind limits that the runtime must not have: the parent
 * keeps the host's view for everything that needs it (maps and limits written from outside, hooks in the runtime's namespaces,
 * undoing), and init gets everything by being cloned with it. One clone3() makes all namespaces at once; the kernel makes the
 * user namespace first, so it owns the others (user_namespaces(7)).
 *
 * Why sometimes three? setns(2) to a pid namespace and unshare(2) of a time namespace only take effect for children, and a
 * user namespace that is joined must be entered before the namespaces it is to own are made, while namespaces of the host
 * must be joined before that. So for these, and for no others, a helper is cloned, enters them in the only order that works,
 * and clones init as its sibling (CLONE_PARENT): the helper is gone at once, and init is the parent's child as always.
 *
 * Why does nothing stay behind? Init's memory holds the config, so the runtime can exit after "created": there is no daemon,
 * no file to read again, and init becomes a child of whoever adopts orphans, which is where engines expect it. Until
 * CREATED the end of the parent ends init too: each waits only on the other's socket, so no one can be killed at a moment that
 * leaves the other one hanging. What is left on disk then is named by the state of stage 2, for `delete --force` to undo.
 *
 * Why does init, not the parent, write itself into the v1 cgroups? See cgroups_enter(): one is cheap, the other one is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/handover.h"
#include "runtime-under-test/oci/hooks.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/net_devices.h"
#include "runtime-under-test/oci/notify.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/rootfs.h"
#include "runtime-under-test/oci/sockets.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/sync.h"
#include "runtime-under-test/oci/userns.h"

#define STAT_MAX 4096

static char *time_stamp(void)
{
	struct timespec now;
	struct tm utc;
	char seconds[32];

	(void) clock_gettime(CLOCK_REALTIME, &now);
	(void) gmtime_r(&now.tv_sec, &utc);
	(void) strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	return text_format("%s.%09ldZ", seconds, now.tv_nsec);
}

/* Stage 2. Before anything else exists there is a name for it on disk. */
static int record(struct creation *creation, struct json *config, struct err *err)
{
	const struct create_options *options = creation->options;
	struct state *state = &creation->state;
	auto_free char *place = NULL;
	auto_json rdt = NULL;
	int r = resources_plan(creation, &rdt, err);

	if (r < 0)
		return r;
	creation->directory = state_create(creation->runtime->root, options->id, err);
	if (creation->directory < 0)
		return creation->directory;
	creation->lock = state_lock(creation->directory, err);
	if (creation->lock < 0)
		return creation->lock;
	*state = (struct state){
		.id = text_format("%s", options->id),
		.bundle = text_format("%s", options->bundle_path),
		.spec_version = text_format("%s", creation->spec->version),
		.created = time_stamp(),
		.status = STATUS_CREATING,
		.owner = geteuid(),
		.no_new_keyring = options->no_new_keyring,
		.annotations = json_share(json_member(config, "annotations")),
		.cgroups = cgroups_to_json(&creation->cgroups),
		.config = json_share(config),
	};
	if (rdt)
		json_put(state->cgroups, "resctrl", TAKE(rdt));
	r = state_write(creation->directory, state, err);
	if (r < 0)
		return r;
	creation->gate = socket_listen_at(creation->directory, "start", err);
	if (creation->gate < 0)
		return creation->gate;
	place = text_format("%s/%s", creation->runtime->root_path, options->id);
	return notify_prepare(creation->directory, place, creation->spec, err);
}

/* Straight into the unified cgroup where the kernel can; *ret_attached tells. */
static pid_t clone_child(const struct creation *creation, bool helper, int *ret_pidfd, bool *ret_attached)
{
	int cgroup = cgroups_unified(&creation->cgroups);
	struct clone_args args = { .flags = CLONE_PIDFD,
				   .pidfd = (uintptr_t) ret_pidfd,
				   .exit_signal = SIGCHLD };
	pid_t pid = -1;

	/* A helper would be counted where pids.max may be 1: init is attached from outside then. */
	if (!helper)
		args.flags |= namespaces_clone_flags(&creation->namespaces);
	if (!helper && cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t) cgroup;
		pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
		args.flags &= ~(uint64_t) CLONE_INTO_CGROUP;
		*ret_attached = pid >= 0;
		if (pid >= 0)
			return pid;
	}
	return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
}

/* Stage 4, the child's side of the fork: it has everything but the parent's end of the socket. */
static void be_child(struct creation *creation, const int ends[2])
{
	(void) close(ends[0]);
	creation->sync = ends[1];
	/* flock(2) belongs to what was opened, not to who has it open: with this one left, no verb would ever get the lock. */
	cleanup_fd(&creation->lock);
	creation->lock = -EBADF;
	init_main(creation);
}

int creation_await(const struct creation *creation, enum sync_type wanted, struct sync_message *ret,
		   struct err *err)
{
	int r = sync_await(creation->sync, wanted, creation->runtime->log, ret, err);
	siginfo_t info = { 0 };

	/* It went without a word: the kernel knows more. */
	if (r == -EPIPE && creation->init > 0 &&
	    waitid(P_PID, (id_t) creation->init, &info, WEXITED | WNOWAIT) == 0 &&
	    info.si_code != CLD_EXITED) {
		*err = (struct err){ 0 };
		return fail_text(err, -EIO, "the container's init was ended by signal %d", info.si_status);
	}
	return r;
}

int creation_map_user(const struct creation *creation, pid_t pid, struct err *err)
{
	const struct spec *spec = creation->spec;
	int r;

	if (!(creation->namespaces.fresh & CLONE_NEWUSER))
		return 0;
	if (fault("stdin-given-from-outside"))
		(void) !fchown(STDIN_FILENO, (uid_t) userns_to_host(&spec->uid_maps, spec->process.uid),
			       (gid_t) -1);
	r = userns_write_maps(creation->proc, pid, &spec->uid_maps, &spec->gid_maps, err);
	return r < 0 ? r : sync_send(creation->sync, SYNC_MAPPED, err);
}

static int meet_init(struct creation *creation, bool attached, struct err *err)
{
	int r = attached ? 0 : cgroups_attach_unified(&creation->cgroups, creation->init, err);

	if (r == 0)
		r = process_set_oom(&creation->spec->process, creation->proc, creation->init, err);
	return r < 0 ? r : creation_map_user(creation, creation->init, err);
}

static int make_init(struct creation *creation, struct err *err)
{
	bool helper = namespaces_need_helper(&creation->namespaces), attached = false;
	int ends[2], pidfd = -EBADF, r = mounts_open_sources(creation, err);
	pid_t pid;

	if (r == 0)
		r = rootfs_open_tree(creation, err);
	if (r == 0)
		r = sync_pair(ends, err);
	if (r < 0)
		return r;
	if (fault("user-namespace-late"))
		(void) unshare(CLONE_NEWTIME);
	pid = clone_child(creation, helper, &pidfd, &attached);
	if (pid == 0)
		be_child(creation, ends);
	r = pid < 0 ? -errno : 0;
	(void) close(ends[1]);
	creation->sync = ends[0];
	if (r < 0)
		return fail(err, r, "clone init");
	if (helper) {
		creation->helper = pid;
		creation->pidfd = pidfd;
		return helper_meet(creation, err);
	}
	creation->init = pid;
	creation->pidfd = pidfd;
	return meet_init(creation, attached, err);
}

/* Field 22 of /proc/PID/stat, behind a name in parentheses that may hold anything: proc_pid_stat(5). */
static int read_start_ticks(const struct creation *creation, uint64_t *ret, struct err *err)
{
	auto_free char *path = text_format("%d/stat", (int) creation->init);
	auto_text stat = { 0 };
	int r = file_read_at(creation->proc, path, STAT_MAX, &stat, err);
	char *at = r < 0 ? NULL : strrchr(text_str(&stat), ')');

	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return fail(err, r < 0 ? r : -EIO, "read when init began");
	*ret = strtoull(at, NULL, 10);
	return 0;
}

/* Where the parent has nothing to do there, neither half waits for the other one: two switches of the processor less. */
bool creation_has_intermission(const struct creation *creation)
{
	const struct spec *spec = creation->spec;
	size_t hooks = 0;

	for (int kind = 0; kind < HOOK_COUNT; kind++)
		hooks += spec->hooks[kind].count;
	return hooks || spec->net_device_count || creation->cgroups.unit ||
	       json_has(creation->state.cgroups, "resctrl") || process_needs_tuning(&spec->process) ||
	       fault("sysctl-on-the-host");
}

/* Stage 6. From here on a failure ends a container that has lived: its poststop hooks run. runtime.md#lifecycle */
static int run_hooks(struct creation *creation, struct err *err)
{
	const struct spec *spec = creation->spec;
	int bundle = creation->options->bundle, r;

	creation->state.pid = fault("state-pid-zero") ? 0 : creation->init;
	if (!creation_has_intermission(creation))
		return 0;
	r = creation_await(creation, SYNC_MOUNTED, NULL, err);
	if (r == 0)
		r = resources_settle(creation, err);
	if (r < 0)
		return r;
	r = net_devices_move(creation, err);
	if (r < 0)
		return r;
	if (fault("sysctl-on-the-host"))
		(void) file_write_at(creation->proc, "sys/kernel/shmmax", "1000000", 7, NULL);
	creation->hooks_began = true;
	r = hooks_run(spec, HOOK_PRESTART, &creation->state, bundle, err);
	if (r == 0)
		r = hooks_run(spec, HOOK_CREATE_RUNTIME, &creation->state, bundle, err);
	if (r == 0)
		r = process_tune(&spec->process, creation->init, err);
	return r < 0 ? r : sync_send(creation->sync, SYNC_HOOKED, err);
}

/* Stage 7. What can be written before init is ready, is. The pid file comes last: callers take it as the sign that the rest is there. */
static int publish(struct creation *creation, struct err *err)
{
	struct state *state = &creation->state;
	struct sync_message message;
	int r = read_start_ticks(creation, &state->start_ticks, err);

	state->status = STATUS_CREATED;
	if (r == 0)
		r = state_stage(creation->directory, state, err);
	if (r == 0 && creation->spec->process.terminal && creation->console < 0) {
		r = creation_await(creation, SYNC_CONSOLE, &message, err);
		creation->master = r < 0 ? -EBADF : message.fd;
	}
	if (r == 0)
		r = creation_await(creation, SYNC_READY, NULL, err);
	if (r == 0)
		r = state_commit(creation->directory, err);
	if (r == 0)
		r = handover_pidfd(creation->options->pidfd_socket, creation->pidfd, err);
	if (r == 0)
		r = handover_pid_file(creation->options->pid_file, creation->init, err);
	return r < 0 ? r : sync_send(creation->sync, SYNC_CREATED, err);
}

/* A failed creation leaves no process, cgroup or state; what lay in the dead mount namespace went with it. */
static void undo(struct creation *creation)
{
	struct err err = { 0 };

	helper_undo(creation);
	if (creation->init > 0) {
		(void) kill(creation->init, SIGKILL);
		(void) waitpid(creation->init, NULL, 0);
	}
	if (creation->directory < 0)
		return;
	if (resources_remove(creation, &err) < 0)
		log_warning(creation->runtime->log, "undo create: %s", err.text);
	if (!fault("failed-create-leaves-state") &&
	    state_remove(creation->runtime->root, creation->options->id, &err) < 0)
		log_warning(creation->runtime->log, "undo create: %s", err.text);
	if (!creation->hooks_began)
		return;
	creation->state.pid = 0;
	hooks_run_all(creation->spec, HOOK_POSTSTOP, &creation->state, creation->options->bundle,
		      creation->runtime->log);
}

int creation_run(struct creation *creation, struct json *config, struct err *err)
{
	int r;

	creation->umask = umask(0);
	(void) umask(creation->umask);
	r = creation_check(creation, err);
	if (r == 0)
		r = record(creation, config, err);
	if (r == 0)
		r = resources_make(creation, err);
	if (r == 0)
		r = make_init(creation, err);
	if (r == 0)
		r = run_hooks(creation, err);
	if (r == 0)
		r = publish(creation, err);
	if (r < 0)
		undo(creation);
	return r;
}

void creation_close(struct creation *creation)
{
	int *fds[] = { &creation->directory, &creation->lock,    &creation->proc,
		       &creation->gate,      &creation->console, &creation->root_tree,
		       &creation->sync,      &creation->pidfd,   &creation->master };

	for (size_t i = 0; creation->sources && i < creation->spec->mount_count; i++)
		cleanup_fd(&creation->sources[i]);
	free(creation->sources);
	creation->sources = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		cleanup_fd(fds[i]);
		*fds[i] = -EBADF;
	}
	namespaces_close(&creation->namespaces);
	cgroups_close(&creation->cgroups);
	seccomp_program_clear(&creation->seccomp);
	state_clear(&creation->state);
}

int container_create(const struct runtime *runtime, const struct create_options *options, struct spec *spec,
		     struct json *config, struct err *err)
{
	auto_creation creation = CREATION_INIT;
	int r;

	creation.runtime = runtime;
	creation.options = options;
	creation.spec = spec;
	r = creation_run(&creation, config, err);
	/* Else it would be a race: the program, once nobody hears init say EXEC, may never begin. */
	if (r == 0 && fault("start-not-awaited"))
		sync_end(creation.sync);
	return r;
}
