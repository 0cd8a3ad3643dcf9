/* Inside of the invariants: what several rules look at, found once. Nothing outside bpf/invariant*.c includes this. */
#ifndef BPF_INVARIANT_PART_H
#define BPF_INVARIANT_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/effects.h"
#include "bpf/invariants.h"
#include "bpf/recording.h"

struct witness {
	const struct recording *recording;
	const struct effects *effects;
	const struct json *config; /* as written for the runtime; NULL: unknown */
	const struct json *observation, *inside; /* NULL: none */
	bool has_payload; /* its exec was seen */
	size_t exec; /* index of that effect */
	uint32_t init; /* the process that executed it */
	struct event_state at_exec; /* of it, after the exec */
	bool has_runtime;
	struct event_state runtime; /* of the first program of the recording */
};

void rule_holds(struct invariant_result *ret);
void rule_unrelated(struct invariant_result *ret, const char *why);
void rule_says(struct invariant_result *ret, enum invariant_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* By effects: successful ones only. */
bool effect_is(const struct effect *effect,
	       const char *prefix); /* its text begins with prefix and ends there or at a colon */
const char *effect_object(const struct effect *effect); /* behind "kind:" */
/* The next effect from *at on that has this kind and comes from tgid (0: anybody) before index end; NULL: none. *at moves past it. */
const struct effect *effect_next(const struct witness *w, size_t *at, size_t end, enum effect_kind kind,
				 uint32_t tgid);
/* The event at an effect's first raw offset. */
bool effect_event(const struct witness *w, const struct effect *effect, struct decoded *ret);

/* Is a namespace of this config type new ("pid" ...), joined by path, or the runtime's? */
enum namespace_wish { NAMESPACE_SHARED, NAMESPACE_NEW, NAMESPACE_JOINED };
enum namespace_wish wish_of(const struct witness *w, const char *type);
bool config_lists_path(const struct witness *w, const char *field, const char *path);

/* invariant_covered.c */
bool places_a_mount(const struct effect *effect);
/* Breaks the rule when a cover of this kind was taken away between its placing and the exec. */
void check_kept(const struct witness *w, enum effect_kind kind, struct invariant_result *ret);

void check_evidence(const struct witness *w, struct invariant_result *ret);
/* invariant_privilege.c */
void check_credentials(const struct witness *w, struct invariant_result *ret);
void check_nnp_before_filter(const struct witness *w, struct invariant_result *ret);
void check_after_filter(const struct witness *w, struct invariant_result *ret);
void check_no_growth(const struct witness *w, struct invariant_result *ret);
void check_id_order(const struct witness *w, struct invariant_result *ret);
void check_keepcaps(const struct witness *w, struct invariant_result *ret);
void check_limits_first(const struct witness *w, struct invariant_result *ret);
/* invariant_namespace.c */
void check_namespaces(const struct witness *w, struct invariant_result *ret);
void check_user_first(const struct witness *w, struct invariant_result *ret);
void check_sysctls(const struct witness *w, struct invariant_result *ret);
void check_dumpable(const struct witness *w, struct invariant_result *ret);
void check_hooks(const struct witness *w, struct invariant_result *ret);
/* invariant_mount.c */
void check_propagation(const struct witness *w, struct invariant_result *ret);
void check_old_root(const struct witness *w, struct invariant_result *ret);
void check_masked(const struct witness *w, struct invariant_result *ret);
void check_readonly(const struct witness *w, struct invariant_result *ret);
void check_anchored(const struct witness *w, struct invariant_result *ret);
/* invariant_covered.c */
void check_host_mounts(const struct witness *w, struct invariant_result *ret);
/* invariant_process.c */
void check_descriptors(const struct witness *w, struct invariant_result *ret);
void check_executable(const struct witness *w, struct invariant_result *ret);
void check_cgroup(const struct witness *w, struct invariant_result *ret);
void check_start(const struct witness *w, struct invariant_result *ret);
void check_undone(const struct witness *w, struct invariant_result *ret);
void check_signals(const struct witness *w, struct invariant_result *ret);

#endif
