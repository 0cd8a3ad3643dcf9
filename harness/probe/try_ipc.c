/* Tries: System V and POSIX objects, whose names an IPC namespace keeps apart. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/try.h"

static int open_shm(key_t key, int flags)
{
	return shmget(key, flags ? 4096 : 0, flags);
}

static int open_sem(key_t key, int flags)
{
	return semget(key, flags ? 1 : 0, flags);
}

/* IPC_CREAT only when told so: finding another one's object is the question. */
static int try_sysv(struct try *try)
{
	static const struct {
		const char *word;
		int (*open)(key_t key, int flags);
	} kinds[] = { { "shm", open_shm }, { "sem", open_sem }, { "msg", msgget } };
	int flags = strcmp(try_word(try, 3, ""), "create") ? 0 : IPC_CREAT | 0600;
	long long key;

	if (try_number(try->words[2], &key) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int id;

		if (strcmp(kinds[i].word, try->words[1]) != 0)
			continue;
		id = kinds[i].open((key_t) key, flags);
		if (id < 0)
			return -errno;
		out_int(try->out, "id", id);
		return 0;
	}
	return -EINVAL;
}

/* By the system call: the name has no slash there. mq_open(2). */
static int try_mq(struct try *try)
{
	int flags = strcmp(try_word(try, 2, ""), "create") ? 0 : O_CREAT;
	auto_fd fd = (int) syscall(SYS_mq_open, try->words[1], O_RDWR | O_CLOEXEC | flags, 0600, NULL);

	return fd < 0 ? -errno : 0;
}

const struct try_verb try_ipc_verbs[] = {
	{ "sysv shm|sem|msg KEY [create]", try_sysv, 2, "id: the System V object with that key" },
	{ "mq NAME [create]", try_mq, 1, "opens a POSIX message queue" },
	{ NULL },
};
