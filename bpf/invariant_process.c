/* Rules about the container's life: descriptors, its executable, cgroups, start, the end, signals. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/invariant_part.h"
#include "bpf/parts.h"

#define CLONE_THREAD_FLAG 0x10000u

void check_descriptors(const struct witness *w, struct invariant_result *ret)
{
	uint64_t preserved = json_uint(json_member(w->recording->symbols, "preserve_fds"), 0);
	const struct effect *fd;
	size_t at = w->exec;

	rule_holds(ret);
	while ((fd = effect_next(w, &at, SIZE_MAX, FD_SURVIVE, w->init))) {
		unsigned long long number = 0;

		(void) text_to_u64(effect_object(fd), &number);
		if (number < 3 + preserved)
			continue;
		rule_says(ret, INVARIANT_BROKEN, "descriptor %llu survives exec: %.150s", number,
			  fd->via ? fd->via : "?");
		return;
	}
}

/* A sealed copy, a read-only bind, or a program that was executed from memory. */
static bool is_protection(const struct effect *effect)
{
	return !effect->error && (effect->kind == EXE_PROTECT || (effect->kind == PROC_EXEC && effect->via &&
								  strstr(effect->via, "memfd:")));
}

void check_executable(const struct witness *w, struct invariant_result *ret)
{
	enum event_phase phase = PHASE_NONE;
	bool safe = false;

	rule_unrelated(ret, "no pid or mount namespace was joined");
	if (json_bool(json_member(w->recording->symbols, "runtime_readonly"), false)) {
		rule_unrelated(ret, "its executable lies on a mount that nobody can write to");
		return;
	}
	for (size_t i = 0; i < w->effects->count; i++) {
		const struct effect *effect = &w->effects->items[i];

		/* Each command protects itself; within one it may execute the protected copy. */
		safe &= effect->phase == phase;
		phase = effect->phase;
		safe |= is_protection(effect);
		if (effect->kind != NS_JOIN || effect->error || effect->role == ROLE_PAYLOAD ||
		    effect->role == ROLE_HOOK)
			continue;
		if (!effect_is(effect, "ns.join:pid") && !effect_is(effect, "ns.join:mount"))
			continue;
		if (!safe) {
			rule_says(ret, INVARIANT_BROKEN,
				  "%s while its own executable was open to the container", effect->text);
			return;
		}
		rule_holds(ret);
	}
}

static size_t count_before(const struct witness *w, enum effect_kind kind, const char *prefix)
{
	const struct effect *effect;
	size_t at = 0, count = 0;

	while ((effect = effect_next(w, &at, w->exec, kind, 0)))
		count += effect_is(effect, prefix) && text_ends(effect->text, ":@cgroup");
	return count;
}

/*
 * Init itself, or somebody it descends from and who entered for it, as runc's first stage does; once for each hierarchy in which the
 * cgroup was made.
 */
static bool is_member(const struct witness *w, size_t *made, size_t *joined)
{
	*made = count_before(w, CG_LIFE, "cg.life:mkdir");
	*joined = count_before(w, CG_ATTACH, "cg.attach");
	return *joined >= (*made ? *made : 1);
}

/* Freezing and killing are no limits; a container that failed to start is ended by them. */
static bool is_limit(const struct effect *effect)
{
	return !text_starts(effect->text, "cg.set:freezer.") && !text_starts(effect->text, "cg.set:cgroup.");
}

void check_cgroup(const struct witness *w, struct invariant_result *ret)
{
	const struct effect *effect;
	size_t at = w->exec, made, joined;

	if (!json_get(w->config, "linux.cgroupsPath")) {
		rule_unrelated(ret, "the config names no cgroup");
		return;
	}
	if (!is_member(w, &made, &joined)) {
		rule_says(ret, INVARIANT_BROKEN,
			  "its cgroup was made in %zu hierarchies and entered in %zu before the payload",
			  made, joined);
		return;
	}
	rule_holds(ret);
	while ((effect = effect_next(w, &at, SIZE_MAX, CG_SET, 0))) {
		if (effect->phase != w->effects->items[w->exec].phase || effect->role != ROLE_RUNTIME ||
		    !is_limit(effect))
			continue;
		rule_says(ret, INVARIANT_BROKEN, "%s was written after the payload was executed",
			  effect->text);
		return;
	}
}

void check_start(const struct witness *w, struct invariant_result *ret)
{
	enum event_phase phase = w->effects->items[w->exec].phase;

	if (phase == PHASE_CREATE)
		rule_says(ret, INVARIANT_BROKEN, "it was executed during create");
	else if (phase == PHASE_NONE)
		rule_unrelated(ret, "the recording does not tell create from start");
	else
		rule_holds(ret);
}

