/* Rules about mounts and roots: what the calls did, and what the census found in the table at the payload's exec. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/invariant_part.h"
#include "bpf/parts.h"
#include "bpf/tgids.h"

#define CLONE_NEWNS_FLAG 0x00020000u

static bool places_a_mount(const struct effect *effect)
{
	return !effect->error && (effect->kind == MNT_NEW || effect->kind == MNT_BIND ||
				  effect->kind == MNT_MOVE || effect->kind == PATH_MASK);
}

/* Whoever makes the root of the payload's mount namespace answers for it; who joined one found it as it is. */
static bool made_its_mounts(const struct witness *w)
{
	const struct effect *effect;
	size_t at = 0;

	if (wish_of(w, "mount") != NAMESPACE_NEW)
		return false;
	while ((effect = effect_next(w, &at, w->exec, NS_JOIN, 0)))
		if (effect->role != ROLE_HOOK && effect_is(effect, "ns.join:mount"))
			return false;
	return true;
}

void check_propagation(const struct witness *w, struct invariant_result *ret)
{
	const char *propagation;
	bool cut = false;

	if (!made_its_mounts(w)) {
		rule_unrelated(ret, "the mount namespace is not a new one");
		return;
	}
	propagation = json_get_string(w->config, "linux.rootfsPropagation");
	if (propagation && strstr(propagation, "shared")) {
		rule_unrelated(ret, "the config asks for shared propagation");
		return;
	}
	/* Mounts of a less privileged namespace are slaves from the beginning: mount_namespaces(7). */
	if (wish_of(w, "user") == NAMESPACE_NEW) {
		rule_unrelated(ret, "the user namespace is new: the kernel has cut it");
		return;
	}
	rule_holds(ret);
	for (size_t i = 0; i < w->exec; i++) {
		const struct effect *effect = &w->effects->items[i];

		if (effect->tgid != w->init || effect->error)
			continue;
		if (effect->kind == MNT_PROPAGATE && effect_is(effect, "mnt.propagate:@host") &&
		    !strstr(effect->text, "shared"))
			cut = true;
		if (!places_a_mount(effect) || cut)
			continue;
		rule_says(ret, INVARIANT_BROKEN, "%s came before propagation was cut", effect->text);
		return;
	}
}

static bool has_left(const struct tgids *leavers, uint32_t tgid)
{
	return tgids_get(leavers, tgid) != TGIDS_NONE;
}

static void follow_namespaces(const struct witness *w, const struct decoded *event, struct tgids *leavers)
{
	const char *name = event->event.type == EVENT_CALL ? call_name(event->event.call) : NULL;
	struct event_state state;

	if (event->event.type == EVENT_FORK &&
	    (event->event.args[2] & CLONE_NEWNS_FLAG || has_left(leavers, event->event.tgid)))
		tgids_put(leavers, (uint32_t) event->event.args[0], 1);
	if (name && (strcmp(name, "unshare") == 0 || strcmp(name, "setns") == 0) &&
	    part_state(event, &state) && state.ns_mount != w->runtime.ns_mount)
		tgids_put(leavers, event->event.tgid, 1);
}

/* Targets that were mounted over in the runtime's namespace and not taken away again. */
struct targets {
	const char **items; /* owned array, borrowed texts */
	size_t count;
};

static bool same_target(const char *a, const char *b)
{
	size_t n = strcspn(a, ":");

	return n == strcspn(b, ":") && strncmp(a, b, n) == 0;
}

static void note_host_mount(struct targets *targets, const struct effect *effect)
{
	const char *target = effect_object(effect);

	if (effect->kind == MNT_UMOUNT) {
		for (size_t i = targets->count; i-- > 0;)
			if (same_target(targets->items[i], target)) {
				targets->items[i] = targets->items[--targets->count];
				return;
			}
		return;
	}
	targets->items = reallocarray(targets->items, targets->count + 1, sizeof(*targets->items));
	if (!targets->items)
		abort();
	targets->items[targets->count++] = target;
}

