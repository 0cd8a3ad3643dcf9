/* Rules about the container's life: descriptors, its executable, cgroups, start, the end, signals. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/invariant_part.h"
#include "bpf/parts.h"
#include "bpf/tgids.h"

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

/* A cgroup that was made or removed. */
struct life {
	const char *path; /* borrowed */
	size_t at; /* of the effect */
	bool made, by_runtime;
};

static int compare_lives(const void *a, const void *b)
{
	const struct life *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : x->at < y->at ? -1 : 1;
}

static size_t collect_lives(const struct witness *w, struct life *ret)
{
	const struct effect *effect;
	size_t at = 0, count = 0;

	while ((effect = effect_next(w, &at, SIZE_MAX, CG_LIFE, 0)))
		ret[count++] = (struct life){
			.path = effect_object(effect) + strcspn(effect_object(effect), ":"),
			.at = at - 1,
			.made = text_starts(effect_object(effect), "mkdir:"),
			.by_runtime = effect->role != ROLE_PAYLOAD && effect->role != ROLE_HOOK,
		};
	return count;
}

/* One name stands for a cgroup in each hierarchy: as many must go as came. The first that the runtime made and left; NULL: none. */
static const struct effect *left_cgroup(const struct witness *w)
{
	struct life *lives = calloc(w->effects->count + 1, sizeof(*lives));
	size_t count, first = SIZE_MAX, end;

	if (!lives)
		abort();
	count = collect_lives(w, lives);
	qsort(lives, count, sizeof(*lives), compare_lives);
	for (size_t i = 0; i < count; i = end) {
		size_t made = 0, mine = SIZE_MAX;

		for (end = i; end < count && strcmp(lives[end].path, lives[i].path) == 0; end++) {
			made += lives[end].made;
			if (lives[end].made && lives[end].by_runtime && mine == SIZE_MAX)
				mine = lives[end].at;
		}
		if (made > end - i - made && mine < first)
			first = mine;
	}
	free(lives);
	return first == SIZE_MAX ? NULL : &w->effects->items[first];
}

/* A process that was made; before: the number of the one that had its id before it. */
struct birth {
	uint32_t tgid;
	size_t before;
	bool over;
};

/* An end is that of the youngest of its id which is not over: the id may have been used before. */
static void note_end(struct tgids *youngest, struct birth *births, uint32_t tgid)
{
	size_t at = tgids_get(youngest, tgid);

	while (at != TGIDS_NONE && births[at].over)
		at = births[at].before;
	if (at == TGIDS_NONE)
		return;
	births[at].over = true;
	tgids_put(youngest, tgid, at); /* the next one begins here */
}

static bool begins_or_ends(const struct event *event)
{
	return event->type == EVENT_FORK || event->type == EVENT_EXIT;
}

/* The oldest process that was made and not seen to end; 0: none. */
static uint32_t survivor(const struct witness *w)
{
	struct birth *births = calloc(w->recording->event_count + 1, sizeof(*births));
	struct tgids youngest = { 0 };
	struct decoded event;
	size_t offset = 0, count = 0, at = 0;
	uint32_t found;

	if (!births)
		abort();
	while (recording_next_if(w->recording, &offset, begins_or_ends, &event) == 1) {
		uint32_t tgid = (uint32_t) event.event.args[0];

		if (event.event.type == EVENT_FORK && !(event.event.args[2] & CLONE_THREAD_FLAG)) {
			births[count] = (struct birth){ tgid, tgids_get(&youngest, tgid), false };
			tgids_put(&youngest, tgid, count++);
		} else if (event.event.type == EVENT_EXIT) {
			note_end(&youngest, births, event.event.tgid);
		}
	}
	while (at < count && births[at].over)
		at++;
	found = at < count ? births[at].tgid : 0;
	free(births);
	tgids_free(&youngest);
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
	uint32_t alive;

	if (!was_deleted(w)) {
		rule_unrelated(ret, "nothing was deleted");
		return;
	}
	rule_holds(ret);
	made = left_cgroup(w);
	if (made) {
		rule_says(ret, INVARIANT_BROKEN, "the cgroup %.200s is still there",
			  effect_object(made) + strlen("mkdir:"));
		return;
	}
	alive = survivor(w);
	if (alive)
		rule_says(ret, INVARIANT_BROKEN, "process %u lives on", alive);
}

