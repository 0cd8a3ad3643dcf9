/* From a URL to a connection that speaks the other protocol. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/wire/http.h"
#include "harness/cri/stream.h"

struct place {
	char *host, *port, *path; /* owned */
};

static void place_free(struct place *place)
{
	free(place->host);
	free(place->port);
	free(place->path);
}

/* http://HOST:PORT/PATH, the host perhaps in brackets. */
static int parse_url(const char *url, struct place *ret, struct err *err)
{
	const char *host = text_starts(url, "http://") ? url + 7 : NULL,
		   *path = host ? strchr(host, '/') : NULL;
	const char *colon = path ? memrchr(host, ':', (size_t) (path - host)) : NULL;

	if (!colon)
		return fail_text(err, -EINVAL, "%s is not http://HOST:PORT/PATH", url);
	if (host[0] == '[' && colon[-1] == ']')
		ret->host = text_format("%.*s", (int) (colon - host - 2), host + 1);
	else
		ret->host = text_format("%.*s", (int) (colon - host), host);
	ret->port = text_format("%.*s", (int) (path - colon - 1), colon + 1);
	ret->path = text_format("%s", path);
	return 0;
}

/* A listener whose queue is full leaves a connection without an answer for minutes: socket(7), SO_SNDTIMEO. */
static int bound_connect(int fd, int64_t deadline)
{
	int64_t left = deadline - process_now_ms();
	struct timeval time = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };

	if (left <= 0)
		return -ETIMEDOUT;
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) < 0 ? -errno : 0;
}

static int connect_to(const struct place *place, int64_t deadline, struct err *err)
{
	const struct addrinfo wish = { .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	int r = getaddrinfo(place->host, place->port, &wish, &found);

	if (r)
		return fail_text(err, -EINVAL, "%s: %s", place->host, gai_strerror(r));
	auto_fd fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r = fd < 0 ? -errno : bound_connect(fd, deadline);
	if (r == 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0)
		r = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	if (r < 0)
		r = fail(err, r, "connect to %s:%s", place->host, place->port);
	freeaddrinfo(found);
	return r < 0 ? r : TAKE_FD(fd);
}

static void put_request(const struct stream_wish *wish, const struct place *place, struct text *out)
{
	text_addf(out, "%s %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: Upgrade\r\n",
		  wish->websocket ? "GET" : "POST", place->path, place->host, place->port);
	if (wish->websocket)
		text_addf(out,
			  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			  "Sec-WebSocket-Key: cGx1bWJsaW5lIHN0cmVhbQ==\r\nSec-WebSocket-Protocol: %s\r\n",
			  wish->protocol);
	else
		text_addf(out, "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: %s\r\nContent-Length: 0\r\n",
			  wish->protocol);
	text_add(out, "\r\n");
}

/* The value of a field of an answer's head; owned, NULL: none. */
static char *field(const char *head, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
		const char *value = line + 2 + len;

		if (strncasecmp(line + 2, name, len) != 0 || *value != ':')
			continue;
		value += 1 + strspn(value + 1, " ");
		return text_format("%.*s", (int) strcspn(value, "\r"), value);
	}
	return NULL;
}

/* What a refusal says, as long as it says it is: for people. */
static void read_body(int fd, const char *head, int64_t deadline, struct text *in)
{
	auto_free char *length = field(head, "Content-Length");
	size_t wanted = length ? (size_t) strtoul(length, NULL, 10) : 0;
	char bytes[4096];
	ssize_t n;

	while (in->len < wanted && in->len < HTTP_HEAD_MAX && process_poll(fd, deadline) > 0 &&
	       (n = read(fd, bytes, sizeof(bytes))) > 0)
		text_add_bytes(in, bytes, (size_t) n);
}

/* Bytes of the head. */
static int read_head(int fd, int64_t deadline, struct text *in, struct err *err)
{
	char bytes[4096];

	for (;;) {
		int len = http_head_length(text_str(in), in->len);

		if (len != 0)
			return len < 0 ? fail(err, len, "the answer's head") : len;
		if (process_poll(fd, deadline) <= 0)
			return fail_text(err, -ETIMEDOUT, "the server does not answer a stream's request");
		ssize_t n = read(fd, bytes, sizeof(bytes));
		if (n <= 0)
			return fail_text(err, -EPIPE,
					 "the server closes a stream's connection without an answer");
		text_add_bytes(in, bytes, (size_t) n);
	}
}

static int ask(int fd, const struct stream_wish *wish, const struct place *place, struct stream_sight *ret,
	       struct text *rest, struct err *err)
{
	auto_text request = { 0 }, in = { 0 };
	int len;

	put_request(wish, place, &request);
	if (send(fd, request.data, request.len, MSG_NOSIGNAL) != (ssize_t) request.len)
		return fail(err, -errno, "ask for a stream");
	len = read_head(fd, wish->deadline, &in, err);
	if (len < 0)
		return len;
	text_add_bytes(&ret->head, in.data, (size_t) len);
	ret->http = atoi(text_str(&ret->head) + strcspn(text_str(&ret->head), " "));
	auto_free char *protocol = field(text_str(&ret->head), wish->websocket ? "Sec-WebSocket-Protocol"
									       : "X-Stream-Protocol-Version");
	text_add(&ret->protocol, protocol ? protocol : "");
	text_add_bytes(rest, in.data + len, in.len - (size_t) len);
	if (ret->http != 101)
		read_body(fd, text_str(&ret->head), wish->deadline, rest);
	return 0;
}

int stream_upgrade(const struct stream_wish *wish, struct stream_sight *ret, struct text *rest,
		   struct err *err)
{
	__attribute__((cleanup(place_free))) struct place place = { 0 };
	int r = parse_url(wish->url, &place, err);
	auto_fd fd = r < 0 ? r : connect_to(&place, wish->deadline, err);

	if (fd < 0)
		return fd;
	r = ask(fd, wish, &place, ret, rest, err);
	return r < 0 ? r : TAKE_FD(fd);
}
