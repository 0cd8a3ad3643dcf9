/* Events of libyaml in, values of base/json.h out. */
#include "runtime-under-test/cri/spec/yaml.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/yaml_library.h"

enum { DEPTH_MAX = 64 };

struct reader {
	struct yaml_library calls;
	yaml_parser_t parser;
	int depth;
	struct err *err; /* borrowed */
};

struct event {
	struct reader *reader; /* NULL: there is none */
	yaml_event_t it;
};

static void event_cleanup(struct event *event)
{
	if (event->reader)
		event->reader->calls.yaml_event_delete(&event->it);
}
#define auto_event __attribute__((cleanup(event_cleanup))) struct event

static int refuse(struct reader *reader, yaml_mark_t mark, const char *why)
{
	return fail_text(reader->err, -EINVAL, "line %zu, column %zu: %s", mark.line + 1, mark.column + 1,
			 why);
}

static int next(struct reader *reader, struct event *ret)
{
	yaml_event_t it;

	if (!reader->calls.yaml_parser_parse(&reader->parser, &it))
		return refuse(reader, reader->parser.problem_mark,
			      reader->parser.problem ? reader->parser.problem : "no memory");
	*ret = (struct event){ reader, it };
	return 0;
}

static const char *text_of(const struct event *event)
{
	return (const char *) event->it.data.scalar.value;
}

static bool has_nul(const struct event *event)
{
	return strlen(text_of(event)) != event->it.data.scalar.length;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* NULL: it is no number. */
static struct json *number(const char *word)
{
	const char *digits = word + (*word == '-' || *word == '+');
	int base = strncmp(digits, "0x", 2) == 0 ? 16 : digits[0] == '0' && digits[1] ? 8 : 10;
	auto_free char *plain =
	    text_format("%.*s%s", (int) (digits - word), word, digits + 2 * (strncmp(digits, "0o", 2) == 0));
	char *end;
	int64_t integer;
	double real;

	if (digits[0] < '0' || digits[0] > '9')
		return NULL;
	errno = 0;
	integer = strtoll(plain, &end, base);
	if (!*end && end > plain && !errno)
		return json_new_int(integer);
	real = strtod(word, &end);
	/* JSON has no infinity. */
	return *end || base != 10 || !isfinite(real) ? NULL : json_new_double(real);
}

/* A word without quotes; YAML 1.2.2 section 10.3.2. */
static struct json *plain(const char *word)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };
	struct json *value;

	if (is_one_of(word, nulls))
		return NULL;
	if (is_one_of(word, yes) || is_one_of(word, no))
		return json_new_bool(is_one_of(word, yes));
	value = number(word);
	return value ? value : json_new_string(word);
}

static int read_scalar(struct reader *reader, const struct event *event, struct json **ret)
{
	const char *tag = (const char *) event->it.data.scalar.tag;

	if (has_nul(event))
		return refuse(reader, event->it.start_mark, "a NUL in a string");
	if (tag && strcmp(tag, YAML_STR_TAG) != 0 && strcmp(tag, "!") != 0)
		return refuse(reader, event->it.start_mark, "a tag other than !!str");
	*ret = !tag && event->it.data.scalar.plain_implicit ? plain(text_of(event))
							    : json_new_string(text_of(event));
	return 0;
}

static int read_value(struct reader *reader, const struct event *event, struct json **ret);

static int read_sequence(struct reader *reader, struct json **ret)
{
	auto_json array = json_new_array();

	for (;;) {
		auto_event event = { 0 };
		struct json *value = NULL;
		int r = next(reader, &event);

		if (r == 0 && event.it.type == YAML_SEQUENCE_END_EVENT) {
			*ret = TAKE(array);
			return 0;
		}
		if (r == 0)
			r = read_value(reader, &event, &value);
		if (r < 0)
			return r;
		json_append(array, value);
	}
}

static int read_mapping(struct reader *reader, struct json **ret)
{
	auto_json object = json_new_object();

	for (;;) {
		auto_event key = { 0 }, event = { 0 };
		struct json *value = NULL;
		int r = next(reader, &key);

		if (r == 0 && key.it.type == YAML_MAPPING_END_EVENT) {
			*ret = TAKE(object);
			return 0;
		}
		if (r == 0 && (key.it.type != YAML_SCALAR_EVENT || has_nul(&key)))
			r = refuse(reader, key.it.start_mark, "a key that is no string");
		if (r == 0 && json_has(object, text_of(&key)))
			r = refuse(reader, key.it.start_mark, "a key for the second time");
		if (r == 0)
			r = next(reader, &event);
		if (r == 0)
			r = read_value(reader, &event, &value);
		if (r < 0)
			return r;
		json_put(object, text_of(&key), value);
	}
}

static int read_value(struct reader *reader, const struct event *event, struct json **ret)
{
	yaml_mark_t mark = event->it.start_mark;
	int r;

	if (event->it.type == YAML_SCALAR_EVENT)
		return read_scalar(reader, event, ret);
	if (event->it.type == YAML_ALIAS_EVENT)
		return refuse(reader, mark, "an alias");
	if (reader->depth == DEPTH_MAX)
		return refuse(reader, mark, "more than 64 levels");
	reader->depth++;
	r = event->it.type == YAML_SEQUENCE_START_EVENT ? read_sequence(reader, ret)
							: read_mapping(reader, ret);
	reader->depth--;
	return r;
}

/* What has no place in one document is refused where the next one begins. */
static int read_document(struct reader *reader, struct json **ret)
{
	auto_json value = NULL;
	bool is_there = false;

	for (;;) {
		auto_event event = { 0 };
		int r = next(reader, &event);

		if (r < 0)
			return r;
		switch ((int) event.it.type) {
		case YAML_STREAM_END_EVENT:
			*ret = TAKE(value);
			return 0;
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (is_there)
				return refuse(reader, event.it.start_mark, "a second document");
			is_there = true;
			break;
		default:
			r = read_value(reader, &event, &value);
			if (r < 0)
				return r;
		}
	}
}

int yaml_parse(const char *data, size_t len, struct json **ret, struct err *err)
{
	struct reader reader = { .err = err };
	int r = yaml_library_open(&reader.calls, err);

	if (r < 0)
		return r;
	if (!reader.calls.yaml_parser_initialize(&reader.parser))
		abort();
	reader.calls.yaml_parser_set_input_string(&reader.parser, (const unsigned char *) data, len);
	r = read_document(&reader, ret);
	reader.calls.yaml_parser_delete(&reader.parser);
	return r;
}

int yaml_read_at(int dirfd, const char *path, size_t max, struct json **ret, struct err *err)
{
	auto_text text = { 0 };
	int r = file_read_at(dirfd, path, max, &text, err);

	return r < 0 ? r : yaml_parse(text_str(&text), text.len, ret, err);
}
