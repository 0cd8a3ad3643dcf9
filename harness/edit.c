/* One small language changes configs: SET, ADD and DROP on the path language of base/json.h. */
#include "harness/edit.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case.h"

static const char *const op_names[] = { [EDIT_SET] = "SET", [EDIT_ADD] = "ADD", [EDIT_DROP] = "DROP" };

static int drop(struct json *config, const char *path, bool strict, struct err *err)
{
	int r = json_drop(config, path, err);

	if (r == -ENOENT && !strict) {
		if (err)
			err->text[0] = '\0';
		return 0;
	}
	return r;
}

static int put(struct json *config, enum edit_op op, const char *path, struct json *taken, bool strict,
	       struct err *err)
{
	auto_json value = taken;
	const struct json *old = text_ends(path, "[]") ? NULL : json_get(config, path);

	if (op == EDIT_ADD && strict && old)
		return fail_text(err, -EINVAL, "there is a value already: %s",
				 json_kind(old) == JSON_ARRAY ? "append with PATH[]" : "use SET");
	return json_set(config, path, TAKE(value), err);
}

int edit_apply(struct json *config, const struct edit *const *edits, size_t count, bool strict,
	       struct err *err)
{
	for (size_t i = 0; i < count && edits[i]; i++) {
		const struct edit *edit = edits[i];
		auto_json value = NULL;
		int r = 0;

		if (edit->op == EDIT_DROP)
			r = drop(config, edit->path, strict, err);
		else
			r = json_parse(edit->json, strlen(edit->json), &value, err);
		if (r >= 0 && edit->op != EDIT_DROP)
			r = put(config, edit->op, edit->path, TAKE(value), strict, err);
		if (r < 0)
			return fail(err, r, "%s %s", op_names[edit->op], edit->path);
	}
	return 0;
}

static enum edit_op op_from_name(const char *name)
{
	for (size_t i = 1; name && i < ARRAY_SIZE(op_names); i++)
		if (!strcasecmp(op_names[i], name))
			return i;
	return 0;
}

int edit_apply_json(struct json *config, const struct json *edits, struct err *err)
{
	for (size_t i = 0; i < json_length(edits); i++) {
		const struct json *edit = json_at(edits, i);
		const char *path = json_string(json_member(edit, "path"));
		enum edit_op op = op_from_name(json_string(json_member(edit, "op")));
		int r;

		if (!op || !path)
			return fail_text(err, -EINVAL, "edit %zu: needs an op (set, add or drop) and a path",
					 i);
		if (op == EDIT_DROP)
			r = drop(config, path, false, err);
		else
			r = put(config, op, path, json_copy(json_member(edit, "value")), false, err);
		if (r < 0)
			return fail(err, r, "%s %s", op_names[op], path);
	}
	return 0;
}

/*
 * The length of the longest symbol that string begins with, and its value: "@ns-pid" is one word, "@id-2"
 * is "@id" and "-2", "@idle" is none.
 */
static size_t find_symbol(const char *string, const struct json *symbols, const char **ret)
{
	size_t longest = 0;

	for (size_t i = 0; i < json_length(symbols); i++) {
		const char *name = json_key_at(symbols, i), *value = json_string(json_value_at(symbols, i));
		size_t n = strlen(name);

		if (!value || n <= longest || strncmp(string, name, n) != 0)
			continue;
		if (isalpha((unsigned char) string[n]) || string[n] == '_')
			continue;
		longest = n;
		*ret = value;
	}
	return longest;
}

void symbols_expand_text(const char *string, const struct json *symbols, struct text *out)
{
	const char *at;

	while ((at = strchr(string, '@'))) {
		const char *value = NULL;
		size_t n = find_symbol(at, symbols, &value);

		text_add_bytes(out, string, at - string);
		if (n)
			text_add(out, value);
		else
			text_add_char(out, '@');
		string = at + (n ? n : 1);
	}
	text_add(out, string);
}

struct json *symbols_expand(const struct json *value, const struct json *symbols)
{
	struct json *ret;

	switch (json_kind(value)) {
	case JSON_STRING: {
		auto_text text = { 0 };

		if (strlen(json_string(value)) != json_string_length(value))
			return json_copy(value);
		symbols_expand_text(json_string(value), symbols, &text);
		return json_new_bytes(text_str(&text), text.len);
	}
	case JSON_ARRAY:
		ret = json_new_array();
		for (size_t i = 0; i < json_length(value); i++)
			json_append(ret, symbols_expand(json_at(value, i), symbols));
		return ret;
	case JSON_OBJECT:
		ret = json_new_object();
		for (size_t i = 0; i < json_length(value); i++)
			json_put(ret, json_key_at(value, i),
				 symbols_expand(json_value_at(value, i), symbols));
		return ret;
	case JSON_NULL:
	case JSON_BOOL:
	case JSON_INT:
	case JSON_DOUBLE:
		break;
	}
	return json_copy(value);
}
