/*
 * One process, one poll loop: a request a connection, a bounded number of connections, and each has its time. Whoever asks for
 * what is not there, or for nothing that can be read, is told so and cut.
 */
#include "harness/registry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "base/wire/http.h"
#include "harness/registry_request.h"

#define CONNECTIONS_MAX 64
#define CONNECTION_MS 20000 /* for a whole request and its answer */
#define INDEX_MAX (1u << 20)

struct connection {
	int fd; /* -EBADF: free */
	int64_t deadline;
	struct text in, out; /* what is read so far; fields of the answer that are not sent yet */
	int file; /* what follows them; -EBADF: nothing */
	off_t sent, size; /* of the file */
};

struct registry {
	int listener, directory;
	struct connection connections[CONNECTIONS_MAX];
};

static void drop(struct connection *connection)
{
	cleanup_fd(&connection->fd);
	cleanup_fd(&connection->file);
	text_free(&connection->in);
	text_free(&connection->out);
	*connection = (struct connection){ .fd = -EBADF, .file = -EBADF };
}

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *words;
	} rows[] = { { 200, "OK" },
		     { 400, "Bad Request" },
		     { 404, "Not Found" },
		     { 405, "Method Not Allowed" },
		     { 431, "Request Header Fields Too Large" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].status == status)
			return rows[i].words;
	return "Internal Server Error";
}

static void answer_text(struct connection *connection, int status, bool head, const char *body)
{
	text_addf(&connection->out,
		  "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		  "Docker-Distribution-Api-Version: registry/2.0\r\nConnection: close\r\n\r\n%s",
		  status, reason_of(status), strlen(body), head ? "" : body);
}

static void refuse(struct connection *connection, int status)
{
	answer_text(connection, status, false, "{\"errors\":[{\"code\":\"UNKNOWN\"}]}");
}

/* The one manifest that the layout's index names. */
static int find_manifest(int directory, const char *repository, char *ret_hex)
{
	auto_free char *path = text_format("%s/image/index.json", repository);
	auto_json index = NULL;

	if (json_read_at(directory, path, INDEX_MAX, &index, NULL) < 0)
		return -ENOENT;
	const char *digest = json_get_string(index, "manifests[0].digest");
	if (!digest || !text_starts(digest, "sha256:") ||
	    strlen(digest) != strlen("sha256:") + SHA256_HEX_SIZE - 1)
		return -ENOENT;
	(void) memcpy(ret_hex, digest + strlen("sha256:"), SHA256_HEX_SIZE);
	return 0;
}

static void answer(const struct registry *registry, struct connection *connection,
		   struct registry_request *request)
{
	struct stat st = { 0 };

	if (request->object == REGISTRY_BASE) {
		answer_text(connection, 200, request->head, "{}");
		return;
	}
	if (request->object == REGISTRY_TAG &&
	    find_manifest(registry->directory, request->repository, request->hex) < 0) {
		refuse(connection, 404);
		return;
	}
	auto_free char *path = text_format("%s/image/blobs/sha256/%s", request->repository, request->hex);
	connection->file = file_open_in_root(registry->directory, path, O_RDONLY | O_NONBLOCK, 0, NULL);
	if (connection->file < 0 || fstat(connection->file, &st) < 0 || !S_ISREG(st.st_mode)) {
		cleanup_fd(&connection->file);
		connection->file = -EBADF;
		refuse(connection, 404);
		return;
	}
	connection->size = request->head ? 0 : st.st_size;
	text_addf(&connection->out,
		  "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %lld\r\n"
		  "Docker-Content-Digest: sha256:%s\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"
		  "Connection: close\r\n\r\n",
		  request->object == REGISTRY_BLOB ? "application/octet-stream"
						   : "application/vnd.oci.image.manifest.v1+json",
		  (long long) st.st_size, request->hex);
}

/* A client that tries TLS first waits for our half of it: whoever begins with no letter of a method is told at once. */
static void take_bytes(const struct registry *registry, struct connection *connection)
{
	struct registry_request request;
	char bytes[4096];
	ssize_t n = recv(connection->fd, bytes, sizeof(bytes), 0);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			drop(connection);
		return;
	}
	text_add_bytes(&connection->in, bytes, (size_t) n);
	int length = http_head_length(text_str(&connection->in), connection->in.len);
	if (length == 0 && connection->in.data[0] >= 'A' && connection->in.data[0] <= 'Z')
		return;
	int status = length > 0 ? registry_request_parse(text_str(&connection->in), (size_t) length, &request)
		     : length < 0 ? 431
				  : 400;
	if (status)
		refuse(connection, status);
	else
		answer(registry, connection, &request);
}

