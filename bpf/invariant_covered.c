/* What was mounted over something, and whether it was taken away again: the host's mounts, masks and read-only paths. */
#include <stdlib.h>
#include <string.h>

#include "bpf/calls.h"
#include "bpf/invariant_part.h"
#include "bpf/parts.h"
#include "bpf/tgids.h"

#define CLONE_NEWNS_FLAG 0x00020000u

bool places_a_mount(const struct effect *effect)
{
	return !effect->error && (effect->kind == MNT_NEW || effect->kind == MNT_BIND ||
				  effect->kind == MNT_MOVE || effect->kind == PATH_MASK);
}

static bool has_left(const struct tgids *leavers, uint32_t tgid)
{
	return tgids_get(leavers, tgid) != TGIDS_NONE;
}

static bool changes_namespaces(const struct event *event)
{
	return event->type == EVENT_CALL && (event->call == SYS_unshare || event->call == SYS_setns);
}

static bool is_of_namespaces(const struct event *event)
{
	return event->type == EVENT_FORK || changes_namespaces(event);
}

static void follow_namespaces(const struct witness *w, const struct decoded *event, struct tgids *leavers)
{
	struct event_state state;

	if (event->event.type == EVENT_FORK &&
	    (event->event.args[2] & CLONE_NEWNS_FLAG || has_left(leavers, event->event.tgid)))
		tgids_put(leavers, (uint32_t) event->event.args[0], 1);
	if (changes_namespaces(&event->event) && part_state(event, &state) &&
	    state.ns_mount != w->runtime.ns_mount)
		tgids_put(leavers, event->event.tgid, 1);
}

/* What was mounted over a target, or taken away from there. */
struct change {
	const char *target; /* borrowed: an effect's object */
	size_t at; /* of the effect */
	bool taken;
};

/* Owned; they may be as many as there are effects, and are sorted rather than searched for each other. */
struct changes {
	struct change *items;
	size_t count;
};

static void change_add(struct changes *changes, const struct witness *w, size_t at)
{
	const struct effect *effect = &w->effects->items[at];

	if (!changes->items)
		changes->items = calloc(w->effects->count, sizeof(*changes->items));
	if (!changes->items)
		abort();
	changes->items[changes->count++] =
	    (struct change){ effect_object(effect), at, effect->kind == MNT_UMOUNT };
}

static int compare_targets(const char *a, const char *b)
{
	size_t n = strcspn(a, ":"), m = strcspn(b, ":");
	int order = strncmp(a, b, n < m ? n : m);

	return order ? order : (n > m) - (n < m);
}

/* By target, and there by time. */
static int compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int order = compare_targets(x->target, y->target);

	return order ? order : x->at < y->at ? -1 : 1;
}

/* Where the changes of the next target end. */
static size_t target_end(const struct changes *changes, size_t begin)
{
	size_t end = begin + 1;

	while (end < changes->count &&
	       compare_targets(changes->items[end].target, changes->items[begin].target) == 0)
		end++;
	return end;
}

/* The oldest mount that was not taken away again; SIZE_MAX: none. A umount takes the newest of its target. */
static size_t still_mounted(struct changes *changes)
{
	size_t oldest = SIZE_MAX, end;

	if (changes->count)
		qsort(changes->items, changes->count, sizeof(*changes->items), compare_changes);
	for (size_t i = 0; i < changes->count; i = end) {
		size_t depth = 0, first = SIZE_MAX;

		end = target_end(changes, i);
		for (size_t k = i; k < end; k++) {
			const struct change *change = &changes->items[k];

			if (!change->taken && !depth++)
				first = change->at;
			else if (change->taken && depth)
				depth--;
		}
		if (depth && first < oldest)
			oldest = first;
	}
	return oldest;
}

/* The first mount that was taken away later; SIZE_MAX: none. */
static size_t taken_again(struct changes *changes)
{
	size_t found = SIZE_MAX, end;

	if (changes->count)
		qsort(changes->items, changes->count, sizeof(*changes->items), compare_changes);
	for (size_t i = 0; i < changes->count; i = end) {
		size_t first = SIZE_MAX;

		end = target_end(changes, i);
		for (size_t k = i; k < end; k++) {
			if (!changes->items[k].taken && first == SIZE_MAX)
				first = changes->items[k].at;
			else if (changes->items[k].taken && first < found)
				found = first;
		}
	}
	return found;
}

/* Those until then by whoever had not left the namespace. */
static void collect_until(const struct witness *w, uint64_t time_ns, const struct tgids *leavers,
			  size_t *next, struct changes *changes)
{
	for (; *next < w->effects->count && w->effects->items[*next].time_ns <= time_ns; ++*next) {
		const struct effect *effect = &w->effects->items[*next];

		if (effect->error || effect->role == ROLE_PAYLOAD || effect->role == ROLE_HOOK ||
		    has_left(leavers, effect->tgid))
			continue;
		if (places_a_mount(effect) || effect->kind == MNT_UMOUNT)
			change_add(changes, w, *next);
	}
}

/* Walks events and effects together: who had left the namespace at the time of each effect. */
static void collect_host_mounts(const struct witness *w, struct tgids *leavers, struct changes *changes)
{
	struct decoded event;
	size_t offset = 0, next = 0;

	while (recording_next_if(w->recording, &offset, is_of_namespaces, &event) == 1) {
		collect_until(w, event.event.time_ns, leavers, &next, changes);
		follow_namespaces(w, &event, leavers);
	}
	collect_until(w, UINT64_MAX, leavers, &next, changes);
}

static bool saw_phase(const struct witness *w, enum event_phase phase)
{
	for (size_t i = 0; i < w->effects->count; i++)
		if (w->effects->items[i].phase == phase)
			return true;
	return false;
}

void check_host_mounts(const struct witness *w, struct invariant_result *ret)
{
	struct tgids leavers = { 0 }; /* processes that have left the runtime's mount namespace */
	struct changes changes = { 0 };
	size_t left;

	if (!w->has_runtime) {
		rule_says(ret, INVARIANT_INCONCLUSIVE, "the runtime's namespaces were not recorded");
		return;
	}
	/* A container that shares it mounts where the config says. */
	if (wish_of(w, "mount") == NAMESPACE_SHARED || !saw_phase(w, PHASE_DELETE)) {
		rule_unrelated(ret, "the mount namespace is shared, or nothing was deleted");
		return;
	}
	collect_host_mounts(w, &leavers, &changes);
	left = still_mounted(&changes);
	rule_holds(ret);
	if (left != SIZE_MAX) {
		const char *target = effect_object(&w->effects->items[left]);

		rule_says(ret, INVARIANT_BROKEN, "%.*s is still mounted", (int) strcspn(target, ":"), target);
	}
	tgids_free(&leavers);
	free(changes.items);
}

/* Taken away between its placing and the exec. */
void check_kept(const struct witness *w, enum effect_kind kind, struct invariant_result *ret)
{
	struct changes changes = { 0 };
	size_t found;

	for (size_t i = 0; i < w->exec; i++) {
		const struct effect *effect = &w->effects->items[i];

		if (effect->tgid == w->init && !effect->error &&
		    (effect->kind == kind || effect->kind == MNT_UMOUNT))
			change_add(&changes, w, i);
	}
	found = taken_again(&changes);
	if (found != SIZE_MAX)
		rule_says(ret, INVARIANT_BROKEN, "%.200s was uncovered again",
			  effect_object(&w->effects->items[found]));
	free(changes.items);
}
