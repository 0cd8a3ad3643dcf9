/*
 * The caller's end of --console-socket: a listener that takes the pty master a runtime sends, notes its size and
 * drains it for as long as the world waits for anything.
 * https://github.com/opencontainers/runc/blob/main/docs/terminals.md
 */
#ifndef HARNESS_CONSOLE_H
#define HARNESS_CONSOLE_H

#include <stdbool.h>

#include "base/text.h"

struct err;
struct json;
struct reaper;

struct console {
	struct reaper *reaper; /* borrowed: its watches serve the descriptors */
	int listener, connection, master;
	bool received;
	unsigned short rows, cols; /* as the runtime left them */
	char name[256]; /* what came beside the descriptor: the pty's name */
	struct text output; /* at most CONSOLE_OUTPUT_MAX */
};
#define CONSOLE_INIT                                                                                         \
	{                                                                                                    \
		.listener = -EBADF, .connection = -EBADF, .master = -EBADF                                   \
	}
#define CONSOLE_OUTPUT_MAX (4u << 20)

/* console must not move until console_close(): the reaper points at it. */
int console_listen(struct console *console, struct reaper *reaper, const char *path, struct err *err);
void console_close(struct console *console);
void console_resume(
    struct console *console); /* watch a master again that had hung up: a new process may use it */
struct json *console_facts(const struct console *console); /* owned */

#endif
