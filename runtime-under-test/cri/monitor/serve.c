/* The life of a monitor: one loop that moves what the container writes and what its clients type and ask. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/packet.h"
#include "base/process.h"
#include "runtime-under-test/cri/monitor/monitor.h"
#include "runtime-under-test/cri/monitor/options.h"
#include "runtime-under-test/cri/monitor/polls.h"
#include "runtime-under-test/oci/faults.h"

#define CHUNK 32768
/* What a client types is taken when the container has taken what came before. */
#define TYPED_CHUNK 4096
/* How long the last bytes wait for clients that do not read. */
#define FAREWELL_MS 100
#define PIPE_BYTES 65536

static const char *const stream_names[] = { "stdout", "stderr" };

static void end_source(struct monitor *monitor, struct source *source)
{
	log_end(&monitor->log, &source->line);
	log_line_free(&source->line);
	cleanup_fd(&source->fd);
	source->fd = -EBADF;
	for (struct client *client = monitor->clients; client; client = client->next) {
		struct sink *sink = &client->sinks[source - monitor->sources];

		/* Its reader sees end-of-file as soon as nothing waits. */
		if (!sink->pending.len) {
			cleanup_fd(&sink->fd);
			sink->fd = -EBADF;
		}
	}
}

/* One read: bytes taken; 0: none there, or never again. */
static size_t read_source(struct monitor *monitor, int stream)
{
	struct source *source = &monitor->sources[stream];
	char chunk[CHUNK];
	ssize_t n = read(source->fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		end_source(monitor, source);
		return 0;
	}
	source->line.stream = stream_names[stream];
	log_write(&monitor->log, &source->line, chunk, (size_t) n);
	for (struct client *client = monitor->clients; client; client = client->next)
		client_put(client, stream, chunk, (size_t) n);
	return (size_t) n;
}

static void close_in(struct monitor *monitor)
{
	cleanup_fd(&monitor->in);
	monitor->in = -EBADF;
	text_free(&monitor->typed);
}

static void write_in(struct monitor *monitor)
{
	auto_text rest = { 0 };
	ssize_t n = 0;

	if (monitor->typed.len && monitor->in >= 0)
		n = write(monitor->in, monitor->typed.data, monitor->typed.len);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close_in(monitor);
		return;
	}
	if (n > 0) {
		text_add_bytes(&rest, monitor->typed.data + n, monitor->typed.len - (size_t) n);
		text_cut(&monitor->typed, 0);
		text_add_bytes(&monitor->typed, text_str(&rest), rest.len);
	}
	if (!monitor->typed.len && monitor->in_ends)
		close_in(monitor);
}

/* A terminal has no end of its input: who sits at it may come back. */
static void client_stops_typing(struct monitor *monitor, struct client *client)
{
	cleanup_fd(&client->in);
	client->in = -EBADF;
	if (client->had_in && monitor->options->stdin_once && monitor->master < 0)
		monitor->in_ends = true;
	write_in(monitor);
}

/* Whether there was something. */
static bool read_typed(struct monitor *monitor, struct client *client)
{
	char chunk[TYPED_CHUNK];
	ssize_t n = read(client->in, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		client_stops_typing(monitor, client);
		return false;
	}
	if (monitor->in >= 0 && !fault("attach-deaf"))
		text_add_bytes(&monitor->typed, chunk, (size_t) n);
	write_in(monitor);
	return true;
}

/* A client that types and leaves at once has left its words in the pipe. No more than fits into one: others may hold its end. */
static void take_last_words(struct monitor *monitor, struct client *client)
{
	for (size_t taken = 0; taken < PIPE_BYTES && client->in >= 0 && read_typed(monitor, client);)
		taken += TYPED_CHUNK;
	if (client->in >= 0)
		client_stops_typing(monitor, client);
}

static void accept_client(struct monitor *monitor)
{
	int fd = accept4(monitor->listener, NULL, NULL, SOCK_CLOEXEC);
	struct client *client;

	if (fd < 0)
		return;
	client = client_new(fd);
	client->next = monitor->clients;
	monitor->clients = client;
}

/* False: the client has gone. */
static bool read_request(struct monitor *monitor, struct client *client)
{
	char request[256];
	int n = packet_receive(client->socket, request, sizeof(request), NULL, NULL, NULL);

	if (n == -EAGAIN)
		return true;
	if (n <= 0)
		return false;
	monitor_answer(monitor, client, request);
	return true;
}

