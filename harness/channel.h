/* Messages between the engine and a worker with its children, one at a time, some with a descriptor. */
#ifndef HARNESS_CHANNEL_H
#define HARNESS_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

enum channel_word {
	CHANNEL_ITEM = 1, /* to a worker: run this item */
	CHANNEL_RECORD, /* to the engine: the item is done; with its record */
	CHANNEL_RECORDING, /* to the engine: the item's tag is closed, give me what was recorded; back: here it is */
};
struct channel_message {
	enum channel_word word;
	size_t item;
	bool hung; /* CHANNEL_RECORD: the runtime did not come to an end in time */
};

/* fd -1: none goes along. 0 or -errno: the other side is gone. */
int channel_send(int channel, const struct channel_message *message, int fd);
/* 1 and a message, with its descriptor (owned) or -EBADF; 0: hung up; -errno. */
int channel_receive(int channel, struct channel_message *ret, int *ret_fd);

#endif
