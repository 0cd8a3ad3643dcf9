/* Faults in hooks: lost, reordered, moved to another moment, or with a failure, time-out or input that is not passed on. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

static const char *const kinds[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
};

static struct json *hooks_of(const struct json *config, const char *kind)
{
	return json_member(json_member(config, "hooks"), kind);
}

static int every_order_reversed(struct json *config, const char *argument, struct err *err)
{
	(void) argument;
	(void) err;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct json *list = hooks_of(config, kinds[i]), *backwards;

		if (!list)
			continue;
		backwards = json_new_array();
		for (size_t k = json_length(list); k > 0; k--)
			json_append(backwards, json_copy(json_at(list, k - 1)));
		json_put(json_member(config, "hooks"), kinds[i], backwards);
	}
	return 0;
}

static int only_the_first(struct json *config, const char *argument, struct err *err)
{
	(void) argument;
	(void) err;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct json *list = hooks_of(config, kinds[i]), *first;

		if (json_length(list) < 2)
			continue;
		first = json_new_array();
		json_append(first, json_copy(json_at(list, 0)));
		json_put(json_member(config, "hooks"), kinds[i], first);
	}
	return 0;
}

/* A member (args, env, timeout) that every hook loses. */
static int hooks_lose(struct json *config, const char *member, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct json *list = hooks_of(config, kinds[i]);

		for (size_t k = 0; k < json_length(list); k++) {
			int r = edit_drop(json_at(list, k), member, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* "poststart createRuntime": the hooks of the first kind run as the second, after its own. */
static int hooks_moved(struct json *config, const char *pair, struct err *err)
{
	const char *to = strchr(pair, ' ') + 1;
	auto_free char *from = text_format("%.*s", (int) (to - 1 - pair), pair);
	auto_free char *append = text_format("hooks.%s[]", to);
	auto_free char *path = text_format("hooks.%s", from);
	const struct json *list = hooks_of(config, from);

	for (size_t i = 0; i < json_length(list); i++) {
		int r = json_set(config, append, json_copy(json_at(list, i)), err);

		if (r < 0)
			return r;
	}
	return edit_drop(config, path, err);
}

/*
 * The hook runs through a shell script as "$@", its first word being the hook's path and the rest its arguments from
 * the second on. Hooks inside the container have no shell and keep what they are.
 */
static void wrap(struct json *hook, const char *script)
{
	struct json *args = json_new_array();
	const struct json *before = json_member(hook, "args");

	json_append(args, json_new_string("sh"));
	json_append(args, json_new_string("-c"));
	json_append(args, json_new_string(script));
	json_append(args, json_new_string("hook"));
	json_append(args, json_copy(json_member(hook, "path")));
	for (size_t i = 1; i < json_length(before); i++)
		json_append(args, json_copy(json_at(before, i)));
	json_put(hook, "args", args);
	json_put(hook, "path", json_new_string("/bin/sh"));
}

static int hooks_wrapped(struct json *config, const char *script, struct err *err)
{
	(void) err;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct json *list = hooks_of(config, kinds[i]);

		if (!strcmp(kinds[i], "startContainer"))
			continue;
		for (size_t k = 0; k < json_length(list); k++)
			wrap(json_at(list, k), script);
	}
	return 0;
}

#define EDIT(fault, function, words)                                                                         \
	{                                                                                                    \
		.name = fault, .hook = HOOK_EDIT, .edit = function, .argument = words                        \
	}

const struct fault hook_faults[] = {
	EDIT("hooks-dropped", edit_drop, "hooks"),
	EDIT("hooks-prestart-dropped", edit_drop, "hooks.prestart"),
	EDIT("hooks-create-runtime-dropped", edit_drop, "hooks.createRuntime"),
	EDIT("hooks-create-container-dropped", edit_drop, "hooks.createContainer"),
	EDIT("hooks-start-container-dropped", edit_drop, "hooks.startContainer"),
	EDIT("hooks-poststart-dropped", edit_drop, "hooks.poststart"),
	EDIT("hooks-poststop-dropped", edit_drop, "hooks.poststop"),
	EDIT("hooks-in-opposite-order", every_order_reversed, NULL),
	EDIT("hooks-only-the-first", only_the_first, NULL),
	EDIT("hooks-create-container-in-runtime-namespace", hooks_moved, "createContainer createRuntime"),
	EDIT("hooks-create-runtime-in-container-namespace", hooks_moved, "createRuntime createContainer"),
	EDIT("hooks-prestart-late", hooks_moved, "prestart poststart"),
	EDIT("hooks-create-runtime-late", hooks_moved, "createRuntime poststart"),
	EDIT("hooks-poststart-early", hooks_moved, "poststart createRuntime"),
	EDIT("hooks-poststop-early", hooks_moved, "poststop poststart"),
	EDIT("hook-args-dropped", hooks_lose, "args"),
	EDIT("hook-env-dropped", hooks_lose, "env"),
	EDIT("hook-timeouts-dropped", hooks_lose, "timeout"),
	EDIT("hook-failures-ignored", hooks_wrapped, "\"$@\" || true"),
	EDIT("hook-stdin-empty", hooks_wrapped, "exec \"$@\" < /dev/null"),
	EDIT("hook-status-wrong", hooks_wrapped,
	     "sed 's/\"status\": *\"[a-z]*\"/\"status\":\"paused\"/' | \"$@\""),
	EDIT("hook-env-inherited", hooks_wrapped, "export PLUMBLINE_STRAY=1; exec \"$@\""),
	{ 0 },
};
