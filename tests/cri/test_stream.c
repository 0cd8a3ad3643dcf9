/* The streaming server without containers: tokens, upgrades, channels, ends. */
#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/packet.h"
#include "base/wire/websocket.h"
#include "runtime-under-test/cri/stream/tokens.h"
#include "tests/cri/stream_client.h"

static const struct stream_request exec = {
	.kind = STREAM_EXEC, .id = "c", .in = true, .out = true, .err = true
};
static const struct stream_request attach = {
	.kind = STREAM_ATTACH, .id = "c", .in = true, .out = true, .tty = true
};
static const struct stream_request missing = { .kind = STREAM_EXEC, .id = "missing", .out = true };

START_TEST(tokens_are_good_once)
{
	struct tokens *tokens = tokens_new(60000);
	char one[TOKEN_LENGTH + 1], two[TOKEN_LENGTH + 1];
	static const char *const command[] = { "a", "b" };
	struct stream_request full = exec, *taken;

	full.command = command;
	full.command_count = 2;
	ck_assert_int_eq(tokens_add(tokens, &full, one, NULL), 0);
	ck_assert_int_eq(tokens_add(tokens, &full, two, NULL), 0);
	ck_assert_uint_eq(strlen(one), TOKEN_LENGTH);
	ck_assert_uint_eq(strspn(one, "0123456789abcdef"), TOKEN_LENGTH);
	ck_assert_str_ne(one, two);
	taken = tokens_take(tokens, STREAM_EXEC, one);
	ck_assert_ptr_nonnull(taken);
	ck_assert_str_eq(taken->command[1], "b");
	ck_assert(taken->in && !taken->tty);
	stream_request_free(taken);
	ck_assert_ptr_null(tokens_take(tokens, STREAM_EXEC, one));
	ck_assert_ptr_null(tokens_take(tokens, STREAM_ATTACH, two));
	ck_assert_ptr_null(tokens_take(tokens, STREAM_EXEC, two));
	ck_assert_ptr_null(tokens_take(tokens, STREAM_EXEC, ""));
	tokens_free(tokens);
}
END_TEST

START_TEST(tokens_are_bounded_and_expire)
{
	struct tokens *lasting = tokens_new(60000), *expired = tokens_new(0);
	char token[TOKEN_LENGTH + 1];
	struct err err = { 0 };

	for (int i = 0; i < TOKENS_MAX; i++)
		ck_assert_int_eq(tokens_add(lasting, &exec, token, NULL), 0);
	ck_assert_int_eq(tokens_add(lasting, &exec, token, &err), -ENOSPC);
	ck_assert_str_ne(err.text, "");
	for (int i = 0; i < 2 * TOKENS_MAX; i++)
		ck_assert_int_eq(tokens_add(expired, &exec, token, NULL), 0);
	ck_assert_ptr_null(tokens_take(expired, STREAM_EXEC, token));
	tokens_free(lasting);
	tokens_free(expired);
}
END_TEST

#define SPDY_FIELDS "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
#define WS_FIELDS                                                                                            \
	"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

