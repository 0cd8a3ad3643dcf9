/* Between the caller's terminal and the container's, for `run` without a console socket. Bytes wait, they are never lost. */
#ifndef OCI_RELAY_H
#define OCI_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct err;
struct pollfd;

#define RELAY_POLLS 4 /* entries that relay_prepare() fills */
#define RELAY_BUFFER 4096

struct relay_way {
	char bytes[RELAY_BUFFER];
	size_t from, until; /* bytes[from .. until) wait to be written */
	bool ended; /* nothing more comes from its source */
};

struct relay {
	int master; /* borrowed; -EBADF: no terminal, nothing to do */
	bool raw;
	struct termios before; /* of the caller's terminal, when raw */
	struct relay_way in, out;
};
#define RELAY_INIT                                                                                           \
	{                                                                                                    \
		.master = -EBADF                                                                             \
	}

/* Puts the caller's terminal, if stdin is one, into raw mode and gives the container's its size. */
int relay_open(struct relay *relay, int master, struct err *err);
void relay_prepare(const struct relay *relay, struct pollfd *fds);
void relay_move(struct relay *relay, const struct pollfd *fds);
void relay_resize(struct relay *relay);
/* What the container wrote last is still shown; the terminal is as it was. */
void relay_close(struct relay *relay);

#endif
