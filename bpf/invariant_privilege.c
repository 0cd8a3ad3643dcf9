/* Rules about credentials: what the payload begins with, and the order in which init gave the rest up. */
#include <linux/securebits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/invariant_part.h"
#include "bpf/parts.h"

#define SECCOMP_FILTERING 2

static uint64_t wanted_set(const struct witness *w, const char *set)
{
	auto_free char *field = text_format("process.capabilities.%s", set);
	const struct json *list = json_get(w->config, field);
	uint64_t bits = 0;

	for (size_t i = 0; i < json_length(list); i++) {
		const char *name = json_string(json_at(list, i));
		int number = name ? name_to_capability(name) : -1;

		if (number >= 0 && number < 64)
			bits |= 1ull << number;
	}
	return bits;
}

/* config.md: what cannot be mapped to the kernel interface is warned about; a runtime has no more than it was given. */
static uint64_t grantable(const struct witness *w)
{
	return w->has_runtime && wish_of(w, "user") == NAMESPACE_SHARED ? w->runtime.bounding : UINT64_MAX;
}

struct wanted {
	uint64_t inheritable, permitted, effective, bounding, ambient;
};

/* The transformation of capabilities(7) for a file without capabilities of its own, and its rule for root. */
static void expect_capabilities(const struct witness *w, bool root, struct wanted *ret)
{
	uint64_t can = grantable(w), permitted = wanted_set(w, "permitted") & can;
	uint64_t inheritable = wanted_set(w, "inheritable") & can, bounding = wanted_set(w, "bounding") & can;
	uint64_t ambient = wanted_set(w, "ambient") & permitted & inheritable;

	*ret = (struct wanted){ .inheritable = inheritable, .bounding = bounding, .ambient = ambient };
	ret->permitted = ambient;
	ret->effective = ambient;
	if (!root)
		return;
	ret->permitted |= inheritable | bounding;
	/* security/commoncap.c, cap_bprm_creds_from_file(): what is gained is lost again under no_new_privs. */
	if (json_bool(json_get(w->config, "process.noNewPrivileges"), false))
		ret->permitted &= permitted;
	ret->effective = ret->permitted;
}

static bool differs(const char *what, uint64_t expected, uint64_t seen, struct invariant_result *ret)
{
	if (expected == seen)
		return false;
	rule_says(ret, INVARIANT_BROKEN, "%s at exec is %#llx, the config says %#llx", what,
		  (unsigned long long) seen, (unsigned long long) expected);
	return true;
}

/* The id as the first user namespace counts; false: the map is not ours to know. */
static bool host_id(const struct witness *w, const char *field, const char *maps, uint64_t *ret)
{
	uint64_t id = json_uint(json_get(w->config, field), 0);
	const struct json *list = json_get(w->config, maps);

	if (wish_of(w, "user") == NAMESPACE_JOINED)
		return false;
	*ret = id;
	if (wish_of(w, "user") == NAMESPACE_SHARED)
		return true;
	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *row = json_at(list, i);
		uint64_t inside = json_uint(json_member(row, "containerID"), 0);

		if (id < inside || id - inside >= json_uint(json_member(row, "size"), 0))
			continue;
		*ret = json_uint(json_member(row, "hostID"), 0) + (id - inside);
		return true;
	}
	return false;
}

static bool wrong_ids(const struct witness *w, struct invariant_result *ret)
{
	uint64_t uid, gid;

	return (host_id(w, "process.user.uid", "linux.uidMappings", &uid) &&
		(differs("uid", uid, w->at_exec.uid, ret) ||
		 differs("effective uid", uid, w->at_exec.euid, ret))) ||
	       (host_id(w, "process.user.gid", "linux.gidMappings", &gid) &&
		(differs("gid", gid, w->at_exec.gid, ret) ||
		 differs("effective gid", gid, w->at_exec.egid, ret)));
}

static bool wrong_capabilities(const struct witness *w, struct invariant_result *ret)
{
	bool root = json_uint(json_get(w->config, "process.user.uid"), 0) == 0;
	const struct event_state *seen = &w->at_exec;
	struct wanted wanted;

	/* The spec says nothing of a config without capabilities, and root in a joined namespace is whom its map names. */
	if (!json_get(w->config, "process.capabilities") || wish_of(w, "user") == NAMESPACE_JOINED)
		return false;
	expect_capabilities(w, root, &wanted);
	return differs("the bounding set", wanted.bounding, seen->bounding, ret) ||
	       differs("the inheritable set", wanted.inheritable, seen->inheritable, ret) ||
	       differs("the permitted set", wanted.permitted, seen->permitted, ret) ||
	       differs("the effective set", wanted.effective, seen->effective, ret) ||
	       differs("the ambient set", wanted.ambient, seen->ambient, ret);
}

