/*
 * The first process of a sandbox. It holds the namespaces, reaps what a shared pid namespace leaves to it, and ends on
 * SIGTERM or SIGINT, for which a first process gets no default action: pid_namespaces(7).
 */
#include <signal.h>
#include <sys/wait.h>

int main(void)
{
	sigset_t wanted;
	int signal = 0;

	(void) sigemptyset(&wanted);
	(void) sigaddset(&wanted, SIGTERM);
	(void) sigaddset(&wanted, SIGINT);
	(void) sigaddset(&wanted, SIGCHLD);
	(void) sigprocmask(SIG_BLOCK, &wanted, NULL);
	while (signal != SIGTERM && signal != SIGINT) {
		signal = sigwaitinfo(&wanted, NULL);
		/* One signal may stand for many children. */
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	return 0;
}
