/* Unix sockets by path, of any length, and descriptors through them: the sockets that callers name. */
#ifndef OCI_SOCKETS_H
#define OCI_SOCKETS_H

#include <stddef.h>

struct err;

/* A stream connection; path may be longer than sun_path takes. */
int socket_connect(const char *path, struct err *err);
/* The whole of data, the descriptor with its first byte. */
int socket_send_fd(int socket, int fd, const void *data, size_t len, struct err *err);

/* The gate of a container: a SOCK_SEQPACKET socket of this name in directory. */
int socket_listen_at(int directory, const char *name, struct err *err);
int socket_connect_at(int directory, const char *name, struct err *err);

#endif
