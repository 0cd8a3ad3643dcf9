/* The one path language of configs and observations: json.h describes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"

enum step_kind { STEP_MEMBER, STEP_KEY, STEP_APPEND };

struct step {
	enum step_kind kind;
	char *owned; /* the name of STEP_MEMBER and STEP_KEY when it is long; else NULL, and it is in place */
	char place[48];
};

static const char *name_of(const struct step *step)
{
	return step->owned ? step->owned : step->place;
}

static void step_free(struct step *step)
{
	free(step->owned);
}
#define auto_step __attribute__((cleanup(step_free))) struct step

/* Keys may hold brackets in pairs: try[test [ -e x ]]. NULL: no end. */
static const char *closing_bracket(const char *open)
{
	int depth = 0;

	for (const char *c = open; *c; c++) {
		depth += (*c == '[') - (*c == ']');
		if (depth == 0)
			return c;
	}
	return NULL;
}

static void name_take(struct step *step, const char *name, size_t len)
{
	char *to = step->place;

	if (len >= sizeof(step->place))
		to = step->owned = malloc(len + 1);
	if (!to)
		abort();
	memcpy(to, name, len);
	to[len] = '\0';
}

static int take_key(const char **path, struct step *step)
{
	const char *end = closing_bracket(*path);

	if (!end)
		return -EINVAL;
	step->kind = end == *path + 1 ? STEP_APPEND : STEP_KEY;
	name_take(step, *path + 1, (size_t) (end - *path - 1));
	*path = end + 1;
	return 1;
}

/* 1: a step was taken; 0: the path has ended; -EINVAL. */
static int take_step(const char **path, bool first, struct step *step)
{
	size_t len;

	if (!**path)
		return first ? -EINVAL : 0;
	if (**path == '[')
		return take_key(path, step);
	if (!first && *(*path)++ != '.')
		return -EINVAL;
	len = strcspn(*path, ".[]");
	if (!len || (*path)[len] == ']')
		return -EINVAL;
	step->kind = STEP_MEMBER;
	name_take(step, *path, len);
	*path += len;
	return 1;
}

/* What tells an element from its neighbours: a mount its destination alone, the others by any of these. */
static bool is_called(const struct json *element, const char *key)
{
	static const char *const fields[] = { "type", "path", "name" };
	const char *value = json_string(json_member(element, "destination"));

	if (value)
		return strcmp(value, key) == 0;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		value = json_string(json_member(element, fields[i]));
		if (value && strcmp(value, key) == 0)
			return true;
	}
	return false;
}

static int find_element(const struct json *array, const char *key, size_t *ret)
{
	unsigned long long index;

	if (text_to_u64(key, &index) == 0) {
		if (index >= json_length(array))
			return -ENOENT;
		*ret = (size_t) index;
		return 0;
	}
	for (size_t i = json_length(array); i-- > 0;) {
		if (!is_called(json_at(array, i), key))
			continue;
		*ret = i;
		return 0;
	}
	return -ENOENT;
}

static struct json *follow(const struct json *value, const struct step *step)
{
	size_t index;

	if (step->kind == STEP_APPEND)
		return NULL;
	if (step->kind == STEP_KEY && json_kind(value) == JSON_ARRAY)
		return find_element(value, name_of(step), &index) < 0 ? NULL : json_at(value, index);
	return json_member(value, name_of(step));
}

struct json *json_get(const struct json *root, const char *path)
{
	struct json *value = (struct json *) (uintptr_t) root;

	for (bool first = true;; first = false) {
		auto_step step = { 0 };
		int r = take_step(&path, first, &step);

		if (r <= 0)
			return r < 0 ? NULL : value;
		value = follow(value, &step);
		/* The rest must still be a path, and null has no members: both give NULL. */
		if (!value)
			return NULL;
	}
}

const char *json_get_string(const struct json *root, const char *path)
{
	return json_string(json_get(root, path));
}