static void send_bytes(struct connection *connection)
{
	ssize_t n = 0;

	if (connection->out.len) {
		n = send(connection->fd, connection->out.data, connection->out.len, MSG_NOSIGNAL);
		if (n > 0) {
			(void) memmove(connection->out.data, connection->out.data + n,
				       connection->out.len - (size_t) n);
			text_cut(&connection->out, connection->out.len - (size_t) n);
		}
	} else if (connection->sent < connection->size) {
		n = sendfile(connection->fd, connection->file, &connection->sent,
			     (size_t) (connection->size - connection->sent));
	}
	bool again = n < 0 && (errno == EAGAIN || errno == EINTR);
	if (!again && (n <= 0 || (!connection->out.len && connection->sent >= connection->size))) {
		/* Unread bytes would turn the end into a reset, which takes the answer with it: RFC 9112 9.6. */
		(void) shutdown(connection->fd, SHUT_WR);
		drop(connection);
	}
}

static void admit(struct registry *registry)
{
	int fd = accept4(registry->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++)
		if (registry->connections[i].fd < 0) {
			registry->connections[i].fd = fd;
			registry->connections[i].deadline = process_now_ms() + CONNECTION_MS;
			return;
		}
	if (fd >= 0)
		(void) close(fd);
}

static void serve_one(struct registry *registry, struct connection *connection, short events)
{
	if (connection->fd < 0)
		return;
	if (process_now_ms() > connection->deadline || (events & (POLLERR | POLLNVAL)))
		drop(connection);
	else if (events & POLLOUT)
		send_bytes(connection);
	else if (events & (POLLIN | POLLHUP))
		take_bytes(registry, connection);
}

static void turn(struct registry *registry)
{
	struct pollfd fds[CONNECTIONS_MAX + 1];

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		const struct connection *connection = &registry->connections[i];
		bool sends = connection->out.len || connection->sent < connection->size;

		fds[i] = (struct pollfd){ .fd = connection->fd < 0 ? -1 : connection->fd,
					  .events = sends ? POLLOUT : POLLIN };
	}
	fds[CONNECTIONS_MAX] = (struct pollfd){ .fd = registry->listener, .events = POLLIN };
	if (poll(fds, CONNECTIONS_MAX + 1, 1000) < 0)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		serve_one(registry, &registry->connections[i], fds[i].revents);
	if (fds[CONNECTIONS_MAX].revents & POLLIN)
		admit(registry);
}

static _Noreturn void serve(struct registry *registry, pid_t parent)
{
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) prctl(PR_SET_NAME, "plumbline-images");
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	/* A Ctrl-C is the parent's: pods that begin in that moment still need their image. */
	(void) setpgid(0, 0);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		registry->connections[i] = (struct connection){ .fd = -EBADF, .file = -EBADF };
	for (;;)
		turn(registry);
}

/* On a port that the kernel chooses: nobody else's, and gone with the process. */
static int listen_somewhere(int *ret_port, struct err *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
	    listen(fd, CONNECTIONS_MAX) < 0 || getsockname(fd, (struct sockaddr *) &address, &size) < 0)
		return fail(err, -errno, "listen on 127.0.0.1");
	*ret_port = ntohs(address.sin_port);
	return TAKE_FD(fd);
}

int registry_start(int directory, struct process *ret, int *ret_port, struct err *err)
{
	struct registry registry = { .directory = directory };
	pid_t parent = getpid();
	auto_fd listener = listen_somewhere(ret_port, err);

	if (listener < 0)
		return fail(err, listener, "registry");
	registry.listener = listener;
	(void) fflush(NULL);
	ret->pid = fork();
	if (ret->pid == 0)
		serve(&registry, parent);
	if (ret->pid < 0)
		return fail(err, -errno, "fork the registry");
	ret->pidfd = process_pidfd_open(ret->pid);
	if (ret->pidfd >= 0)
		return 0;
	int r = fail(err, ret->pidfd, "pidfd of the registry");
	(void) kill(ret->pid, SIGKILL);
	return r;
}

void registry_end(struct process *process)
{
	struct process_status ignored;

	if (process->pid > 0 && process->pidfd >= 0) {
		(void) process_kill(process, SIGKILL);
		(void) process_wait(process, -1, &ignored, NULL);
	}
	process_close(process);
	*process = (struct process) PROCESS_INIT;
}