void check_credentials(const struct witness *w, struct invariant_result *ret)
{
	bool nnp = json_bool(json_get(w->config, "process.noNewPrivileges"), false);
	uint64_t mode = json_get(w->config, "linux.seccomp") ? SECCOMP_FILTERING
			: w->has_runtime                     ? w->runtime.seccomp_mode
							     : 0;

	if (!w->config) {
		rule_says(ret, INVARIANT_INCONCLUSIVE, "the recording does not hold the config");
		return;
	}
	rule_holds(ret);
	if (wrong_ids(w, ret) || wrong_capabilities(w, ret) ||
	    differs("no_new_privs", nnp || (w->has_runtime && w->runtime.no_new_privs),
		    w->at_exec.no_new_privs, ret))
		return;
	(void) differs("the seccomp mode", mode, w->at_exec.seccomp_mode, ret);
}

/* SIZE_MAX: init installed none before the payload. */
static size_t filter_of_init(const struct witness *w)
{
	size_t at = 0;

	return effect_next(w, &at, w->exec, SEC_SECCOMP, w->init) ? at - 1 : SIZE_MAX;
}

void check_nnp_before_filter(const struct witness *w, struct invariant_result *ret)
{
	size_t filter = filter_of_init(w), at = 0;

	if (filter == SIZE_MAX || !json_bool(json_get(w->config, "process.noNewPrivileges"), false)) {
		rule_unrelated(ret, "no filter together with no_new_privs");
		return;
	}
	if (effect_next(w, &at, filter, SEC_NNP, w->init))
		rule_holds(ret);
	else
		rule_says(ret, INVARIANT_BROKEN, "no_new_privs was not set before %s",
			  w->effects->items[filter].text);
}

static bool forbidden_after_filter(const struct witness *w, const struct effect *effect)
{
	switch (effect->kind) {
	case NS_NEW:
	case NS_JOIN:
	case USERNS_MAP:
	case MNT_PROPAGATE:
	case MNT_NEW:
	case MNT_BIND:
	case MNT_ATTR:
	case MNT_MOVE:
	case MNT_UMOUNT:
	case ROOT_SWITCH:
	case PATH_MASK:
	case PATH_READONLY:
		return true;
	/* Without no_new_privs the filter needs privilege and comes before the ids: seccomp(2). Those fall. */
	case CRED_IDS:
		return json_bool(json_get(w->config, "process.noNewPrivileges"), false);
	default:
		return false;
	}
}

void check_after_filter(const struct witness *w, struct invariant_result *ret)
{
	size_t filter = filter_of_init(w);

	if (filter == SIZE_MAX) {
		rule_unrelated(ret, "no filter was installed");
		return;
	}
	rule_holds(ret);
	for (size_t i = filter + 1; i < w->exec; i++) {
		const struct effect *effect = &w->effects->items[i];

		if (effect->tgid != w->init || effect->error || !forbidden_after_filter(w, effect))
			continue;
		rule_says(ret, INVARIANT_BROKEN, "%s came after the filter", effect->text);
		return;
	}
}

/* Another user namespace is another set: there everything begins again. */
static bool grows(const struct event_state *before, const struct event_state *now)
{
	return before->ns_user == now->ns_user &&
	       ((now->permitted & ~before->permitted) || (now->bounding & ~before->bounding));
}

static bool has_state(const struct event *event)
{
	const struct call_row *row = event->type == EVENT_CALL ? call_find(event->call) : NULL;

	return row && row->call.flags & CALL_STATE;
}

void check_no_growth(const struct witness *w, struct invariant_result *ret)
{
	uint64_t end = w->effects->items[w->exec].time_ns;
	struct event_state before = { 0 }, now;
	struct decoded event;
	bool any = false;
	size_t offset = 0;

	rule_holds(ret);
	while (recording_next_if(w->recording, &offset, has_state, &event) == 1) {
		if (event.event.tgid != w->init || event.event.time_ns >= end || !part_state(&event, &now))
			continue;
		if (any && grows(&before, &now)) {
			rule_says(ret, INVARIANT_BROKEN,
				  "permitted went from %#llx to %#llx, bounding from %#llx to %#llx",
				  (unsigned long long) before.permitted, (unsigned long long) now.permitted,
				  (unsigned long long) before.bounding, (unsigned long long) now.bounding);
			return;
		}
		before = now;
		any = true;
	}
	if (!any)
		rule_says(ret, INVARIANT_INCONCLUSIVE, "no state of init was recorded");
}

