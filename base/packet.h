/* One packet each way, with descriptors if need be. Both sides use it: no process takes a packet for a part of one. */
#ifndef BASE_PACKET_H
#define BASE_PACKET_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct text;

#define PACKET_FDS 3

/* Does not wait for room: who asks and never reads loses the answer, -EAGAIN. */
int packet_send(int socket, const char *data, size_t len, const int *fds, size_t fd_count, struct err *err);
int packet_send_text(int socket, const struct text *text, struct err *err);
/* 0: end-of-file; else bytes, with a NUL behind them. -EAGAIN: none there (never waits). Descriptors that were not asked for are closed. */
int packet_receive(int socket, char *data, size_t space, int *ret_fds, size_t *ret_fd_count, struct err *err);

/* No more comes from here: the other side reads end-of-file, and can still answer. */
int packet_shut(int socket);

int packet_listen_at(int directory, const char *name, int type, struct err *err);
int packet_connect_at(int directory, const char *name, struct err *err);

#endif
