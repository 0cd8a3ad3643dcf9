/* The kinds of fields that are one value or a list of values: strings, numbers, words. */
#include "runtime-under-test/oci/spec_fields.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec.h"

static void *at(void *target, size_t offset)
{
	return (char *) target + offset;
}

static const struct word *find_word(const struct word *words, const char *name)
{
	for (; words->name; words++)
		if (strcmp(words->name, name) == 0)
			return words;
	return NULL;
}

static int read_bool(const struct place *place, const struct json *value, const struct field *field,
		     void *target, struct err *err)
{
	if (json_kind(value) != JSON_BOOL)
		return place_wrong_kind(place, value, "true or false", err);
	*(bool *) at(target, field->offset) = json_bool(value, false);
	return 0;
}

int field_look(const struct place *place, const struct json *value, const char **ret, struct err *err)
{
	const char *string = json_string(value);

	if (!string)
		return place_wrong_kind(place, value, "a string", err);
	/* "\u0000" is legal JSON; the kernel would see a shorter string than the one that was checked. */
	if (strlen(string) != json_string_length(value))
		return place_fail(place, err, "contains a NUL byte");
	*ret = string;
	return 0;
}

int field_string(const struct place *place, const struct json *value, char **ret, struct err *err)
{
	const char *string = NULL;
	int r = field_look(place, value, &string, err);

	if (r < 0)
		return r;
	*ret = text_format("%s", string);
	return 0;
}

static int check_string(const struct place *place, const char *string, const struct field *field,
			struct err *err)
{
	if ((field->flags & FIELD_FILLED) && string[0] == '\0')
		return place_fail(place, err, "must not be empty");
	if ((field->flags & FIELD_ABSOLUTE) && string[0] != '/')
		return place_fail(place, err, "must be an absolute path, is \"%s\"", string);
	if ((field->flags & FIELD_ONE_LINE) && strchr(string, '\n'))
		return place_fail(place, err, "must not contain a newline");
	if (field->words && !find_word(field->words, string))
		return place_fail(place, err, "unknown value \"%s\"", string);
	return 0;
}

static int read_string(const struct place *place, const struct json *value, const struct field *field,
		       void *target, struct err *err)
{
	auto_free char *string = NULL;
	int r = field_string(place, value, &string, err);

	if (r < 0)
		return r;
	assert(string);
	r = check_string(place, string, field, err);
	if (r < 0)
		return r;
	*(char **) at(target, field->offset) = TAKE(string);
	return 0;
}

static void clear_string(const struct field *field, void *target)
{
	char **string = at(target, field->offset);

	free(TAKE(*string));
}

static int read_strings(const struct place *place, const struct json *value, const struct field *field,
			void *target, struct err *err)
{
	struct spec_strings *strings = at(target, field->offset);
	size_t count = json_length(value);

	if (json_kind(value) != JSON_ARRAY)
		return place_wrong_kind(place, value, "an array of strings", err);
	if ((field->flags & FIELD_SOME) && count == 0)
		return place_fail(place, err, "must have at least one entry");
	if (count == 0)
		return 0;
	strings->items = field_allocate(count + 1, sizeof(*strings->items));
	for (size_t i = 0; i < count; i++) {
		const struct place here = { .up = place, .index = i };
		int r = field_string(&here, json_at(value, i), &strings->items[i], err);

		if (r < 0)
			return r;
		strings->count = i + 1;
		r = check_string(&here, strings->items[i], field, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void clear_strings(const struct field *field, void *target)
{
	struct spec_strings *strings = at(target, field->offset);

	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(TAKE(strings->items));
	strings->count = 0;
}

static int read_pairs(const struct place *place, const struct json *value, const struct field *field,
		      void *target, struct err *err)
{
	struct spec_pairs *pairs = at(target, field->offset);
	size_t count = json_length(value);

	if (json_kind(value) != JSON_OBJECT)
		return place_wrong_kind(place, value, "an object of strings", err);
	pairs->items = field_allocate(count, sizeof(*pairs->items));
	for (size_t i = 0; i < count; i++) {
		const struct place here = { .up = place, .name = json_key_at(value, i) };
		struct spec_pair *pair = &pairs->items[i];
		int r;

		if (here.name[0] == '\0')
			return place_fail(&here, err, "the key must not be empty");
		r = field_string(&here, json_value_at(value, i), &pair->value, err);
		if (r < 0)
			return r;
		pair->key = text_format("%s", here.name);
		pairs->count = i + 1;
	}
	return 0;
}

static void clear_pairs(const struct field *field, void *target)
{
	struct spec_pairs *pairs = at(target, field->offset);

	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].key);
		free(pairs->items[i].value);
	}
	free(TAKE(pairs->items));
	pairs->count = 0;
}

/* Checks the range of field or kind; the bits of the value, signed ones as two's complement. */
static int integer_value(const struct place *place, const struct json *value, const struct field *field,
			 uint64_t *ret, struct err *err)
{
	bool narrow = field->min || field->max;
	int64_t min = narrow ? field->min : field->kind->min;
	uint64_t max = narrow ? field->max : field->kind->max;

	if (json_kind(value) != JSON_INT)
		return place_wrong_kind(place, value, "an integer", err);
	if (json_is_unsigned(value)) {
		*ret = json_uint(value, 0);
		if (*ret > max)
			return place_fail(place, err, "%ju is above %ju", (uintmax_t) *ret, (uintmax_t) max);
		if (min > 0 && *ret < (uint64_t) min)
			return place_fail(place, err, "%ju is below %jd", (uintmax_t) *ret, (intmax_t) min);
		return 0;
	}
	*ret = (uint64_t) json_int(value, 0);
	if ((int64_t) *ret < min)
		return place_fail(place, err, "%jd is below %jd", (intmax_t) *ret, (intmax_t) min);
	return 0;
}

