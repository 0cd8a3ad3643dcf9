/* Tries: system calls by number or name, in a child, as seccomp filters see them. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "harness/probe/child.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/syscall_names.h"
#include "harness/probe/try.h"

#define ARGUMENTS 6
#define PAGE 4096

/* Lies in memory that parent and child share: what was written when the child died is still known. */
struct call {
	long (*gate)(const struct call *call);
	long number, arguments[ARGUMENTS];
	long result;
	int error;
	bool returned;
	char page[PAGE]; /* what "&" points to */
};

static long gate_native(const struct call *call)
{
	const long *a = call->arguments;

	return syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The 32-bit entry: filters that forget the second architecture let it pass. */
static long gate_32(const struct call *call)
{
#ifdef __x86_64__
	const long *a = call->arguments;
	long result = call->number;
	register long fifth __asm__("rdi") = a[4];

	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "r"(fifth)
			 : "memory", "r8", "r9", "r10", "r11");
	if (result >= 0 || result < -4095)
		return result;
	errno = (int) -result;
	return -1;
#else
	(void) call;
	errno = ENOSYS;
	return -1;
#endif
}

static void make_call(struct call *call)
{
	errno = 0;
	call->result = call->gate(call);
	call->error = errno;
	call->returned = true;
}

static long call_in_child(void *argument)
{
	make_call(argument);
	return 0;
}

static void *thread_main(void *argument)
{
	make_call(argument);
	return NULL;
}

/*
 * SECCOMP_RET_KILL_THREAD ends the thread alone: the kernel still wakes the joiner, and returned stays false.
 */
static long call_in_thread(void *argument)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, thread_main, argument);

	if (r)
		return -r;
	return -pthread_join(thread, NULL);
}

/* A word that is no number is a string, "&" a page of zeros. */
static int fill_arguments(const struct try *try, struct call *call)
{
	for (int i = 2; i < try->count; i++) {
		long long value;

		if (i - 2 >= ARGUMENTS)
			return -EINVAL;
		if (!strcmp(try->words[i], "&"))
			value = (long) call->page;
		else if (try_number(try->words[i], &value) < 0)
			value = (long) try->words[i];
		call->arguments[i - 2] = (long) value;
	}
	return 0;
}

static int run_call(struct try *try, struct call *call, long (*body)(void *))
{
	const struct child_work work = { .body = body, .argument = call };
	struct child_end end;
	int r = child_run(&work, &end);

	if (r < 0)
		return r;
	if (!end.reported) {
		out_child_end(try->out, &end);
		return -EINTR;
	}
	if (end.result < 0)
		return (int) end.result;
	if (!call->returned) {
		out_string(try->out, "thread", "killed");
		return -EINTR;
	}
	if (call->result == -1 && call->error)
		return -call->error;
	out_int(try->out, "value", call->result);
	return 0;
}

static int with_call(struct try *try, long (*gate)(const struct call *), long (*body)(void *))
{
	long long number = syscall_number(try->words[1]);
	struct call *call;
	int r;

	if (number < 0 && try_number(try->words[1], &number) < 0)
		return -EINVAL;
	/* Below 4 GiB, where the 32-bit entry can reach it. */
	call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
#ifdef MAP_32BIT
		    MAP_32BIT |
#endif
			MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	if (call == MAP_FAILED)
		return -errno;
	call->gate = gate;
	call->number = (long) number;
	r = fill_arguments(try, call);
	if (r == 0)
		r = run_call(try, call, body);
	(void) munmap(call, sizeof(*call));
	return r;
}

static int try_syscall(struct try *try)
{
	return with_call(try, gate_native, call_in_child);
}

static int try_syscall32(struct try *try)
{
	/* A name would be a number of the other architecture. */
	if (syscall_number(try->words[1]) >= 0)
		return -EINVAL;
	return with_call(try, gate_32, call_in_child);
}

static int try_thread(struct try *try)
{
	return with_call(try, gate_native, call_in_thread);
}

const struct try_verb try_syscall_verbs[] = {
	{ "syscall NUMBER|NAME [ARGS]", try_syscall, 1, "value: what it returned, or signal when it killed" },
	{ "syscall32 NUMBER [ARGS]", try_syscall32, 1, "the same through the 32-bit entry of x86-64" },
	{ "thread NUMBER|NAME [ARGS]", try_thread, 1,
	  "the same in a second thread; thread: killed when only that died" },
	{ NULL },
};
