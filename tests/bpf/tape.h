/*
 * A recording that can be cut: events are found, dropped, moved and changed, and what a rule says of the result is seen. So every rule
 * is tried on calls that a kernel really recorded, and only the one fault is made.
 */
#ifndef TESTS_BPF_TAPE_H
#define TESTS_BPF_TAPE_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"
#include "bpf/invariants.h"
#include "bpf/recording.h"

struct tape_event {
	struct event event;
	unsigned char *parts; /* owned; event.size bytes */
};
struct tape {
	struct tape_event *events; /* owned */
	size_t count;
	struct json *symbols; /* owned */
};

/* fixtures/recordings/NAME; fails the test when it cannot be read. */
void tape_load(const char *name, struct tape *ret);
void tape_free(struct tape *tape);

#define TAPE_NONE SIZE_MAX
/* The first event at or after from of this type, and of this call unless NULL, of this process unless 0. */
size_t tape_find(const struct tape *tape, size_t from, enum event_type type, const char *call, uint32_t tgid);
size_t tape_find_arg(const struct tape *tape, size_t from, const char *call, int arg, uint64_t value);
void tape_drop(struct tape *tape, size_t index);
void tape_move(struct tape *tape, size_t index, size_t before); /* takes that event's time */
/* An event's parts, which lie unaligned: copied out, changed, put back. They fail the test where there is none. */
struct event_state tape_state(struct tape *tape, size_t index);
void tape_put_state(struct tape *tape, size_t index, const struct event_state *state);
struct event_file tape_file(struct tape *tape, size_t index, int arg);
void tape_put_file(struct tape *tape, size_t index, int arg, const struct event_file *file);
void *tape_bytes(struct tape *tape, size_t index, int arg, int kind);
void tape_set_string(struct tape *tape, size_t index, int arg, const char *text);

/* Who executed the container's program, and when: an index. */
size_t tape_exec(const struct tape *tape);

/* Numbers the events anew and judges; number: 1-25. */
struct invariant_result tape_judge(const struct tape *tape, int number, const struct json *observation);
/* The same without numbering anew. */
struct invariant_result tape_judge_as_is(const struct tape *tape, int number);

#endif
