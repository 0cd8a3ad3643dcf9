/* The table of rules, and what all of them share. */
#include "bpf/invariants.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/invariant_part.h"
#include "bpf/parts.h"

const struct invariant invariants[INVARIANT_COUNT] = {
	{ 1, "kernel/evidence_is_complete", false, check_evidence },
	{ 2, "kernel/credentials_are_the_configs", true, check_credentials },
	{ 3, "kernel/no_new_privs_precedes_the_filter", true, check_nnp_before_filter },
	{ 4, "kernel/nothing_follows_the_filter", true, check_after_filter },
	{ 5, "kernel/capabilities_never_grow", true, check_no_growth },
	{ 6, "kernel/ids_change_in_order", true, check_id_order },
	{ 7, "kernel/keepcaps_is_clear", true, check_keepcaps },
	{ 8, "kernel/namespaces_are_the_configs", true, check_namespaces },
	{ 9, "kernel/user_namespace_comes_first", true, check_user_first },
	{ 10, "kernel/propagation_is_cut_first", true, check_propagation },
	{ 11, "kernel/host_mounts_stay", false, check_host_mounts },
	{ 12, "kernel/old_root_is_gone", true, check_old_root },
	{ 13, "kernel/masked_paths_are_covered", true, check_masked },
	{ 14, "kernel/readonly_stays_readonly", true, check_readonly },
	{ 15, "kernel/targets_are_anchored", true, check_anchored },
	{ 16, "kernel/descriptors_are_the_payloads", true, check_descriptors },
	{ 17, "kernel/executable_is_protected", false, check_executable },
	{ 18, "kernel/limits_precede_the_payload", true, check_cgroup },
	{ 19, "kernel/limits_precede_the_drop", true, check_limits_first },
	{ 20, "kernel/sysctls_stay_inside", false, check_sysctls },
	{ 21, "kernel/crossing_is_not_dumpable", false, check_dumpable },
	{ 22, "kernel/hooks_run_in_order", false, check_hooks },
	{ 23, "kernel/payload_waits_for_start", true, check_start },
	{ 24, "kernel/delete_undoes_everything", false, check_undone },
	{ 25, "kernel/signals_stay_inside", false, check_signals },
};

const struct invariant *invariant_find(const char *id)
{
	for (size_t i = 0; i < INVARIANT_COUNT; i++)
		if (strcmp(invariants[i].id, id) == 0)
			return &invariants[i];
	return NULL;
}

const char *invariant_verdict_name(enum invariant_verdict verdict)
{
	static const char *const names[] = {
		"?", "holds", "broken", "not visible here", "inconclusive", "unrelated"
	};

	return names[verdict];
}

void rule_holds(struct invariant_result *ret)
{
	*ret = (struct invariant_result){ .verdict = INVARIANT_HOLDS };
}

void rule_says(struct invariant_result *ret, enum invariant_verdict verdict, const char *format, ...)
{
	va_list args;

	ret->verdict = verdict;
	va_start(args, format);
	(void) vsnprintf(ret->reason, sizeof(ret->reason), format, args);
	va_end(args);
}

void rule_unrelated(struct invariant_result *ret, const char *why)
{
	rule_says(ret, INVARIANT_UNRELATED, "%s", why);
}

bool effect_is(const struct effect *effect, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(effect->text, prefix, len) == 0 &&
	       (effect->text[len] == '\0' || effect->text[len] == ':');
}

const char *effect_object(const struct effect *effect)
{
	const char *colon = strchr(effect->text, ':');

	return colon ? colon + 1 : "";
}

const struct effect *effect_next(const struct witness *w, size_t *at, size_t end, enum effect_kind kind,
				 uint32_t tgid)
{
	while (*at < end && *at < w->effects->count) {
		const struct effect *effect = &w->effects->items[(*at)++];

		if (effect->kind == kind && !effect->error && (!tgid || effect->tgid == tgid))
			return effect;
	}
	return NULL;
}

bool effect_event(const struct witness *w, const struct effect *effect, struct decoded *ret)
{
	size_t offset = effect->raw_count ? effect->raw[0] : SIZE_MAX;

	return offset < w->recording->size && recording_next(w->recording, &offset, ret, NULL) == 1;
}

