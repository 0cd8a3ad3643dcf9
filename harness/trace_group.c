/* Which effects are one line of a story, and which lines matter. */
#include "harness/trace_group.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "harness/trace_words.h"

static void group_name(struct story_group *g, const struct effect *e)
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
		g->names[g->name_count++] = (struct story_name){ text_take(&name), 1 };
	else
		g->more++;
}

static void group_error(struct story_group *g, int error)
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
static void group_field(struct story_group *g, const char *field)
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

static bool same_stem(const struct story_group *g, const struct effect *e)
{
	size_t len;

	if (!g->stem || !e->field)
		return !g->stem && !e->field;
	len = stem_of(e->field);
	return strlen(g->stem) == len && strncmp(g->stem, e->field, len) == 0;
}

static struct story_group *group_of(struct story *story, const struct effect *e, int chapter)
{
	const struct story_words *words = story_words_of(e);
	struct story_group *grown;

	for (size_t i = story->count; i-- > 0;) {
		struct story_group *g = &story->groups[i];

		if (g->chapter == chapter && g->role == e->role && g->words == words && same_stem(g, e))
			return g;
	}
	grown = reallocarray(story->groups, story->count + 1, sizeof(*grown));
	if (!grown)
		abort();
	story->groups = grown;
	grown[story->count] = (struct story_group){ .chapter = chapter,
						    .phase = e->phase,
						    .role = e->role,
						    .words = words,
						    .time_ns = e->time_ns,
						    .shown = true };
	if (e->field)
		grown[story->count].stem = text_format("%.*s", (int) stem_of(e->field), e->field);
	return &grown[story->count++];
}

void story_collect(struct story *story, const struct effect *effects, size_t count)
{
	enum event_phase phase = PHASE_NONE;
	int chapter = 0;

	for (size_t i = 0; i < count; i++) {
		const struct effect *e = &effects[i];
		struct story_group *g;

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
			g->more = 0;
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

size_t story_group_size(const struct story_group *g)
{
	size_t size = g->done;

	for (size_t i = 0; i < g->error_count; i++)
		size += g->errors[i].count;
	return size;
}

/* What config.json asked for goes before what the runtime does of its own. */
static int rank_of(const struct story_group *g)
{
	return 2 * g->words->rank - (g->field ? 0 : 3);
}

void story_shorten(struct story *story, size_t budget)
{
	for (int rank = -3; rank < 20; rank++)
		for (size_t i = story->count; i-- > 0 && shown_lines(story) > budget;)
			if (story->groups[i].shown && rank_of(&story->groups[i]) == rank) {
				story->groups[i].shown = false;
				story->left_out += story_group_size(&story->groups[i]);
			}
}

void story_free(struct story *story)
{
	for (size_t i = 0; i < story->count; i++) {
		while (story->groups[i].name_count)
			free(story->groups[i].names[--story->groups[i].name_count].name);
		free(story->groups[i].field);
		free(story->groups[i].stem);
	}
	free(story->groups);
	*story = (struct story){ 0 };
}
