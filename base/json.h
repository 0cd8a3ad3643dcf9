/*
 * JSON values, json-c behind one wall (json.c alone includes it).
 *
 * Ownership: _new_ and _parse give an owned value; every function that stores a value takes it;
 * every getter borrows. JSON null and "not there" are both NULL for getters: has() tells them apart.
 *
 * The one path language, for configs and observations alike:
 *   root.readonly             members
 *   sysctls[net.core.x]       [key] selects an object member whose name has dots or slashes,
 *   mounts[0]                 ... an array element by index,
 *   mounts[/data].flags       ... or the LAST array element whose identity field is key
 *                             (destination; else type, path or name; last, because the topmost mount wins);
 *                             brackets inside a key must come in pairs
 *   mounts[]                  only in json_set(): append
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct json;
struct text;

enum json_kind { JSON_NULL, JSON_BOOL, JSON_INT, JSON_DOUBLE, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Bounded: nesting deeper than 64, a NUL byte, trailing text or invalid UTF-8 is -EINVAL with "line L, column C: ...". */
int json_parse(const char *data, size_t len, struct json **ret, struct err *err);
/* Reads at most max bytes (-EFBIG beyond). */
int json_read_at(int dirfd, const char *path, size_t max, struct json **ret, struct err *err);

void json_free(struct json *value);
static inline void json_cleanup(struct json **value)
{
	json_free(*value);
}
#define auto_json __attribute__((cleanup(json_cleanup))) struct json *

struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_string(const char *string); /* must be valid UTF-8; use json_new_bytes otherwise */
struct json *json_new_bytes(const char *bytes, size_t len); /* invalid UTF-8 becomes U+FFFD */
struct json *json_new_int(int64_t value);
struct json *json_new_uint(uint64_t value);
struct json *json_new_bool(bool value);
struct json *json_new_double(double value);
struct json *json_copy(const struct json *value); /* deep */
struct json *
json_share(struct json *value); /* the same once more, owned too: a change of one is one of both */

enum json_kind json_kind(const struct json *value); /* NULL is JSON_NULL */
const char *json_kind_name(enum json_kind kind); /* "object", "string", ... */
size_t json_length(const struct json *value); /* members or elements; else 0 */
struct json *json_member(const struct json *object,
			 const char *key); /* borrowed; NULL: absent, null or no object */
bool json_has(const struct json *object, const char *key); /* true also for null */
struct json *json_at(const struct json *array, size_t index); /* borrowed */
struct json *json_get(const struct json *root,
		      const char *path); /* borrowed; NULL: not there or malformed path */
const char *json_key_at(const struct json *object, size_t index); /* insertion order */
struct json *json_value_at(const struct json *object, size_t index);

const char *json_string(const struct json *value); /* borrowed; NULL unless a string */
size_t json_string_length(const struct json *value);
bool json_bool(const struct json *value, bool otherwise);
int64_t json_int(const struct json *value, int64_t otherwise); /* also above INT64_MAX: otherwise */
uint64_t json_uint(const struct json *value, uint64_t otherwise); /* negative: otherwise */
bool json_is_unsigned(const struct json *value); /* an integer >= 0 */
double json_double(const struct json *value, double otherwise);
/* json_get() and json_string() in one; NULL when absent or no string. */
const char *json_get_string(const struct json *root, const char *path);

void json_put(struct json *object, const char *key, struct json *taken); /* replaces */
void json_append(struct json *array, struct json *taken);
void json_put_at(struct json *array, size_t index, struct json *taken); /* replaces; index < json_length() */
void json_remove(struct json *object, const char *key); /* not there: no effect */
void json_remove_at(struct json *array, size_t index); /* index < json_length() */
/*
 * Creates missing objects on the way; "x[]" appends and creates the array. -EINVAL: malformed path or wrong kind;
 * -ENOENT: an array has no such element. Takes the value also on failure.
 */
int json_set(struct json *root, const char *path, struct json *taken, struct err *err);
int json_drop(struct json *root, const char *path, struct err *err); /* -ENOENT when not there */

bool json_equal(const struct json *a, const struct json *b); /* objects unordered, arrays ordered, 1 == 1.0 */
#define JSON_PRETTY (1u << 0)
void json_print(const struct json *value, unsigned flags, struct text *out); /* no trailing newline */

#endif
