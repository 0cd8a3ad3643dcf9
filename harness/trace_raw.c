/* plumbline trace --raw and --effects: one line an event, one line an effect. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/raw.h"
#include "bpf/recording.h"
#include "harness/trace.h"

static uint64_t begin_of(const struct recording *recording)
{
	struct decoded event;
	size_t offset = 0;

	return recording_next(recording, &offset, &event, NULL) == 1 ? event.event.time_ns : 0;
}

static void add_time(uint64_t ns, struct text *ret)
{
	text_addf(ret, "%9llu.%llu ", (unsigned long long) (ns / 1000),
		  (unsigned long long) (ns % 1000 / 100));
}

void trace_raw(const struct recording *recording, const struct effects *effects, struct text *ret)
{
	uint64_t begin = begin_of(recording);
	struct decoded event;
	size_t offset = 0;

	for (uint64_t i = 0; recording_next(recording, &offset, &event, NULL) == 1; i++) {
		add_time(event.event.time_ns - begin, ret);
		text_addf(ret, "%-7s %7u ", effect_role_name(effects->roles[i]), event.event.tid);
		raw_text(&event, ret);
		text_add_char(ret, '\n');
	}
}

struct json *trace_raw_of(const struct recording *recording, const struct effect *effect)
{
	struct json *lines = json_new_array();

	for (size_t i = 0; i < effect->raw_count; i++) {
		size_t offset = effect->raw[i];
		struct decoded event;
		auto_text line = { 0 };

		if (recording_next(recording, &offset, &event, NULL) != 1)
			break;
		raw_text(&event, &line);
		json_append(lines, json_new_bytes(text_str(&line), line.len));
	}
	return lines;
}

/* A terminal obeys no name that a container chose. */
static void add_escaped(const char *string, struct text *ret)
{
	text_escape_terminal(ret, string, strlen(string));
}

void trace_effects(const struct effects *effects, struct text *ret)
{
	for (size_t i = 0; i < effects->count; i++) {
		const struct effect *e = &effects->items[i];
		const char *name = e->error ? name_of_errno(e->error) : NULL;

		add_time(e->time_ns - effects->items[0].time_ns, ret);
		text_addf(ret, "%-7s %-6s ", effect_role_name(e->role), effect_phase_name(e->phase));
		add_escaped(e->text, ret);
		if (e->error)
			text_addf(ret, "  -%s", name ? name : "error");
		if (e->field) {
			text_add(ret, "  <- ");
			add_escaped(e->field, ret);
		}
		text_add_char(ret, '\n');
	}
}
