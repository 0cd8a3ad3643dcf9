/* The listener, and a thread for each client. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/stream/connection.h"
#include "runtime-under-test/cri/stream/tokens.h"

#define TOKEN_MS 60000
#define IDLE_MS (4 * 3600 * 1000)
#define CONNECT_MS 10000
#define CONNECTIONS_MAX 1024
/* Two chunks and what is called from there; the default of 8 MiB would be reserved a thousand times. */
#define STACK_SIZE (256 << 10)

struct stream_server {
	const struct stream_ops *ops;
	void *user;
	struct stream_times times;
	struct tokens *tokens;
	char *base; /* owned: "http://127.0.0.1:41234" */
	int listener, stop; /* owned */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	size_t connections; /* under lock, as the next */
	struct client *finished; /* their threads are to be joined */
};

struct client {
	struct stream_server *server;
	struct connection connection;
	pthread_t thread;
	struct client *next;
};

static void close_connection(struct connection *connection)
{
	if (connection->transport)
		connection->transport->ops->free(connection->transport);
	stream_request_free(connection->request);
	text_free(&connection->out);
	cleanup_fd(&connection->fd);
}

static void *serve(void *argument)
{
	struct client *client = argument;
	struct stream_server *server = client->server;
	struct connection *connection = &client->connection;

	if (connection_upgrade(connection, server->tokens)) {
		if (connection->request->kind == STREAM_PORT_FORWARD)
			forward_run(connection);
		else
			session_run(connection);
	}
	close_connection(connection);
	(void) pthread_mutex_lock(&server->lock);
	server->connections--;
	client->next = server->finished;
	server->finished = client;
	(void) pthread_cond_broadcast(&server->ended);
	(void) pthread_mutex_unlock(&server->lock);
	return NULL;
}

/* By the thread that created them, or when that has ended. */
static void join_finished(struct stream_server *server)
{
	struct client *client, *next;

	(void) pthread_mutex_lock(&server->lock);
	client = server->finished;
	server->finished = NULL;
	(void) pthread_mutex_unlock(&server->lock);
	for (; client; client = next) {
		next = client->next;
		(void) pthread_join(client->thread, NULL);
		free(client);
	}
}

static void set_up_socket(int fd)
{
	int one = 1;

	(void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

static bool reserve(struct stream_server *server)
{
	bool free_place;

	(void) pthread_mutex_lock(&server->lock);
	free_place = server->connections < CONNECTIONS_MAX;
	server->connections += free_place;
	(void) pthread_mutex_unlock(&server->lock);
	return free_place;
}

static void start_client(struct stream_server *server, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	pthread_attr_t attributes;

	if (!client)
		abort();
	join_finished(server);
	set_up_socket(fd);
	client->server = server;
	client->connection = (struct connection){ .fd = fd,
						  .stop = server->stop,
						  .ops = server->ops,
						  .user = server->user,
						  .idle_ms = server->times.idle_ms,
						  .connect_ms = server->times.connect_ms,
						  .active_ms = process_now_ms() };
	(void) pthread_attr_init(&attributes);
	(void) pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (!reserve(server)) {
		close_connection(&client->connection);
		free(client);
	} else if (pthread_create(&client->thread, &attributes, serve, client) != 0) {
		close_connection(&client->connection);
		free(client);
		(void) pthread_mutex_lock(&server->lock);
		server->connections--;
		(void) pthread_mutex_unlock(&server->lock);
	}
	(void) pthread_attr_destroy(&attributes);
}

static void *accept_clients(void *argument)
{
	struct stream_server *server = argument;

	for (;;) {
		struct pollfd fds[] = { { .fd = server->listener, .events = POLLIN },
					{ .fd = server->stop, .events = POLLIN } };
		int fd;

		(void) poll(fds, ARRAY_SIZE(fds), -1);
		if (fds[1].revents)
			return NULL;
		fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			start_client(server, fd);
		else if (errno == EMFILE || errno == ENFILE)
			/* A place in the table comes back when a stream ends. */
			(void) poll(&fds[1], 1, 100);
	}
}

static int listen_on(const struct addrinfo *address, struct err *err)
{
	auto_fd fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd < 0)
		return fail(err, -errno, "make a socket");
	(void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, 128) < 0)
		return fail(err, -errno, "listen");
	return TAKE_FD(fd);
}