/* One name stands for a cgroup in each hierarchy: as many must go as came. */
static size_t count_of(const struct witness *w, const char *what, const char *path)
{
	const struct effect *effect;
	size_t at = 0, count = 0, len = strlen(what);

	while ((effect = effect_next(w, &at, SIZE_MAX, CG_LIFE, 0)))
		count += text_starts(effect_object(effect), what) &&
			 strcmp(effect_object(effect) + len, path) == 0;
	return count;
}

/* The oldest process that was made and not seen to end; 0: none. One pass: a recording may hold thousands of forks. */
static uint32_t survivor(const struct witness *w)
{
	uint32_t *alive = calloc(w->recording->event_count + 1, sizeof(*alive)), found;
	struct decoded event;
	size_t offset = 0, count = 0;

	if (!alive)
		abort();
	while (recording_next(w->recording, &offset, &event, NULL) == 1) {
		if (event.event.type == EVENT_FORK && !(event.event.args[2] & CLONE_THREAD_FLAG))
			alive[count++] = (uint32_t) event.event.args[0];
		/* The youngest of that number: it may have been used before. */
		for (size_t i = count; event.event.type == EVENT_EXIT && i-- > 0;)
			if (alive[i] == event.event.tgid) {
				memmove(&alive[i], &alive[i + 1], (--count - i) * sizeof(*alive));
				break;
			}
	}
	found = count ? alive[0] : 0;
	free(alive);
	return found;
}

static bool was_deleted(const struct witness *w)
{
	for (size_t i = 0; i < w->effects->count; i++)
		if (w->effects->items[i].phase == PHASE_DELETE)
			return true;
	return false;
}

void check_undone(const struct witness *w, struct invariant_result *ret)
{
	const struct effect *made;
	size_t at = 0;
	uint32_t alive;

	if (!was_deleted(w)) {
		rule_unrelated(ret, "nothing was deleted");
		return;
	}
	rule_holds(ret);
	while ((made = effect_next(w, &at, SIZE_MAX, CG_LIFE, 0))) {
		const char *object = effect_object(made);

		if (!text_starts(object, "mkdir:") || made->role == ROLE_PAYLOAD || made->role == ROLE_HOOK)
			continue;
		object += strlen("mkdir:");
		if (count_of(w, "rmdir:", object) >= count_of(w, "mkdir:", object))
			continue;
		rule_says(ret, INVARIANT_BROKEN, "the cgroup %.200s is still there", object);
		return;
	}
	alive = survivor(w);
	if (alive)
		rule_says(ret, INVARIANT_BROKEN, "process %u lives on", alive);
}

/* Which argument of a call is the signal it sends; -1: it sends none. */
static int signal_argument(const char *call)
{
	static const struct {
		const char *call;
		int argument;
	} rows[] = { { "kill", 1 }, { "tgkill", 2 }, { "pidfd_send_signal", 1 } };

	for (size_t i = 0; call && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].call, call) == 0)
			return rows[i].argument;
	return -1;
}

static bool sends(const struct event *call, const char *signal)
{
	int argument = signal_argument(call_name(call->call));
	const char *name = argument < 0 ? NULL : name_of_signal((int) call->args[argument]);
	size_t len = name ? strlen(name) : 0;

	return name && strncmp(signal, name, len) == 0 && signal[len] == ':';
}

/*
 * The tracepoint runs in whatever task an interrupt hit: a timer of a stranger that expires meanwhile looks like a signal of ours.
 * One that was sent lies within a call that sends it.
 */
static bool was_sent(const struct witness *w, const struct effect *signal)
{
	struct decoded event;
	size_t offset = 0;

	while (recording_next(w->recording, &offset, &event, NULL) == 1 &&
	       event.event.time_ns <= signal->time_ns)
		if (event.event.type == EVENT_CALL && event.event.tgid == signal->tgid &&
		    event.event.time_ns + event.event.duration_ns >= signal->time_ns &&
		    sends(&event.event, effect_object(signal)))
			return true;
	return false;
}

void check_signals(const struct witness *w, struct invariant_result *ret)
{
	const struct effect *signal;
	size_t at = 0;

	rule_unrelated(ret, "no signal was sent");
	while ((signal = effect_next(w, &at, SIZE_MAX, SIGNAL_SEND, 0))) {
		if (signal->role == ROLE_PAYLOAD || signal->role == ROLE_HOOK || !was_sent(w, signal))
			continue;
		if (text_ends(signal->text, ":host")) {
			rule_says(ret, INVARIANT_BROKEN,
				  "%s went to a process that is none of the container's", signal->text);
			return;
		}
		rule_holds(ret);
	}
}
