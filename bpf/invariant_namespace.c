/* Rules about namespaces, and about what is only right inside of them: sysctls, crossings, hooks. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/invariant_part.h"
#include "bpf/parts.h"

static const struct {
	const char *type;
	size_t offset;
} namespace_members[] = {
	{ "mount", offsetof(struct event_state, ns_mount) },
	{ "uts", offsetof(struct event_state, ns_uts) },
	{ "ipc", offsetof(struct event_state, ns_ipc) },
	{ "pid", offsetof(struct event_state, ns_pid) },
	{ "network", offsetof(struct event_state, ns_net) },
	{ "cgroup", offsetof(struct event_state, ns_cgroup) },
	{ "time", offsetof(struct event_state, ns_time) },
	{ "user", offsetof(struct event_state, ns_user) },
};

static uint32_t inode_of(const struct event_state *state, size_t offset)
{
	uint32_t inode;

	memcpy(&inode, (const char *) state + offset, sizeof(inode));
	return inode;
}

/* Somebody who became the payload, or made it, has joined a namespace of this type. */
static bool was_joined(const struct witness *w, const char *type)
{
	auto_free char *text = text_format("ns.join:%s", type);
	const struct effect *effect;
	size_t at = 0;

	while ((effect = effect_next(w, &at, w->exec, NS_JOIN, 0)))
		if (effect_is(effect, text))
			return true;
	return false;
}

static void check_one(const struct witness *w, const char *type, uint32_t own, uint32_t payload,
		      struct invariant_result *ret)
{
	switch (wish_of(w, type)) {
	case NAMESPACE_NEW:
		if (own == payload)
			rule_says(ret, INVARIANT_BROKEN,
				  "the %s namespace is the runtime's; the config asks for a new one", type);
		break;
	case NAMESPACE_SHARED:
		if (own != payload)
			rule_says(ret, INVARIANT_BROKEN,
				  "the %s namespace is not the runtime's; the config does not list it", type);
		break;
	case NAMESPACE_JOINED:
		if (own != payload && !was_joined(w, type))
			rule_says(ret, INVARIANT_BROKEN,
				  "the %s namespace was made; the config names one to join", type);
		break;
	}
}

void check_namespaces(const struct witness *w, struct invariant_result *ret)
{
	if (!w->config || !w->has_runtime) {
		rule_says(ret, INVARIANT_INCONCLUSIVE, "the recording holds no %s",
			  w->config ? "state of the runtime" : "config");
		return;
	}
	rule_holds(ret);
	for (size_t i = 0; i < ARRAY_SIZE(namespace_members) && ret->verdict == INVARIANT_HOLDS; i++)
		check_one(w, namespace_members[i].type, inode_of(&w->runtime, namespace_members[i].offset),
			  inode_of(&w->at_exec, namespace_members[i].offset), ret);
}

/* SIZE_MAX: never */
static size_t first_of(const struct witness *w, enum effect_kind kind, const char *prefix, uint32_t tgid)
{
	const struct effect *effect;
	size_t at = 0;

	while ((effect = effect_next(w, &at, w->exec, kind, tgid)))
		if (effect_is(effect, prefix))
			return at - 1;
	return SIZE_MAX;
}

/* Another namespace that was made at an earlier moment: one clone makes the user namespace first by itself. */
static const struct effect *made_before(const struct witness *w, size_t user)
{
	uint64_t when = w->effects->items[user].time_ns;
	const struct effect *effect;
	size_t at = 0;

	while ((effect = effect_next(w, &at, w->exec, NS_NEW, 0)))
		if (effect->time_ns < when && effect->tgid == w->effects->items[user].tgid)
			return effect;
	return NULL;
}

static bool setgroups_allowed(const struct witness *w)
{
	size_t gid = first_of(w, USERNS_MAP, "userns.map:gid", 0);

	return w->has_runtime && w->runtime.euid != 0 && gid != SIZE_MAX &&
	       first_of(w, USERNS_MAP, "userns.map:setgroups:deny", 0) > gid;
}

void check_user_first(const struct witness *w, struct invariant_result *ret)
{
	size_t user = first_of(w, NS_NEW, "ns.new:user", 0),
	       map = first_of(w, USERNS_MAP, "userns.map:uid", 0);
	size_t ids = first_of(w, CRED_IDS, "cred.ids:uid", w->init);
	const struct effect *before;

	if (user == SIZE_MAX) {
		rule_unrelated(ret, "no user namespace was made");
		return;
	}
	before = made_before(w, user);
	rule_holds(ret);
	if (before)
		rule_says(ret, INVARIANT_BROKEN, "%s came before the user namespace", before->text);
	else if (map == SIZE_MAX)
		rule_says(ret, INVARIANT_INCONCLUSIVE, "nobody was seen to write its maps");
	else if (ids < map)
		rule_says(ret, INVARIANT_BROKEN, "init changed its uid before the maps were written");
	else if (setgroups_allowed(w))
		rule_says(ret, INVARIANT_BROKEN, "setgroups was not denied before the gid map");
}

/* Names that a namespace owns, by their beginning: the kernel registers these tables per namespace. */
static const struct {
	const char *prefix, *type;
} sysctl_owners[] = {
	{ "net/", "network" },        { "kernel/shm", "ipc" },         { "kernel/msg", "ipc" },
	{ "kernel/sem", "ipc" },      { "kernel/auto_msgmni", "ipc" }, { "fs/mqueue/", "ipc" },
	{ "kernel/hostname", "uts" }, { "kernel/domainname", "uts" },
};

