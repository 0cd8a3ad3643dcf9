/*
 * We accept, gRPC serves. Two things that gRPC does not do: a lock beside the socket, because it would take a living
 * server's path and unlink it later, and a descriptor of each connection, because it cannot end one whose peer does not read.
 */
#include <errno.h>
#include <fcntl.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/rpc/internal.h"

void listener_init(struct listener *listener)
{
	*listener = (struct listener){ .fd = -EBADF, .lock_fd = -EBADF, .wake = { -EBADF, -EBADF } };
	pthread_mutex_init(&listener->lock, NULL);
}

/* The kernel drops the lock with its holder, however that ends; the file stays, because removing it would let two lock. */
static int lock_path(struct listener *listener, const char *path, struct err *err)
{
	auto_free char *name = text_format("%s.lock", path);
	auto_fd fd = file_open_at(AT_FDCWD, name, O_RDWR | O_CREAT, 0600, err);
	auto_text holder = { 0 }, own = { 0 };

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return fail(err, -errno, "lock %s", name);
		(void) file_read_fd(fd, 32, &holder, NULL);
		text_trim_end(&holder);
		return fail_text(err, -EADDRINUSE, "%s is served by process %s already", path,
				 holder.len ? text_str(&holder) : "(unknown)");
	}
	text_addf(&own, "%d\n", (int) getpid());
	if (ftruncate(fd, 0) < 0 || file_write_all(fd, text_str(&own), own.len) < 0)
		return fail(err, -errno, "write %s", name);
	listener->lock_fd = TAKE_FD(fd);
	return 0;
}

/* A server of another kind knows nothing of our lock: whoever answers keeps the path. */
static int clear_path(const struct sockaddr_un *address, struct err *err)
{
	const char *path = address->sun_path;
	auto_fd probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : fail(err, -errno, "look at %s", path);
	if (!S_ISSOCK(status.st_mode))
		return fail_text(err, -EEXIST, "%s is there and no socket", path);
	if (probe < 0)
		return fail(err, -errno, "make a socket");
	if (connect(probe, (const struct sockaddr *) address, sizeof(*address)) == 0 || errno == EAGAIN)
		return fail_text(err, -EADDRINUSE, "%s is served by another program", path);
	if (unlink(path) < 0)
		return fail(err, -errno, "remove %s, which a dead server left", path);
	return 0;
}

int listener_open(struct listener *listener, const char *address, struct err *err)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const char *path = address;
	auto_fd fd = -EBADF;
	int r;

	if (strncmp(path, "unix:", 5) == 0)
		path += 5;
	while (path[0] == '/' && path[1] == '/')
		path++;
	if (path[0] != '/' || strlen(path) >= sizeof(name.sun_path))
		return fail_text(err, -EINVAL,
				 "listen on \"%s\": takes unix:// and an absolute path of at most %zu bytes",
				 address, sizeof(name.sun_path) - 1);
	strcpy(name.sun_path, path);
	r = lock_path(listener, path, err);
	if (r == 0)
		r = clear_path(&name, err);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *) &name, sizeof(name)) < 0)
		return fail(err, -errno, "bind %s", path);
	listener->path = text_format("%s", path);
	if (chmod(path, 0600) < 0 || listen(fd, 128) < 0)
		return fail(err, -errno, "listen on %s", path);
	if (pipe2(listener->wake, O_CLOEXEC) < 0)
		return fail(err, -errno, "make a pipe");
	listener->fd = TAKE_FD(fd);
	return 0;
}

/* POLLHUP comes unasked when both directions are shut: gRPC or the peer has ended the connection. */
static void drop_ended(struct listener *listener, const struct pollfd *polled)
{
	pthread_mutex_lock(&listener->lock);
	for (size_t i = listener->count; i-- > 0;) {
		if (!polled[i].revents)
			continue;
		(void) close(listener->connections[i].fd);
		listener->connections[i] = listener->connections[--listener->count];
	}
	pthread_mutex_unlock(&listener->lock);
}

static void accept_one(struct rpc_server *server, grpc_server_credentials *credentials)
{
	struct listener *listener = &server->listener;
	auto_fd fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int own;

	if (fd < 0)
		return;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own < 0)
		return;
	pthread_mutex_lock(&listener->lock);
	listener->connections[listener->count++] = (struct connection){ own, fd };
	pthread_mutex_unlock(&listener->lock);
	grpc_server_add_channel_from_fd(server->grpc, TAKE_FD(fd), credentials);
}

static void *accept_all(void *data)
{
	struct rpc_server *server = data;
	struct listener *listener = &server->listener;
	grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
	struct pollfd polled[CONNECTIONS_MAX + 2];

	for (;;) {
		polled[0] = (struct pollfd){ listener->wake[0], POLLIN, 0 };
		/* More connections than we keep wait in the kernel's queue. */
		polled[1] =
		    (struct pollfd){ listener->fd, listener->count < CONNECTIONS_MAX ? POLLIN : 0, 0 };
		for (size_t i = 0; i < listener->count; i++)
			polled[i + 2] = (struct pollfd){ listener->connections[i].fd, 0, 0 };
		if (poll(polled, listener->count + 2, -1) < 0)
			continue;
		if (polled[0].revents)
			break;
		drop_ended(listener, polled + 2);
		if (polled[1].revents & POLLIN)
			accept_one(server, credentials);
	}
	grpc_server_credentials_release(credentials);
	return NULL;
}

int listener_start(struct rpc_server *server, struct err *err)
{
	int r = pthread_create(&server->listener.thread, NULL, accept_all, server);

	if (r)
		return fail(err, -r, "start the thread that accepts");
	server->listener.is_running = true;
	return 0;
}

void listener_stop(struct listener *listener)
{
	if (!listener->is_running)
		return;
	(void) file_write_all(listener->wake[1], "", 1);
	pthread_join(listener->thread, NULL);
	listener->is_running = false;
	/* First the name, so that nobody connects to what will not answer. */
	(void) unlink(listener->path);
	(void) close(TAKE_FD(listener->fd));
}

void listener_cut(struct listener *listener, int theirs)
{
	pthread_mutex_lock(&listener->lock);
	for (size_t i = 0; i < listener->count; i++)
		if (theirs < 0 || listener->connections[i].theirs == theirs)
			(void) shutdown(listener->connections[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&listener->lock);
}

void listener_close(struct listener *listener)
{
	for (size_t i = 0; i < listener->count; i++)
		(void) close(listener->connections[i].fd);
	cleanup_fd(&listener->fd);
	cleanup_fd(&listener->wake[0]);
	cleanup_fd(&listener->wake[1]);
	cleanup_fd(&listener->lock_fd);
	free(listener->path);
	pthread_mutex_destroy(&listener->lock);
}
