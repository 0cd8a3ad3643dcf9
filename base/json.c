/* JSON values: the wall around json-c, whose objects are ours under another name. */
#include "base/json.h"

#include <assert.h>
#include <errno.h>
#define json_bool json_c_bool /* json-c's type has the name of our getter */
#include <json-c/json.h>
#undef json_bool
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json_check.h"
#include "base/text.h"

/* json-c takes non-const pointers even where it only reads. */
static struct json_object *inner(const struct json *value)
{
	return (struct json_object *) (uintptr_t) value;
}

static struct json *outer(struct json_object *object)
{
	return (struct json *) object;
}

static struct json *made(struct json_object *object)
{
	if (!object)
		abort(); /* json-c had no memory: as in text.c */
	return outer(object);
}

static int build(const char *data, size_t len, struct json **ret, struct err *err)
{
	/* json-c counts a scalar as a level of its own. */
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
	struct json_object *object;
	enum json_tokener_error error;

	if (!tokener)
		abort();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, data, (int) len);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_continue) {
		/* A bare number ends only where the text does. */
		object = json_tokener_parse_ex(tokener, "", 1);
		error = json_tokener_get_error(tokener);
	}
	json_tokener_free(tokener);
	if (error != json_tokener_success)
		return fail_text(err, -EINVAL, "line 1, column 1: %s", json_tokener_error_desc(error));
	*ret = outer(object);
	return 0;
}

int json_parse(const char *data, size_t len, struct json **ret, struct err *err)
{
	int r;

	if (len > INT_MAX - 1)
		return fail_text(err, -EFBIG, "more than %d bytes of JSON", INT_MAX - 1);
	r = json_check(data, len, err);
	return r < 0 ? r : build(data, len, ret, err);
}

int json_read_at(int dirfd, const char *path, size_t max, struct json **ret, struct err *err)
{
	auto_text content = { 0 };
	int r = file_read_at(dirfd, path, max, &content, err);

	if (r < 0)
		return r;
	r = json_parse(text_str(&content), content.len, ret, err);
	return r < 0 ? fail(err, r, "%s", path) : 0;
}

void json_free(struct json *value)
{
	json_object_put(inner(value));
}

struct json *json_new_object(void)
{
	return made(json_object_new_object());
}

struct json *json_new_array(void)
{
	return made(json_object_new_array());
}

struct json *json_new_string(const char *string)
{
	return made(json_object_new_string(string));
}

struct json *json_new_bytes(const char *bytes, size_t len)
{
	auto_text valid = { 0 };

	while (len) {
		size_t n = text_utf8_length(bytes, len);

		text_add_bytes(&valid, n ? bytes : "\xef\xbf\xbd", n ? n : 3);
		bytes += n ? n : 1;
		len -= n ? n : 1;
	}
	if (valid.len > INT_MAX)
		abort();
	return made(json_object_new_string_len(text_str(&valid), (int) valid.len));
}

struct json *json_new_int(int64_t value)
{
	return made(json_object_new_int64(value));
}

struct json *json_new_uint(uint64_t value)
{
	return made(json_object_new_uint64(value));
}

struct json *json_new_bool(bool value)
{
	return made(json_object_new_boolean(value));
}

struct json *json_new_double(double value)
{
	return made(json_object_new_double(value));
}

struct json *json_copy(const struct json *value)
{
	struct json_object *copy = NULL;

	if (value && json_object_deep_copy(inner(value), &copy, NULL) < 0)
		abort();
	return outer(copy);
}

struct json *json_share(struct json *value)
{
	return outer(json_object_get(inner(value)));
}

enum json_kind json_kind(const struct json *value)
{
	switch (json_object_get_type(inner(value))) {
	case json_type_null:
		return JSON_NULL;
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_double:
		return JSON_DOUBLE;
	case json_type_int:
		return JSON_INT;
	case json_type_object:
		return JSON_OBJECT;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_string:
		return JSON_STRING;
	}
	return JSON_NULL;
}

const char *json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",     [JSON_BOOL] = "boolean",  [JSON_INT] = "integer",
		[JSON_DOUBLE] = "number", [JSON_STRING] = "string", [JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object",
	};

	return names[kind];
}

