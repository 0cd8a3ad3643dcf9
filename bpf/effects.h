/*
 * Effects: the vocabulary in which all runtimes compare, docs/EFFECTS.md is printed from its table. From a recording to a list of
 * normalized effects: pure, bounded, no I/O. An effect's string is kind:object[:detail] with the symbols
 * @scratch @rootfs @cgroup @init payload runtime hook host.
 */
#ifndef BPF_EFFECTS_H
#define BPF_EFFECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"

struct err;
struct json;
struct recording;

enum effect_kind {
	PROC_SPAWN = 1,
	PROC_EXEC,
	PROC_EXIT,
	PROC_DEATHSIG,
	PROC_SESSION,
	SIGNAL_SEND,
	HOOK_RUN,
	NS_NEW,
	NS_JOIN,
	USERNS_MAP,
	UTS_SET,
	TIME_OFFSET,
	NET_LINK,
	MNT_PROPAGATE,
	MNT_NEW,
	MNT_BIND,
	MNT_ATTR,
	MNT_MOVE,
	MNT_UMOUNT,
	ROOT_SWITCH,
	PATH_MASK,
	PATH_READONLY,
	PATH_RESOLVE,
	FS_NODE,
	FS_SYMLINK,
	FS_OWNER,
	CRED_IDS,
	CAP_CHANGE,
	SEC_BITS,
	SEC_NNP,
	SEC_SECCOMP,
	SEC_DENIED,
	SEC_LSM,
	SEC_KEYRING,
	CG_LIFE,
	CG_ATTACH,
	CG_SET,
	PROC_TUNE,
	FD_SURVIVE,
	FD_SEND,
	URING_OP,
	EXE_PROTECT,
	EFFECT_KIND_END,
};
struct effect_kind_row {
	enum effect_kind kind;
	const char *name; /* "mnt.bind" */
	const char *object, *detail, *help;
};
extern const struct effect_kind_row effect_kinds[];
extern const size_t effect_kind_count;

enum effect_role { ROLE_RUNTIME = 1, ROLE_INIT, ROLE_HOOK, ROLE_PAYLOAD, ROLE_SANDBOX };
const char *effect_role_name(enum effect_role role);
const char *effect_phase_name(enum event_phase phase);

struct effect {
	enum effect_kind kind;
	enum effect_role role;
	enum event_phase phase;
	const char *text; /* "mnt.attr:/data:ro"; this and the others lie in the memory of the list */
	const char *via; /* how it was done, not compared: "mount(MS_REMOUNT|MS_BIND)" */
	const char *field; /* the config.json field that caused it, "mounts[/data].options"; NULL: none */
	uint64_t time_ns;
	int error; /* positive errno of the call, 0: it succeeded */
	uint32_t tgid, ns_tgid;
	size_t *raw; /* offsets of the recording's events behind it */
	size_t raw_count;
};

struct effect_memory;
struct effects {
	struct effect *items; /* by time */
	struct effect_memory *memory; /* owned: of the effects' texts */
	size_t count;
	unsigned char
	    *roles; /* owned: enum effect_role of the process of each event of the recording, in order */
	bool payload_visible; /* false for VM and user-kernel sandboxes */
	size_t payload_exec; /* index of the payload's proc.exec; SIZE_MAX: none seen */
	uint64_t events, lost,
	    undecoded; /* undecoded: io_uring work, whose arguments nobody sees, and 32-bit calls */
	uint64_t hidden; /* those of them that the runtime made, which has no need to */
	bool gaps; /* sequence numbers are missing */
	bool cut; /* there were more effects or processes than are kept */
};

int effects_from(const struct recording *recording, struct effects *ret, struct err *err);
void effects_free(struct effects *effects);

/* pattern: an effect text, or its first colon fields; "*" matches within one of them. */
bool effect_matches(const char *pattern, const char *text);
bool effects_happen(const struct effects *effects, const char *pattern);
bool effects_precede(const struct effects *effects, const char *first, const char *next);
/*
 * Of the calls about namespaces, mounts, cgroups and credentials that the runtime made (not hooks, not the payload): how many there
 * are, and how many are tied to a field of config.json.
 */
void effects_count_ties(const struct effects *effects, uint64_t *ret_tied, uint64_t *ret_tieable);
/* What an observation carries: [{"kind","role","phase","t_us","text","via","field","errno"}] (owned). */
struct json *effects_to_json(const struct effects *effects);

#endif
