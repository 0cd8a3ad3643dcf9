/* The container's half of creation, in the stages of create.c. It tells the parent, and nobody else, what goes wrong. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/devices.h"
#include "runtime-under-test/oci/exe_hide.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/hooks.h"
#include "runtime-under-test/oci/inroot.h"
#include "runtime-under-test/oci/keyring.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/rootfs.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/sync.h"
#include "runtime-under-test/oci/sysctl.h"
#include "runtime-under-test/oci/terminal.h"
#include "runtime-under-test/oci/userns.h"

/*
 * Processes of the container that can see this one must not ptrace it or look through its /proc/PID: it still has the
 * runtime's descriptors and memory. CVE-2016-9962. Until the maps of a new user namespace are written it stays dumpable, for
 * only then may an unprivileged parent write them; and until then nobody else is in there.
 */
static void hide(void)
{
	if (!fault("dumpable-left"))
		(void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Stage 4, by the helper: it ends here, and its child goes on. */
static int enter_by_helper(struct creation *creation, struct err *err)
{
	int pid = 0, r;

	if (!(creation->namespaces.fresh & CLONE_NEWUSER))
		hide();
	r = namespaces_enter_by_helper(creation, &pid, err);
	if (r < 0)
		return r;
	hide();
	if (pid > 0) {
		r = sync_send_number(creation->sync, SYNC_PID, pid, err);
		_exit(r < 0 ? 1 : 0);
	}
	return sync_await(creation->sync, SYNC_ATTACHED, NULL, NULL, err);
}

/* Stage 4, by init itself. */
static int enter_directly(const struct creation *creation, struct err *err)
{
	int r = 0;

	if (creation->namespaces.fresh & CLONE_NEWUSER) {
		r = sync_await(creation->sync, SYNC_MAPPED, NULL, NULL, err);
		if (r == 0)
			r = userns_become_root(creation->spec, err);
	}
	hide();
	return r < 0 ? r : namespaces_join(&creation->namespaces, err);
}

static int set_names(const struct spec *spec, struct err *err)
{
	if (spec->hostname && !fault("hostname-skipped") &&
	    sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return fail(err, -errno, "hostname: %s", spec->hostname);
	if (spec->domainname && !fault("domainname-skipped") &&
	    setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return fail(err, -errno, "domainname: %s", spec->domainname);
	return 0;
}

/* Keys of the caller's session are none of the container's business; without quota or keyrings it goes on without. */
static void join_keyring(const struct creation *creation)
{
	int r = creation->options->no_new_keyring || fault("keyring-kept")
		    ? 0
		    : keyring_make(creation->options->id);

	if (r < 0)
		sync_send_warning(creation->sync, "session keyring: %s", strerror(-r));
}

static int enter_namespaces(struct creation *creation, struct err *err)
{
	int r;

	if (namespaces_need_helper(&creation->namespaces))
		r = enter_by_helper(creation, err);
	else
		r = enter_directly(creation, err);
	if (r == 0)
		r = cgroups_enter(&creation->cgroups, err);
	/* Its root is where its maker sits, so only now. cgroup_namespaces(7) */
	if (r == 0 && creation->namespaces.fresh & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0)
		r = fail(err, -errno, "make a cgroup namespace");
	if (r == 0)
		r = set_names(creation->spec, err);
	if (r < 0)
		return r;
	/* A payload leads its session: the terminal needs it, and signals of the caller's terminal are not for it. */
	if (setsid() < 0 && errno != EPERM)
		return fail(err, -errno, "lead a session");
	join_keyring(creation);
	return 0;
}

/* A working directory the image lacks is made, as runc and crun do; one that cannot be made is chdir's error later. */
static void make_cwd(const struct creation *creation, int root)
{
	auto_fd fd = -EBADF;

	if (creation->spec->process.present)
		fd = inroot_make(root, creation->spec->process.cwd, false, NULL);
}

/* Stage 5. */
static int furnish(struct creation *creation, int *root, struct terminal *terminal, struct err *err)
{
	int r = mounts_make(creation, root, err);

	if (r == 0)
		r = devices_make(creation, *root, err);
	if (r == 0)
		r = devices_link(*root, err);
	if (r == 0 && creation->spec->process.terminal)
		r = terminal_open(&creation->spec->process, *root, terminal, err);
	if (r == 0 && terminal->slave >= 0)
		r = terminal_bind_console(terminal, *root, err);
	if (r == 0)
		make_cwd(creation, *root);
	return r;
}

/* Nothing of the container has run yet. What it sees of this process from now on leads to no file that can be written to. */
static int hide_program(const struct creation *creation, int root, struct err *err)
{
	int r = creation->options->decoy >= 0
		    ? exe_hide_behind(creation->options->decoy, creation->proc, root)
		    : 0;

	return r < 0 ? fail(err, r, "put the runtime's own program out of reach") : 0;
}

/* Stage 6: hooks of the container's namespaces still see the host's files; then nothing does any more. */
static int close_off(struct creation *creation, int root, struct err *err)
{
	const struct spec *spec = creation->spec;
	int r = 0;

	if (creation_has_intermission(creation)) {
		r = sync_send(creation->sync, SYNC_MOUNTED, err);
		if (r == 0)
			r = sync_await(creation->sync, SYNC_HOOKED, NULL, NULL, err);
	}
	if (r < 0)
		return r;
	creation->state.pid = getpid();
	r = hooks_run(spec, HOOK_CREATE_CONTAINER, &creation->state, creation->options->bundle, err);
	if (r == 0)
		r = sysctl_apply(creation, root, err);
	if (r == 0)
		r = mounts_seal(spec, root, err);
	if (r == 0)
		r = paths_make_readonly(spec, root, err);
	if (r == 0)
		r = paths_mask(spec, root, err);
	if (r == 0)
		r = hide_program(creation, root, err);
	if (r == 0)
		r = rootfs_switch(creation, root, err);
	if (r == 0 && spec->root_readonly && !fault("root-readonly-skipped"))
		r = rootfs_make_readonly(root, err);
	return r;
}

static int set_up(struct creation *creation, struct err *err)
{
	struct terminal terminal = { .master = -EBADF, .slave = -EBADF };
	auto_fd root = -EBADF;
	int r = enter_namespaces(creation, err);

	(void) umask(0);
	if (r == 0)
		r = rootfs_open(creation, &root, err);
	if (r == 0)
		r = furnish(creation, &root, &terminal, err);
	if (r == 0)
		r = close_off(creation, root, err);
	if (r == 0 && terminal.master >= 0)
		r = terminal_hand_over(&terminal, creation->console, creation->sync, err);
	if (r == 0 && terminal.slave >= 0)
		r = terminal_take(&terminal, err);
	/* A hook may still make the program. */
	if (r == 0 && !creation->spec->hooks[HOOK_START_CONTAINER].count)
		r = process_check_program(&creation->spec->process, err);
	return r;
}

/*
 * What waits at the gate holds nothing of the host: a directory kept here could be reached by whoever gets into init
 * (CVE-2024-21626), and the lock, which a fork shares, would stay taken for as long as init lives.
 */
static void let_go(struct creation *creation)
{
	int *fds[] = { &creation->lock, &creation->directory };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		cleanup_fd(fds[i]);
		*fds[i] = -EBADF;
	}
	cgroups_close(&creation->cgroups);
	(void) close(creation->runtime->root);
	if (!fault("bundle-kept-open"))
		(void) close(creation->options->bundle);
	/* Only labels are written through it, at the very end. */
	if (!process_has_label(&creation->spec->process) && !fault("host-proc-kept-open")) {
		cleanup_fd(&creation->proc);
		creation->proc = -EBADF;
	}
}

void init_main(struct creation *creation)
{
	struct err err = { 0 };
	int told = creation->sync, r = set_up(creation, &err);

	let_go(creation);

	if (r == 0)
		r = sync_send(creation->sync, SYNC_READY, &err);
	if (r == 0)
		r = sync_await(creation->sync, SYNC_CREATED, NULL, NULL, &err);
	if (r == 0)
		r = gate_run(creation, &told, &err);
	sync_send_error(told, r, err.text[0] ? err.text : strerror(-r));
	_exit(1);
}
