/* Rules about mounts and roots: what the calls did, and what the census found in the table at the payload's exec. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/invariant_part.h"
#include "bpf/parts.h"

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
