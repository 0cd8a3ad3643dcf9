/* Census: what was blocked, ignored and caught when main() began. */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/names.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"

#define SIGNALS 64

/* The kernel's struct: the C library hides signals 32 and 33, and a runtime may have left them ignored. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

void signals_take(struct probe *probe)
{
	(void) syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &probe->blocked, sizeof(probe->blocked));
	for (int i = 1; i <= SIGNALS; i++) {
		struct kernel_sigaction action = { 0 };

		if (syscall(SYS_rt_sigaction, i, NULL, &action, sizeof(action.mask)) < 0)
			continue;
		if (action.handler == SIG_IGN)
			probe->ignored |= UINT64_C(1) << (i - 1);
		else if (action.handler != SIG_DFL)
			probe->caught |= UINT64_C(1) << (i - 1);
	}
}

static void signal_set(struct out *out, const char *key, uint64_t set)
{
	out_array(out, key);
	for (int i = 1; i <= SIGNALS; i++) {
		const char *name = name_of_signal(i);

		if (!(set >> (i - 1) & 1))
			continue;
		if (name)
			out_string(out, NULL, name);
		else
			out_format(out, NULL, "SIG%d", i);
	}
	out_end(out);
}

int census_signals(const struct probe *probe, struct out *out, const char *key)
{
	out_object(out, key);
	signal_set(out, "blocked", probe->blocked);
	signal_set(out, "ignored", probe->ignored);
	signal_set(out, "caught", probe->caught);
	out_end(out);
	return 0;
}
