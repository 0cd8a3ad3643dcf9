/*
 * The story: effects of one phase, role and kind become one line with what it was about, what failed and which field of config.json
 * asked for it. A container's start fits on a page: where there are too many lines, those that matter least are counted, not shown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/recording.h"
#include "harness/trace.h"
#include "harness/trace_group.h"
#include "harness/trace_words.h"

#define WIDTH 80
#define TEXT_MIN 30 /* columns of a line before its field */
#define LINES_MAX 40

static void add_cut(const char *string, size_t room, struct text *ret)
{
	size_t len = strlen(string);

	text_escape_terminal(ret, string, len <= room ? len : room - 1);
	if (len > room)
		text_add_char(ret, '~');
}

/* As many names as fit into the room, and how many did not. */
static void add_names(const struct story_group *g, size_t room, struct text *ret)
{
	size_t used = 0, i;

	for (i = 0; i < g->name_count; i++) {
		bool several = g->words->counts && g->names[i].count > 1;
		auto_free char *times =
		    several ? text_format(" x%zu", g->names[i].count) : text_format("%s", "");
		const char *between = !i ? " " : several || strchr(g->names[i].name, ' ') ? ", " : " ";
		size_t fixed = strlen(between) + strlen(times), need = fixed + strlen(g->names[i].name);
		bool last = i + 1 == g->name_count && !g->more;

		if (used + need + (last ? 0 : 4) > room && (i || room < fixed + 12))
			break;
		text_add(ret, between);
		add_cut(g->names[i].name, room - fixed - (last ? 0 : 4), ret);
		text_add(ret, times);
		used += need;
	}
	if (i < g->name_count || g->more)
		text_addf(ret, i ? " +%zu" : " (%zu)", g->name_count - i + g->more);
}

static void add_errors(const struct story_group *g, struct text *ret)
{
	for (size_t i = 0; i < g->error_count; i++) {
		const char *name = name_of_errno(g->errors[i].error);

		text_addf(ret, "%s%s", i ? ", " : g->done ? " (" : ": ", name ? name : "error");
		if (g->errors[i].count > 1)
			text_addf(ret, " x%zu", g->errors[i].count);
	}
	if (g->error_count && g->done)
		text_add_char(ret, ')');
}

/* The field stands at the right margin; what is left is for names. */
static void add_line(const struct story *story, const struct story_group *g, struct text *ret)
{
	auto_text line = { 0 }, errors = { 0 }, field = { 0 };
	size_t column = WIDTH, used;

	if (g->field) {
		text_add(&field, " <- ");
		text_escape_terminal(&field, g->field, strlen(g->field));
		column = field.len + TEXT_MIN < WIDTH ? WIDTH - field.len : TEXT_MIN;
	}
	text_addf(&line, "%7.1f %-8s%s", (double) (g->time_ns - story->begin) / 1e6,
		  effect_role_name(g->role), g->words->phrase);
	add_errors(g, &errors);
	used = line.len + errors.len;
	add_names(g, used < column ? column - used : 0, &line);
	text_add(&line, text_str(&errors));
	while (field.len && line.len < column)
		text_add_char(&line, ' ');
	text_add(&line, text_str(&field));
	text_add(ret, text_str(&line));
	text_add_char(ret, '\n');
}

static void add_title(const struct recording *recording, const struct effects *effects, struct text *ret)
{
	const struct json *argv = json_member(recording->symbols, "command");
	const char *bundle = json_get_string(recording->symbols, "bundle");
	auto_text command = { 0 };
	uint64_t begin = effects->count ? effects->items[0].time_ns : 0;
	uint64_t end = effects->count ? effects->items[effects->count - 1].time_ns : 0;

	for (size_t i = 0; i < json_length(argv); i++)
		text_addf(&command, "%s%s", i ? " " : "", json_string(json_at(argv, i)));
	if (!command.len && json_get_string(recording->symbols, "case"))
		text_addf(&command, "the case %s", json_get_string(recording->symbols, "case"));
	add_cut(command.len ? text_str(&command) : "attached", WIDTH, ret);
	text_addf(ret, "\n%.1f ms, %llu events", (double) (end - begin) / 1e6,
		  (unsigned long long) effects->events);
	if (bundle) {
		text_add(ret, ", as asked by ");
		add_cut(bundle, WIDTH - 50, ret);
		text_add(ret, "/config.json");
	}
	text_add_char(ret, '\n');
}

static void add_end(const struct recording *recording, const struct effects *effects,
		    const struct story *story, struct text *ret)
{
	uint64_t tied, tieable;

	if (story->left_out)
		text_addf(ret, "and %zu effects that matter less: plumbline trace --effects shows all\n",
			  story->left_out);
	effects_count_ties(effects, &tied, &tieable);
	if (json_has(recording->symbols, "config") && effects->payload_visible)
		text_addf(ret, "%llu of %llu calls about isolation are tied to config.json\n",
			  (unsigned long long) tied, (unsigned long long) tieable);
	if (!effects->payload_visible)
		text_add(ret, "the program runs on a kernel of its own: its calls are not visible here\n");
}

/* Title, headings and the last two lines take their share. */
static size_t budget_of(const struct story *story)
{
	size_t lines = LINES_MAX * (story->containers ? story->containers : 1), taken = 5 + story->chapters;

	return lines > taken ? lines - taken : 1;
}

void trace_story(const struct recording *recording, const struct effects *effects, struct text *ret)
{
	struct story story = { .begin = effects->count ? effects->items[0].time_ns : 0 };
	int chapter = 0;

	story_collect(&story, effects->items, effects->count);
	story_shorten(&story, budget_of(&story));
	add_title(recording, effects, ret);
	for (size_t i = 0; i < story.count; i++) {
		struct story_group *g = &story.groups[i];

		if (g->chapter != chapter && g->phase != PHASE_NONE)
			text_addf(ret, "%s\n", effect_phase_name(g->phase));
		chapter = g->chapter;
		if (g->shown)
			add_line(&story, g, ret);
	}
	add_end(recording, effects, &story, ret);
	story_free(&story);
}