START_TEST(what_cannot_be_upgraded_is_refused)
{
	static const struct {
		const char *method, *path, *fields, *status;
	} rows[] = {
		{ "GET", "/exec/0123456789abcdef0123456789abcdef", SPDY_FIELDS, "404" },
		{ "GET", "/", SPDY_FIELDS, "404" },
		{ "GET", NULL, "", "400" },
		{ "PUT", NULL, SPDY_FIELDS, "405" },
		{ "POST", NULL, SPDY_FIELDS, "403" },
		{ "POST", NULL, SPDY_FIELDS "X-Stream-Protocol-Version: v9\r\n", "403" },
		{ "POST", NULL, SPDY_FIELDS "X-Stream-Protocol-Version: portforward.k8s.io\r\n", "403" },
		{ "GET", NULL, WS_FIELDS "Sec-WebSocket-Version: 8\r\n", "426" },
		{ "GET", NULL, WS_FIELDS "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: x\r\n",
		  "400" },
		{ "POST", NULL, WS_FIELDS "Sec-WebSocket-Version: 13\r\n", "400" },
		{ "GET", NULL, "Connection: Upgrade\r\nUpgrade: h2c\r\n", "400" },
		{ "GET", NULL, "Bad Field: x\r\n", "400" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *path = stream_path(&exec), *head = NULL;
		auto_fd fd =
		    stream_request(rows[i].method, rows[i].path ? rows[i].path : path, rows[i].fields, &head);

		ck_assert_msg(strncmp(head + 9, rows[i].status, 3) == 0, "row %zu: %s", i, head);
	}
	ck_assert_int_eq(fake_runs, 0);
}
END_TEST

static void end_with(int code)
{
	auto_free char *packet = text_format("{\"code\":%d,\"signal\":0}", code);

	(void) close(fake.out);
	(void) close(fake.err);
	ck_assert_int_eq(packet_send(fake.control, packet, strlen(packet), NULL, 0, NULL), 0);
	(void) close(fake.control);
}

/* The greeting tells that it runs. */
static void await_start(int fd)
{
	char greeting[3];

	ck_assert_int_eq(recv(fd, greeting, 3, MSG_WAITALL), 3);
	ck_assert_mem_eq(greeting, "\x82\x01\x01", 3);
	while (!fake_runs)
		(void) poll(NULL, 0, 1);
}

START_TEST(websocket_carries_streams_and_status)
{
	auto_fd fd = stream_websocket(&exec, "v9.unknown, v4.channel.k8s.io");
	auto_free char *story = NULL;
	char typed[5];

	await_start(fd);
	stream_send_frame(fd, WEBSOCKET_BINARY, "\0hello", 6);
	ck_assert_int_eq(read(fake.in, typed, 5), 5);
	ck_assert_mem_eq(typed, "hello", 5);
	stream_send_frame(fd, WEBSOCKET_PING, "p", 1);
	ck_assert_int_eq(write(fake.err, "e", 1), 1);
	end_with(42);
	story = stream_frames(fd);
	ck_assert_ptr_nonnull(strstr(story, "10:p "));
	ck_assert_ptr_nonnull(strstr(story, "2:2,e "));
	ck_assert_ptr_nonnull(strstr(story, "2:3,{\"metadata\":{},\"status\":\"Failure\""));
	ck_assert_ptr_nonnull(strstr(story, "{\"reason\":\"ExitCode\",\"message\":\"42\"}"));
	ck_assert(text_ends(story, "8: "));
}
END_TEST

START_TEST(success_is_told_too)
{
	auto_fd fd = stream_websocket(&exec, "v5.channel.k8s.io");
	auto_free char *story = NULL;

	await_start(fd);
	end_with(0);
	story = stream_frames(fd);
	ck_assert_str_eq(story, "2:3,{\"metadata\":{},\"status\":\"Success\"} 8: ");
}
END_TEST

START_TEST(stdin_ends_with_version_5)
{
	auto_fd fd = stream_websocket(&exec, "v5.channel.k8s.io");
	char typed[8];

	await_start(fd);
	stream_send_frame(fd, WEBSOCKET_BINARY, "\0x", 2);
	stream_send_frame(fd, WEBSOCKET_BINARY, "\xff\0", 2);
	ck_assert_int_eq(read(fake.in, typed, 1), 1);
	ck_assert_int_eq(read(fake.in, typed, 1), 0);
	end_with(0);
}
END_TEST

START_TEST(base64_is_spoken)
{
	auto_fd fd = stream_websocket(&exec, "v4.base64.channel.k8s.io");
	auto_free char *story = NULL;
	char typed[5];

	while (!fake_runs)
		(void) poll(NULL, 0, 1);
	stream_send_frame(fd, WEBSOCKET_TEXT, "0aGVsbG8=", 9);
	ck_assert_int_eq(read(fake.in, typed, 5), 5);
	ck_assert_mem_eq(typed, "hello", 5);
	ck_assert_int_eq(write(fake.out, "hello", 5), 5);
	end_with(0);
	story = stream_frames(fd);
	ck_assert_ptr_nonnull(strstr(story, "1:1aGVsbG8= "));
}
END_TEST

START_TEST(an_error_of_ours_is_told)
{
	auto_fd fd = stream_websocket(&missing, "v4.channel.k8s.io");
	auto_free char *story = stream_frames(fd);

	ck_assert_ptr_nonnull(strstr(story, "\"message\":\"there is \\\"no\\\" such container\""));
	ck_assert_ptr_nonnull(strstr(story, "\"reason\":\"InternalError\""));
}
END_TEST

START_TEST(an_attached_terminal_is_resized)
{
	auto_fd fd = stream_websocket(&attach, "v4.channel.k8s.io");
	static const char size[] = "\4{\"Width\":91,\"Height\":37}";
	auto_text seen = { 0 };

	await_start(fd);
	/* In two parts, as a stream may bring it. */
	stream_send_frame(fd, WEBSOCKET_BINARY, size, 10);
	stream_send_frame(fd, WEBSOCKET_BINARY, "\4", 1);
	{
		auto_free char *rest = text_format("\4%s", size + 10);

		stream_send_frame(fd, WEBSOCKET_BINARY, rest, strlen(rest));
	}
	ck_assert(stream_await(fd, &seen, "resized"));
	ck_assert_uint_eq(fake.width, 91);
	ck_assert_uint_eq(fake.height, 37);
	(void) close(fake.out);
	(void) close(fake.control);
	stream_read_all(fd, &seen);
	ck_assert_ptr_nonnull(memmem(seen.data, seen.len, "Success", 7));
}
END_TEST

static void open_stream(struct spdy *spdy, uint32_t stream, const char *type, struct text *out)
{
	struct spdy_header headers[] = { { "streamtype", type }, { "port", "80" } };

	spdy_put_syn(spdy, stream, false, headers, 1, out);
}

START_TEST(spdy_carries_streams_and_status)
{
	auto_fd fd = stream_spdy(&exec, "v4.channel.k8s.io");
	struct spdy *spdy = spdy_new();
	struct spdy_event event;
	auto_text out = { 0 }, story = { 0 }, bytes = { 0 };
	char typed[8];

	open_stream(spdy, 1, "error", &out);
	open_stream(spdy, 3, "stdin", &out);
	open_stream(spdy, 5, "stdout", &out);
	open_stream(spdy, 7, "stderr", &out);
	open_stream(spdy, 9, "stderr", &out);
	spdy_put_ping(1, &out);
	spdy_put_data(3, true, "hello", 5, &out);
	ck_assert_int_eq(file_write_all(fd, out.data, out.len), 0);
	while (!fake_runs)
		(void) poll(NULL, 0, 1);
	ck_assert_int_eq(read(fake.in, typed, 8), 5);
	ck_assert_int_eq(read(fake.in, typed, 8), 0);
	ck_assert_int_eq(write(fake.err, "e", 1), 1);
	end_with(3);
	stream_read_all(fd, &bytes);
	spdy_feed(spdy, bytes.data, bytes.len);
	while (spdy_next(spdy, &event, NULL) > 0)
		text_addf(&story, "%d:%u%s,%.*s ", event.kind, event.stream, event.fin ? "!" : "",
			  event.len > 40 ? 20 : (int) event.len, event.len ? event.data : "");
	ck_assert_str_eq(
	    text_str(&story),
	    "2:1, 2:3, 2:5, 2:7, 3:9, 4:1, 0:7,e 0:1,{\"metadata\":{},\"stat 0:1!, 0:5!, 0:7!, 5:9, ");
	spdy_free(spdy);
}
END_TEST

START_TEST(a_client_that_goes_takes_its_command_along)
{
	int fd = stream_websocket(&exec, "v4.channel.k8s.io");
	char byte;

	await_start(fd);
	(void) close(fd);
	/* End-of-file tells the monitor to kill. */
	ck_assert_int_eq(recv(fake.control, &byte, 1, 0), 0);
	(void) close(fake.control);
}
END_TEST

START_TEST(what_rests_for_too_long_is_broken_off)
{
	struct stream_times times = { .idle_ms = 50 };
	int fd;
	auto_free char *story = NULL;
	char byte;

	stream_restart(&times);
	fd = stream_websocket(&exec, "v4.channel.k8s.io");
	await_start(fd);
	ck_assert_int_eq(recv(fake.control, &byte, 1, 0), 0);
	(void) close(fake.control);
	story = stream_frames(fd);
	ck_assert_str_eq(story, "");
	(void) close(fd);
}
END_TEST

/* Until the pipe takes no more: the server has stopped reading it. */
static size_t fill(int fd)
{
	char chunk[65536] = { 0 };
	size_t total = 0;
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	(void) fcntl(fd, F_SETFL, O_NONBLOCK | O_WRONLY);
	while (poll(&poll_fd, 1, 300) > 0 && total < 64u << 20) {
		ssize_t n = write(fd, chunk, sizeof(chunk));

		total += n > 0 ? (size_t) n : 0;
	}
	return total;
}

/* Each ping is owed an answer, and this client takes none. */
START_TEST(answers_that_nobody_reads_do_not_pile_up)
{
	static const char zeros[125] = { 0 };
	auto_fd fd = stream_websocket(&exec, "v4.channel.k8s.io");
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	auto_text pings = { 0 };
	size_t total = 0;

	await_start(fd);
	for (int i = 0; i < 500; i++) { /* FIN and 9, masked with zeros */
		text_add_bytes(&pings, "\x89\xfd\0\0\0", 6);
		text_add_bytes(&pings, zeros, sizeof(zeros));
	}
	(void) fcntl(fd, F_SETFL, O_NONBLOCK | O_RDWR);
	while (poll(&poll_fd, 1, 300) > 0 && total < 64u << 20) {
		size_t at = total % pings.len;
		ssize_t n = send(fd, pings.data + at, pings.len - at, MSG_NOSIGNAL);

		ck_assert(n > 0 || errno == EAGAIN);
		total += n > 0 ? (size_t) n : 0;
	}
	ck_assert_uint_lt(total, 32u << 20);
	(void) close(fake.control);
}
END_TEST

START_TEST(a_slow_reader_holds_up_nobody_else)
{
	auto_fd slow = stream_websocket(&exec, "v4.channel.k8s.io"), fast = -EBADF;
	struct fake first;
	auto_free char *story = NULL;

	await_start(slow);
	first = fake;
	ck_assert_uint_lt(fill(first.out), 32u << 20);
	fake_runs = 0;
	fast = stream_websocket(&exec, "v4.channel.k8s.io");
	await_start(fast);
	ck_assert_int_eq(write(fake.out, "quick", 5), 5);
	end_with(0);
	story = stream_frames(fast);
	ck_assert_ptr_nonnull(strstr(story, "2:1,quick "));
	(void) close(first.control);
}
END_TEST

Suite *test_stream(void)
{
	Suite *suite = UNIT_SUITE("stream", tokens_are_good_once, tokens_are_bounded_and_expire);
	TCase *served = tcase_create("served");

	tcase_add_checked_fixture(served, stream_set_up, stream_tear_down);
	tcase_add_test(served, what_cannot_be_upgraded_is_refused);
	tcase_add_test(served, websocket_carries_streams_and_status);
	tcase_add_test(served, success_is_told_too);
	tcase_add_test(served, stdin_ends_with_version_5);
	tcase_add_test(served, base64_is_spoken);
	tcase_add_test(served, an_error_of_ours_is_told);
	tcase_add_test(served, an_attached_terminal_is_resized);
	tcase_add_test(served, spdy_carries_streams_and_status);
	tcase_add_test(served, a_client_that_goes_takes_its_command_along);
	tcase_add_test(served, what_rests_for_too_long_is_broken_off);
	tcase_add_test(served, answers_that_nobody_reads_do_not_pile_up);
	tcase_add_test(served, a_slow_reader_holds_up_nobody_else);
	suite_add_tcase(suite, served);
	return suite;
}