size_t json_length(const struct json *value)
{
	if (json_kind(value) == JSON_OBJECT)
		return (size_t) json_object_object_length(inner(value));
	return json_kind(value) == JSON_ARRAY ? json_object_array_length(inner(value)) : 0;
}

struct json *json_member(const struct json *object, const char *key)
{
	struct json_object *member = NULL;

	if (json_kind(object) == JSON_OBJECT)
		(void) json_object_object_get_ex(inner(object), key, &member);
	return outer(member);
}

bool json_has(const struct json *object, const char *key)
{
	return json_kind(object) == JSON_OBJECT && json_object_object_get_ex(inner(object), key, NULL);
}

struct json *json_at(const struct json *array, size_t index)
{
	if (index >= json_length(array) || json_kind(array) != JSON_ARRAY)
		return NULL;
	return outer(json_object_array_get_idx(inner(array), index));
}

static struct lh_entry *entry_at(const struct json *object, size_t index)
{
	struct lh_entry *entry;

	if (json_kind(object) != JSON_OBJECT)
		return NULL;
	entry = lh_table_head(json_object_get_object(inner(object)));
	while (entry && index--)
		entry = lh_entry_next(entry);
	return entry;
}

const char *json_key_at(const struct json *object, size_t index)
{
	struct lh_entry *entry = entry_at(object, index);

	return entry ? (const char *) lh_entry_k(entry) : NULL;
}

struct json *json_value_at(const struct json *object, size_t index)
{
	struct lh_entry *entry = entry_at(object, index);

	return entry ? outer((struct json_object *) lh_entry_v(entry)) : NULL;
}

const char *json_string(const struct json *value)
{
	return json_kind(value) == JSON_STRING ? json_object_get_string(inner(value)) : NULL;
}

size_t json_string_length(const struct json *value)
{
	return json_kind(value) == JSON_STRING ? (size_t) json_object_get_string_len(inner(value)) : 0;
}

bool json_bool(const struct json *value, bool otherwise)
{
	return json_kind(value) == JSON_BOOL ? json_object_get_boolean(inner(value)) : otherwise;
}

bool json_is_unsigned(const struct json *value)
{
	return json_kind(value) == JSON_INT && json_object_get_int64(inner(value)) >= 0;
}

int64_t json_int(const struct json *value, int64_t otherwise)
{
	if (json_kind(value) != JSON_INT)
		return otherwise;
	if (json_is_unsigned(value) && json_object_get_uint64(inner(value)) > INT64_MAX)
		return otherwise;
	return json_object_get_int64(inner(value));
}

uint64_t json_uint(const struct json *value, uint64_t otherwise)
{
	return json_is_unsigned(value) ? json_object_get_uint64(inner(value)) : otherwise;
}

double json_double(const struct json *value, double otherwise)
{
	enum json_kind kind = json_kind(value);

	return kind == JSON_DOUBLE || kind == JSON_INT ? json_object_get_double(inner(value)) : otherwise;
}

void json_put(struct json *object, const char *key, struct json *taken)
{
	assert(json_kind(object) == JSON_OBJECT);
	if (json_object_object_add(inner(object), key, inner(taken)) < 0)
		abort();
}

void json_remove(struct json *object, const char *key)
{
	assert(json_kind(object) == JSON_OBJECT);
	json_object_object_del(inner(object), key);
}

void json_append(struct json *array, struct json *taken)
{
	assert(json_kind(array) == JSON_ARRAY);
	if (json_object_array_add(inner(array), inner(taken)) < 0)
		abort();
}

void json_put_at(struct json *array, size_t index, struct json *taken)
{
	assert(json_kind(array) == JSON_ARRAY && index < json_length(array));
	if (json_object_array_put_idx(inner(array), index, inner(taken)) < 0)
		abort();
}

void json_remove_at(struct json *array, size_t index)
{
	assert(json_kind(array) == JSON_ARRAY && index < json_length(array));
	(void) json_object_array_del_idx(inner(array), index, 1);
}
