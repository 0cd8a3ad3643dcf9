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

#define MUST_BY(id_) .clause = (id_), .must = true
#define GOOD_BY(id_) .clause = (id_)
#define OF_PAYLOAD .of_payload = true

const struct invariant invariants[INVARIANT_COUNT] = {
	{ 1, "kernel/evidence_is_complete", "the recording has no gap, no loss and nothing undecoded",
	  .refuted_by = "recording-loses-events",
	  .why = "What was not seen cannot be judged; a rule that passed on half of the calls would be worth "
		 "nothing.",
	  .check = check_evidence },
	{ 2, "kernel/credentials_are_the_configs",
	  "capabilities, ids, no_new_privs and seccomp mode at exec are the config's",
	  MUST_BY("runtime.op.create.apply-all"), OF_PAYLOAD, .refuted_by = "caps-kept",
	  .why = "The kernel's own credentials at the exec, not what a program in the container is told.",
	  .check = check_credentials },
	{ 3, "kernel/no_new_privs_precedes_the_filter",
	  "no_new_privs is set before the seccomp filter, when both are asked for", GOOD_BY("config.def.nnp"),
	  OF_PAYLOAD, .refuted_by = "seccomp-before-nnp",
	  .why = "A filter that is installed first needs CAP_SYS_ADMIN and must allow prctl: more than the "
		 "payload needs. seccomp(2)",
	  .check = check_nnp_before_filter },
	{ 4, "kernel/nothing_follows_the_filter",
	  "after the filter: no mounts, no namespaces, no credentials but falling ones", OF_PAYLOAD,
	  .refuted_by = "mounts-after-filter",
	  .why = "A profile would have to allow to the payload what only the runtime does.",
	  .check = check_after_filter },
	{ 5, "kernel/capabilities_never_grow",
	  "permitted and bounding sets never grow in init after its drop", OF_PAYLOAD,
	  .refuted_by = "caps-regained",
	  .why = "The effective set legitimately returns after setuid(2); a permitted one that grows was "
		 "never given up.",
	  .check = check_no_growth },
	{ 6, "kernel/ids_change_in_order", "the final order is groups, gid, uid", OF_PAYLOAD,
	  .refuted_by = "ids-out-of-order",
	  .why =
	      "Without privilege over ids the groups of the runtime can no longer be dropped: setgroups(2).",
	  .check = check_id_order },
	{ 7, "kernel/keepcaps_is_clear",
	  "the flag that keeps capabilities over setuid is clear when the payload is executed", OF_PAYLOAD,
	  .refuted_by = "keepcaps-left",
	  .why = "It is cleared by the exec, and until then everything between setuid and exec runs with it: "
		 "capabilities(7).",
	  .check = check_keepcaps },
	{ 8, "kernel/namespaces_are_the_configs",
	  "the payload's namespaces are new, joined or the runtime's, as configured", MUST_BY("linux.ns.new"),
	  OF_PAYLOAD, .refuted_by = "ipc-shared",
	  .why = "By inode numbers at the exec: a namespace that was forgotten is the host's.",
	  .check = check_namespaces },
	{ 9, "kernel/user_namespace_comes_first",
	  "the user namespace comes before the others, its maps before ids, setgroups is denied before an "
	  "unprivileged gid map",
	  GOOD_BY("linux.ns.new"), OF_PAYLOAD, .refuted_by = "user-namespace-late",
	  .why = "A namespace belongs to the user namespace it was made in: user_namespaces(7). "
		 "CVE-2014-8989 for setgroups.",
	  .check = check_user_first },
	{ 10, "kernel/propagation_is_cut_first", "propagation is cut before init's first mount", OF_PAYLOAD,
	  .refuted_by = "propagation-not-cut",
	  .why = "Every mount made before appears in the mount namespace of the host.",
	  .check = check_propagation },
	{ 11, "kernel/host_mounts_stay", "nothing lasting changes in the host's mount namespace",
	  GOOD_BY("runtime.op.delete.resources"), .refuted_by = "delete-leaves-mount",
	  .why =
	      "A mount on the host that outlives the container pins its files and shows them to everybody.",
	  .check = check_host_mounts },
	{ 12, "kernel/old_root_is_gone",
	  "the old root is detached before exec; root and working directory lie inside",
	  MUST_BY("runtime.op.create.apply-all"), OF_PAYLOAD, .refuted_by = "old-root-kept",
	  .why = "A root that is only hidden can be entered again: CVE-2024-21626 did it by a working "
		 "directory.",
	  .check = check_old_root },
	{ 13, "kernel/masked_paths_are_covered",
	  "every masked path that exists is covered at exec, by the null device or an empty tmpfs",
	  MUST_BY("linux.masked.def.unreadable"), OF_PAYLOAD, .refuted_by = "masked-paths-skipped",
	  .why = "A file of the image in place of the null device could be anything: CVE-2025-31133.",
	  .check = check_masked },
	{ 14, "kernel/readonly_stays_readonly",
	  "read-only paths and root are read-only at exec, and nothing is uncovered before it",
	  MUST_BY("linux.readonly.def.ro"), OF_PAYLOAD, .refuted_by = "readonly-paths-skipped",
	  .why = "A mount that is taken away again shows what it covered.", .check = check_readonly },
	{ 15, "kernel/targets_are_anchored",
	  "targets that are resolved before the root is switched are anchored in it", OF_PAYLOAD,
	  .refuted_by = "proc-behind-a-link",
	  .why = "A path is walked again by every call, and the image may have put a link in it meanwhile: "
		 "CVE-2021-30465.",
	  .check = check_anchored },
	{ 16, "kernel/descriptors_are_the_payloads",
	  "descriptors that survive exec are stdio and the preserved ones",
	  MUST_BY("runtime-linux.def.fds-closed"), OF_PAYLOAD, .refuted_by = "create-leaks-descriptor",
	  .why = "One open directory of the host is the host: CVE-2024-21626.", .check = check_descriptors },
	{ 17, "kernel/executable_is_protected",
	  "the runtime's own executable is protected before it joins a container's namespaces",
	  .refuted_by = "executable-unprotected",
	  .why = "A process of the container can open /proc/PID/exe of whoever joins it, and write to it: "
		 "CVE-2019-5736.",
	  .check = check_executable },
	{ 18, "kernel/limits_precede_the_payload",
	  "cgroup membership, limits and device rules are in place before any payload code",
	  MUST_BY("runtime.lifecycle.resources-at-create"), OF_PAYLOAD, .refuted_by = "cgroup-not-joined",
	  .why = "What a payload forks before it is limited is never limited.", .check = check_cgroup },
	{ 19, "kernel/limits_precede_the_drop", "rlimits and oom score are set before privilege is lost",
	  OF_PAYLOAD, .refuted_by = "limits-after-drop",
	  .why = "Without CAP_SYS_RESOURCE a hard limit cannot be raised any more: setrlimit(2).",
	  .check = check_limits_first },
	{ 20, "kernel/sysctls_stay_inside",
	  "sysctls are written only in namespaces that are not the runtime's",
	  GOOD_BY("linux.sysctl.def.apply"), .refuted_by = "sysctl-on-the-host",
	  .why = "Outside of a namespace it is the whole machine's.", .check = check_sysctls },
	{ 21, "kernel/crossing_is_not_dumpable",
	  "the process is not dumpable while it joins a container's namespaces",
	  .refuted_by = "dumpable-left",
	  .why = "A process of the container could trace it, or reach its descriptors: CVE-2016-9962.",
	  .check = check_dumpable },
	{ 22, "kernel/hooks_run_in_order", "hooks run in order and in the namespaces the specification names",
	  MUST_BY("config.hooks.order"), .refuted_by = "hooks-in-opposite-order",
	  .why = "A hook of the container's namespaces that runs in the host's configures the host.",
	  .check = check_hooks },
	{ 23, "kernel/payload_waits_for_start", "no payload code runs before start",
	  MUST_BY("runtime.lifecycle.no-program-at-create"), OF_PAYLOAD, .refuted_by = "create-starts",
	  .why = "Engines attach networks and monitors between create and start.", .check = check_start },
	{ 24, "kernel/delete_undoes_everything", "delete undoes every creation; nothing survives",
	  MUST_BY("runtime.op.delete.resources"), .refuted_by = "cgroup-not-removed",
	  .why = "Cgroups that are left slow the machine down until it is started anew.",
	  .check = check_undone },
	{ 25, "kernel/signals_stay_inside", "signals stay inside the container's tree",
	  .refuted_by = "kills-parent", .why = "A pid that was used again belongs to somebody else.",
	  .check = check_signals },
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
		/* What is missing might be what breaks it. */
		if (i && ret[i].verdict == INVARIANT_HOLDS && ret[0].verdict != INVARIANT_HOLDS)
			rule_says(&ret[i], INVARIANT_INCONCLUSIVE, "%s", ret[0].reason);
	}
}
