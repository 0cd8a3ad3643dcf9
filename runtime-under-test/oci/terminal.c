/* The pair is opened, checked and bound by descriptors alone: no path of the container is trusted to be a terminal. */
#include "runtime-under-test/oci/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/inroot.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/sockets.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/sync.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41) /* kernel commit 54ebbfb16034, v4.13 */
#endif

static int check_devpts(int fd, struct err *err)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return fail(err, -errno, "look at the terminal");
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return fail_text(err, -ENODEV, "/dev/pts/ptmx of the container is not on a devpts");
	return 0;
}

/*
 * The slave is asked for by the master's descriptor. Its name in the container could lead anywhere: CVE-2025-52565 bound a
 * symlink put at /dev/pts/N over /dev/console.
 */
static int open_slave(int master, struct terminal *terminal, struct err *err)
{
	int unlock = 0;

	if (ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &terminal->number) < 0)
		return fail(err, -errno, "unlock the terminal");
	terminal->slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal->slave < 0)
		return fail(err, -errno, "open the terminal's slave");
	return check_devpts(terminal->slave, err);
}

static int set_up(const struct spec_process *process, const struct terminal *terminal, struct err *err)
{
	struct winsize size = { .ws_row = process->console_height, .ws_col = process->console_width };

	if (process->has_console_size && !fault("console-size-skipped") &&
	    ioctl(terminal->slave, TIOCSWINSZ, &size) < 0)
		return fail(err, -errno, "process.consoleSize");
	/* Who runs in it owns it; the group stays the one the devpts was mounted with (gid=5). */
	if (process->uid != 0 && fchown(terminal->slave, process->uid, (gid_t) -1) < 0)
		return fail(err, -errno, "give the terminal to user %u", process->uid);
	return 0;
}

int terminal_bind_console(const struct terminal *terminal, int root, struct err *err)
{
	auto_fd target = -EBADF, tree = -EBADF;

	if (fault("console-not-bound"))
		return 0;
	target = inroot_make(root, "/dev/console", true, err);
	if (target < 0)
		return fail(err, target, "process.terminal");
	tree = mount_clone(terminal->slave, "", false, err);
	return tree < 0 ? fail(err, tree, "process.terminal") : mount_attach(tree, target, err);
}

int terminal_open(const struct spec_process *process, int root, struct terminal *ret, struct err *err)
{
	auto_fd master = file_open_in_root(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0, err);
	struct terminal terminal = { .slave = -EBADF };
	int r;

	if (master < 0)
		return fail(err, master, "process.terminal: the container needs a devpts at /dev/pts");
	r = check_devpts(master, err);
	if (r == 0)
		r = open_slave(master, &terminal, err);
	if (r == 0)
		r = set_up(process, &terminal, err);
	if (r < 0) {
		cleanup_fd(&terminal.slave);
		return fail(err, r, "process.terminal");
	}
	terminal.master = TAKE_FD(master);
	*ret = terminal;
	return 0;
}

int terminal_hand_over(struct terminal *terminal, int console, int sync, struct err *err)
{
	auto_free char *name = text_format("/dev/pts/%d", terminal->number);
	int r;

	if (console >= 0)
		r = socket_send_fd(console, terminal->master, name, strlen(name), err);
	else
		r = sync_send_fd(sync, SYNC_CONSOLE, terminal->master, err);
	(void) close(terminal->master);
	terminal->master = -EBADF;
	return r < 0 ? fail(err, r, "process.terminal") : 0;
}

int terminal_take(struct terminal *terminal, struct err *err)
{
	if (!fault("no-controlling-terminal") && ioctl(terminal->slave, TIOCSCTTY, 0) < 0)
		return fail(err, -errno, "process.terminal: make it the controlling terminal");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(terminal->slave, fd) < 0)
			return fail(err, -errno, "process.terminal: use it as descriptor %d", fd);
	(void) close(terminal->slave);
	terminal->slave = -EBADF;
	return 0;
}
