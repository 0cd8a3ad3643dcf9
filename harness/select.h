/*
 * Which cases a command is about. A selector is an id ("oci/mounts/ro_bind"), a glob ("oci/mounts/ro*"), an
 * area ("oci/mounts") or a filter: "area:oci/mounts & level:must & !needs:bpf". Several selectors add up;
 * none means all.
 */
#ifndef HARNESS_SELECT_H
#define HARNESS_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct area;
struct conformance_case;
struct err;
struct text;

struct selected {
	const struct area *area;
	const struct conformance_case *c;
	char *id; /* owned */
};

struct selection {
	struct selected *items; /* owned; in the order of areas and tables */
	size_t count;
};

struct shard {
	uint64_t k, n; /* 1 <= k <= n; n 0: no shard */
};

/* -EINVAL: a selector that cannot be read, with a sentence. An empty selection is no error here. */
int select_cases(const char *const *selectors, size_t count, const struct shard *shard, struct selection *ret,
		 struct err *err);
void selection_free(struct selection *selection);
#define auto_selection __attribute__((cleanup(selection_free))) struct selection

/* Does one selector choose this case? 1, 0, or -EINVAL. */
int selector_matches(const char *selector, const struct selected *item, struct err *err);

/* FNV-1a, 64 bits: shards are hash modulo N, so a case stays in its shard whatever else is selected. */
uint64_t hash_id(const char *id);
bool shard_has(const struct shard *shard, const char *id);
int shard_parse(const char *text, struct shard *ret, struct err *err); /* "2/5" */

/*
 * profile:smoke: of every area the few cases whose hashes are lowest, so that adding a case moves at most
 * one.
 */
bool case_is_smoke(const struct area *area, const struct conformance_case *c);

/* Shuffles in place, the same way for the same seed. */
void selection_shuffle(struct selection *selection, uint64_t seed);

#endif
