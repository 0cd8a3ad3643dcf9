/* Inside of the stories: effects of one phase, role and kind in one group, with what it was about and what asked for it. */
#ifndef HARNESS_TRACE_GROUP_H
#define HARNESS_TRACE_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/effects.h"

#define NAMES_MAX 64
#define ERRORS_MAX 4

struct story_words;

struct story_name {
	char *name; /* owned */
	size_t count;
};

struct story_group {
	int chapter; /* a phase, each time it begins */
	enum event_phase phase;
	enum effect_role role;
	const struct story_words *words;
	uint64_t time_ns;
	struct story_name names[NAMES_MAX];
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
	struct story_group *groups; /* owned */
	size_t count;
	uint64_t begin;
	size_t left_out; /* effects */
	size_t chapters, containers;
};

/* Fills an empty story; begin is the time that its lines count from. */
void story_collect(struct story *story, const struct effect *effects, size_t count);
/* Hides what matters least until so many lines are left, and counts its effects. */
void story_shorten(struct story *story, size_t budget);
size_t story_group_size(const struct story_group *group); /* effects, those that failed too */
void story_free(struct story *story);

#endif
