/* Between the parts that gather the facts of plumbline flow. */
#ifndef HARNESS_FLOW_PART_H
#define HARNESS_FLOW_PART_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/effects.h"
#include "bpf/recording.h"

struct json;

/* Whose a process is, told by the id in the arguments of the OCI runtime that it descends from. */
enum flow_owner { FLOW_NOBODY, FLOW_SERVER, FLOW_SANDBOX, FLOW_CONTAINER, FLOW_OWNERS };
const char *flow_owner_name(enum flow_owner owner); /* "server" */

struct flow_object { /* borrowed */
	const char *id;
	const struct json *config; /* the config.json that the server says it wrote; NULL: it does not say */
};

/* A recording taken apart: who ran which programs, and what each owner's processes asked of the kernel. */
struct flow_kernel {
	struct recording part[FLOW_OWNERS]; /* owned: the events of each */
	struct effects effects[FLOW_OWNERS]; /* owned */
	char *bundle[FLOW_OWNERS]; /* owned: where their config.json lies; NULL: no command said so */
	struct json *commands; /* owned: [{"time_ns", "of", "argv", "code" | "signal", "ms"}] by time */
};
/* objects: by owner, those of FLOW_SANDBOX and FLOW_CONTAINER. handler: the script that stands for the OCI runtime. */
void flow_kernel_read(const struct recording *recording, const struct flow_object objects[FLOW_OWNERS],
		      const char *handler, struct flow_kernel *ret);
void flow_kernel_free(struct flow_kernel *kernel);
/*
 * Of [begin, end): groups as the story of plumbline trace makes them, at most `lines` of them, none below a rank (trace_words.h).
 * Owned.
 */
struct json *flow_effects(const struct effects *effects, uint64_t begin, uint64_t end, size_t lines, int rank,
			  size_t *ret_left_out);

/*
 * [{"path", "values", "from", "field"}]: the config.json with neighbours of one origin in one row. origins as plumbline-cri tells
 * them (docs/ORIGINS.md); NULL: none. *ret_counts: {"cri": N, ...}, how many values each origin has. Both owned.
 */
struct json *flow_values(const struct json *config, const struct json *origins, struct json **ret_counts);

/*
 * What a message of the interface can tell from nothing: a number but 0, text but "", a list that has elements, whatever these are, and
 * a message or a map one of whose members is set, or which wraps a number.
 */
bool flow_is_set(const struct json *value);
/* "512", "CHOWN,KILL"; an empty list is "none". Owned. */
char *flow_value_text(const struct json *value);

/* A step's time ends where the next one begins: what it set in motion goes on for a while. The last ends with its answer. */
uint64_t flow_end_of(const struct json *steps, size_t index);

/* [{"type": "value", "name", "rungs": {...}, "plumb"}]: what can be followed from the request to the kernel. Owned. */
struct json *flow_ladder(const struct json *observation, const struct flow_kernel *kernel);
/* What the world saw of the container while its program ran; borrowed. NULL: it never did, or was too quick. */
const struct json *flow_seen(const struct json *observation);
/* Without origins: rows of flow_values() whose value is the request's get "from": "equal", others that it names "differs". */
void flow_compare(const struct json *observation, bool of_sandbox, struct json *values);
/* A member of what the verbose status said once it was made: "runtimeSpec", "origins". Borrowed; NULL: it does not say. */
const struct json *flow_told(const struct json *observation, enum flow_owner owner, const char *what);
/* Who wanted a member of config.json: {"from", "field"}, by the nearest path above it. Borrowed. */
const struct json *flow_origin(const struct json *origins, const char *path);

#endif
