/* One copy of an event, shared by the queues of all who listen. */
#include "runtime-under-test/cri/events.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/server.h"

/* What a listener may leave unread: some minutes of a busy node. */
enum { QUEUE_MAX = 4096 };

struct event {
	struct arena arena;
	Runtime__V1__ContainerEventResponse *message;
	unsigned references; /* under the lock */
};

struct listener {
	struct listener *next;
	int wake; /* eventfd: the queue is not empty, or it overflowed */
	bool fell_behind;
	size_t first, count;
	struct event *queue[QUEUE_MAX];
};

struct events {
	pthread_mutex_t lock;
	struct listener *listeners;
	int64_t last_at;
};

static void event_unref(struct events *events, struct event *event)
{
	unsigned left;

	pthread_mutex_lock(&events->lock);
	left = --event->references;
	pthread_mutex_unlock(&events->lock);
	if (left)
		return;
	arena_free(&event->arena);
	free(event);
}

static struct event *event_new(const Runtime__V1__ContainerEventResponse *message)
{
	struct event *event = calloc(1, sizeof(*event));

	if (!event)
		abort();
	arena_init(&event->arena);
	event->message = message_copy(&event->arena, message);
	event->references = 1;
	return event;
}

/* Clocks go back at times; what is told of events does not. Under the lock, so that the order told is the order of queues. */
static void stamp(struct events *events, Runtime__V1__ContainerEventResponse *message)
{
	struct timespec now;

	if (message->created_at == 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		message->created_at = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
	}
	if (message->created_at <= events->last_at)
		message->created_at = events->last_at + 1;
	events->last_at = message->created_at;
}

static void push(struct listener *listener, struct event *event)
{
	if (listener->count == QUEUE_MAX) {
		listener->fell_behind = true;
	} else {
		listener->queue[(listener->first + listener->count++) % QUEUE_MAX] = event;
		event->references++;
	}
	(void) eventfd_write(listener->wake, 1);
}

bool events_wanted(struct server *server)
{
	bool wanted;

	pthread_mutex_lock(&server->events->lock);
	wanted = server->events->listeners != NULL;
	pthread_mutex_unlock(&server->events->lock);
	return wanted;
}

void events_publish(struct server *server, const Runtime__V1__ContainerEventResponse *message)
{
	struct events *events = server->events;
	struct event *event = event_new(message);

	pthread_mutex_lock(&events->lock);
	stamp(events, event->message);
	for (struct listener *listener = events->listeners; listener; listener = listener->next)
		push(listener, event);
	pthread_mutex_unlock(&events->lock);
	event_unref(events, event);
}

static struct listener *listen_to(struct events *events)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return NULL;
	listener->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (listener->wake < 0) {
		free(listener);
		return NULL;
	}
	pthread_mutex_lock(&events->lock);
	listener->next = events->listeners;
	events->listeners = listener;
	pthread_mutex_unlock(&events->lock);
	return listener;
}

static void forget(struct events *events, struct listener *listener)
{
	struct listener **at = &events->listeners;

	pthread_mutex_lock(&events->lock);
	while (*at != listener)
		at = &(*at)->next;
	*at = listener->next;
	pthread_mutex_unlock(&events->lock);
	for (size_t i = 0; i < listener->count; i++)
		event_unref(events, listener->queue[(listener->first + i) % QUEUE_MAX]);
	(void) close(listener->wake);
	free(listener);
}

/* The caller's reference; NULL: none is there. What was queued before an overflow is still told. */
static struct event *pop(struct events *events, struct listener *listener, bool *ret_fell_behind)
{
	struct event *event = NULL;

	pthread_mutex_lock(&events->lock);
	if (listener->count) {
		event = listener->queue[listener->first];
		listener->first = (listener->first + 1) % QUEUE_MAX;
		listener->count--;
	}
	*ret_fell_behind = !event && listener->fell_behind;
	pthread_mutex_unlock(&events->lock);
	return event;
}

static void wait_for_more(struct rpc_call *call, struct listener *listener)
{
	struct pollfd polled[] = { { listener->wake, POLLIN, 0 }, { rpc_call_done_fd(call), POLLIN, 0 } };
	eventfd_t count;

	(void) poll(polled, ARRAY_SIZE(polled), -1);
	(void) eventfd_read(listener->wake, &count);
}

static grpc_status_code tell(struct rpc_call *call, struct events *events, struct listener *listener)
{
	struct event *event;
	bool fell_behind;
	int r = 0;

	while (r == 0 && !rpc_call_done(call)) {
		event = pop(events, listener, &fell_behind);
		if (fell_behind)
			return rpc_fail(call, GRPC_STATUS_DATA_LOSS,
					"more than %d events were not read: list anew and listen again",
					QUEUE_MAX);
		if (!event) {
			wait_for_more(call, listener);
			continue;
		}
		r = rpc_send(call, event->message);
		event_unref(events, event);
	}
	return rpc_fail(call, GRPC_STATUS_UNAVAILABLE, "the server stops, or nobody listens any more");
}

static grpc_status_code get_container_events(struct rpc_call *call, const void *request, void *response,
					     void *user)
{
	struct events *events = ((struct server *) user)->events;
	struct listener *listener = listen_to(events);
	grpc_status_code status;

	(void) request;
	(void) response;
	if (!listener)
		return rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED,
				"no memory or descriptor for a listener");
	/* The headers after the queue: who has them misses nothing. */
	(void) rpc_send(call, NULL);
	status = tell(call, events, listener);
	forget(events, listener);
	return status;
}

static int events_open(struct server *server, struct err *err)
{
	server->events = calloc(1, sizeof(*server->events));
	if (!server->events)
		return fail(err, -ENOMEM, "keep listeners");
	pthread_mutex_init(&server->events->lock, NULL);
	return 0;
}

static void events_close(struct server *server)
{
	if (!server->events)
		return;
	pthread_mutex_destroy(&server->events->lock);
	free(TAKE(server->events));
}

const struct server_module events_module = { "events", events_open, events_close };

extern const struct rpc_binding events_bindings[];
const struct rpc_binding events_bindings[] = {
	{ "GetContainerEvents", get_container_events },
	{ NULL },
};
