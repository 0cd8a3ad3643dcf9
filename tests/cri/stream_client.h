/* The other end of the streaming server, over real sockets: requests by hand, frames by base/wire. */
#ifndef TESTS_CRI_STREAM_CLIENT_H
#define TESTS_CRI_STREAM_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/text.h"
#include "base/wire/spdy.h"
#include "runtime-under-test/cri/stream/stream.h"

/* What stands in for a command: what is typed comes out, and the test says when it ends. */
struct fake {
	int control; /* the monitor's end; a packet says how it ended */
	int in, out, err; /* the command's ends: it reads in */
	unsigned width, height;
};
extern struct fake fake;
extern atomic_int fake_runs; /* fake is whole when it has grown */
extern struct stream_server *stream_server;

void stream_set_up(void);
void stream_tear_down(void);
/* With times of its own. */
void stream_restart(const struct stream_times *times);
/* A token's path, "/exec/...". */
char *stream_path(const struct stream_request *request);

/* Connects and sends a request with these fields ("A: b\r\n"...); the head of the answer. */
int stream_request(const char *method, const char *path, const char *fields, char **ret_head);
/* The same as a WebSocket: asserts that the switch is made. */
int stream_websocket(const struct stream_request *request, const char *protocol);
int stream_spdy(const struct stream_request *request, const char *protocol);
/* A masked frame. */
void stream_send_frame(int fd, int kind, const char *data, size_t len);
/* Everything until end-of-file, the frames of a server taken apart: "2:1,hello 8:" with kind, channel and rest. */
char *stream_frames(int fd);
/* Reads until the text has the word; false: end-of-file came first. */
bool stream_await(int fd, struct text *text, const char *word);
/* All bytes until end-of-file. */
void stream_read_all(int fd, struct text *text);

#endif