/* "HOST:PORT" or "[HOST]:PORT", numbers only: a name could mean another machine tomorrow. */
static int open_listener(const char *address, struct err *err)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
				  .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(address, ':');
	struct addrinfo *found = NULL;
	auto_free char *host = NULL;
	int r;

	if (!colon || !colon[1])
		return fail_text(err, -EINVAL, "\"%s\" is not HOST:PORT", address);
	host = text_format("%.*s", (int) (colon - address), address);
	if (host[0] == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	r = getaddrinfo(host, colon + 1, &hints, &found);
	if (r != 0)
		return fail_text(err, -EINVAL, "%s: %s", address, gai_strerror(r));
	r = listen_on(found, err);
	freeaddrinfo(found);
	return r;
}

static char *base_of(int listener)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[INET6_ADDRSTRLEN], port[8];

	if (getsockname(listener, (struct sockaddr *) &address, &len) < 0 ||
	    getnameinfo((struct sockaddr *) &address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return text_format("http://unknown");
	return text_format(address.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host, port);
}

static void free_server(struct stream_server *server)
{
	cleanup_fd(&server->listener);
	cleanup_fd(&server->stop);
	tokens_free(server->tokens);
	free(server->base);
	(void) pthread_mutex_destroy(&server->lock);
	(void) pthread_cond_destroy(&server->ended);
	free(server);
}

int stream_server_open(const char *address, const struct stream_ops *ops, void *user,
		       const struct stream_times *times, struct stream_server **ret, struct err *err)
{
	struct stream_server *server = calloc(1, sizeof(*server));
	int r = 0;

	if (!server)
		abort();
	server->ops = ops;
	server->user = user;
	server->times =
	    (struct stream_times){ .token_ms = times && times->token_ms ? times->token_ms : TOKEN_MS,
				   .idle_ms = times && times->idle_ms ? times->idle_ms : IDLE_MS,
				   .connect_ms =
				       times && times->connect_ms ? times->connect_ms : CONNECT_MS };
	server->tokens = tokens_new(server->times.token_ms);
	(void) pthread_mutex_init(&server->lock, NULL);
	(void) pthread_cond_init(&server->ended, NULL);
	server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->listener =
	    server->stop < 0 ? fail(err, -errno, "make an eventfd") : open_listener(address, err);
	if (server->listener < 0)
		r = server->listener;
	if (r == 0) {
		server->base = base_of(server->listener);
		r = -pthread_create(&server->thread, NULL, accept_clients, server);
		if (r < 0)
			(void) fail(err, r, "start a thread");
	}
	if (r < 0) {
		free_server(server);
		return fail(err, r, "streaming server");
	}
	*ret = server;
	return 0;
}

void stream_server_close(struct stream_server *server)
{
	uint64_t one = 1;

	if (!server)
		return;
	(void) !write(server->stop, &one, sizeof(one));
	(void) pthread_join(server->thread, NULL);
	(void) pthread_mutex_lock(&server->lock);
	while (server->connections)
		(void) pthread_cond_wait(&server->ended, &server->lock);
	(void) pthread_mutex_unlock(&server->lock);
	join_finished(server);
	free_server(server);
}

int stream_server_url(struct stream_server *server, const struct stream_request *request, char **ret,
		      struct err *err)
{
	static const char *const paths[] = {
		[STREAM_EXEC] = "exec", [STREAM_ATTACH] = "attach", [STREAM_PORT_FORWARD] = "portforward"
	};
	char token[TOKEN_LENGTH + 1];
	int r = tokens_add(server->tokens, request, token, err);

	if (r < 0)
		return r;
	*ret = text_format("%s/%s/%s", server->base, paths[request->kind], token);
	return 0;
}
