/*
 * A trace for ui.perfetto.dev and chrome://tracing: JSON in the Trace Event Format. A lane is one thread, so that the calls of a lane
 * follow one another and never overlap; what happens in a moment (an exec, a signal, a cgroup) is an instant event.
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/effects.h"
#include "bpf/raw.h"
#include "bpf/recording.h"
#include "harness/trace.h"

#define NAME_SHOWN 60

struct writer {
	const struct recording *recording;
	const struct effects *effects;
	uint64_t begin;
	struct text *out;
	bool first;
};

static void add_row(struct writer *w, struct json *taken)
{
	auto_json row = taken;

	text_add(w->out, w->first ? "\n" : ",\n");
	w->first = false;
	json_print(row, 0, w->out);
}

/* Microseconds with the kernel's nanoseconds behind the point: rounding would make neighbours overlap. */
static struct json *microseconds(uint64_t ns)
{
	return json_new_double((double) ns / 1000.0);
}

static struct json *row_new(const char *phase, const struct event *event, uint64_t ns)
{
	struct json *row = json_new_object();

	json_put(row, "ph", json_new_string(phase));
	json_put(row, "pid", json_new_uint(event->tgid));
	json_put(row, "tid", json_new_uint(event->tid));
	json_put(row, "ts", microseconds(ns));
	return row;
}

/* The first effect that an event has, for its name: effects are ordered by the time of their first event. */
static const struct effect *effect_at(const struct effects *effects, uint64_t time_ns)
{
	size_t low = 0, high = effects->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (effects->items[middle].time_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low < effects->count && effects->items[low].time_ns == time_ns ? &effects->items[low] : NULL;
}

static void add_event(struct writer *w, const struct decoded *event, enum effect_role role)
{
	bool call = event->event.type == EVENT_CALL;
	const struct effect *effect = effect_at(w->effects, event->event.time_ns);
	const char *name = call ? call_name(event->event.call) : NULL;
	struct json *row = row_new(call ? "X" : "i", &event->event, event->event.time_ns - w->begin), *args;
	auto_text raw = { 0 }, shown = { 0 };

	raw_text(event, &raw);
	if (effect)
		text_add(&shown, effect->text);
	else if (name)
		text_add(&shown, name);
	else
		text_add_bytes(&shown, text_str(&raw), raw.len < NAME_SHOWN ? raw.len : NAME_SHOWN);
	json_put(row, "name", json_new_bytes(text_str(&shown), shown.len));
	json_put(row, "cat", json_new_string(effect_role_name(role)));
	if (call)
		json_put(row, "dur", microseconds(event->event.duration_ns));
	else
		json_put(row, "s", json_new_string("t"));
	args = json_new_object();
	json_put(args, "call", json_new_bytes(text_str(&raw), raw.len));
	if (effect && effect->field)
		json_put(args, "field", json_new_bytes(effect->field, strlen(effect->field)));
	json_put(row, "args", args);
	add_row(w, row);
}

/* Names of processes and threads: what a lane is called. Said again when it changes: the last one counts. */
static void add_name(struct writer *w, const struct decoded *event, enum effect_role role)
{
	auto_text comm = { 0 };
	struct json *row = row_new("M", &event->event, 0), *args = json_new_object();
	auto_free char *name = NULL;

	text_add_bytes(&comm, event->event.comm, strnlen(event->event.comm, sizeof(event->event.comm)));
	name = text_format("%s (%s)", effect_role_name(role), text_str(&comm));
	json_put(row, "name",
		 json_new_string(event->event.tid == event->event.tgid ? "process_name" : "thread_name"));
	json_put(row, "cat", json_new_string("__metadata")); /* as Chrome writes it: some readers insist */
	json_put(args, "name", json_new_bytes(name, strlen(name)));
	json_put(row, "args", args);
	add_row(w, row);
}

static bool names_lane(const struct decoded *event, uint32_t *last_tid)
{
	if (event->event.tid == *last_tid && event->event.type != EVENT_EXEC)
		return false;
	*last_tid = event->event.tid;
	return true;
}

void trace_perfetto(const struct recording *recording, const struct effects *effects, struct text *ret)
{
	struct writer w = { .recording = recording, .effects = effects, .out = ret, .first = true };
	struct decoded event;
	size_t offset = 0;
	uint32_t last_tid = 0;

	text_add(ret, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
	for (uint64_t i = 0; recording_next(recording, &offset, &event, NULL) == 1; i++) {
		enum effect_role role = (enum effect_role) effects->roles[i];

		if (!i)
			w.begin = event.event.time_ns;
		if (names_lane(&event, &last_tid))
			add_name(&w, &event, role);
		add_event(&w, &event, role);
	}
	text_add(ret, "\n]}\n");
}
