/* The kinds of fields a config.json has, and the walk over a table of them. */
#include "runtime-under-test/oci/spec_fields.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec.h"

static void place_print(const struct place *place, struct text *out)
{
	if (place->up)
		place_print(place->up, out);
	if (!place->name)
		text_addf(out, "[%zu]", place->index);
	else if (place->name[0] == '\0' || strpbrk(place->name, "./[]"))
		text_addf(out, "[%s]", place->name);
	else
		text_addf(out, "%s%s", out->len ? "." : "", place->name);
}

int place_fail(const struct place *place, struct err *err, const char *format, ...)
{
	auto_text sentence = { 0 };
	auto_text path = { 0 };
	va_list args;

	if (place)
		place_print(place, &path);
	va_start(args, format);
	text_addv(&sentence, format, args);
	va_end(args);
	if (path.len == 0)
		return fail_text(err, -EINVAL, "%s", text_str(&sentence));
	return fail_text(err, -EINVAL, "%s: %s", text_str(&path), text_str(&sentence));
}

void *field_allocate(size_t count, size_t size)
{
	void *memory;

	if (count == 0)
		return NULL;
	memory = calloc(count, size);
	if (!memory)
		abort();
	return memory;
}

static void *at(void *target, size_t offset)
{
	return (char *) target + offset;
}

int place_wrong_kind(const struct place *place, const struct json *value, const char *wanted, struct err *err)
{
	return place_fail(place, err, "must be %s, is %s", wanted, json_kind_name(json_kind(value)));
}

static int read_object(const struct place *place, const struct json *value, const struct field *field,
		       void *target, struct err *err)
{
	if (json_kind(value) != JSON_OBJECT)
		return place_wrong_kind(place, value, "an object", err);
	return fields_read(place, value, field->fields, at(target, field->offset), err);
}

static void clear_object(const struct field *field, void *target)
{
	fields_clear(field->fields, at(target, field->offset));
}

static int read_item(const struct place *place, const struct json *value, const struct field *field,
		     void *item, struct err *err)
{
	int r;

	if (json_kind(value) != JSON_OBJECT)
		return place_wrong_kind(place, value, "an object", err);
	r = fields_read(place, value, field->fields, item, err);
	if (r < 0 || !field->check_item)
		return r;
	return field->check_item(place, item, err);
}

/* Lists and maps alike. The count grows before an element is read, so that a half-read one is cleared too. */
static int read_items(const struct place *place, const struct json *value, const struct field *field,
		      void *target, struct err *err)
{
	bool is_map = field->kind == &kind_map;
	char **items = at(target, field->offset);
	size_t *count = at(target, field->count);
	size_t length = json_length(value);

	if (json_kind(value) != (is_map ? JSON_OBJECT : JSON_ARRAY))
		return place_wrong_kind(place, value, is_map ? "an object" : "an array of objects", err);
	*items = field_allocate(length, field->size);
	for (size_t i = 0; i < length; i++) {
		const struct place here = { .up = place,
					    .index = i,
					    .name = is_map ? json_key_at(value, i) : NULL };
		char *item = *items + i * field->size;
		int r;

		*count = i + 1;
		if (field->prepare)
			field->prepare(item);
		if (is_map)
			*(char **) at(item, field->key) = text_format("%s", here.name);
		r = read_item(&here, is_map ? json_value_at(value, i) : json_at(value, i), field, item, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void clear_items(const struct field *field, void *target)
{
	char **items = at(target, field->offset);
	size_t *count = at(target, field->count);

	for (size_t i = 0; i < *count; i++) {
		char *item = *items + i * field->size;

		if (field->kind == &kind_map)
			free(*(char **) at(item, field->key));
		fields_clear(field->fields, item);
	}
	free(TAKE(*items));
	*count = 0;
}

const struct kind kind_object = { .read = read_object, .clear = clear_object };
const struct kind kind_list = { .read = read_items, .clear = clear_items };
const struct kind kind_map = { .read = read_items, .clear = clear_items };

static int read_field(const struct place *place, const struct json *value, const struct field *field,
		      void *target, struct err *err)
{
	int r = field->kind->read(place, value, field, target, err);

	if (r < 0)
		return r;
	if (field->has)
		*(bool *) at(target, field->has) = true;
	if (field->check)
		return field->check(place, at(target, field->offset), err);
	return 0;
}

int fields_read(const struct place *place, const struct json *object, const struct field *fields,
		void *target, struct err *err)
{
	for (const struct field *field = fields; field->name; field++) {
		const struct place here = { .up = place, .name = field->name };
		const struct json *value = json_member(object, field->name);
		int r = 0;

		if (value)
			r = read_field(&here, value, field, target, err);
		else if (field->flags & FIELD_REQUIRED)
			r = place_fail(&here, err, "missing");
		if (r < 0)
			return r;
	}
	return 0;
}

void fields_clear(const struct field *fields, void *target)
{
	for (const struct field *field = fields; field->name; field++)
		if (field->kind->clear)
			field->kind->clear(field, target);
}