static const char *owner_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctl_owners); i++)
		if (text_starts(name, sysctl_owners[i].prefix))
			return sysctl_owners[i].type;
	return NULL;
}

/* By what the config says, and by what was really made of it. */
static bool is_shared(const struct witness *w, const char *type)
{
	if (wish_of(w, type) == NAMESPACE_SHARED)
		return true;
	for (size_t i = 0; w->has_runtime && w->has_payload && i < ARRAY_SIZE(namespace_members); i++)
		if (strcmp(namespace_members[i].type, type) == 0)
			return inode_of(&w->runtime, namespace_members[i].offset) ==
			       inode_of(&w->at_exec, namespace_members[i].offset);
	return false;
}

void check_sysctls(const struct witness *w, struct invariant_result *ret)
{
	static const char prefix[] = "proc.tune:sysctl ";
	const struct effect *effect;
	size_t at = 0;

	rule_unrelated(ret, "none was written");
	while ((effect = effect_next(w, &at, SIZE_MAX, PROC_TUNE, 0))) {
		const char *name = effect->text + strlen(prefix), *owner;

		if (!text_starts(effect->text, prefix) || effect->role == ROLE_PAYLOAD ||
		    effect->role == ROLE_HOOK)
			continue;
		owner = owner_of(name);
		if (!owner || is_shared(w, owner) || (w->has_payload && effect->tgid != w->init)) {
			rule_says(ret, INVARIANT_BROKEN, "%.*s is the machine's, and %s wrote it",
				  (int) strcspn(name, ":"), name, effect_role_name(effect->role));
			return;
		}
		rule_holds(ret);
	}
}

/* Joining gives the members of a namespace a chance to look at who comes; what is made has no members yet. */
static bool is_crossing(const struct effect *effect)
{
	return effect_is(effect, "ns.join:pid") || effect_is(effect, "ns.join:user") ||
	       effect_is(effect, "ns.join:mount");
}

/* By the process's own flag after the call: prctl(2) clears it, and so does the kernel where credentials fall. */
void check_dumpable(const struct witness *w, struct invariant_result *ret)
{
	const struct effect *join;
	size_t at = 0;

	rule_unrelated(ret, "no pid, user or mount namespace was joined");
	while ((join = effect_next(w, &at, SIZE_MAX, NS_JOIN, 0))) {
		struct event_state state;
		struct decoded event;

		if (!is_crossing(join) || join->role == ROLE_PAYLOAD || join->role == ROLE_HOOK)
			continue;
		if (!effect_event(w, join, &event) || !part_state(&event, &state)) {
			rule_says(ret, INVARIANT_INCONCLUSIVE, "%s without the state after it", join->text);
			return;
		}
		if (state.dumpable == 1) {
			rule_says(ret, INVARIANT_BROKEN, "%s by a process that could be traced", join->text);
			return;
		}
		rule_holds(ret);
	}
}

static const char *const hook_kinds[] = { "prestart",       "createRuntime", "createContainer",
					  "startContainer", "poststart",     "poststop" };

static int rank_of(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(hook_kinds); i++)
		if (strcmp(hook_kinds[i], kind) == 0)
			return (int) i;
	return -1;
}

/* The specification's table of "POSIX-platform Hooks": two kinds run in the container's namespaces, the others in the runtime's. */
static bool hook_is_misplaced(const struct witness *w, const struct effect *hook)
{
	const char *kind = effect_object(hook);
	bool inside = strcmp(kind, "createContainer") == 0 || strcmp(kind, "startContainer") == 0;
	struct event_state state;
	struct decoded event;

	if (wish_of(w, "mount") != NAMESPACE_NEW || !w->has_runtime || !effect_event(w, hook, &event) ||
	    !part_state(&event, &state))
		return false;
	return inside == (state.ns_mount == w->runtime.ns_mount);
}

/* "hooks.createRuntime[1]": of one kind they run as the config lists them. */
static long index_of(const struct effect *hook)
{
	const char *bracket = hook->field ? strrchr(hook->field, '[') : NULL;

	return bracket ? strtol(bracket + 1, NULL, 10) : 0;
}

static void check_hook(const struct witness *w, const struct effect *hook, size_t at,
		       const struct effect *last, struct invariant_result *ret)
{
	const char *kind = effect_object(hook), *before = last ? effect_object(last) : kind;

	rule_holds(ret);
	if (rank_of(kind) < rank_of(before))
		rule_says(ret, INVARIANT_BROKEN, "a %s hook ran after a %s hook", kind, before);
	else if (last && strcmp(kind, before) == 0 && index_of(hook) < index_of(last))
		rule_says(ret, INVARIANT_BROKEN, "%s ran after %s", hook->field, last->field);
	else if (w->has_payload && rank_of(kind) < rank_of("poststart") && at > w->exec)
		rule_says(ret, INVARIANT_BROKEN, "a %s hook ran after the payload began", kind);
	else if (hook_is_misplaced(w, hook))
		rule_says(ret, INVARIANT_BROKEN, "a %s hook ran in the wrong mount namespace", kind);
}

void check_hooks(const struct witness *w, struct invariant_result *ret)
{
	const struct effect *hook, *last = NULL;
	size_t at = 0;

	rule_unrelated(ret, "no hook was run");
	while ((hook = effect_next(w, &at, SIZE_MAX, HOOK_RUN, 0))) {
		check_hook(w, hook, at - 1, last, ret);
		if (ret->verdict != INVARIANT_HOLDS)
			return;
		last = hook;
	}
}
