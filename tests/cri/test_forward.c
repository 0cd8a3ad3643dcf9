/* Port-forward without sandboxes: connections to this machine's own loopback. */
#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/wire/websocket.h"
#include "tests/cri/stream_client.h"

/* A listener of this family, and its port. */
static int listen_on(int family, int *ret_port)
{
	struct sockaddr_in6 address = { .sin6_family = (sa_family_t) family,
					.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in *four = (struct sockaddr_in *) &address;
	socklen_t len = family == AF_INET ? sizeof(*four) : sizeof(address);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (family == AF_INET)
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *) &address, len) < 0)
		return -1;
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &address, &len), 0);
	*ret_port = ntohs(four->sin_port);
	return fd;
}

static void open_pair(struct spdy *spdy, uint32_t first, int port, const char *request, struct text *out)
{
	auto_free char *number = text_format("%d", port);
	struct spdy_header headers[] = { { "streamType", "error" },
					 { "port", number },
					 { "requestID", request } };

	spdy_put_syn(spdy, first, true, headers, 3, out);
	headers[0].value = "data";
	spdy_put_syn(spdy, first + 2, false, headers, 3, out);
}

static void tell(struct spdy *spdy, const struct text *bytes, struct text *story)
{
	struct spdy_event event;

	spdy_feed(spdy, text_str(bytes), bytes->len);
	while (spdy_next(spdy, &event, NULL) > 0)
		if (event.kind == SPDY_DATA)
			text_addf(story, "%u%s:%.*s ", event.stream, event.fin ? "!" : "", (int) event.len,
				  event.len ? event.data : "");
}

/* What a server behind the port does: greets, hears, says, closes. */
static void serve_one(int listener, const char *hears, const char *says)
{
	auto_fd fd = accept(listener, NULL, NULL);
	auto_text heard = { 0 };

	ck_assert_int_ge(fd, 0);
	ck_assert(stream_await(fd, &heard, hears));
	ck_assert_int_eq(file_write_all(fd, says, strlen(says)), 0);
}

/* Reads until the story has the word. */
static void await_story(int fd, struct spdy *spdy, struct text *story, const char *word)
{
	while (!strstr(text_str(story), word)) {
		auto_text bytes = { 0 };
		char chunk[4096];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		ck_assert_int_gt(n, 0);
		text_add_bytes(&bytes, chunk, (size_t) n);
		tell(spdy, &bytes, story);
	}
}

static const struct stream_request any = { .kind = STREAM_PORT_FORWARD, .id = "s" };

static void forward_over(int family)
{
	int port = 0;
	auto_fd listener = listen_on(family, &port), fd = -EBADF;
	struct spdy *spdy = spdy_new();
	auto_text out = { 0 }, bytes = { 0 }, story = { 0 };

	if (listener < 0) {
		spdy_free(spdy); /* a machine without IPv6 */
		return;
	}
	fd = stream_spdy(&any, "portforward.k8s.io");
	open_pair(spdy, 1, port, "0", &out);
	open_pair(spdy, 5, port, "1", &out);
	spdy_put_data(3, false, "one?", 4, &out);
	spdy_put_data(7, false, "two?", 4, &out);
	ck_assert_int_eq(file_write_all(fd, out.data, out.len), 0);
	serve_one(listener, "one?", "one!");
	serve_one(listener, "two?", "two!");
	ck_assert(stream_await(fd, &bytes, "two!"));
	(void) shutdown(fd, SHUT_WR);
	stream_read_all(fd, &bytes);
	tell(spdy, &bytes, &story);
	ck_assert_ptr_nonnull(strstr(text_str(&story), "3:one! "));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "7:two! "));
	spdy_free(spdy);
}

START_TEST(connections_share_a_session)
{
	forward_over(AF_INET);
}
END_TEST

START_TEST(a_port_may_be_on_ipv6_only)
{
	forward_over(AF_INET6);
}
END_TEST

