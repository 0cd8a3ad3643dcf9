/* The only HTTP there is: a request that names a token, and the switch to the protocol that both ends know. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/wire/http.h"
#include "base/wire/websocket.h"
#include "runtime-under-test/cri/stream/connection.h"
#include "runtime-under-test/cri/stream/tokens.h"
#include "runtime-under-test/oci/faults.h"

#define HEAD_MS 10000

static const struct {
	const char *path;
	enum stream_kind kind;
} places[] = {
	{ "/exec/", STREAM_EXEC },
	{ "/attach/", STREAM_ATTACH },
	{ "/portforward/", STREAM_PORT_FORWARD },
};

/* Of what a client offers in X-Stream-Protocol-Version. */
static const struct spdy_protocol {
	const char *name;
	bool forward;
	int version;
} spdy_protocols[] = {
	{ "v4.channel.k8s.io", false, 4 }, { "v3.channel.k8s.io", false, 3 },
	{ "v2.channel.k8s.io", false, 2 }, { "channel.k8s.io", false, 1 },
	{ "portforward.k8s.io", true, 1 },
};

/* Of what it offers in Sec-WebSocket-Protocol; "" is a client that offers nothing. */
static const struct websocket_protocol {
	const char *name;
	bool command, forward, tunnel;
	int version;
	struct websocket_form form;
} websocket_protocols[] = {
	{ "v5.channel.k8s.io", true, false, false, 5, { false, true } },
	{ "v4.channel.k8s.io", true, true, false, 4, { false, false } },
	{ "v4.base64.channel.k8s.io", true, true, false, 4, { true, false } },
	{ "channel.k8s.io", true, true, false, 1, { false, false } },
	{ "base64.channel.k8s.io", true, true, false, 1, { true, false } },
	{ "SPDY/3.1+portforward.k8s.io", false, true, true, 1, { false, false } },
	{ "", true, true, false, 1, { false, false } },
};

static void answer(struct connection *connection, const char *status, const char *fields, const char *body)
{
	text_addf(&connection->out,
		  "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nConnection: close\r\n%sContent-Length: "
		  "%zu\r\n\r\n%s\n",
		  status, fields, strlen(body) + 1, body);
	connection_flush(connection);
	/* The client may still be sending: a reset would take the answer away from it. */
	(void) shutdown(connection->fd, SHUT_WR);
}

static bool is_for(const struct stream_request *request, bool forward)
{
	return (request->kind == STREAM_PORT_FORWARD) == forward;
}

static const struct spdy_protocol *choose_spdy(const struct connection *connection,
					       const struct http_request *head)
{
	auto_text offered = { 0 };

	for (size_t n = 0; http_field_word(head, "x-stream-protocol-version", n, &offered); n++)
		for (size_t i = 0; i < ARRAY_SIZE(spdy_protocols); i++)
			if (strcmp(spdy_protocols[i].name, text_str(&offered)) == 0 &&
			    is_for(connection->request, spdy_protocols[i].forward))
				return &spdy_protocols[i];
	return fault("stream-any-protocol") ? spdy_protocols : NULL;
}

static bool upgrade_spdy(struct connection *connection, const struct http_request *head)
{
	const struct spdy_protocol *protocol = choose_spdy(connection, head);

	if (!protocol) {
		answer(connection, "403 Forbidden", "",
		       "none of the offered stream protocols is known: v4.channel.k8s.io, v3, v2 and "
		       "channel.k8s.io are, "
		       "and portforward.k8s.io for ports");
		return false;
	}
	text_addf(&connection->out,
		  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
		  "X-Stream-Protocol-Version: %s\r\n\r\n",
		  protocol->name);
	connection->version = protocol->version;
	connection->transport = transport_spdy(protocol->forward, false);
	return true;
}

static const struct websocket_protocol *choose_websocket(const struct connection *connection,
							 const struct http_request *head)
{
	bool forward = connection->request->kind == STREAM_PORT_FORWARD;
	auto_text offered = { 0 };
	size_t n;

	for (n = 0; http_field_word(head, "sec-websocket-protocol", n, &offered) || n == 0; n++)
		for (size_t i = 0; i < ARRAY_SIZE(websocket_protocols); i++)
			if (strcmp(websocket_protocols[i].name, text_str(&offered)) == 0 &&
			    (forward ? websocket_protocols[i].forward : websocket_protocols[i].command))
				return &websocket_protocols[i];
	return NULL;
}