static int wrong_kind(const struct json *value, const struct step *step, const char *path, struct err *err)
{
	if (step->kind == STEP_APPEND)
		return fail_text(err, -EINVAL, "%s: cannot append to a value of kind %s", path,
				 json_kind_name(json_kind(value)));
	return fail_text(err, -EINVAL, "%s: a value of kind %s has no member \"%s\"", path,
			 json_kind_name(json_kind(value)), name_of(step));
}

/* Stores a value at one step below parent. Takes it, also on failure. */
static int store(struct json *parent, const struct step *step, struct json *taken, const char *path,
		 struct err *err)
{
	size_t index;

	if (step->kind == STEP_APPEND && json_kind(parent) == JSON_ARRAY) {
		json_append(parent, taken);
		return 0;
	}
	if (step->kind != STEP_APPEND && json_kind(parent) == JSON_OBJECT) {
		json_put(parent, name_of(step), taken);
		return 0;
	}
	if (step->kind == STEP_KEY && json_kind(parent) == JSON_ARRAY) {
		if (find_element(parent, name_of(step), &index) == 0) {
			json_put_at(parent, index, taken);
			return 0;
		}
		json_free(taken);
		return fail_text(err, -ENOENT, "%s: the array has no element \"%s\"", path, name_of(step));
	}
	json_free(taken);
	return wrong_kind(parent, step, path, err);
}

/* The step's value, or a new container that suits the step after it. */
static int enter(struct json **parent, const struct step *step, const struct step *next, const char *path,
		 struct err *err)
{
	struct json *child = follow(*parent, step);
	int r;

	if (!child) {
		child = next->kind == STEP_APPEND ? json_new_array() : json_new_object();
		r = store(*parent, step, child, path, err);
		if (r < 0)
			return r;
	}
	*parent = child;
	return 0;
}

/* Steps may be malformed after values were made on the way: look at the whole path before anything changes. */
static int check_path(const char *path, struct err *err)
{
	const char *rest = path;
	int r = 1;

	for (bool first = true; r > 0; first = false) {
		auto_step step = { 0 };

		r = take_step(&rest, first, &step);
	}
	return r < 0 ? fail_text(err, r, "%s: malformed path at \"%s\"", path, rest) : 0;
}

/* Walks to the last step; create makes what is missing. */
static int walk(struct json *root, const char *path, bool create, struct json **ret_parent,
		struct step *ret_last, struct err *err)
{
	const char *rest = path;
	struct json *parent = root;
	struct step step = { 0 }, next;
	int r = check_path(path, err);

	if (r < 0)
		return r;
	(void) take_step(&rest, true, &step);
	for (;;) {
		next = (struct step){ 0 };
		if (take_step(&rest, false, &next) == 0)
			break;
		if (create)
			r = enter(&parent, &step, &next, path, err);
		else
			parent = follow(parent, &step);
		step_free(&step);
		step = next;
		if (r < 0 || !parent)
			break;
	}
	if (r < 0 || !parent) {
		step_free(&step);
		return r < 0 ? r : fail_text(err, -ENOENT, "%s: not there", path);
	}
	*ret_parent = parent;
	*ret_last = step;
	return 0;
}

int json_set(struct json *root, const char *path, struct json *taken, struct err *err)
{
	auto_step last = { 0 };
	struct json *parent;
	int r = walk(root, path, true, &parent, &last, err);

	if (r < 0) {
		json_free(taken);
		return r;
	}
	return store(parent, &last, taken, path, err);
}

int json_drop(struct json *root, const char *path, struct err *err)
{
	auto_step last = { 0 };
	struct json *parent;
	size_t index;
	int r = walk(root, path, false, &parent, &last, err);

	if (r < 0)
		return r;
	if (last.kind == STEP_KEY && json_kind(parent) == JSON_ARRAY) {
		if (find_element(parent, name_of(&last), &index) < 0)
			return fail_text(err, -ENOENT, "%s: not there", path);
		json_remove_at(parent, index);
		return 0;
	}
	if (last.kind == STEP_APPEND)
		return fail_text(err, -EINVAL, "%s: [] names no element", path);
	if (!json_has(parent, name_of(&last)))
		return fail_text(err, -ENOENT, "%s: not there", path);
	json_remove(parent, name_of(&last));
	return 0;
}