START_TEST(a_closed_port_is_an_error_on_its_stream)
{
	int port = 0, listener = listen_on(AF_INET, &port);
	auto_fd fd = stream_spdy(&any, "portforward.k8s.io");
	struct spdy *spdy = spdy_new();
	auto_text out = { 0 }, bytes = { 0 }, story = { 0 };

	(void) close(listener);
	open_pair(spdy, 1, port, "0", &out);
	ck_assert_int_eq(file_write_all(fd, out.data, out.len), 0);
	ck_assert(stream_await(fd, &bytes, "refused"));
	(void) shutdown(fd, SHUT_WR);
	stream_read_all(fd, &bytes);
	tell(spdy, &bytes, &story);
	ck_assert_ptr_nonnull(strstr(text_str(&story), "inside the sandbox: Connection refused "));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "1!: "));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "3!: "));
	spdy_free(spdy);
}
END_TEST

START_TEST(websocket_channels_are_the_requests_ports)
{
	int port = 0;
	auto_fd listener = listen_on(AF_INET, &port), fd = -EBADF;
	int32_t ports[] = { port };
	struct stream_request request = {
		.kind = STREAM_PORT_FORWARD, .id = "s", .ports = ports, .port_count = 1
	};
	auto_text bytes = { 0 };
	char head[4] = "\x82\x03";
	char number[2] = { (char) port, (char) (port >> 8) };

	fd = stream_websocket(&request, "v4.channel.k8s.io");
	stream_send_frame(fd, WEBSOCKET_BINARY, "\0ask", 4);
	serve_one(listener, "ask", "answer");
	ck_assert(stream_await(fd, &bytes, "answer"));
	ck_assert_mem_eq(bytes.data, head, 3);
	ck_assert_mem_eq(bytes.data + 3, number, 2);
	ck_assert_mem_eq(bytes.data + 5, "\x82\x03\x01", 3);
	ck_assert_mem_eq(bytes.data + 8, number, 2);
	ck_assert_mem_eq(bytes.data + 10, "\x82\x07\0answer", 9);
}
END_TEST

START_TEST(spdy_travels_in_a_websocket)
{
	int port = 0;
	auto_fd listener = listen_on(AF_INET, &port), fd = -EBADF;
	struct spdy *spdy = spdy_new();
	auto_text out = { 0 }, bytes = { 0 };

	fd = stream_websocket(&any, "SPDY/3.1+portforward.k8s.io");
	open_pair(spdy, 1, port, "0", &out);
	spdy_put_data(3, false, "ask", 3, &out);
	/* Frames end where they like. */
	for (size_t at = 0; at < out.len; at += 7)
		stream_send_frame(fd, WEBSOCKET_BINARY, out.data + at, out.len - at < 7 ? out.len - at : 7);
	serve_one(listener, "ask", "answer");
	ck_assert(stream_await(fd, &bytes, "answer"));
	spdy_free(spdy);
}
END_TEST

START_TEST(a_stream_without_a_port_is_refused)
{
	auto_fd fd = stream_spdy(&any, "portforward.k8s.io");
	struct spdy_header headers[] = { { "streamtype", "data" }, { "port", "65536" } };
	struct spdy *spdy = spdy_new();
	struct spdy_event event;
	auto_text out = { 0 }, bytes = { 0 };

	spdy_put_syn(spdy, 1, false, headers, 2, &out);
	ck_assert_int_eq(file_write_all(fd, out.data, out.len), 0);
	(void) shutdown(fd, SHUT_WR);
	stream_read_all(fd, &bytes);
	spdy_feed(spdy, bytes.data, bytes.len);
	ck_assert_int_eq(spdy_next(spdy, &event, NULL), 1);
	ck_assert_int_eq(event.kind, SPDY_RST_STREAM);
	spdy_free(spdy);
}
END_TEST

