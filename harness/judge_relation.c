/* The relations between a recorded value and an expected one, and how they are said in words. */
#include "harness/judge_part.h"

#include <regex.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "harness/case.h"

#define VALUE_SHOWN_MAX 240

static bool array_has(const struct json *array, const struct json *element)
{
	for (size_t i = 0; i < json_length(array); i++)
		if (json_equal(json_at(array, i), element))
			return true;
	return false;
}

static bool holds_contains(const struct json *value, const struct json *expected)
{
	const char *word = json_string(expected);

	switch (json_kind(value)) {
	case JSON_STRING:
		return word && strstr(json_string(value), word);
	case JSON_OBJECT:
		return word && json_has(value, word);
	case JSON_ARRAY:
		if (json_kind(expected) != JSON_ARRAY)
			return array_has(value, expected);
		for (size_t i = 0; i < json_length(expected); i++)
			if (!array_has(value, json_at(expected, i)))
				return false;
		return true;
	case JSON_NULL:
	case JSON_BOOL:
	case JSON_INT:
	case JSON_DOUBLE:
		break;
	}
	return false;
}

/*
 * Of several expected elements not one may be there; a value of a kind that cannot contain anything proves
 * nothing.
 */
static bool holds_lacks(const struct json *value, const struct json *expected)
{
	enum json_kind kind = json_kind(value);

	if (kind == JSON_ARRAY && json_kind(expected) == JSON_ARRAY) {
		for (size_t i = 0; i < json_length(expected); i++)
			if (array_has(value, json_at(expected, i)))
				return false;
		return true;
	}
	if (kind != JSON_STRING && kind != JSON_OBJECT && kind != JSON_ARRAY)
		return false;
	return !holds_contains(value, expected);
}

static bool holds_matches(const struct json *value, const struct json *expected)
{
	const char *string = json_string(value), *pattern = json_string(expected);
	regex_t regex;

	if (!string || !pattern || regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	bool ret = !regexec(&regex, string, 0, NULL, 0);
	regfree(&regex);
	return ret;
}

struct number {
	bool valid, whole, negative;
	uint64_t magnitude; /* of a whole number that is not negative */
	int64_t integer; /* of a negative one */
	double real;
};

/* Limit files hold numbers as text ("42"), so a whole decimal string counts as a number; "max" does not. */
static struct number number_of(const struct json *value)
{
	const char *string = json_string(value);
	unsigned long long u;
	long long i;

	if (json_is_unsigned(value)) {
		uint64_t n = json_uint(value, 0);

		return (struct number){ .valid = true, .whole = true, .magnitude = n, .real = (double) n };
	}
	if (json_kind(value) == JSON_INT) {
		int64_t n = json_int(value, 0);

		return (struct number){
			.valid = true, .whole = true, .negative = true, .integer = n, .real = (double) n
		};
	}
	if (json_kind(value) == JSON_DOUBLE)
		return (struct number){ .valid = true, .real = json_double(value, 0) };
	if (string && text_to_u64(string, &u) == 0)
		return (struct number){ .valid = true, .whole = true, .magnitude = u, .real = (double) u };
	if (string && text_to_i64(string, &i) == 0)
		return (struct number){
			.valid = true, .whole = true, .negative = true, .integer = i, .real = (double) i
		};
	return (struct number){ 0 };
}

/* Whole numbers are compared exactly: RLIM_INFINITY has no neighbours among doubles. */
static int number_compare(const struct number *a, const struct number *b)
{
	if (!a->whole || !b->whole)
		return (a->real > b->real) - (a->real < b->real);
	if (a->negative != b->negative)
		return a->negative ? -1 : 1;
	if (a->negative)
		return (a->integer > b->integer) - (a->integer < b->integer);
	return (a->magnitude > b->magnitude) - (a->magnitude < b->magnitude);
}

static bool holds_limit(const struct json *value, const struct json *expected, int direction)
{
	struct number a = number_of(value), b = number_of(expected);

	return a.valid && b.valid && number_compare(&a, &b) * direction >= 0;
}

static bool holds_at_least(const struct json *value, const struct json *expected)
{
	return holds_limit(value, expected, 1);
}

static bool holds_at_most(const struct json *value, const struct json *expected)
{
	return holds_limit(value, expected, -1);
}

static bool holds_ordered(const struct json *value, const struct json *expected)
{
	size_t next = 0, wanted = json_length(expected);

	if (json_kind(value) != JSON_ARRAY || json_kind(expected) != JSON_ARRAY)
		return false;
	for (size_t i = 0; i < json_length(value) && next < wanted; i++)
		if (json_equal(json_at(value, i), json_at(expected, next)))
			next++;
	return next == wanted;
}

static bool holds_differs(const struct json *value, const struct json *expected)
{
	return !json_equal(value, expected);
}

static bool holds_present(const struct json *value, const struct json *expected)
{
	(void) expected;
	return value;
}

static bool holds_absent(const struct json *value, const struct json *expected)
{
	(void) expected;
	return !value;
}

static const struct {
	const char *phrase;
	bool (*holds)(const struct json *value, const struct json *expected);
} relations[] = {
	[equals] = { "to be", json_equal },
	[differs] = { "to differ from", holds_differs },
	[contains] = { "to contain", holds_contains },
	[lacks] = { "to lack", holds_lacks },
	[matches] = { "to match", holds_matches },
	[present] = { "to be there", holds_present },
	[absent] = { "not to be there", holds_absent },
	[at_least] = { "to be at least", holds_at_least },
	[at_most] = { "to be at most", holds_at_most },
	[ordered] = { "to have in this order", holds_ordered },
	[happens] = { "to happen", NULL },
	[never] = { "never to happen", NULL },
	[precedes] = { "to precede", NULL },
	[keeps] = { "to be kept", NULL },
};

bool relation_holds(int is, const struct json *value, const struct json *expected)
{
	if (is <= 0 || (size_t) is >= ARRAY_SIZE(relations) || !relations[is].holds)
		return false;
	return relations[is].holds(value, expected);
}

const char *relation_phrase(int is)
{
	return is > 0 && (size_t) is < ARRAY_SIZE(relations) ? relations[is].phrase : "to be understood as";
}

void describe_value(const struct json *value, struct text *out)
{
	size_t start = out->len;

	json_print(value, 0, out);
	if (out->len - start <= VALUE_SHOWN_MAX)
		return;
	/* Cut between characters, not inside one: the bytes 10xxxxxx continue a character. */
	size_t end = start + VALUE_SHOWN_MAX;
	while (end > start && ((unsigned char) out->data[end] & 0xc0) == 0x80)
		end--;
	text_cut(out, end);
	text_add(out, "...");
}