static void serve_clients(struct monitor *monitor, const struct polls *polls)
{
	for (struct client **at = &monitor->clients; *at;) {
		struct client *client = *at;

		client_flush(client, polls);
		if (polls_seen(polls, client->in_place))
			(void) read_typed(monitor, client);
		if (polls_seen(polls, client->place) && !read_request(monitor, client)) {
			take_last_words(monitor, client);
			*at = client->next;
			client_free(client);
			if (fault("log-ends-with-server"))
				log_close(&monitor->log);
			continue;
		}
		client_stop_holding(client, process_now_ms());
		at = &client->next;
	}
}

static void note_children(struct monitor *monitor)
{
	struct reaped reaped = { 0 };
	struct signalfd_siginfo info;

	while (read(monitor->signals, &info, sizeof(info)) > 0)
		;
	reap_children(monitor->waiter ? monitor->waiter : monitor->pid, &reaped);
	if (!reaped.known)
		return;
	if (monitor->waiter) {
		monitor_wait_end(monitor, reaped.code);
		return;
	}
	monitor->status_known = true;
	monitor->code = reaped.code;
	monitor->signal = reaped.signal;
}

/* One round. Places are those of this round only: what is accepted in it is looked at in the next. */
static void turn(struct monitor *monitor, struct polls *polls)
{
	int64_t deadline = monitor->oom.settles_ms;
	bool held = false;
	short oom_events;
	int oom_at = oom_fd(&monitor->oom, &oom_events), end, children, listener, oom;

	polls->count = 0;
	for (struct client *client = monitor->clients; client; client = client->next)
		held |= client_holds(client, &deadline);
	end = polls_add(polls, monitor->pidfd, POLLIN);
	children = polls_add(polls, monitor->signals, POLLIN);
	listener = polls_add(polls, monitor->listener, POLLIN);
	oom = polls_add(polls, oom_at, oom_events);
	for (size_t i = 0; i < 2; i++)
		monitor->sources[i].place = polls_add(polls, held ? -1 : monitor->sources[i].fd, POLLIN);
	monitor->in_place = polls_add(polls, monitor->typed.len ? monitor->in : -1, POLLOUT);
	for (struct client *client = monitor->clients; client; client = client->next)
		client_poll(client, polls, !monitor->typed.len);
	polls_wait(polls, deadline);

	if (polls_seen(polls, oom))
		oom_noticed(&monitor->oom);
	oom_settle(&monitor->oom, process_now_ms());
	if (polls_seen(polls, monitor->in_place))
		write_in(monitor);
	serve_clients(monitor, polls);
	for (int i = 0; i < 2; i++)
		if (polls_seen(polls, monitor->sources[i].place) && monitor->sources[i].fd >= 0)
			(void) read_source(monitor, i);
	if (polls_seen(polls, listener))
		accept_client(monitor);
	if (polls_seen(polls, children))
		note_children(monitor);
	monitor->ended |= polls_seen(polls, end) != 0;
}

/*
 * What init wrote before its end is in the pipes. Others may hold their other ends for ever, so no more than fits into a pipe
 * is taken, and end-of-file is not waited for.
 */
static void drain(struct monitor *monitor)
{
	for (int i = 0; i < 2; i++) {
		int size = monitor->sources[i].fd < 0 ? 0 : fcntl(monitor->sources[i].fd, F_GETPIPE_SZ);
		size_t left = size > 0 ? (size_t) size : 65536;

		while (left && monitor->sources[i].fd >= 0) {
			size_t taken = read_source(monitor, i);

			if (!taken)
				break;
			left -= taken < left ? taken : left;
		}
		if (monitor->sources[i].fd >= 0)
			end_source(monitor, &monitor->sources[i]);
	}
}

static void say_farewell(struct monitor *monitor, struct polls *polls)
{
	int64_t until = process_now_ms() + FAREWELL_MS, ignored = 0;

	for (bool waits = true; waits && process_now_ms() < until;) {
		waits = false;
		polls->count = 0;
		for (struct client *client = monitor->clients; client; client = client->next) {
			waits |= client_holds(client, &ignored);
			client_poll(client, polls, false);
			polls->fds[client->place].fd = -1;
		}
		if (!waits)
			break;
		polls_wait(polls, until);
		for (struct client *client = monitor->clients; client; client = client->next)
			client_flush(client, polls);
	}
}

void monitor_serve(struct monitor *monitor)
{
	struct polls polls = { 0 };

	while (!monitor->ended)
		turn(monitor, &polls);
	note_children(monitor);
	drain(monitor);
	say_farewell(monitor, &polls);
	polls_free(&polls);
}
