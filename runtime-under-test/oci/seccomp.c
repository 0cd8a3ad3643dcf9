/* A profile as libseccomp understands it, and the filter as the kernel takes it. config-linux.md#seccomp */
#include "runtime-under-test/oci/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/seccomp_stub.h"
#include "runtime-under-test/oci/spec.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1u << 5) /* kernel commit c2aa2dfef243, v5.19 */
#endif

#define FILTER_MAX (1u << 20)

static const struct {
	const char *name;
	uint32_t action;
	bool has_errno;
} actions[] = {
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true },
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL, false },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG, false },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, false },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP, false },
};

static const struct {
	const char *name;
	unsigned flag;
} flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

/* One profile on its way to a program. */
struct compilation {
	const struct spec_seccomp *seccomp;
	uint32_t otherwise; /* the default action */
	scmp_filter_ctx context;
};

/* EPERM is what the specification gives an action without a number. */
static int find_action(const char *name, const struct spec_unsigned *number, uint32_t *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(name, actions[i].name) != 0)
			continue;
		*ret = actions[i].action;
		if (actions[i].has_errno)
			*ret |= (uint32_t) (number->present ? number->value : EPERM) & 0xffff;
		return 0;
	}
	return fail_text(err, -EINVAL, "unknown action %s", name);
}

/* "SCMP_ARCH_X86_64" is "x86_64" to libseccomp; 0: unknown. */
static uint32_t find_architecture(const char *full)
{
	static const char prefix[] = "SCMP_ARCH_";
	auto_free char *name =
	    text_format("%s", text_starts(full, prefix) ? full + sizeof(prefix) - 1 : full);

	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char) (*c - 'A' + 'a');
	return seccomp_arch_resolve_name(name);
}

static int add_architectures(const struct compilation *compilation, struct err *err)
{
	const struct spec_seccomp *seccomp = compilation->seccomp;

	for (size_t i = 0; i < seccomp->architectures.count; i++) {
		const char *name = seccomp->architectures.items[i];
		uint32_t arch = find_architecture(name);
		int r;

		if (!arch)
			return fail_text(err, -EINVAL, "architectures[%zu]: unknown architecture %s", i,
					 name);
		r = seccomp_arch_add(compilation->context, arch);
		if (r < 0 && r != -EEXIST)
			return fail(err, r, "architectures[%zu]: %s", i, name);
	}
	return 0;
}

static struct scmp_arg_cmp comparison(const struct spec_seccomp_arg *arg)
{
	struct scmp_arg_cmp compare = { .arg = arg->index,
					.op = (enum scmp_compare) arg->op,
					.datum_a = arg->value,
					.datum_b = arg->value_two };

	/* The config's value is the mask and valueTwo what must come out of it, in that order, like libseccomp's own. */
	return compare;
}

static bool same_index_twice(const struct spec_seccomp_rule *rule)
{
	for (size_t i = 0; i < rule->arg_count; i++)
		for (size_t j = 0; j < i; j++)
			if (rule->args[i].index == rule->args[j].index)
				return true;
	return false;
}

/*
 * libseccomp takes one comparison an argument. Two of the same argument become a rule each, either of which matches: what
 * runc and crun do, and what profiles rely on.
 */
static int add_comparisons(const struct compilation *compilation, uint32_t action, int number,
			   const struct spec_seccomp_rule *rule)
{
	struct scmp_arg_cmp compares[6];
	int r = 0;

	if (!same_index_twice(rule)) {
		for (size_t i = 0; i < rule->arg_count; i++)
			compares[i] = comparison(&rule->args[i]);
		return seccomp_rule_add_array(compilation->context, action, number,
					      (unsigned) rule->arg_count, compares);
	}
	for (size_t i = 0; i < rule->arg_count && r == 0; i++) {
		compares[0] = comparison(&rule->args[i]);
		r = seccomp_rule_add_array(compilation->context, action, number, 1, compares);
	}
	return r;
}

/* The listener is sent from behind the filter: an agent that must answer before it has the listener never will. */
static int check_notify(uint32_t action, const char *name, struct err *err)
{
	if (action == SCMP_ACT_NOTIFY && (!name || strcmp(name, "sendmsg") == 0))
		return fail_text(
		    err, -EINVAL,
		    "SCMP_ACT_NOTIFY for %s: the runtime itself needs it to hand over the listener",
		    name ? name : "everything");
	return 0;
}

static int add_rule(const struct compilation *compilation, const struct spec_seccomp_rule *rule,
		    struct err *err)
{
	uint32_t action = 0;
	int r = find_action(rule->action, &rule->errno_ret, &action, err);

	/* What the filter does anyway: libseccomp refuses such a rule. */
	if (r < 0 || action == compilation->otherwise)
		return r;
	for (size_t i = 0; i < rule->names.count; i++) {
		const char *name = rule->names.items[i];
		int number = seccomp_syscall_resolve_name(name);

		/* Profiles name calls of all kernels and architectures; one that does not exist here cannot be made. */
		if (number == __NR_SCMP_ERROR)
			continue;
		r = check_notify(action, name, err);
		if (r < 0)
			return r;
		r = add_comparisons(compilation, action, number, rule);
		if (r < 0 && r != -EEXIST)
			return fail(err, r, "%s", name);
	}
	return 0;
}

/* The highest number that any rule names; -1: none. */
static int last_number(const struct compilation *compilation, uint32_t arch)
{
	const struct spec_seccomp *seccomp = compilation->seccomp;
	int last = -1;

	for (size_t i = 0; i < seccomp->rule_count; i++)
		for (size_t j = 0; j < seccomp->rules[i].names.count; j++) {
			int number =
			    seccomp_syscall_resolve_name_arch(arch, seccomp->rules[i].names.items[j]);

			last = number > last ? number : last;
		}
	return last;
}

