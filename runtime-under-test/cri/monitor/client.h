/*
 * A connection to monitor.sock, and the streams it has joined. Output goes to every client: one that reads gets everything,
 * for the container is held up as long as it makes headway; one that rests for 100 ms loses what comes until it reads again.
 */
#ifndef CRI_MONITOR_CLIENT_H
#define CRI_MONITOR_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct polls;

/* One output on its way to one client. */
struct sink {
	int fd; /* write end of a pipe; owned; -EBADF: not wanted */
	struct text pending; /* what the pipe had no room for */
	int64_t stalled_ms; /* when it becomes skipping */
	bool skipping;
	uint64_t skipped; /* bytes, since it was last told */
	int place; /* in polls */
};

struct client {
	int socket; /* owned */
	int in; /* read end of a pipe: what it types; owned */
	bool had_in;
	struct sink sinks[2]; /* stdout, stderr */
	int place, in_place;
	struct client *next;
};

struct client *client_new(int socket); /* takes the socket */
void client_free(struct client *client);

/* Makes the pipes that are wanted; ret_ends are the other ends, owned by the caller. */
int client_join(struct client *client, bool in, bool out, bool err, int ret_ends[3]);

void client_poll(struct client *client, struct polls *polls, bool wants_input);
void client_put(struct client *client, int stream, const char *bytes, size_t len);
/* After a poll: writes what waits. */
void client_flush(struct client *client, const struct polls *polls);
/* Whether output waits for this client; *deadline is drawn nearer to when it would no longer. */
bool client_holds(const struct client *client, int64_t *deadline);
void client_stop_holding(struct client *client, int64_t now_ms);

#endif