/* Which argument of a call is the signal it sends; -1: it sends none. */
static int signal_argument(const struct event *event)
{
	if (event->type != EVENT_CALL)
		return -1;
	switch (event->call) {
	case SYS_kill:
	case SYS_pidfd_send_signal:
		return 1;
	case SYS_tgkill:
		return 2;
	default:
		return -1;
	}
}

static bool sends_a_signal(const struct event *event)
{
	return signal_argument(event) >= 0;
}

/* "SIGTERM:init" is 15; 0: no signal's name. */
static int signal_of(const char *object)
{
	size_t len = strcspn(object, ":");

	for (int signal = 1; signal < NSIG; signal++) {
		const char *name = name_of_signal(signal);

		if (name && strlen(name) == len && strncmp(name, object, len) == 0)
			return signal;
	}
	return 0;
}

/* Walks beside the signals, which are by time too: until when each process is in a call that sends a signal. */
struct senders {
	struct tgids known; /* by sender_of() */
	uint64_t *until; /* owned; by the number in known */
	size_t count, offset;
};

static uint64_t sender_of(uint32_t tgid, int signal)
{
	return (uint64_t) signal << 32 | tgid;
}

static void note_sender(struct senders *senders, const struct event *call, int signal)
{
	uint64_t until = call->time_ns + call->duration_ns, sender = sender_of(call->tgid, signal);
	size_t at = tgids_get(&senders->known, sender);

	if (at == TGIDS_NONE) {
		senders->until = reallocarray(senders->until, senders->count + 1, sizeof(*senders->until));
		if (!senders->until)
			abort();
		at = senders->count++;
		senders->until[at] = 0;
		tgids_put(&senders->known, sender, at);
	}
	if (until > senders->until[at])
		senders->until[at] = until;
}

/*
 * The tracepoint runs in whatever task an interrupt hit: a timer of a stranger that expires meanwhile looks like a signal of ours.
 * One that was sent lies within a call that sends it.
 */
static bool was_sent(const struct witness *w, const struct effect *signal, struct senders *senders)
{
	struct decoded event;
	size_t next = senders->offset, at;

	while (recording_next_if(w->recording, &next, sends_a_signal, &event) == 1 &&
	       event.event.time_ns <= signal->time_ns) {
		int argument = signal_argument(&event.event);

		senders->offset = next;
		if (event.event.args[argument] - 1 < NSIG - 1)
			note_sender(senders, &event.event, (int) event.event.args[argument]);
	}
	at = tgids_get(&senders->known, sender_of(signal->tgid, signal_of(effect_object(signal))));
	return at != TGIDS_NONE && senders->until[at] >= signal->time_ns;
}

static void judge_signals(const struct witness *w, struct senders *senders, struct invariant_result *ret)
{
	const struct effect *signal;
	size_t at = 0;

	rule_unrelated(ret, "no signal was sent");
	while ((signal = effect_next(w, &at, SIZE_MAX, SIGNAL_SEND, 0))) {
		if (signal->role == ROLE_PAYLOAD || signal->role == ROLE_HOOK ||
		    !was_sent(w, signal, senders))
			continue;
		if (text_ends(signal->text, ":host")) {
			rule_says(ret, INVARIANT_BROKEN,
				  "%s went to a process that is none of the container's", signal->text);
			return;
		}
		rule_holds(ret);
	}
}

void check_signals(const struct witness *w, struct invariant_result *ret)
{
	struct senders senders = { 0 };

	judge_signals(w, &senders, ret);
	tgids_free(&senders.known);
	free(senders.until);
}
