/* Which phase a recording without marks is in: what the runtime was asked for, and when the payload began and ended. */
#include <string.h>

#include "bpf/effect_build.h"

static const struct {
	const char *verb;
	enum event_phase phase;
	bool runs; /* create and start, and delete once the payload has ended */
} verbs[] = {
	{ "create", PHASE_CREATE, false }, { "run", PHASE_CREATE, true },
	{ "start", PHASE_START, false },   { "exec", PHASE_EXEC, false },
	{ "kill", PHASE_KILL, false },     { "delete", PHASE_DELETE, false },
	{ "state", PHASE_STATE, false },   { "update", PHASE_OTHER, false },
	{ "pause", PHASE_OTHER, false },   { "resume", PHASE_OTHER, false },
};

/* The first argument that is a verb: options and their values come before it, and none of theirs reads like one. */
void phase_of_exec(struct build *b)
{
	const struct event_slice *argv = part_find(b->now, 2, PART_BYTES);

	if (b->marked || !argv || (b->task && b->task->role != ROLE_RUNTIME))
		return;
	for (size_t at = 0; at < argv->size;) {
		const char *word = (const char *) argv->data + at;
		size_t len = strnlen(word, argv->size - at);

		for (size_t i = 0; at && i < sizeof(verbs) / sizeof(verbs[0]); i++)
			if (strlen(verbs[i].verb) == len && strncmp(verbs[i].verb, word, len) == 0) {
				b->phase = verbs[i].phase;
				b->runs = verbs[i].runs;
				return;
			}
		at += len + 1;
	}
}

void phase_of_payload(struct build *b, bool begins)
{
	if (b->marked || !b->runs)
		return;
	b->phase = begins ? PHASE_START : PHASE_DELETE;
	if (!begins)
		b->runs = false;
}
