/* Inside of the effects: the state of one pass over a recording. Nothing outside bpf/effect*.c includes this. */
#ifndef BPF_EFFECT_BUILD_H
#define BPF_EFFECT_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/parts.h"
#include "bpf/recording.h"
#include "bpf/tgids.h"

struct json;

#define TASKS_MAX 65536

/* A descriptor of the mount API: what fsmount or open_tree made and move_mount has not placed yet. */
struct api_fd {
	int fd;
	bool bind, recursive;
	bool placed; /* from then on it has a path, and what is done to it shows under that */
	char *type, *source,
	    *attributes; /* owned; attributes: what the mount has before it is placed; NULL: none */
	const char *propagation; /* the same; NULL: none */
};

struct task {
	uint32_t tgid, parent;
	enum effect_role role;
	char *into_cgroup; /* owned: where the clone3 that it is in asked for its child; NULL: it did not */
	uint64_t sending_until; /* the end of its last call that sends a signal */
	bool init; /* it executed the payload itself */
	bool switched; /* its root has been switched: its paths are the container's */
	uint64_t payload_from; /* time of the exec that made it payload; UINT64_MAX: never */
	struct api_fd *fds; /* owned */
	size_t fd_count;
	size_t last_effect; /* SIZE_MAX: it has none yet */
};

enum scratch { SCRATCH_EFFECT, SCRATCH_PATH, SCRATCH_GIVEN, SCRATCH_OBJECT, SCRATCHES };

struct build {
	const struct recording *recording;
	const struct json *config; /* borrowed from the symbols; NULL: unknown */
	const struct json *mounts, *masked, *readonly, *devices,
	    *resources; /* borrowed from it; NULL: it has none */
	const char *rootfs, *bundle, *scratch, *cgroup, *cgroup_above,
	    *runtime; /* borrowed; "" when unknown */
	char *protection; /* owned: where the runtime binds its executable; NULL: nowhere now */
	const struct decoded *now;
	size_t offset; /* of the present event */
	struct task *task; /* of the present event */
	struct task *tasks;
	size_t task_count;
	struct tgids newest; /* a pid that was used again means its later owner */
	uint64_t first_ns;
	enum event_phase phase;
	bool marked; /* the harness says which phase it is; else the runtime's arguments do */
	bool runs; /* the runtime was asked for create and start in one */
	struct effects *effects;
	size_t folding; /* the change of capabilities whose text still lacks what is left; SIZE_MAX: none */
	size_t folded_prefix; /* of its text, that stays */
	uint64_t capabilities_left;
	struct text reused[SCRATCHES]; /* owned: used again and again instead of being allocated */
	unsigned char *seen; /* borrowed: a bit for each sequence number */
	void (*by_call[EVENT_CALLS])(struct build *b); /* from the tables of call_effect */
};

struct task *build_task(struct build *b, uint32_t tgid); /* NULL: never seen to be made */
const char *build_role_of(struct build *b, uint32_t tgid); /* "init", "runtime", ...; "host" for strangers */

const char *build_symbol(const struct recording *recording,
			 const char *name); /* "" when it was not recorded */

/* Which hook of config.json a program is: by its path and its words, for one program may serve several. */
struct hook_place {
	const char *kind; /* NULL: no hook of config.json */
	size_t index;
};
struct hook_place build_hook_of(struct build *b, const struct decoded *event);

/* The first pass, over the events in which it shows who is who; afterwards roles stay, and what the second learns anew is cleared. */
int roles_next(const struct recording *recording, size_t *offset, struct decoded *ret, struct err *err);
void roles_find(struct build *b, const struct decoded *event);
void roles_settle(struct build *b);
void roles_free(struct build *b);

/* The path of argument arg, relative ones joined to the directory descriptor in dir_arg (-1: none), normalized to the container. */
void path_argument(struct build *b, int dir_arg, int arg, struct text *ret);
void path_normalize(struct build *b, const char *path, struct text *ret);

/* Appends a cgroup's path, the container's as @cgroup. */
void cgroup_name(const struct build *b, const char *path, struct text *ret);

/*
 * Appends an effect of the present event; text and via as printf formats would be two: via may be NULL. The returned pointer is valid
 * until the next call; NULL when the list is full.
 */
struct effect *effect_add(struct build *b, enum effect_kind kind, const char *via, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The present process's last effect when it has this kind, for folding repeated calls into one. */
struct effect *effect_last(struct build *b, enum effect_kind kind);
void effect_add_raw(struct build *b, struct effect *effect, size_t offset);
/* A copy in the memory of the list, ended by a NUL. */
const char *effect_keep(const struct build *b, const char *bytes, size_t len);
/* Forty bounding drops are one change: the set that is left after the last, which is written when the last is known. */
void effect_add_capabilities(struct build *b, const char *via, const char *set, uint64_t left);
void effect_fold_end(struct build *b);
struct text *scratch_take(struct build *b,
			  enum scratch which); /* empty; whoever uses it is done before it is taken again */
bool list_has(const struct json *list, const char *word); /* an array of strings */

/* One function a system call; the tables lie with the functions. */
struct call_effect {
	int call; /* SYS_... */
	void (*build)(struct build *b);
};
extern const struct call_effect mount_call_effects[], privilege_call_effects[], process_call_effects[],
    net_call_effects[], file_call_effects[];

/* At an exec, and when the payload begins or ends. */
void phase_of_exec(struct build *b);
void phase_of_payload(struct build *b, bool begins);

bool build_is_detached(struct build *b, int fd); /* a mount that lies nowhere yet */

/* After the pass: ties effects to the fields of config.json that caused them. */
void effects_tie(struct build *b);

struct flag_name {
	uint64_t flag;
	const char *name;
};
/* Appends the names of the set flags, comma-separated; names ends with an empty row. */
void flags_text(uint64_t value, const struct flag_name *names, struct text *ret);

#endif
