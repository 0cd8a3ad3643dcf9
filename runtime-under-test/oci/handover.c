/* What a caller learns of the process it asked for: its pid in a file, its pidfd on a socket. */
#include "runtime-under-test/oci/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/sockets.h"

/* Whoever finds the file finds a whole number in it. It is not synced to the disk: the pid will not outlive the machine. */
int handover_pid_file(const char *path, pid_t number, struct err *err)
{
	auto_free char *temporary = NULL, *pid = NULL;
	int r;

	if (!path)
		return 0;
	temporary = text_format("%s.%d", path, (int) getpid());
	pid = text_format("%d", (int) number);
	r = file_create_at(AT_FDCWD, temporary, pid, strlen(pid), 0644, err);
	if (r == 0 && rename(temporary, path) < 0)
		r = fail(err, -errno, "rename %s to %s", temporary, path);
	if (r < 0) {
		(void) unlink(temporary);
		return fail(err, r, "--pid-file");
	}
	return 0;
}

int handover_pidfd(const char *path, int pidfd, struct err *err)
{
	auto_fd socket = -EBADF;
	int r;

	if (!path)
		return 0;
	socket = socket_connect(path, err);
	r = socket < 0 ? socket : socket_send_fd(socket, pidfd, "pidfd", strlen("pidfd"), err);
	return r < 0 ? fail(err, r, "--pidfd-socket") : 0;
}