static int read_integer(const struct place *place, const struct json *value, const struct field *field,
			void *target, struct err *err)
{
	void *pointer = at(target, field->offset);
	uint64_t number = 0;
	int r = integer_value(place, value, field, &number, err);

	if (r < 0)
		return r;
	switch (field->kind->size) {
	case sizeof(uint16_t):
		*(uint16_t *) pointer = (uint16_t) number;
		break;
	case sizeof(uint32_t):
		*(uint32_t *) pointer = (uint32_t) number;
		break;
	default:
		*(uint64_t *) pointer = number;
	}
	return 0;
}

static int read_number(const struct place *place, const struct json *value, const struct field *field,
		       void *target, struct err *err)
{
	struct spec_number *number = at(target, field->offset);
	uint64_t bits = 0;
	int r = integer_value(place, value, field, &bits, err);

	if (r < 0)
		return r;
	number->value = (int64_t) bits;
	number->present = true;
	return 0;
}

static int read_unsigned(const struct place *place, const struct json *value, const struct field *field,
			 void *target, struct err *err)
{
	struct spec_unsigned *number = at(target, field->offset);
	int r = integer_value(place, value, field, &number->value, err);

	if (r < 0)
		return r;
	number->present = true;
	return 0;
}

static int word_value(const struct place *place, const struct json *value, const struct field *field,
		      int64_t *ret, struct err *err)
{
	const char *string = NULL;
	const struct word *word;
	int r = field_look(place, value, &string, err);

	if (r < 0)
		return r;
	assert(string);
	word = find_word(field->words, string);
	if (!word)
		return place_fail(place, err, "unknown value \"%s\"", string);
	*ret = word->value;
	return 0;
}

static int read_word(const struct place *place, const struct json *value, const struct field *field,
		     void *target, struct err *err)
{
	int64_t number = 0;
	int r = word_value(place, value, field, &number, err);

	if (r < 0)
		return r;
	*(int *) at(target, field->offset) = (int) number;
	return 0;
}

static int read_letter(const struct place *place, const struct json *value, const struct field *field,
		       void *target, struct err *err)
{
	int64_t number = 0;
	int r = word_value(place, value, field, &number, err);

	if (r < 0)
		return r;
	*(char *) at(target, field->offset) = (char) number;
	return 0;
}

static int read_flags(const struct place *place, const struct json *value, const struct field *field,
		      void *target, struct err *err)
{
	uint64_t flags = 0;

	if (json_kind(value) != JSON_ARRAY)
		return place_wrong_kind(place, value, "an array of strings", err);
	for (size_t i = 0; i < json_length(value); i++) {
		const struct place here = { .up = place, .index = i };
		int64_t bit = 0;
		int r = word_value(&here, json_at(value, i), field, &bit, err);

		if (r < 0)
			return r;
		flags |= (uint64_t) bit;
	}
	*(uint64_t *) at(target, field->offset) = flags;
	return 0;
}

const struct kind kind_bool = { .read = read_bool };
const struct kind kind_string = { .read = read_string, .clear = clear_string };
const struct kind kind_strings = { .read = read_strings, .clear = clear_strings };
const struct kind kind_pairs = { .read = read_pairs, .clear = clear_pairs };
const struct kind kind_i64 = { .read = read_integer, .size = 8, .min = INT64_MIN, .max = INT64_MAX };
const struct kind kind_int = { .read = read_integer, .size = sizeof(int), .min = INT_MIN, .max = INT_MAX };
const struct kind kind_u64 = { .read = read_integer, .size = 8, .max = UINT64_MAX };
const struct kind kind_u32 = { .read = read_integer, .size = 4, .max = UINT32_MAX };
const struct kind kind_u16 = { .read = read_integer, .size = 2, .max = UINT16_MAX };
const struct kind kind_number = { .read = read_number, .min = INT64_MIN, .max = INT64_MAX };
const struct kind kind_unsigned = { .read = read_unsigned, .max = UINT64_MAX };
const struct kind kind_word = { .read = read_word };
const struct kind kind_letter = { .read = read_letter };
const struct kind kind_flags = { .read = read_flags };

int check_cpu_list(const struct place *place, void *pointer, struct err *err)
{
	const char *list = *(char **) pointer;
	const char *s = list + strspn(list, " ");

	while (*s) {
		unsigned long first, last;
		char *end;

		if (*s < '0' || *s > '9')
			return place_fail(place, err, "\"%s\" is not a list such as 0-3,7", list);
		first = last = strtoul(s, &end, 10);
		if (*end == '-' && end[1] >= '0' && end[1] <= '9')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last > INT_MAX)
			return place_fail(place, err, "\"%s\" has a range that runs backwards or too far",
					  list);
		s = end + strspn(end, " ");
		if (*s == ',' && s[1])
			s += 1 + strspn(s + 1, " ");
		else if (*s)
			return place_fail(place, err, "\"%s\" is not a list such as 0-3,7", list);
	}
	return 0;
}