static bool upgrade_websocket(struct connection *connection, const struct http_request *head)
{
	const char *key = http_field(head, "sec-websocket-key"),
		   *version = http_field(head, "sec-websocket-version");
	const struct websocket_protocol *protocol = choose_websocket(connection, head);
	auto_text accept = { 0 };

	if (strcmp(head->method, "GET") != 0 || !key || websocket_accept(key, &accept) < 0) {
		answer(connection, "400 Bad Request", "", "a WebSocket needs GET and a Sec-WebSocket-Key");
		return false;
	}
	if (!version || strcmp(version, "13") != 0) {
		answer(connection, "426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n",
		       "the WebSocket's version is not 13");
		return false;
	}
	if (!protocol) {
		answer(connection, "400 Bad Request", "", "none of the offered WebSocket protocols is known");
		return false;
	}
	text_addf(&connection->out,
		  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		  "Sec-WebSocket-Accept: %s\r\n",
		  text_str(&accept));
	if (*protocol->name)
		text_addf(&connection->out, "Sec-WebSocket-Protocol: %s\r\n", protocol->name);
	text_add(&connection->out, "\r\n");
	connection->version = protocol->version;
	connection->transport =
	    protocol->tunnel ? transport_spdy(true, true) : transport_websocket(&protocol->form);
	return true;
}

/* The request that the target names; NULL: none. */
static struct stream_request *find_request(struct tokens *tokens, const char *target)
{
	auto_text path = { 0 };

	text_add_bytes(&path, target, strcspn(target, "?"));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (text_starts(text_str(&path), places[i].path))
			return tokens_take(tokens, places[i].kind, text_str(&path) + strlen(places[i].path));
	return NULL;
}

static bool upgrade(struct connection *connection, const struct http_request *head, struct tokens *tokens)
{
	if (strcmp(head->method, "GET") != 0 && strcmp(head->method, "POST") != 0) {
		answer(connection, "405 Method Not Allowed", "Allow: GET, POST\r\n",
		       "only GET and POST are known");
		return false;
	}
	connection->request = find_request(tokens, head->target);
	if (!connection->request) {
		answer(connection, "404 Not Found", "", "there is no such stream, or it was fetched already");
		return false;
	}
	if (http_field_lists(head, "connection", "upgrade")) {
		if (http_field_lists(head, "upgrade", "SPDY/3.1"))
			return upgrade_spdy(connection, head);
		if (http_field_lists(head, "upgrade", "websocket"))
			return upgrade_websocket(connection, head);
	}
	answer(connection, "400 Bad Request", "", "the request asks for neither SPDY/3.1 nor a WebSocket");
	return false;
}

/* Length of the head in `in`, or -errno. */
static int read_head(struct connection *connection, struct text *in)
{
	int64_t until = process_now_ms() + HEAD_MS;

	for (;;) {
		struct pollfd fds[] = { { .fd = -1 }, { .fd = connection->fd, .events = POLLIN } };
		int len = http_head_length(text_str(in), in->len);
		char chunk[4096];
		ssize_t n;

		if (len != 0)
			return len;
		if (!connection_wait(connection, fds, ARRAY_SIZE(fds), until) || process_now_ms() >= until)
			return -ETIMEDOUT;
		n = recv(connection->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return -ECONNRESET;
		if (n > 0)
			text_add_bytes(in, chunk, (size_t) n);
	}
}

bool connection_upgrade(struct connection *connection, struct tokens *tokens)
{
	auto_http_request head = { 0 };
	auto_text in = { 0 };
	struct err err = { 0 };
	int len = read_head(connection, &in);

	if (len == -EMSGSIZE)
		answer(connection, "431 Request Header Fields Too Large", "", "the head is too long");
	if (len < 0)
		return false;
	if (http_request_parse(in.data, (size_t) len, &head, &err) < 0) {
		answer(connection, "400 Bad Request", "", err.text);
		return false;
	}
	if (!upgrade(connection, &head, tokens))
		return false;
	/* What came right behind the head is the new protocol's. */
	connection->transport->ops->feed(connection->transport, in.data + len, in.len - (size_t) len);
	return true;
}