/* Walks events and effects together: who had left the namespace at the time of each effect. */
static void collect_host_mounts(const struct witness *w, struct tgids *leavers, struct targets *targets)
{
	struct decoded event;
	size_t offset = 0, next = 0;

	while (recording_next(w->recording, &offset, &event, NULL) == 1) {
		for (; next < w->effects->count && w->effects->items[next].time_ns <= event.event.time_ns;
		     next++) {
			const struct effect *effect = &w->effects->items[next];

			if (effect->error || effect->role == ROLE_PAYLOAD || effect->role == ROLE_HOOK ||
			    has_left(leavers, effect->tgid))
				continue;
			if (places_a_mount(effect) || effect->kind == MNT_UMOUNT)
				note_host_mount(targets, effect);
		}
		follow_namespaces(w, &event, leavers);
	}
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
	struct targets targets = { 0 };

	if (!w->has_runtime) {
		rule_says(ret, INVARIANT_INCONCLUSIVE, "the runtime's namespaces were not recorded");
		return;
	}
	/* A container that shares it mounts where the config says. */
	if (wish_of(w, "mount") == NAMESPACE_SHARED || !saw_phase(w, PHASE_DELETE)) {
		rule_unrelated(ret, "the mount namespace is shared, or nothing was deleted");
		return;
	}
	collect_host_mounts(w, &leavers, &targets);
	rule_holds(ret);
	if (targets.count)
		rule_says(ret, INVARIANT_BROKEN, "%.*s is still mounted",
			  (int) strcspn(targets.items[0], ":"), targets.items[0]);
	tgids_free(&leavers);
	free(targets.items);
}

