/* Takes recordings apart and puts them together again. */
#include "tests/bpf/tape.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/effects.h"
#include "tests/unit.h"

void tape_load(const char *name, struct tape *ret)
{
	auto_free char *path = text_format("fixtures/recordings/%s", name);
	struct recording recording = { 0 };
	struct decoded event;
	struct err err = { 0 };
	size_t offset = 0, at = 0;

	*ret = (struct tape){ 0 };
	ck_assert_msg(recording_read_at(AT_FDCWD, path, &recording, &err) == 0, "%s", err.text);
	ret->events = calloc(recording.event_count, sizeof(*ret->events));
	ret->symbols = json_copy(recording.symbols);
	while (recording_next(&recording, &offset, &event, NULL) == 1) {
		struct tape_event *copy = &ret->events[ret->count++];

		copy->event = event.event;
		copy->parts = malloc(event.event.size + 1);
		memcpy(copy->parts, recording.bytes + at + sizeof(struct event), event.event.size);
		at = offset;
	}
	recording_free(&recording);
}

void tape_free(struct tape *tape)
{
	for (size_t i = 0; i < tape->count; i++)
		free(tape->events[i].parts);
	free(tape->events);
	json_free(tape->symbols);
	*tape = (struct tape){ 0 };
}

size_t tape_find(const struct tape *tape, size_t from, enum event_type type, const char *call, uint32_t tgid)
{
	for (size_t i = from; i < tape->count; i++) {
		const struct event *event = &tape->events[i].event;
		const char *name = call_name(event->call);

		if (event->type == type && (!tgid || event->tgid == tgid) &&
		    (!call || (name && !strcmp(name, call))))
			return i;
	}
	return TAPE_NONE;
}

size_t tape_find_arg(const struct tape *tape, size_t from, const char *call, int arg, uint64_t value)
{
	size_t i = from;

	while ((i = tape_find(tape, i, EVENT_CALL, call, 0)) != TAPE_NONE &&
	       tape->events[i].event.args[arg] != value)
		i++;
	return i;
}

void tape_drop(struct tape *tape, size_t index)
{
	ck_assert_uint_lt(index, tape->count);
	free(tape->events[index].parts);
	memmove(&tape->events[index], &tape->events[index + 1],
		(--tape->count - index) * sizeof(*tape->events));
}

void tape_move(struct tape *tape, size_t index, size_t before)
{
	ck_assert_uint_lt(index, tape->count);
	ck_assert_uint_lt(before, tape->count);
	struct tape_event moved = tape->events[index];

	moved.event.time_ns = tape->events[before].event.time_ns;
	if (index < before) {
		memmove(&tape->events[index], &tape->events[index + 1], (before - 1 - index) * sizeof(moved));
		tape->events[before - 1] = moved;
	} else {
		memmove(&tape->events[before + 1], &tape->events[before], (index - before) * sizeof(moved));
		tape->events[before] = moved;
	}
}

void *tape_bytes(struct tape *tape, size_t index, int arg, int kind)
{
	ck_assert_uint_lt(index, tape->count);
	struct tape_event *event = &tape->events[index];

	for (size_t at = 0; at + sizeof(struct event_part) <= event->event.size;) {
		struct event_part part;

		memcpy(&part, event->parts + at, sizeof(part));
		at += sizeof(part);
		if (part.arg == arg && part.kind == kind)
			return event->parts + at;
		at += part.size;
	}
	ck_abort_msg("event %zu has no part %d of kind %d", index, arg, kind);
	return NULL;
}

struct event_state tape_state(struct tape *tape, size_t index)
{
	struct event_state state;

	memcpy(&state, tape_bytes(tape, index, PART_ARG_RESULT, PART_STATE), sizeof(state));
	return state;
}

void tape_put_state(struct tape *tape, size_t index, const struct event_state *state)
{
	memcpy(tape_bytes(tape, index, PART_ARG_RESULT, PART_STATE), state, sizeof(*state));
}

struct event_file tape_file(struct tape *tape, size_t index, int arg)
{
	struct event_file file;

	memcpy(&file, tape_bytes(tape, index, arg, PART_FILE), sizeof(file));
	return file;
}

void tape_put_file(struct tape *tape, size_t index, int arg, const struct event_file *file)
{
	memcpy(tape_bytes(tape, index, arg, PART_FILE), file, sizeof(*file));
}

void tape_set_string(struct tape *tape, size_t index, int arg, const char *text)
{
	unsigned char *old = tape_bytes(tape, index, arg, PART_STRING);
	struct tape_event *event = &tape->events[index];
	size_t at = (size_t) (old - event->parts), len = strlen(text) + 1;
	struct event_part part;

	memcpy(&part, old - sizeof(part), sizeof(part));
	size_t rest = event->event.size - at - part.size;
	unsigned char *grown = malloc(at + len + rest + 1);
	memcpy(grown, event->parts, at);
	memcpy(grown + at, text, len);
	memcpy(grown + at + len, old + part.size, rest);
	part.size = (uint16_t) len;
	memcpy(grown + at - sizeof(part), &part, sizeof(part));
	free(event->parts);
	event->parts = grown;
	event->event.size = (uint32_t) (at + len + rest);
}

static void assemble(const struct tape *tape, bool number, struct recording *ret)
{
	auto_text bytes = { 0 };

	for (size_t i = 0; i < tape->count; i++) {
		struct event event = tape->events[i].event;

		if (number)
			event.sequence = i;
		text_add_bytes(&bytes, &event, sizeof(event));
		text_add_bytes(&bytes, tape->events[i].parts, event.size);
	}
	*ret = (struct recording){ .symbols = json_copy(tape->symbols),
				   .size = bytes.len,
				   .event_count = tape->count };
	ret->bytes = (unsigned char *) text_take(&bytes);
}

static struct invariant_result judge(const struct tape *tape, int number, bool renumber,
				     const struct json *observation)
{
	struct invariant_result results[INVARIANT_COUNT];
	struct recording recording;
	struct effects effects = { 0 };
	struct err err = { 0 };

	assemble(tape, renumber, &recording);
	ck_assert_msg(effects_from(&recording, &effects, &err) == 0, "%s", err.text);
	invariants_check(&recording, &effects, observation, results);
	effects_free(&effects);
	recording_free(&recording);
	return results[number - 1];
}

struct invariant_result tape_judge(const struct tape *tape, int number, const struct json *observation)
{
	return judge(tape, number, true, observation);
}

struct invariant_result tape_judge_as_is(const struct tape *tape, int number)
{
	return judge(tape, number, false, NULL);
}

size_t tape_exec(const struct tape *tape)
{
	struct recording recording;
	struct effects effects = { 0 };
	size_t found = TAPE_NONE;

	assemble(tape, true, &recording);
	ck_assert_int_eq(effects_from(&recording, &effects, NULL), 0);
	ck_assert_uint_lt(effects.payload_exec, effects.count);
	const struct effect *exec = &effects.items[effects.payload_exec];
	for (size_t i = 0; i < tape->count; i++)
		if (tape->events[i].event.type == EVENT_EXEC &&
		    tape->events[i].event.time_ns == exec->time_ns &&
		    tape->events[i].event.tgid == exec->tgid)
			found = i;
	effects_free(&effects);
	recording_free(&recording);
	ck_assert_uint_ne(found, TAPE_NONE);
	return found;
}
