/* Init turns into the payload's user. The order is the contents: each step needs what a later one takes away. */
#include "runtime-under-test/oci/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/oci/capabilities.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/spec.h"

/* Only ever downwards here: process_tune() has raised what had to rise, with the privileges of the runtime. */
static int set_limits(const struct spec_process *process, struct err *err)
{
	for (size_t i = 0; i < process->rlimit_count && !fault("rlimits-skipped"); i++) {
		const struct spec_rlimit *limit = &process->rlimits[i];
		struct rlimit wanted = { .rlim_cur = limit->soft, .rlim_max = limit->hard }, now;

		if (fault("rlimit-soft-only") && getrlimit((__rlimit_resource_t) limit->resource, &now) == 0)
			wanted.rlim_max = now.rlim_max;
		if (setrlimit((__rlimit_resource_t) limit->resource, &wanted) < 0)
			return fail(err, -errno, "process.rlimits[%zu]: %s", i,
				    name_of_rlimit(limit->resource));
	}
	return 0;
}

static int set_personality(const struct spec *spec, struct err *err)
{
	if (!spec->personality)
		return 0;
	if (personality(strcmp(spec->personality, "LINUX32") == 0 ? PER_LINUX32 : PER_LINUX) < 0)
		return fail(err, -errno, "linux.personality: %s", spec->personality);
	return 0;
}

static int set_memory_policy(const struct spec *spec, struct err *err)
{
	const struct spec_memory_policy *policy = &spec->memory_policy;
	unsigned long nodes[PROCESS_NODES_MAX / (8 * sizeof(unsigned long))] = { 0 };
	bool has_nodes = policy->nodes && *policy->nodes;
	int mode, r;

	if (!policy->present || fault("memory-policy-skipped"))
		return 0;
	r = process_memory_policy(policy, &mode, nodes, err);
	if (r < 0)
		return r;
	/* The kernel takes one bit less than it is told: set_mempolicy(2), "maxnode". */
	if (syscall(SYS_set_mempolicy, mode, has_nodes ? nodes : NULL,
		    has_nodes ? PROCESS_NODES_MAX + 1ul : 0ul) < 0)
		return fail(err, -errno, "linux.memoryPolicy");
	return 0;
}

/* The kernel prefixes what lies outside the root; a descriptor of the host would be a way out: CVE-2024-21626. */
static int check_cwd(struct err *err)
{
	auto_free char *now = getcwd(NULL, 0);

	if ((!now || *now != '/') && !fault("exec-keeps-a-descriptor"))
		return fail_text(err, -ENOENT, "process.cwd lies outside the container's root");
	return 0;
}

/* As root it may be reached where the user may not look; as the user where root may not (a file system without root). */
static int enter_cwd(const struct spec_process *process, bool last_try, struct err *err)
{
	if (fault("cwd-ignored"))
		return 1;
	if (chdir(process->cwd) == 0) {
		int r = check_cwd(err);

		return r < 0 ? r : 1;
	}
	return last_try || errno != EACCES ? fail(err, -errno, "process.cwd: %s", process->cwd) : 0;
}

/*
 * So that a payload that is not root may open its own /dev/stdout again. Not a device, which is the host's: /dev/null is
 * everybody's there. What refuses (a foreign user namespace, a read-only file system) works as it did.
 */
static void give_stdio(const struct spec_process *process)
{
	for (int fd = 0; fd < 3 && process->uid != 0; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0 || st.st_uid == process->uid ||
		    ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) && !fault("devices-given-away")))
			continue;
		(void) !fchown(fd, process->uid, (gid_t) -1);
	}
}

static int set_groups(const struct spec_process *process, struct err *err)
{
	if (fault("groups-kept"))
		return 0;
	if (setgroups(process->group_count, process->groups) < 0) {
		/* A user namespace mapped without privileges denies it, and there are none to drop. */
		if (errno == EPERM && process->group_count == 0)
			return 0;
		return fail(err, -errno, "process.user.additionalGids");
	}
	return 0;
}

/* Kept over setresuid(2) on purpose, cleared right after: capabilities(7), "Effect of user ID changes". */
static int change_ids(const struct process_identity *identity, struct err *err)
{
	const struct spec_process *process = identity->process;
	int r = fault("ids-out-of-order") ? 0 : set_groups(process, err);

	if (r < 0)
		return r;
	if (setresgid(process->gid, process->gid, process->gid) < 0)
		return fail(err, -errno, "process.user.gid %u", process->gid);
	if (fault("ids-out-of-order"))
		(void) set_groups(process, NULL);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail(err, -errno, "keep capabilities over the change of user");
	/* Unlike that flag, execve(2) does not clear this one: capabilities(7), "The securebits flags". */
	if (fault("securebits-left") && prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0)
		return fail(err, -errno, "keep capabilities by securebits");
	if (setresuid(process->uid, process->uid, process->uid) < 0)
		return fail(err, -errno, "process.user.uid %u", process->uid);
	if (!fault("keepcaps-left") && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return fail(err, -errno, "no longer keep capabilities");
	return 0;
}

static int tune_self(const struct process_identity *identity, struct err *err)
{
	int r = fault("limits-after-drop") ? 0 : set_limits(identity->process, err);

	if (r == 0)
		r = set_personality(identity->spec, err);
	if (r == 0)
		r = set_memory_policy(identity->spec, err);
	if (r == 0)
		r = process_set_label(identity->process, identity->proc, err);
	return r;
}

int process_become(const struct process_identity *identity, struct err *err)
{
	const struct spec_process *process = identity->process;
	int entered, r = tune_self(identity, err);

	if (r < 0)
		return r;
	give_stdio(process);
	entered = enter_cwd(process, false, err);
	if (entered < 0)
		return entered;
	r = capabilities_bound(identity->capabilities, err);
	if (r == 0)
		r = change_ids(identity, err);
	if (r == 0 && fault("limits-after-drop"))
		r = set_limits(identity->process, err);
	if (r < 0)
		return r;
	if (!entered) {
		r = enter_cwd(process, true, err);
		if (r < 0)
			return r;
	}
	(void) umask(process->has_umask && !fault("umask-ignored") ? process->umask : identity->caller_umask);
	return 0;
}

/* exec keeps what is ignored or blocked, and nobody tells a payload that its parent ignored SIGPIPE. signal(7) */
static void reset_signals(void)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		(void) sigaction(signal, &action, NULL);
	(void) sigemptyset(&none);
	if (fault("signals-left-blocked"))
		(void) sigaddset(&none, SIGUSR2);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Really closed, not marked: while execve looks a program up, what closes at exec is still there, and args[0] or cwd may be
 * /proc/self/fd/N/... CVE-2024-21626. The one that tells how it went gets the first free number and goes with execve.
 */
int process_close_descriptors(int preserved, int *told, struct err *err)
{
	int last = 3 + preserved;

	reset_signals();
	if (*told != last && dup3(*told, last, O_CLOEXEC) < 0)
		return fail(err, -errno, "keep the socket to the runtime");
	*told = last;
	if (!fault("exec-closes-descriptors-too-late") &&
	    syscall(SYS_close_range, (unsigned) last + 1, ~0u, 0u) < 0)
		return fail(err, -errno, "close the runtime's descriptors");
	/* Stays open on purpose, and nobody needs its number. */
	if (fault("fd-leaks-into-container") && open("/", O_RDONLY | O_DIRECTORY) < 0)
		return -errno;
	return 0;
}