/* The last of a kind counts: a user namespace is entered as its root first. */
static size_t last_ids(const struct witness *w, const char *which)
{
	auto_free char *prefix = text_format("cred.ids:%s", which);
	const struct effect *effect;
	size_t at = 0, last = SIZE_MAX;

	while ((effect = effect_next(w, &at, w->exec, CRED_IDS, w->init)))
		if (effect_is(effect, prefix))
			last = at - 1;
	return last;
}

void check_id_order(const struct witness *w, struct invariant_result *ret)
{
	size_t groups = last_ids(w, "groups"), gid = last_ids(w, "gid"), uid = last_ids(w, "uid");

	if (uid == SIZE_MAX) {
		rule_unrelated(ret, "init did not change its uid");
		return;
	}
	rule_holds(ret);
	if (gid != SIZE_MAX && gid > uid)
		rule_says(ret, INVARIANT_BROKEN, "the gid was set after the uid");
	else if (groups != SIZE_MAX && groups > uid)
		rule_says(ret, INVARIANT_BROKEN, "the groups were set after the uid");
	else if (groups != SIZE_MAX && gid != SIZE_MAX && groups > gid)
		rule_says(ret, INVARIANT_BROKEN, "the groups were set after the gid");
}

void check_keepcaps(const struct witness *w, struct invariant_result *ret)
{
	const struct effect *effect, *last = NULL;
	size_t at = 0;

	while ((effect = effect_next(w, &at, w->exec, SEC_BITS, w->init)))
		if (effect_is(effect, "sec.bits:keepcaps"))
			last = effect;
	if (!last) {
		rule_unrelated(ret, "init did not set the flag");
		return;
	}
	if (effect_is(last, "sec.bits:keepcaps:0"))
		rule_holds(ret);
	else
		rule_says(ret, INVARIANT_BROKEN, "it was still set when the payload was executed");
}

static bool is_id(const char *text, uint64_t id)
{
	unsigned long long number;

	return text_to_u64(text, &number) == 0 && number == id;
}

/* Root of a new user namespace is still root of all that was made for it; its number is its map's. */
static bool is_container_root(const struct witness *w, const char *uid)
{
	const struct json *first = json_at(json_get(w->config, "linux.uidMappings"), 0);

	if (is_id(uid, 0))
		return true;
	return wish_of(w, "user") == NAMESPACE_NEW && json_uint(json_member(first, "containerID"), 1) == 0 &&
	       is_id(uid, json_uint(json_member(first, "hostID"), 0));
}

/* When init has nothing left to raise limits with: its uid is no root's, or the capability is gone. */
static size_t privilege_lost(const struct witness *w)
{
	static const char uid[] = "cred.ids:uid";

	for (size_t i = 0; i < w->exec; i++) {
		const struct effect *effect = &w->effects->items[i];

		if (effect->tgid != w->init || effect->error)
			continue;
		if (effect->kind == CRED_IDS && effect_is(effect, uid) &&
		    !is_container_root(w, effect->text + sizeof(uid)))
			return i;
		if (effect->kind == CAP_CHANGE && effect_is(effect, "cap.change:permitted") &&
		    !strstr(effect->text, "SYS_RESOURCE"))
			return i;
	}
	return SIZE_MAX;
}

static bool is_limit(const struct effect *effect)
{
	return effect_is(effect, "proc.tune:oom_score_adj") || text_starts(effect->text, "proc.tune:RLIMIT_");
}

void check_limits_first(const struct witness *w, struct invariant_result *ret)
{
	size_t lost = privilege_lost(w), at = 0;
	const struct effect *effect;
	bool any = false;

	rule_holds(ret);
	while ((effect = effect_next(w, &at, w->exec, PROC_TUNE, w->init))) {
		if (!is_limit(effect))
			continue;
		any = true;
		if (at - 1 < lost)
			continue;
		rule_says(ret, INVARIANT_BROKEN, "%s came after %s", effect->text,
			  w->effects->items[lost].text);
		return;
	}
	if (!any && !json_length(json_get(w->config, "process.rlimits")) &&
	    !json_get(w->config, "process.oomScoreAdj"))
		rule_unrelated(ret, "no limit is asked for");
}