static void add_known(const struct compilation *compilation, uint32_t arch, struct seccomp_known *known,
		      size_t *count)
{
	int last = last_number(compilation, arch);

	if (last < 0)
		return;
	known[(*count)++] = (struct seccomp_known){
		.audit = arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch,
		.x32 = arch == SCMP_ARCH_X32,
		.multiplexes = arch == SCMP_ARCH_S390 || arch == SCMP_ARCH_S390X,
		.last = (uint32_t) last,
	};
}

/* A default that lets calls pass needs no such answer, and whoever traces answers himself. */
static bool is_permissive(uint32_t action)
{
	return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG || action == SCMP_ACT_ERRNO(ENOSYS) ||
	       (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
}

static void answer_unknown(const struct compilation *compilation, struct seccomp_program *program)
{
	const struct spec_seccomp *seccomp = compilation->seccomp;
	uint32_t native = seccomp_arch_native();
	auto_free struct seccomp_known *known = calloc(seccomp->architectures.count + 1, sizeof(*known));
	size_t count = 0;

	if (!known)
		abort();
	if (is_permissive(compilation->otherwise) || fault("seccomp-refuses-newer-calls"))
		return;
	add_known(compilation, native, known, &count);
	for (size_t i = 0; i < seccomp->architectures.count; i++) {
		uint32_t arch = find_architecture(seccomp->architectures.items[i]);

		if (arch && arch != native)
			add_known(compilation, arch, known, &count);
	}
	seccomp_add_stub(known, count, program);
}

static int fill(const struct compilation *compilation, struct err *err)
{
	const struct spec_seccomp *seccomp = compilation->seccomp;
	int r = add_architectures(compilation, err);

	for (size_t i = 0; i < seccomp->rule_count && r == 0; i++) {
		r = add_rule(compilation, &seccomp->rules[i], err);
		if (r < 0)
			return fail(err, r, "syscalls[%zu]", i);
	}
	return r;
}

/* libseccomp writes a program to a file only. */
static int export(const struct compilation *compilation, struct seccomp_program *program, struct err *err)
{
	auto_fd file = memfd_create("seccomp", MFD_CLOEXEC);
	off_t size;
	int r;

	if (file < 0)
		return fail(err, -errno, "make a file for the program");
	r = seccomp_export_bpf(compilation->context, file);
	if (r < 0)
		return fail(err, r, "compile the program");
	size = lseek(file, 0, SEEK_END);
	if (size <= 0 || size > FILTER_MAX)
		return fail_text(err, -E2BIG, "the program has %jd bytes", (intmax_t) size);
	program->code = malloc((size_t) size);
	if (!program->code)
		abort();
	if (pread(file, program->code, (size_t) size, 0) != size)
		return fail(err, -errno, "read the program");
	program->length = (size_t) size / sizeof(struct sock_filter);
	return 0;
}

static unsigned find_flags(const struct spec_seccomp *seccomp)
{
	unsigned all = 0;

	for (size_t i = 0; i < seccomp->flags.count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(flags); j++)
			if (strcmp(seccomp->flags.items[i], flags[j].name) == 0)
				all |= flags[j].flag;
	return all;
}

static bool has_notify(const struct spec_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->rule_count; i++)
		if (strcmp(seccomp->rules[i].action, "SCMP_ACT_NOTIFY") == 0)
			return true;
	return false;
}

static int compile(struct compilation *compilation, struct seccomp_program *program, struct err *err)
{
	int r;

	compilation->context = seccomp_init(compilation->otherwise);
	if (!compilation->context)
		return fail_text(err, -EINVAL, "libseccomp refuses %s", compilation->seccomp->default_action);
	r = fill(compilation, err);
	if (r == 0)
		r = export(compilation, program, err);
	seccomp_release(compilation->context);
	if (r == 0)
		answer_unknown(compilation, program);
	return r;
}

int seccomp_compile(const struct spec_seccomp *seccomp, struct seccomp_program *ret, struct err *err)
{
	struct seccomp_program program = { .flags = find_flags(seccomp), .notifies = has_notify(seccomp) };
	struct compilation compilation = { .seccomp = seccomp };
	int r;

	if (!seccomp->present)
		return 0;
	r = find_action(seccomp->default_action, &seccomp->default_errno_ret, &compilation.otherwise, err);
	if (r == 0)
		r = check_notify(compilation.otherwise, NULL, err);
	if (r < 0)
		return fail(err, r, "linux.seccomp.defaultAction");
	r = compile(&compilation, &program, err);
	if (r < 0) {
		seccomp_program_clear(&program);
		return fail(err, r, "linux.seccomp");
	}
	*ret = program;
	return 0;
}

void seccomp_program_clear(struct seccomp_program *program)
{
	free(program->code);
	*program = (struct seccomp_program){ 0 };
}

int seccomp_install(const struct seccomp_program *program, int *ret_listener, struct err *err)
{
	const struct sock_fprog filter = { .len = (unsigned short) program->length, .filter = program->code };
	unsigned wanted = program->flags;
	long r;

	if (program->notifies)
		wanted |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else
		wanted &= ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; /* seccomp(2): only beside a listener */
	/* A listener's number and a thread's that could not follow are the same return value; init has one thread. */
	if (program->notifies)
		wanted &= ~(unsigned) SECCOMP_FILTER_FLAG_TSYNC;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, wanted, &filter);
	if (r < 0)
		return fail(err, -errno, "install the seccomp filter");
	*ret_listener = program->notifies ? (int) r : -EBADF;
	return 0;
}