static bool lies_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (strcmp(root, "/") == 0)
		return path[0] == '/';
	return strncmp(path, root, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static void check_places(const struct witness *w, struct invariant_result *ret)
{
	auto_text root = { 0 }, cwd = { 0 };
	struct decoded event;

	if (!effect_event(w, &w->effects->items[w->exec], &event) ||
	    !part_path(&event, PART_ARG_ROOT, &root) || !part_path(&event, PART_ARG_CWD, &cwd)) {
		rule_says(ret, INVARIANT_INCONCLUSIVE,
			  "root and working directory at exec were not recorded");
		return;
	}
	if (!lies_below(text_str(&cwd), text_str(&root)))
		rule_says(ret, INVARIANT_BROKEN, "the working directory %.100s lies outside of %.100s",
			  text_str(&cwd), text_str(&root));
}

void check_old_root(const struct witness *w, struct invariant_result *ret)
{
	size_t at = 0;
	const struct effect *change = effect_next(w, &at, w->exec, ROOT_SWITCH, w->init);

	if (!made_its_mounts(w)) {
		rule_unrelated(ret, "the mount namespace is not a new one");
		return;
	}
	if (!change) {
		rule_says(ret, INVARIANT_BROKEN, "init never switched its root");
		return;
	}
	if (effect_is(change, "root.switch:pivot") && !effect_next(w, &at, w->exec, MNT_UMOUNT, w->init)) {
		rule_says(ret, INVARIANT_BROKEN, "the old root was not detached before exec");
		return;
	}
	rule_holds(ret);
	check_places(w, ret);
}

static const struct json *mount_row(const struct witness *w, const char *path)
{
	const struct json *rows = json_member(w->inside, "mounts"), *found = NULL;

	for (size_t i = 0; i < json_length(rows); i++) {
		const char *destination = json_string(json_member(json_at(rows, i), "destination"));

		if (destination && strcmp(destination, path) == 0)
			found = json_at(rows, i); /* the last one lies on top */
	}
	return found;
}

static bool row_has_flag(const struct json *row, const char *flag)
{
	const struct json *flags = json_member(row, "flags");

	for (size_t i = 0; i < json_length(flags); i++)
		if (strcmp(json_string(json_at(flags, i)) ? json_string(json_at(flags, i)) : "", flag) == 0)
			return true;
	return false;
}

/* The recording's own list of what the kernel here has, of masked and read-only paths; without it nothing counts as there. */
static bool is_present(const struct witness *w, const char *path)
{
	const struct json *list = json_member(w->recording->symbols, "present");

	for (size_t i = 0; i < json_length(list); i++)
		if (json_string(json_at(list, i)) && strcmp(json_string(json_at(list, i)), path) == 0)
			return true;
	return false;
}

/* The null device of the host's devtmpfs or of the container's /dev, or a tmpfs that nobody can fill. */
static bool is_cover(const struct json *row)
{
	const char *root = json_string(json_member(row, "root")),
		   *type = json_string(json_member(row, "type"));

	if (!root || !type)
		return false;
	if (text_ends(root, "/null"))
		return strcmp(type, "devtmpfs") == 0 || strcmp(type, "tmpfs") == 0;
	return strcmp(type, "tmpfs") == 0 && row_has_flag(row, "ro");
}

typedef bool row_test(const struct json *row);

static bool is_readonly(const struct json *row)
{
	return row_has_flag(row, "ro");
}

static void check_rows(const struct witness *w, const char *field, row_test *test, const char *lacks,
		       struct invariant_result *ret)
{
	const struct json *list = json_get(w->config, field);

	for (size_t i = 0; i < json_length(list); i++) {
		const char *path = json_string(json_at(list, i));
		const struct json *row = path ? mount_row(w, path) : NULL;

		if (!path || (!row && !is_present(w, path)))
			continue;
		if (row && test(row))
			continue;
		rule_says(ret, INVARIANT_BROKEN, "%s %s", path, row ? lacks : "was left as it is");
		return;
	}
}

/* Taken away between its placing and the exec. */
static void check_kept(const struct witness *w, enum effect_kind kind, struct invariant_result *ret)
{
	const struct effect *placed, *taken;
	size_t at = 0;

	while ((placed = effect_next(w, &at, w->exec, kind, w->init))) {
		size_t later = at;

		while ((taken = effect_next(w, &later, w->exec, MNT_UMOUNT, w->init)))
			if (same_target(effect_object(placed), effect_object(taken)))
				break;
		if (!taken)
			continue;
		rule_says(ret, INVARIANT_BROKEN, "%.200s was uncovered again", effect_object(placed));
		return;
	}
}

static bool has_census(const struct witness *w, struct invariant_result *ret)
{
	if (json_length(json_member(w->inside, "mounts")))
		return true;
	rule_says(ret, INVARIANT_INVISIBLE, "the mount table at exec is told by the probe alone");
	return false;
}

void check_masked(const struct witness *w, struct invariant_result *ret)
{
	if (!json_length(json_get(w->config, "linux.maskedPaths"))) {
		rule_unrelated(ret, "no path is to be masked");
		return;
	}
	if (!has_census(w, ret))
		return;
	rule_holds(ret);
	check_rows(w, "linux.maskedPaths", is_cover, "is covered by something that can be read or written",
		   ret);
	if (ret->verdict == INVARIANT_HOLDS)
		check_kept(w, PATH_MASK, ret);
}

void check_readonly(const struct witness *w, struct invariant_result *ret)
{
	bool root = json_bool(json_get(w->config, "root.readonly"), false);
	const struct json *row;

	if (!root && !json_length(json_get(w->config, "linux.readonlyPaths"))) {
		rule_unrelated(ret, "nothing is to be read-only");
		return;
	}
	if (!has_census(w, ret))
		return;
	rule_holds(ret);
	row = mount_row(w, "/");
	if (root && !(row && row_has_flag(row, "ro")))
		rule_says(ret, INVARIANT_BROKEN, "the root is writable");
	if (ret->verdict == INVARIANT_HOLDS)
		check_rows(w, "linux.readonlyPaths", is_readonly, "is writable", ret);
	if (ret->verdict == INVARIANT_HOLDS)
		check_kept(w, PATH_READONLY, ret);
}

/* Which argument of a call is the path that it walks to a target. */
static int target_argument(const char *call)
{
	return strcmp(call, "mount") == 0 ? 1 : strcmp(call, "move_mount") == 0 ? 3 : -1;
}

/* A descriptor's own name in /proc, or no walk at all; one component in an open directory is no walk either. */
static bool is_anchored(const struct decoded *event, int argument, const char *rootfs)
{
	auto_text path = { 0 }, unused = { 0 };

	if (part_path(event, PART_ARG_PROCFD + argument, &unused) || !part_string(event, argument, &path))
		return true;
	if (!*rootfs || !lies_below(text_str(&path), rootfs))
		return text_str(&path)[0] == '/' || !strchr(text_str(&path), '/');
	return strlen(text_str(&path)) <= strlen(rootfs) + 1; /* the root itself */
}

void check_anchored(const struct witness *w, struct invariant_result *ret)
{
	const char *rootfs = json_get_string(w->recording->symbols, "rootfs");

	rule_unrelated(ret, "nothing was mounted before the root was switched");
	for (size_t i = 0; i < w->exec; i++) {
		const struct effect *effect = &w->effects->items[i];
		struct decoded event;
		const char *call;

		if (effect->tgid != w->init)
			continue;
		if (effect->kind == ROOT_SWITCH && !effect->error)
			return;
		if (!places_a_mount(effect) || !effect_event(w, effect, &event))
			continue;
		call = call_name(event.event.call);
		if (!call || target_argument(call) < 0)
			continue;
		if (!is_anchored(&event, target_argument(call), rootfs ? rootfs : "")) {
			rule_says(ret, INVARIANT_BROKEN, "%s was mounted by a path that could lead elsewhere",
				  effect->text);
			return;
		}
		rule_holds(ret);
	}
}
