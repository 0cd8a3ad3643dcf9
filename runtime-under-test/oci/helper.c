/*
 * The third process, for namespaces that only take children: create.c tells why it is there. Init is its sibling and shares its
 * socket, so the end of the helper alone would be noticed by nobody who only listens.
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/spec.h"

static int hear(const struct creation *creation, enum sync_type wanted, struct sync_message *ret,
		struct err *err)
{
	return sync_await_from(creation->sync, creation->pidfd, wanted, creation->runtime->log, ret, err);
}

/* The helper tells when its user namespace exists, and which number init has here. */
int helper_meet(struct creation *creation, struct err *err)
{
	struct sync_message message;
	int r = 0;

	if (creation->namespaces.fresh & CLONE_NEWUSER) {
		r = hear(creation, SYNC_USER, NULL, err);
		if (r == 0)
			r = creation_map_user(creation, creation->helper, err);
	}
	if (r == 0)
		r = hear(creation, SYNC_PID, &message, err);
	if (r < 0)
		return r;
	(void) waitpid(creation->helper, NULL, 0);
	creation->helper = 0;
	cleanup_fd(&creation->pidfd);
	creation->init = message.number;
	creation->pidfd = process_pidfd_open(creation->init);
	if (creation->pidfd < 0)
		return fail(err, creation->pidfd, "open init");
	r = cgroups_attach_unified(&creation->cgroups, creation->init, err);
	/* Not the helper's, from which it would come by inheritance: init may have been cloned before we wrote it. */
	if (r == 0)
		r = process_set_oom(&creation->spec->process, creation->proc, creation->init, err);
	return r < 0 ? r : sync_send(creation->sync, SYNC_ATTACHED, err);
}

/* Init may be there already, with a number that nobody has told: it ends when nothing more can be said to it. */
void helper_undo(struct creation *creation)
{
	if (creation->helper <= 0)
		return;
	(void) kill(creation->helper, SIGKILL); /* ours and not reaped */
	(void) waitpid(creation->helper, NULL, 0);
	sync_end(creation->sync);
}
