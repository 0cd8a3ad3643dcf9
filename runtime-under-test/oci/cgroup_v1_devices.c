/*
 * Device rules in the devices hierarchy of v1: one default and a set of exceptions, where the unified one has an ordered list.
 * Kernel Documentation/admin-guide/cgroup-v1/devices.rst.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/cgroup_apply.h"
#include "runtime-under-test/oci/cgroup_journal.h"
#include "runtime-under-test/oci/spec.h"

#define LIST_MAX (1u << 20)

static const char allow_file[] = "devices.allow", deny_file[] = "devices.deny";

static void format_rule(const struct spec_device_rule *rule, struct text *line)
{
	text_addf(line, "%c ", rule->type);
	if (rule->major < 0)
		text_add_char(line, '*');
	else
		text_addf(line, "%" PRId64, rule->major);
	text_add_char(line, ':');
	if (rule->minor < 0)
		text_add_char(line, '*');
	else
		text_addf(line, "%" PRId64, rule->minor);
	text_addf(line, " %s", rule->access);
}

/* An "a" rule of v1 wipes the list whatever else it names; one for both types is written once for each instead. */
static int write_rule(const struct cgroup_place *place, const struct spec_device_rule *rule, struct err *err)
{
	const char *file = rule->allow ? allow_file : deny_file;
	bool both = rule->type == 'a' && (rule->major >= 0 || rule->minor >= 0 || strlen(rule->access) < 3);
	int r = 0;

	if (rule->type == 'a' && !both)
		return cgroup_set(place, "devices", file, err, "a");
	for (const char *type = both ? "cb" : ""; r == 0 && (*type || !both); type++) {
		struct spec_device_rule one = *rule;
		auto_text line = { 0 };

		if (both)
			one.type = *type;
		format_rule(&one, &line);
		r = cgroup_set(place, "devices", file, err, "%s", text_str(&line));
		if (!both)
			break;
	}
	return r;
}

static bool covers(const struct spec_device_rule *wide, const struct spec_device_rule *narrow)
{
	bool same =
	    wide->type == narrow->type && wide->major == narrow->major && wide->minor == narrow->minor;

	return !same && (wide->type == 'a' || narrow->type == 'a' || wide->type == narrow->type) &&
	       (wide->major < 0 || narrow->major < 0 || wide->major == narrow->major) &&
	       (wide->minor < 0 || narrow->minor < 0 || wide->minor == narrow->minor) &&
	       strpbrk(wide->access, narrow->access);
}

static bool is_wildcard(const struct spec_device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && strlen(rule->access) == 3;
}

/*
 * v1 keeps one default and a set of exceptions, not an ordered list: a rule that takes back a part of an earlier one of the
 * other kind would have no effect. "The last match wins" cannot be kept then, and is refused rather than pretended.
 */
static int check_expressible(const struct spec_device_rule *rules, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (is_wildcard(&rules[i]))
			continue;
		for (size_t j = i; j-- > 0 && !is_wildcard(&rules[j]);) {
			/* Making nodes is always allowed beside whatever the config denies. */
			if (rules[i].allow != rules[j].allow && covers(&rules[j], &rules[i]) &&
			    strcmp(rules[j].access, "m") != 0)
				return fail_text(err, -EINVAL,
						 "devices[%zu]: cgroup v1 cannot take back a part of "
						 "an earlier rule",
						 i);
		}
	}
	return 0;
}

/* What v1 keeps: the default, and what differs from it. */
struct device_list {
	bool allows; /* everything but the exceptions */
	struct spec_device_rule *rules; /* access is what the exception is about */
	size_t count;
};

static void list_free(struct device_list *list)
{
	free(list->rules);
}
#define auto_list __attribute__((cleanup(list_free))) struct device_list

static struct spec_device_rule *list_find(const struct device_list *list, const struct spec_device_rule *rule)
{
	for (size_t i = 0; i < list->count; i++) {
		struct spec_device_rule *one = &list->rules[i];

		if (one->type == rule->type && one->major == rule->major && one->minor == rule->minor)
			return one;
	}
	return NULL;
}

static void set_access(struct spec_device_rule *rule, const char *access, bool add)
{
	char result[4] = "";
	size_t used = 0;

	for (const char *letter = "rwm"; *letter; letter++)
		if (strchr(access, *letter) ? add : strchr(rule->access, *letter) != NULL)
			result[used++] = *letter;
	memcpy(rule->access, result, sizeof(result));
}

