/* See stream_client.h. */
#include "tests/cri/stream_client.h"

#include <check.h>
#undef fail

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "runtime-under-test/cri/monitor_client.h"

struct fake fake;
atomic_int fake_runs;
struct stream_server *stream_server;

static int run(void *user, const struct stream_request *request, const struct monitor_limit *limit,
	       struct monitor_streams *ret, struct err *err)
{
	int in[2], out[2], errors[2], control[2];

	(void) user;
	(void) limit;
	if (strcmp(request->id, "missing") == 0)
		return fail_text(err, -ENOENT, "there is \"no\" such container");
	ck_assert_int_eq(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC) | pipe2(errors, O_CLOEXEC) |
			     socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control),
			 0);
	fake = (struct fake){ .control = control[1], .in = in[0], .out = out[1], .err = errors[1] };
	*ret = (struct monitor_streams){ in[1], out[0], errors[0], control[0] };
	fake_runs++;
	return 0;
}

static int resize(void *user, const struct stream_request *request, unsigned width, unsigned height)
{
	(void) user;
	(void) request;
	fake.width = width;
	fake.height = height;
	(void) !write(fake.out, "resized", 7);
	return 0;
}

static int network(void *user, const struct stream_request *request, int *ret_netns, struct err *err)
{
	(void) user;
	(void) request;
	(void) err;
	*ret_netns = -1;
	return 0;
}

static const struct stream_ops ops = { run, resize, network };

void stream_restart(const struct stream_times *times)
{
	struct err err = { 0 };

	stream_server_close(stream_server);
	stream_server = NULL;
	ck_assert_msg(stream_server_open("127.0.0.1:0", &ops, NULL, times, &stream_server, &err) == 0, "%s",
		      err.text);
}

void stream_set_up(void)
{
	stream_restart(NULL);
}

void stream_tear_down(void)
{
	stream_server_close(stream_server);
	stream_server = NULL;
}

static int port;

char *stream_path(const struct stream_request *request)
{
	auto_free char *url = NULL;
	char *colon;

	ck_assert_int_eq(stream_server_url(stream_server, request, &url, NULL), 0);
	ck_assert(text_starts(url, "http://127.0.0.1:"));
	colon = strrchr(url, ':');
	port = atoi(colon + 1);
	return text_format("%s", strchr(colon, '/'));
}

int stream_request(const char *method, const char *path, const char *fields, char **ret_head)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t) port),
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	auto_free char *request = text_format("%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, path, fields);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_text head = { 0 };
	char byte;

	ck_assert_int_eq(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
	ck_assert_int_eq(file_write_all(fd, request, strlen(request)), 0);
	while (!text_ends(text_str(&head), "\r\n\r\n") && read(fd, &byte, 1) == 1)
		text_add_char(&head, byte);
	*ret_head = text_take(&head);
	return fd;
}

int stream_websocket(const struct stream_request *request, const char *protocol)
{
	auto_free char *path = stream_path(request), *head = NULL;
	auto_free char *fields =
	    text_format("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\n",
			protocol);
	int fd = stream_request("GET", path, fields, &head);

	ck_assert_msg(text_starts(head, "HTTP/1.1 101 "), "%s", head);
	ck_assert_ptr_nonnull(strstr(head, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	return fd;
}

int stream_spdy(const struct stream_request *request, const char *protocol)
{
	auto_free char *path = stream_path(request), *head = NULL;
	auto_free char *fields = text_format(
	    "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: %s\r\n", protocol);
	int fd = stream_request("POST", path, fields, &head);

	ck_assert_msg(text_starts(head, "HTTP/1.1 101 "), "%s", head);
	return fd;
}

void stream_send_frame(int fd, int kind, const char *data, size_t len)
{
	static const char mask[4] = { 9, 8, 7, 6 };
	auto_text frame = { 0 };

	text_add_char(&frame, (char) (0x80 | kind));
	if (len < 126) {
		text_add_char(&frame, (char) (0x80 | len));
	} else {
		text_add_char(&frame, (char) (0x80 | 126));
		text_add_char(&frame, (char) (len >> 8));
		text_add_char(&frame, (char) len);
	}
	text_add_bytes(&frame, mask, sizeof(mask));
	for (size_t i = 0; i < len; i++)
		text_add_char(&frame, (char) (data[i] ^ mask[i & 3]));
	ck_assert_int_eq(file_write_all(fd, frame.data, frame.len), 0);
}

void stream_read_all(int fd, struct text *text)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		text_add_bytes(text, chunk, (size_t) n);
}

char *stream_frames(int fd)
{
	auto_text bytes = { 0 }, story = { 0 };

	stream_read_all(fd, &bytes);
	for (size_t at = 0; at + 2 <= bytes.len;) {
		const unsigned char *frame = (const unsigned char *) bytes.data + at;
		size_t len = frame[1], head = 2;

		ck_assert_msg(len < 127, "short frames only");
		if (len == 126) {
			len = (size_t) frame[2] << 8 | frame[3];
			head = 4;
		}
		text_addf(&story, "%d:", frame[0] & 15);
		if (len && (frame[0] & 15) == 2)
			text_addf(&story, "%d,%.*s", frame[head], (int) len - 1,
				  (const char *) frame + head + 1);
		else if (len && (frame[0] & 15) != 8)
			text_addf(&story, "%.*s", (int) len, (const char *) frame + head);
		text_add_char(&story, ' ');
		at += head + len;
	}
	return text_take(&story);
}

bool stream_await(int fd, struct text *text, const char *word)
{
	char chunk[4096];
	ssize_t n;

	while (!text->len || !memmem(text->data, text->len, word, strlen(word))) {
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			return false;
		text_add_bytes(text, chunk, (size_t) n);
	}
	return true;
}