START_TEST(a_client_that_ends_hears_the_rest)
{
	int port = 0;
	auto_fd listener = listen_on(AF_INET, &port), fd = stream_spdy(&any, "portforward.k8s.io"),
		peer = -EBADF;
	struct spdy *spdy = spdy_new();
	auto_text out = { 0 }, heard = { 0 }, story = { 0 };

	open_pair(spdy, 1, port, "0", &out);
	spdy_put_data(3, true, "ask", 3, &out);
	ck_assert_int_eq(file_write_all(fd, out.data, out.len), 0);
	peer = accept(listener, NULL, NULL);
	stream_read_all(peer, &heard); /* to the end, which is the client's */
	ck_assert_str_eq(text_str(&heard), "ask");
	ck_assert_int_eq(file_write_all(peer, "answer", 6), 0);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	await_story(fd, spdy, &story, "3!:");
	ck_assert_str_eq(text_str(&story), "3:answer 1!: 3!: ");
	spdy_free(spdy);
}
END_TEST

START_TEST(a_port_that_ends_hears_the_rest)
{
	int port = 0;
	auto_fd listener = listen_on(AF_INET, &port), fd = stream_spdy(&any, "portforward.k8s.io"),
		peer = -EBADF;
	struct spdy *spdy = spdy_new();
	auto_text out = { 0 }, heard = { 0 }, story = { 0 };

	open_pair(spdy, 1, port, "0", &out);
	ck_assert_int_eq(file_write_all(fd, out.data, out.len), 0);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_eq(file_write_all(peer, "done", 4), 0);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	await_story(fd, spdy, &story, "3!:");
	text_cut(&out, 0);
	spdy_put_data(3, true, "the rest", 8, &out);
	ck_assert_int_eq(file_write_all(fd, out.data, out.len), 0);
	stream_read_all(peer, &heard);
	ck_assert_str_eq(text_str(&heard), "the rest");
	ck_assert_str_eq(text_str(&story), "3:done 1!: 3!: ");
	spdy_free(spdy);
}
END_TEST

/* A listener whose queue is full: the kernel leaves who comes next without an answer. */
static int listen_and_fill(int *ret_port, int ret_fills[2])
{
	int listener = listen_on(AF_INET, ret_port);
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t) *ret_port),
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };

	ck_assert_int_eq(listen(listener, 0), 0);
	for (int i = 0; i < 2; i++) {
		ret_fills[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void) connect(ret_fills[i], (struct sockaddr *) &address, sizeof(address));
	}
	return listener;
}

START_TEST(a_port_without_an_answer_is_given_up)
{
	struct stream_times times = { .connect_ms = 200 };
	int port = 0, silent = 0, fills[2] = { -1, -1 };
	auto_fd listener = listen_on(AF_INET, &port), full = listen_and_fill(&silent, fills), fd = -EBADF;
	struct spdy *spdy = spdy_new();
	auto_text out = { 0 }, story = { 0 };

	stream_restart(&times);
	fd = stream_spdy(&any, "portforward.k8s.io");
	open_pair(spdy, 1, silent, "0", &out);
	open_pair(spdy, 5, port, "1", &out);
	spdy_put_data(7, false, "two?", 4, &out);
	ck_assert_int_eq(file_write_all(fd, out.data, out.len), 0);
	serve_one(listener, "two?", "two!");
	await_story(fd, spdy, &story, "3!:");
	ck_assert_ptr_nonnull(strstr(text_str(&story), "inside the sandbox: Connection timed out "));
	await_story(fd, spdy, &story, "7:two! ");
	for (int i = 0; i < 2; i++)
		(void) close(fills[i]);
	spdy_free(spdy);
}
END_TEST

Suite *test_forward(void)
{
	Suite *suite = suite_create("forward");
	TCase *served = tcase_create("served");

	tcase_add_checked_fixture(served, stream_set_up, stream_tear_down);
	tcase_add_test(served, connections_share_a_session);
	tcase_add_test(served, a_port_may_be_on_ipv6_only);
	tcase_add_test(served, a_closed_port_is_an_error_on_its_stream);
	tcase_add_test(served, a_client_that_ends_hears_the_rest);
	tcase_add_test(served, a_port_that_ends_hears_the_rest);
	tcase_add_test(served, a_port_without_an_answer_is_given_up);
	tcase_add_test(served, websocket_channels_are_the_requests_ports);
	tcase_add_test(served, spdy_travels_in_a_websocket);
	tcase_add_test(served, a_stream_without_a_port_is_refused);
	suite_add_tcase(suite, served);
	return suite;
}