/* One rule after the other, as the kernel would: an exception is met by the very same numbers, never by a wider one. */
static void list_add(struct device_list *list, const struct spec_device_rule *rule)
{
	struct spec_device_rule *old = list_find(list, rule);

	if (!old) {
		list->rules = reallocarray(list->rules, list->count + 1, sizeof(*list->rules));
		if (!list->rules)
			abort();
		old = &list->rules[list->count++];
		*old = *rule;
		old->access[0] = '\0';
	}
	set_access(old, rule->access, rule->allow != list->allows);
}

static void list_apply(struct device_list *list, const struct spec_device_rule *rule)
{
	struct spec_device_rule one = *rule;

	if (is_wildcard(rule)) {
		list->allows = rule->allow;
		list->count = 0;
		return;
	}
	for (const char *type = "cb"; *type; type++) {
		one.type = *type;
		if (rule->type == 'a' || rule->type == *type)
			list_add(list, &one);
	}
}

static int64_t number_or_all(const char *word)
{
	return *word == '*' ? -1 : strtoll(word, NULL, 10);
}

/* "c 1:3 rwm"; a default of allowing everything is shown as "a *:* rwm" without its exceptions. */
static int list_read(const struct cgroup_place *place, struct device_list *ret, struct err *err)
{
	auto_text content = { 0 };
	int r = file_read_at(place->directory, "devices.list", LIST_MAX, &content, err);
	char *rest = content.data;

	if (r < 0)
		return fail(err, r, "devices");
	for (char *line; rest && (line = strsep(&rest, "\n"));) {
		struct spec_device_rule rule = { .allow = true };
		char major[16], minor[16];

		if (sscanf(line, "%c %15[^:]:%15s %3s", &rule.type, major, minor, rule.access) != 4)
			continue;
		rule.major = number_or_all(major);
		rule.minor = number_or_all(minor);
		list_apply(ret, &rule);
	}
	return 0;
}

/* What is in `list` and not in `other`, written to file; the undo is the same line written to the other file. */
static int write_difference(const struct cgroup_place *place, const struct device_list *list,
			    const struct device_list *other, const char *file, struct err *err)
{
	const char *undo = file == allow_file ? deny_file : allow_file;

	for (size_t i = 0; i < list->count; i++) {
		struct spec_device_rule rule = list->rules[i];
		const struct spec_device_rule *same = list_find(other, &rule);
		auto_text line = { 0 };
		int r;

		if (same)
			set_access(&rule, same->access, false);
		if (!rule.access[0])
			continue;
		format_rule(&rule, &line);
		r = cgroup_set(place, "devices", file, err, "%s", text_str(&line));
		if (r < 0)
			return r;
		cgroup_note_file(place, undo, text_take(&line));
	}
	return 0;
}

/* Read backwards it makes the old list anew. */
static void note_list(const struct cgroup_place *place, const struct device_list *old)
{
	for (size_t i = 0; i < old->count; i++) {
		auto_text line = { 0 };

		format_rule(&old->rules[i], &line);
		cgroup_note_file(place, allow_file, text_take(&line));
	}
	cgroup_note_file(place, old->allows ? allow_file : deny_file, text_format("a"));
}

int cgroup_v1_devices(const struct cgroup_place *place, const struct spec_resources *resources,
		      struct err *err)
{
	size_t count;
	auto_free struct spec_device_rule *rules = cgroup_device_rules(resources, &count);
	auto_list old = { 0 }, new = { 0 };
	int r = check_expressible(rules, count, err);

	if (r == 0 && place->journal)
		r = list_read(place, &old, err);
	if (r < 0)
		return r;
	new.allows = old.allows;
	for (size_t i = 0; i < count; i++)
		list_apply(&new, &rules[i]);
	/* A running container must not miss /dev/null for a moment: only what changes is written. */
	if (place->journal && !old.allows && !new.allows) {
		r = write_difference(place, &new, &old, allow_file, err);
		return r < 0 ? r : write_difference(place, &old, &new, deny_file, err);
	}
	if (place->journal)
		note_list(place, &old);
	for (size_t i = 0; i < count && r == 0; i++)
		r = write_rule(place, &rules[i], err);
	return r;
}
