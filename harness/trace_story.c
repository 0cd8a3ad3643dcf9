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
#include "harness/trace_words.h"

#define WIDTH 80
#define TEXT_MIN 30 /* columns of a line before its field */
#define NAMES_MAX 64
#define LINES_MAX 40
#define ERRORS_MAX 4

struct name {
	char *name; /* owned */
	size_t count;
};

struct group {
	int chapter; /* a phase, each time it begins */
	enum event_phase phase;
	enum effect_role role;
	const struct story_words *words;
	uint64_t time_ns;
	struct name names[NAMES_MAX];
	size_t name_count, more; /* more: names that found no room */
	struct {
		int error;
		size_t count;
	} errors[ERRORS_MAX];
	size_t error_count;
	char *stem, *field; /* owned: what all have in common */
	size_t done; /* effects that succeeded */
	bool shown;
};

struct story {
	struct group *groups; /* owned */
	size_t count;
	uint64_t begin;
	size_t left_out; /* effects */
	size_t chapters, containers;
};

static void group_name(struct group *g, const struct effect *e)
{
	auto_text name = { 0 };

	if (!g->words->name)
		return;
	g->words->name(e, &name);
	for (size_t i = 0; i < g->name_count; i++)
		if (strcmp(g->names[i].name, text_str(&name)) == 0) {
			g->names[i].count++;
			return;
		}
	if (g->name_count < NAMES_MAX)
		g->names[g->name_count++] = (struct name){ text_take(&name), 1 };
	else
		g->more++;
}

static void group_error(struct group *g, int error)
{
	for (size_t i = 0; i < g->error_count; i++)
		if (g->errors[i].error == error) {
			g->errors[i].count++;
			return;
		}
	if (g->error_count < ERRORS_MAX) {
		g->errors[g->error_count].error = error;
		g->errors[g->error_count++].count = 1;
	}
}

/* mounts[/proc] and mounts[/dev] are "mounts"; process.user.uid and process.user.gid are "process.user". */
static void group_field(struct group *g, const char *field)
{
	size_t same = 0;

	if (!field)
		return;
	if (!g->field) {
		g->field = text_format("%s", field);
		return;
	}
	while (field[same] && field[same] == g->field[same])
		same++;
	if (!field[same] && !g->field[same])
		return;
	while (same && field[same] != '[' && field[same] != '.')
		same--;
	if (same)
		g->field[same] = '\0';
}

/* What two effects of a line share: the field up to its bracket, and of process the member. */
static size_t stem_of(const char *field)
{
	size_t len = strcspn(field, "[");

	if (text_starts(field, "process."))
		len = strlen("process.") + strcspn(field + strlen("process."), ".");
	return len;
}

static bool same_stem(const struct group *g, const struct effect *e)
{
	size_t len;

	if (!g->stem || !e->field)
		return !g->stem && !e->field;
	len = stem_of(e->field);
	return strlen(g->stem) == len && strncmp(g->stem, e->field, len) == 0;
}

static struct group *group_of(struct story *story, const struct effect *e, int chapter)
{
	const struct story_words *words = story_words_of(e);
	struct group *grown;

	for (size_t i = story->count; i-- > 0;) {
		struct group *g = &story->groups[i];

		if (g->chapter == chapter && g->role == e->role && g->words == words && same_stem(g, e))
			return g;
	}
	grown = reallocarray(story->groups, story->count + 1, sizeof(*grown));
	if (!grown)
		abort();
	story->groups = grown;
	grown[story->count] = (struct group){ .chapter = chapter,
					      .phase = e->phase,
					      .role = e->role,
					      .words = words,
					      .time_ns = e->time_ns,
					      .shown = true };
	if (e->field)
		grown[story->count].stem = text_format("%.*s", (int) stem_of(e->field), e->field);
	return &grown[story->count++];
}

static void collect(struct story *story, const struct effects *effects)
{
	enum event_phase phase = PHASE_NONE;
	int chapter = 0;

	for (size_t i = 0; i < effects->count; i++) {
		const struct effect *e = &effects->items[i];
		struct group *g;

		if (!i || e->phase != phase)
			chapter++;
		phase = e->phase;
		g = group_of(story, e, chapter);
		group_field(g, e->field);
		if (e->error) {
			group_error(g, e->error);
			if (g->done || e->kind == PATH_RESOLVE)
				continue;
		} else if (!g->done++ && g->error_count) { /* names of failures give way to what happened */
			while (g->name_count)
				free(g->names[--g->name_count].name);
		}
		group_name(g, e);
		story->containers += e->kind == PROC_EXEC && e->role == ROLE_PAYLOAD && g->done == 1;
	}
	story->chapters = (size_t) chapter;
}

static size_t shown_lines(const struct story *story)
{
	size_t lines = 0;

	for (size_t i = 0; i < story->count; i++)
		lines += story->groups[i].shown;
	return lines;
}

static size_t size_of(const struct group *g)
{
	size_t size = g->done;

	for (size_t i = 0; i < g->error_count; i++)
		size += g->errors[i].count;
	return size;
}

/* What config.json asked for goes before what the runtime does of its own. */
static int rank_of(const struct group *g)
{
	return 2 * g->words->rank - (g->field ? 0 : 3);
}

/* Title, headings and the last two lines take their share. */
static void shorten(struct story *story)
{
	size_t budget = LINES_MAX * (story->containers ? story->containers : 1), taken = 5 + story->chapters;

	budget = budget > taken ? budget - taken : 1;
	for (int rank = -3; rank < 20; rank++)
		for (size_t i = story->count; i-- > 0 && shown_lines(story) > budget;)
			if (story->groups[i].shown && rank_of(&story->groups[i]) == rank) {
				story->groups[i].shown = false;
				story->left_out += size_of(&story->groups[i]);
			}
}

static void add_cut(const char *string, size_t room, struct text *ret)
{
	size_t len = strlen(string);

	text_escape_terminal(ret, string, len <= room ? len : room - 1);
	if (len > room)
		text_add_char(ret, '~');
}

/* As many names as fit into the room, and how many did not. */
static void add_names(const struct group *g, size_t room, struct text *ret)
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

static void add_errors(const struct group *g, struct text *ret)
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
static void add_line(const struct story *story, const struct group *g, struct text *ret)
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

void trace_story(const struct recording *recording, const struct effects *effects, struct text *ret)
{
	struct story story = { .begin = effects->count ? effects->items[0].time_ns : 0 };
	int chapter = 0;

	collect(&story, effects);
	shorten(&story);
	add_title(recording, effects, ret);
	for (size_t i = 0; i < story.count; i++) {
		struct group *g = &story.groups[i];

		if (g->chapter != chapter && g->phase != PHASE_NONE)
			text_addf(ret, "%s\n", effect_phase_name(g->phase));
		chapter = g->chapter;
		if (g->shown)
			add_line(&story, g, ret);
	}
	add_end(recording, effects, &story, ret);
	for (size_t i = 0; i < story.count; i++) {
		while (story.groups[i].name_count)
			free(story.groups[i].names[--story.groups[i].name_count].name);
		free(story.groups[i].field);
		free(story.groups[i].stem);
	}
	free(story.groups);
}
