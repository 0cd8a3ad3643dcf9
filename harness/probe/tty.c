/* Census: whether stdio is a terminal, which, how large, and whether it controls this session. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

static void terminal_members(const struct probe *probe, struct out *out, int fd)
{
	auto_free char *path = text_format("self/fd/%d", fd);
	auto_text name = { 0 };
	struct winsize size;
	struct stat st;
	pid_t session, foreground = tcgetpgrp(fd);

	if (probe->proc >= 0 && file_read_link_at(probe->proc, path, &name, NULL) >= 0)
		out_string(out, "name", text_str(&name));
	if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
		out_uint(out, "rows", size.ws_row);
		out_uint(out, "cols", size.ws_col);
	}
	if (fstat(fd, &st) == 0) {
		out_format(out, "device", "%u:%u", major(st.st_rdev), minor(st.st_rdev));
		out_format(out, "mode", "%04o", st.st_mode & 07777);
		out_uint(out, "uid", st.st_uid);
		out_uint(out, "gid", st.st_gid);
	}
	if (foreground >= 0)
		out_int(out, "foreground", foreground);
	/* Only whose controlling terminal it is learns the foreground group. gVisor has no TIOCGSID. */
	out_bool(out, "controlling",
		 foreground >= 0 && (ioctl(fd, TIOCGSID, &session) < 0 || session == getsid(0)));
}

int census_tty(const struct probe *probe, struct out *out, const char *key)
{
	static const char *const names[] = { "stdin", "stdout", "stderr" };
	int terminal = -1;

	out_object(out, key);
	for (int i = 0; i < 3; i++) {
		bool is = probe->stdio[i] >= 0 && isatty(i);

		out_bool(out, names[i], is);
		if (is && terminal < 0)
			terminal = i;
	}
	if (terminal >= 0)
		terminal_members(probe, out, terminal);
	else
		out_bool(out, "controlling", false);
	out_end(out);
	return 0;
}