enum namespace_wish wish_of(const struct witness *w, const char *type)
{
	const struct json *list = json_get(w->config, "linux.namespaces");

	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *item = json_at(list, i);
		const char *name = json_string(json_member(item, "type"));

		if (name && strcmp(name, type) == 0)
			return json_string(json_member(item, "path")) ? NAMESPACE_JOINED : NAMESPACE_NEW;
	}
	return NAMESPACE_SHARED;
}

bool config_lists_path(const struct witness *w, const char *field, const char *path)
{
	const struct json *list = json_get(w->config, field);

	for (size_t i = 0; i < json_length(list); i++) {
		const char *item = json_string(json_at(list, i));

		if (item && strcmp(item, path) == 0)
			return true;
	}
	return false;
}

void check_evidence(const struct witness *w, struct invariant_result *ret)
{
	const struct effects *effects = w->effects;

	rule_holds(ret);
	if (effects->lost)
		rule_says(ret, INVARIANT_INCONCLUSIVE, "%llu events were lost",
			  (unsigned long long) effects->lost);
	else if (effects->gaps)
		rule_says(ret, INVARIANT_INCONCLUSIVE, "sequence numbers are missing");
	else if (effects->cut)
		rule_says(ret, INVARIANT_INCONCLUSIVE,
			  "there were more effects or processes than are looked at");
	else if (effects->hidden)
		rule_says(ret, INVARIANT_BROKEN,
			  "of the runtime's calls %llu went by io_uring or the 32-bit entry, where nobody "
			  "sees what they do",
			  (unsigned long long) effects->hidden);
	else if (effects->undecoded)
		rule_says(ret, INVARIANT_INCONCLUSIVE,
			  "%llu calls by io_uring or the 32-bit entry were not decoded",
			  (unsigned long long) effects->undecoded);
	else if (!effects->events)
		rule_says(ret, INVARIANT_INCONCLUSIVE, "nothing was recorded");
}

/* The runtime's own state is that of the first program that was executed under the recorder. */
static void find_runtime(struct witness *w)
{
	struct decoded event;
	size_t offset = 0;

	while (!w->has_runtime && recording_next(w->recording, &offset, &event, NULL) == 1)
		w->has_runtime = event.event.type == EVENT_EXEC && part_state(&event, &w->runtime);
}

static void find_payload(struct witness *w)
{
	const struct effects *effects = w->effects;
	struct decoded event;

	if (effects->payload_exec >= effects->count)
		return;
	const struct effect *exec = &effects->items[effects->payload_exec];
	w->exec = effects->payload_exec;
	w->init = exec->tgid;
	w->has_payload = effect_event(w, exec, &event) && part_state(&event, &w->at_exec);
}

static bool applies(const struct witness *w, const struct invariant *rule, struct invariant_result *ret)
{
	if (!rule->of_payload)
		return true;
	if (!w->effects->payload_visible) {
		rule_says(ret, INVARIANT_INVISIBLE,
			  "the payload runs in a sandbox; the host does not see its calls");
		return false;
	}
	if (!w->has_payload) {
		rule_unrelated(ret, "no program of the container was executed");
		return false;
	}
	return true;
}

void invariants_check(const struct recording *recording, const struct effects *effects,
		      const struct json *observation, struct invariant_result ret[INVARIANT_COUNT])
{
	struct witness w = {
		.recording = recording,
		.effects = effects,
		.config = json_member(recording->symbols, "config"),
		.observation = observation,
		.inside = json_member(observation, "inside"),
	};

	find_runtime(&w);
	find_payload(&w);
	for (size_t i = 0; i < INVARIANT_COUNT; i++) {
		ret[i] = (struct invariant_result){ 0 };
		if (applies(&w, &invariants[i], &ret[i]))
			invariants[i].check(&w, &ret[i]);
		/* A sandbox does what is asked of it in a kernel of its own. */
		if (ret[i].verdict == INVARIANT_UNRELATED && !effects->payload_visible)
			ret[i].verdict = INVARIANT_INVISIBLE;
		/* What is missing might be what breaks it. */
		if (i && ret[i].verdict == INVARIANT_HOLDS && ret[0].verdict != INVARIANT_HOLDS)
			rule_says(&ret[i], INVARIANT_INCONCLUSIVE, "%s", ret[0].reason);
	}
}
