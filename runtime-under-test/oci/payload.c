/* From a process that is set up to the program: user, descriptors, privileges, filter, execve. */
#include "runtime-under-test/oci/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/capabilities.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/seccomp.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/sync.h"

#define PRESERVE_MAX 1024

/* Everything of ours is O_CLOEXEC, and what a caller passes on cannot be: so a gap cannot be filled by our own by chance. */
int payload_count_preserved(int wanted, int *ret_preserved, int *ret_listen, struct err *err)
{
	const char *listen = getenv("LISTEN_FDS");
	unsigned long long count = 0;

	if (listen && (text_to_u64(listen, &count) < 0 || count > PRESERVE_MAX))
		return fail_text(err, -EINVAL, "LISTEN_FDS=%s is no number of descriptors", listen);
	if (wanted < 0 || wanted > PRESERVE_MAX)
		return fail_text(err, -EINVAL, "--preserve-fds %d: at most %d", wanted, PRESERVE_MAX);
	wanted += (int) count;
	for (int fd = 3; fd < 3 + wanted; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return fail_text(err, -EBADF, "descriptor %d is to be preserved but not open", fd);
	}
	*ret_preserved = wanted;
	*ret_listen = (int) count;
	return 0;
}

static bool has_variable(const struct spec_strings *env, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], name, length) == 0 && env->items[i][length] == '=')
			return true;
	return false;
}

/*
 * The config's, and what it cannot know: HOME, as every known runtime adds it and docker relies on. Socket activation: the
 * program is to know how many of its descriptors are sockets, and that they are meant for it.
 */
static char **payload_env(const struct payload *payload)
{
	const struct spec_process *process = payload->identity.process;
	const struct spec_strings *env = &process->env;
	const char *names = getenv("LISTEN_FDNAMES");
	char **all = calloc(env->count + 5, sizeof(*all));
	size_t count = 0;

	if (!all)
		abort();
	for (size_t i = 0; i < env->count; i++)
		all[count++] = env->items[i];
	if (fault("home-overwritten") || (!has_variable(env, "HOME") && !fault("home-forgotten"))) {
		auto_free char *home = process_find_home(process->uid);

		all[count++] = text_format("HOME=%s", home);
	}
	if (!payload->listen_fds)
		return all;
	all[count++] = text_format("LISTEN_FDS=%d", payload->listen_fds);
	all[count++] = text_format("LISTEN_PID=%d", (int) getpid());
	if (names)
		all[count++] = text_format("LISTEN_FDNAMES=%s", names);
	return all;
}

static int set_no_new_privileges(const struct spec_process *process, struct err *err)
{
	if (!process->no_new_privileges || fault("nnp-forgotten"))
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(err, -errno, "process.noNewPrivileges");
	return 0;
}

/*
 * Without an agent the program must not run at all, not even for the time until it is killed. By read(2), which every filter
 * lets pass: it stands already.
 */
static int await_agent(int told, struct err *err)
{
	char message[sizeof(struct sync_message)];
	ssize_t n;

	if (fault("seccomp-agent-not-awaited"))
		return 0;
	do
		n = read(told, message, sizeof(message));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(err, -errno, "wait for the seccomp agent");
	return n > 0 ? 0 : fail_text(err, -EPIPE, "the seccomp agent was not reached");
}

/* The listener goes to who started us, and from there to the agent, before any call of the payload can wait for it. */
static int install_filter(const struct payload *payload, int told, struct err *err)
{
	int listener = -EBADF, r;

	if (!payload->seccomp->code || fault("seccomp-skipped"))
		return 0;
	r = seccomp_install(payload->seccomp, &listener, err);
	if (r < 0 || listener < 0)
		return r;
	r = sync_send_fd(told, SYNC_SECCOMP, listener, err);
	(void) close(listener);
	return r < 0 ? r : await_agent(told, err);
}

/*
 * With no_new_privs a filter needs no privilege: it comes last, and the profile need not allow what was done before. Without
 * it CAP_SYS_ADMIN is needed once more (seccomp(2)): so it comes before the last step of the capabilities, and only falling
 * ones follow.
 */
static int give_up_privileges(const struct payload *payload, int told, struct err *err)
{
	const struct capabilities *capabilities = payload->identity.capabilities;
	int r;

	if (payload->identity.process->no_new_privileges) {
		r = capabilities_apply(capabilities, err);
		if (r == 0 && fault("seccomp-before-nnp"))
			r = install_filter(payload, told, NULL);
		if (r == 0)
			r = set_no_new_privileges(payload->identity.process, err);
		r = r < 0 ? r : install_filter(payload, told, err);
		if (fault("ids-after-filter"))
			(void) !setresuid((uid_t) -1, (uid_t) -1, (uid_t) -1);
		return r;
	}
	if (!payload->seccomp->code)
		return capabilities_apply(capabilities, err);
	r = capabilities_hold(err);
	if (r == 0)
		r = install_filter(payload, told, err);
	return r < 0 ? r : capabilities_apply(capabilities, err);
}

/* For a fault: getpid(2) by the entry of 32-bit programs, arch/x86/entry/syscalls/syscall_32.tbl. */
static void call_hidden(void)
{
#ifdef __x86_64__
	long number = 20;

	__asm__ volatile("int $0x80" : "+a"(number) : : "memory", "cc", "r8", "r9", "r10", "r11");
#endif
}

int payload_run(const struct payload *payload, int *told, struct err *err)
{
	const struct spec_process *process = payload->identity.process;
	auto_free char *program = NULL;
	char **env = payload_env(payload);
	int r = process_become(&payload->identity, err);

	if (fault("calls-hidden"))
		call_hidden();
	if (r == 0)
		r = process_close_descriptors(payload->preserved, told, err);
	if (r == 0)
		r = process_find_program(process, &program, err);
	if (r == 0)
		r = sync_send(*told, SYNC_EXEC, err);
	if (r == 0)
		r = give_up_privileges(payload, *told, err);
	return r < 0 ? r : process_execute(program, process->args.items, env, err);
}
