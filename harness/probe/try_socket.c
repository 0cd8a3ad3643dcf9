/* Tries: sockets. An address is a path, abstract:NAME, or IP:PORT. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/try.h"

#define CLIENT_MS 10000

#define CONNECT_PATIENCE_MS 2000

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t len;
};

static int local_address(const char *word, struct address *ret)
{
	bool abstract = text_starts(word, "abstract:");
	const char *name = abstract ? word + strlen("abstract:") : word;
	size_t len = strlen(name);

	if (len + 1 > sizeof(ret->local.sun_path))
		return -ENAMETOOLONG;
	ret->local.sun_family = AF_UNIX;
	memcpy(ret->local.sun_path + abstract, name, len);
	ret->len = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len + 1);
	return 0;
}

/* "127.0.0.1:80", "[::1]:80". */
static int internet_address(const char *word, struct address *ret)
{
	const char *colon = strrchr(word, ':');
	bool bracketed = word[0] == '[' && colon > word + 1 && colon[-1] == ']';
	auto_free char *host = strndup(word + bracketed, (size_t) (colon - word) - 2u * bracketed);
	unsigned long long port;

	if (!host || text_to_u64(colon + 1, &port) < 0 || port > 65535)
		return -EINVAL;
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t) port);
		ret->len = sizeof(ret->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) != 1)
		return -EINVAL;
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons((uint16_t) port);
	ret->len = sizeof(ret->v6);
	return 0;
}

static int parse_address(const char *word, struct address *ret)
{
	*ret = (struct address){ 0 };
	if (!strchr(word, '/') && !text_starts(word, "abstract:") && strchr(word, ':'))
		return internet_address(word, ret);
	return local_address(word, ret);
}

static int finish_connect(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&wait, 1, CONNECT_PATIENCE_MS) <= 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

static int try_connect(struct try *try)
{
	struct address address;
	auto_fd fd = -EBADF;
	int r = parse_address(try->words[1], &address);

	if (r < 0)
		return r;
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		out_string(try->out, "step", "socket");
		return -errno;
	}
	if (connect(fd, &address.any, address.len) == 0)
		return 0;
	return errno == EINPROGRESS ? finish_connect(fd) : -errno;
}

/* Begins the line first: answer does so only when its client has left. */
static int refused_at(struct try *try, const char *step)
{
	int r = -errno;

	try_begin(try);
	out_string(try->out, "step", step);
	return r;
}

/* Ready to accept; *ret stays open. */
static int listen_at(struct try *try, const struct address *address, int *ret)
{
	auto_fd fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return refused_at(try, "socket");
	if (bind(fd, &address->any, address->len) < 0)
		return refused_at(try, "bind");
	if (listen(fd, 16) < 0)
		return refused_at(try, "listen");
	*ret = TAKE_FD(fd);
	return 0;
}

static int try_bind(struct try *try)
{
	auto_free char *word = text_format("0.0.0.0:%s", try->words[1]);
	struct address address;
	auto_fd fd = -EBADF;
	int r = parse_address(word, &address);

	return r < 0 ? r : listen_at(try, &address, &fd);
}

static int try_listen(struct try *try)
{
	struct address address;
	/* Left open on purpose: somebody shall connect to it while the probe holds. */
	int fd, r = parse_address(try->words[1], &address);

	return r < 0 ? r : listen_at(try, &address, &fd);
}

/* One client of a listener: what it says is sent back behind TEXT. */
static int answer_one(struct try *try, int listener)
{
	struct pollfd waits = { .fd = listener, .events = POLLIN };
	char said[256];

	if (poll(&waits, 1, CLIENT_MS) <= 0)
		return -ETIMEDOUT;
	auto_fd fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	waits.fd = fd;
	if (poll(&waits, 1, CLIENT_MS) <= 0)
		return -ETIMEDOUT;
	ssize_t n = read(fd, said, sizeof(said));
	if (n < 0)
		return -errno;
	auto_text answer = { 0 };
	text_add(&answer, try_rest(try, 2));
	text_add_bytes(&answer, said, (size_t) n);
	return send(fd, answer.data, answer.len, MSG_NOSIGNAL) < 0 ? -errno : (int) n;
}

static int try_answer(struct try *try)
{
	struct address address;
	auto_fd listener = -EBADF;
	int r = parse_address(try->words[1], &address);

	if (r >= 0)
		r = listen_at(try, &address, &listener);
	if (r < 0)
		return r;
	out_line(try->out, try->probe->nonce);
	out_string(try->out, "waiting", try->words[1]);
	(void) out_line_end(try->out);
	r = answer_one(try, listener);
	try_begin(try);
	return r;
}

struct word_number {
	const char *word;
	int number;
};

static int look_up(const struct word_number *rows, size_t count, const char *word)
{
	long long number;

	for (size_t i = 0; i < count; i++)
		if (!strcmp(rows[i].word, word))
			return rows[i].number;
	return try_number(word, &number) < 0 ? -EINVAL : (int) number;
}

static int try_socket(struct try *try)
{
	static const struct word_number families[] = {
		{ "unix", AF_UNIX },       { "inet", AF_INET },           { "inet6", AF_INET6 },
		{ "netlink", AF_NETLINK }, { "packet", AF_PACKET },       { "vsock", AF_VSOCK },
		{ "alg", AF_ALG },         { "bluetooth", AF_BLUETOOTH },
	};
	static const struct word_number types[] = {
		{ "stream", SOCK_STREAM },
		{ "dgram", SOCK_DGRAM },
		{ "raw", SOCK_RAW },
		{ "seqpacket", SOCK_SEQPACKET },
	};
	int family = look_up(families, ARRAY_SIZE(families), try->words[1]);
	int type = look_up(types, ARRAY_SIZE(types), try->words[2]);
	long long protocol = 0;

	if (family < 0 || type < 0 || try_number(try_word(try, 3, "0"), &protocol) < 0)
		return -EINVAL;
	/* Raw Internet sockets want one: ICMP. */
	if (type == SOCK_RAW && !protocol && (family == AF_INET || family == AF_INET6))
		protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	auto_fd fd = socket(family, type | SOCK_CLOEXEC, (int) protocol);

	return fd < 0 ? -errno : 0;
}

const struct try_verb try_socket_verbs[] = {
	{ "connect ADDRESS", try_connect, 1, "a path, abstract:NAME or IP:PORT; 2 s at most" },
	{ "bind PORT", try_bind, 1, "a TCP listener on every IPv4 address, closed again; step" },
	{ "listen ADDRESS", try_listen, 1, "a listener that stays open; step" },
	{ "answer ADDRESS TEXT", try_answer, 2,
	  "prints {\"waiting\": ...}; to one client TEXT and what it said; 10 s each", true },
	{ "socket FAMILY TYPE [PROTOCOL]", try_socket, 2,
	  "unix inet inet6 netlink packet vsock alg; stream dgram raw seqpacket" },
	{ NULL },
};
