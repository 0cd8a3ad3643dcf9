/* Listeners of events that do not listen: they cost a queue and a minute, never the others, and hear that they missed something. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/events.h"
#include "runtime-under-test/cri/server.h"
#include "tests/base/scratch.h"
#include "tests/cri/http2.h"
#include "tests/unit.h"

extern const struct rpc_binding events_bindings[];

enum { QUEUE = 4096, PATIENCE_MS = 60000 };

/* A server of nothing but events, and a peer that has asked for them and gives no room for any. */
struct scene {
	struct scratch scratch;
	struct server server;
	int peer;
	struct text heard;
	size_t at; /* of the first frame that was not looked at */
};

/* One more frame; false at the end of the connection. */
static bool hear(struct scene *scene, struct http2_frame *ret)
{
	struct pollfd ready = { .fd = scene->peer, .events = POLLIN };
	char bytes[65536];
	ssize_t len;

	while (!http2_frame(&scene->heard, &scene->at, ret)) {
		ck_assert_int_eq(poll(&ready, 1, PATIENCE_MS), 1);
		len = read(scene->peer, bytes, sizeof(bytes));
		if (len <= 0)
			return false;
		text_add_bytes(&scene->heard, bytes, (size_t) len);
	}
	return true;
}

static void say(struct scene *scene, const struct text *what)
{
	ck_assert_int_eq(send(scene->peer, what->data, what->len, MSG_NOSIGNAL), (ssize_t) what->len);
}

static void listen_without_room(struct scene *scene, const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct http2_frame frame = { 0 };
	auto_text call = { 0 };

	(void) strncpy(name.sun_path, path, sizeof(name.sun_path) - 1);
	scene->peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(scene->peer, (struct sockaddr *) &name, sizeof(name)), 0);
	http2_call(&call, "GetContainerEvents", 0);
	say(scene, &call);
	/* Headers need no room, and tell that it is subscribed. */
	do
		ck_assert(hear(scene, &frame));
	while (frame.type != HTTP2_HEADERS);
}

static void begin(struct scene *scene, int64_t send_max_ms)
{
	struct rpc_options options = { .message_max = 1 << 20,
				       .workers_max = 8,
				       .streams_max = 8,
				       .send_max_ms = send_max_ms,
				       .user = &scene->server };
	auto_free char *path = NULL;
	struct err err = { 0 };

	*scene = (struct scene){ .scratch = scratch_open() };
	path = text_format("%s/s", scene->scratch.path);
	ck_assert_int_eq(events_module.open(&scene->server, &err), 0);
	ck_assert_int_eq(rpc_server_new(&options, &scene->server.rpc, &err), 0);
	ck_assert_int_eq(rpc_server_bind(scene->server.rpc, events_bindings, &err), 0);
	ck_assert_int_eq(rpc_server_listen(scene->server.rpc, path, &err), 0);
	ck_assert_int_eq(rpc_server_start(scene->server.rpc, &err), 0);
	listen_without_room(scene, path);
}

static void publish(struct scene *scene, size_t count)
{
	Runtime__V1__ContainerEventResponse event = RUNTIME__V1__CONTAINER_EVENT_RESPONSE__INIT;

	event.container_id = (char *) "someone";
	for (size_t i = 0; i < count; i++)
		events_publish(&scene->server, &event);
}

/* The server stops, for no handler is left, and nobody is subscribed. */
static void end(struct scene *scene)
{
	struct err err = { 0 };

	(void) close(scene->peer);
	ck_assert_msg(rpc_server_stop(scene->server.rpc, PATIENCE_MS, &err) == 0, "%s", err.text);
	ck_assert(!events_wanted(&scene->server));
	rpc_server_free(scene->server.rpc);
	events_module.close(&scene->server);
	text_free(&scene->heard);
	scratch_close(&scene->scratch);
}

START_TEST(one_that_takes_nothing_is_cut)
{
	struct http2_frame frame = { 0 };
	struct scene scene;

	begin(&scene, 50);
	publish(&scene, 1);
	while (hear(&scene, &frame))
		ck_assert_uint_ne(frame.type, HTTP2_DATA);
	end(&scene);
}
END_TEST

START_TEST(one_that_falls_behind_hears_of_it)
{
	struct http2_frame frame = { 0 };
	struct scene scene;
	auto_text room = { 0 };
	size_t messages = 0;

	begin(&scene, 0);
	/* One may be on the way, a queue is full, and one is too many. */
	publish(&scene, 1 + QUEUE + 1);
	http2_give_room(&room, 0, 1 << 30);
	http2_give_room(&room, 1, 1 << 30);
	say(&scene, &room);
	while (hear(&scene, &frame) && !(frame.type == HTTP2_HEADERS && frame.flags & HTTP2_END_STREAM))
		messages += frame.type == HTTP2_DATA && frame.len > 0;
	ck_assert_uint_ge(messages, 1);
	ck_assert_ptr_nonnull(memmem(frame.payload, frame.len, "grpc-status", 11));
	ck_assert_ptr_nonnull(memmem(frame.payload, frame.len, "more than 4096 events were not read", 35));
	end(&scene);
}
END_TEST

Suite *test_events(void)
{
	return UNIT_SUITE("events", one_that_takes_nothing_is_cut, one_that_falls_behind_hears_of_it);
}
