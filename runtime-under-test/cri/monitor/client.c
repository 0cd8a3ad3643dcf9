/* Pipes to whoever has attached. */
#include "runtime-under-test/cri/monitor/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "runtime-under-test/cri/monitor/polls.h"
#include "runtime-under-test/oci/faults.h"

#define PATIENCE_MS 100

struct client *client_new(int socket)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		abort();
	client->socket = socket;
	client->in = client->sinks[0].fd = client->sinks[1].fd = -EBADF;
	return client;
}

static void sink_close(struct sink *sink)
{
	cleanup_fd(&sink->fd);
	sink->fd = -EBADF;
	text_free(&sink->pending);
}

void client_free(struct client *client)
{
	if (!client)
		return;
	sink_close(&client->sinks[0]);
	sink_close(&client->sinks[1]);
	cleanup_fd(&client->in);
	cleanup_fd(&client->socket);
	free(client);
}

/* Our end does not block; theirs is as a pipe is. */
static int make_pipe(bool ours_reads, int *ret_ours, int *ret_theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ret_ours = ends[ours_reads ? 0 : 1];
	*ret_theirs = ends[ours_reads ? 1 : 0];
	(void) fcntl(*ret_ours, F_SETFL, O_NONBLOCK);
	return 0;
}

int client_join(struct client *client, bool in, bool out, bool err, int ret_ends[3])
{
	int r = 0;

	if (in)
		r = make_pipe(true, &client->in, &ret_ends[0]);
	if (r == 0 && out)
		r = make_pipe(false, &client->sinks[0].fd, &ret_ends[1]);
	if (r == 0 && err)
		r = make_pipe(false, &client->sinks[1].fd, &ret_ends[2]);
	client->had_in = client->in >= 0;
	return r;
}

/* Bytes that went. A reader that has closed its end is no longer one. */
static size_t sink_write(struct sink *sink, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(sink->fd, bytes + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			sink_close(sink);
			return len;
		}
		if (n <= 0)
			break;
		done += (size_t) n;
	}
	return done;
}

static void sink_keep(struct sink *sink, const char *bytes, size_t len)
{
	if (!sink->pending.len)
		sink->stalled_ms = process_now_ms() + PATIENCE_MS;
	text_add_bytes(&sink->pending, bytes, len);
}

void client_put(struct client *client, int stream, const char *bytes, size_t len)
{
	struct sink *sink = &client->sinks[stream];
	size_t done;

	if (sink->fd < 0)
		return;
	if (sink->skipping) {
		sink->skipped += len;
		return;
	}
	done = sink->pending.len ? 0 : sink_write(sink, bytes, len);
	if (done < len)
		sink_keep(sink, bytes + done, len - done);
}

static void sink_flush(struct client *client, struct sink *sink)
{
	size_t done = sink_write(sink, text_str(&sink->pending), sink->pending.len);
	auto_text rest = { 0 };

	if (sink->fd < 0 || !done)
		return;
	text_add_bytes(&rest, sink->pending.data + done, sink->pending.len - done);
	text_cut(&sink->pending, 0);
	if (rest.len)
		sink_keep(sink, rest.data, rest.len);
	else
		text_free(&sink->pending);
	if (sink->skipping && !sink->pending.len) {
		auto_free char *notice = text_format(
		    "plumbline-monitor: %llu bytes of output were skipped, for nobody read them\n",
		    (unsigned long long) sink->skipped);

		sink->skipping = false;
		sink->skipped = 0;
		client_put(client, 1, notice, strlen(notice));
	}
}

void client_poll(struct client *client, struct polls *polls, bool wants_input)
{
	client->place = polls_add(polls, client->socket, POLLIN);
	client->in_place = polls_add(polls, wants_input ? client->in : -1, POLLIN);
	for (size_t i = 0; i < ARRAY_SIZE(client->sinks); i++) {
		struct sink *sink = &client->sinks[i];
		bool waits = sink->pending.len || sink->skipping;

		sink->place = polls_add(polls, waits ? sink->fd : -1, POLLOUT);
	}
}

void client_flush(struct client *client, const struct polls *polls)
{
	for (size_t i = 0; i < ARRAY_SIZE(client->sinks); i++)
		if (polls_seen(polls, client->sinks[i].place))
			sink_flush(client, &client->sinks[i]);
}

bool client_holds(const struct client *client, int64_t *deadline)
{
	bool holds = false;

	for (size_t i = 0; i < ARRAY_SIZE(client->sinks); i++) {
		const struct sink *sink = &client->sinks[i];

		if (sink->fd < 0 || !sink->pending.len || sink->skipping)
			continue;
		if (!*deadline || sink->stalled_ms < *deadline)
			*deadline = sink->stalled_ms;
		holds = true;
	}
	return holds;
}

void client_stop_holding(struct client *client, int64_t now_ms)
{
	for (size_t i = 0; i < ARRAY_SIZE(client->sinks); i++) {
		struct sink *sink = &client->sinks[i];

		if (sink->pending.len && !sink->skipping && now_ms >= sink->stalled_ms &&
		    !fault("attach-holds-container"))
			sink->skipping = true;
	}
}
