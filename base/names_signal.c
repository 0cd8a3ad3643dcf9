/* Signal names as people and container engines write them: "SIGTERM", "term", "15", "RTMIN+3", "SIGRTMAX-2". */
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/names.h"
#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The real-time range is glibc's 34..64 on every libc: the kernel's 32 and 33 belong to the threads library, and a
 * container image's "SIGRTMIN+3" means 37 to all container engines.
 */
#define RT_MIN 34
#define RT_MAX 64

/* The first name of a number is the one it is printed with. */
static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGHUP, "SIGHUP" },       { SIGINT, "SIGINT" },   { SIGQUIT, "SIGQUIT" },   { SIGILL, "SIGILL" },
	{ SIGTRAP, "SIGTRAP" },     { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" },     { SIGFPE, "SIGFPE" },
	{ SIGKILL, "SIGKILL" },     { SIGUSR1, "SIGUSR1" }, { SIGSEGV, "SIGSEGV" },   { SIGUSR2, "SIGUSR2" },
	{ SIGPIPE, "SIGPIPE" },     { SIGALRM, "SIGALRM" }, { SIGTERM, "SIGTERM" },   { SIGCHLD, "SIGCHLD" },
	{ SIGCONT, "SIGCONT" },     { SIGSTOP, "SIGSTOP" }, { SIGTSTP, "SIGTSTP" },   { SIGTTIN, "SIGTTIN" },
	{ SIGTTOU, "SIGTTOU" },     { SIGURG, "SIGURG" },   { SIGXCPU, "SIGXCPU" },   { SIGXFSZ, "SIGXFSZ" },
	{ SIGVTALRM, "SIGVTALRM" }, { SIGPROF, "SIGPROF" }, { SIGWINCH, "SIGWINCH" }, { SIGIO, "SIGIO" },
	{ SIGPWR, "SIGPWR" },       { SIGSYS, "SIGSYS" },
#ifdef SIGSTKFLT
	{ SIGSTKFLT, "SIGSTKFLT" },
#endif
	{ SIGABRT, "SIGIOT" },      { SIGCHLD, "SIGCLD" },  { SIGIO, "SIGPOLL" },
};

static const char *const real_time[] = {
	"SIGRTMIN",    "SIGRTMIN+1",  "SIGRTMIN+2",  "SIGRTMIN+3",  "SIGRTMIN+4",  "SIGRTMIN+5",
	"SIGRTMIN+6",  "SIGRTMIN+7",  "SIGRTMIN+8",  "SIGRTMIN+9",  "SIGRTMIN+10", "SIGRTMIN+11",
	"SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMAX-14", "SIGRTMAX-13",
	"SIGRTMAX-12", "SIGRTMAX-11", "SIGRTMAX-10", "SIGRTMAX-9",  "SIGRTMAX-8",  "SIGRTMAX-7",
	"SIGRTMAX-6",  "SIGRTMAX-5",  "SIGRTMAX-4",  "SIGRTMAX-3",  "SIGRTMAX-2",  "SIGRTMAX-1",
	"SIGRTMAX",
};

/* "RTMIN", "RTMIN+3", "RTMAX-2" without the SIG prefix. */
static int real_time_signal(const char *name)
{
	bool from_top = strncasecmp(name, "RTMAX", 5) == 0;
	unsigned long long offset = 0;

	if (!from_top && strncasecmp(name, "RTMIN", 5) != 0)
		return -1;
	name += 5;
	if (*name) {
		if (*name != (from_top ? '-' : '+') || text_to_u64(name + 1, &offset) < 0)
			return -1;
		if (offset > RT_MAX - RT_MIN)
			return -1;
	}
	return from_top ? RT_MAX - (int) offset : RT_MIN + (int) offset;
}

int name_to_signal(const char *name)
{
	unsigned long long number;

	if (text_to_u64(name, &number) == 0)
		return number <= RT_MAX ? (int) number : -1;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < COUNT(signals); i++)
		if (strcasecmp(signals[i].name + 3, name) == 0)
			return signals[i].number;
	return real_time_signal(name);
}

const char *name_of_signal(int number)
{
	if (number >= RT_MIN && number <= RT_MAX)
		return real_time[number - RT_MIN];
	for (size_t i = 0; i < COUNT(signals); i++)
		if (signals[i].number == number)
			return signals[i].name;
	return NULL;
}
