/*
 * Edits of a JSON config (SET, ADD, DROP) and the symbols ("@scratch") that stand in cases for this run's
 * own things.
 */
#ifndef HARNESS_EDIT_H
#define HARNESS_EDIT_H

#include <stdbool.h>
#include <stddef.h>

struct edit;
struct err;
struct json;
struct text;

/*
 * Applies edits in order; the first that is NULL ends them. strict: DROP of something that is not there and
 * ADD over something that is there are -EINVAL; without it (the config was changed by a profile before)
 * both are accepted.
 */
int edit_apply(struct json *config, const struct edit *const *edits, size_t count, bool strict,
	       struct err *err);

/* The same from a profile's "edits": [{"op": "set|add|drop", "path": ..., "value": ...}]; never strict. */
int edit_apply_json(struct json *config, const struct json *edits, struct err *err);

/*
 * Appends string with every symbol replaced: the longest one that is not followed by a letter ("@id-2", not
 * "@idle").
 */
void symbols_expand_text(const char *string, const struct json *symbols, struct text *out);
/* A copy of value with symbols replaced in every string value (not in keys); owned. */
struct json *symbols_expand(const struct json *value, const struct json *symbols);

#endif
