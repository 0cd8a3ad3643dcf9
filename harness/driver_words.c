/* From a verb and its argument to the words of a command line. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/driver_oci.h"
#include "harness/engine.h"
#include "harness/profile.h"

/* The usual words of a verb, between it and the end of the line. %i the id, %b the bundle, %p the pid file. */
static const struct usual {
	const char *verb;
	const char *words[6];
	bool console; /* takes --console-socket where the config asks for a terminal */
	bool bare; /* no --root, no --log: callers ask for it so */
} usual_words[] = {
	{ "create", { "--bundle", WORLD_BUNDLE, "--pid-file", DRIVER_PID_FILE, "%i" }, .console = true },
	{ "run", { "--bundle", WORLD_BUNDLE, "--pid-file", DRIVER_PID_FILE, "%i" }, .console = true },
	{ "start", { "%i" } },
	{ "state", { "%i" } },
	{ "kill", { "%i" } },
	{ "delete", { "%i" } },
	{ "pause", { "%i" } },
	{ "resume", { "%i" } },
	{ "exec", { "%i" } },
	{ "update", { "%i" } },
	{ "ps", { "--format", "json", "%i" } },
	{ "list", { "--format", "json" } },
	{ "events", { "--stats", "%i" } },
	{ "spec", { NULL } },
	{ "checkpoint", { "%i" } },
	{ "restore", { "%i" } },
	{ "features", { NULL }, .bare = true },
	{ "version", { NULL }, .bare = true },
	{ "call", { NULL }, .bare = true },
};

static const struct usual *find_usual(const char *verb)
{
	for (size_t i = 0; i < ARRAY_SIZE(usual_words); i++)
		if (!strcmp(usual_words[i].verb, verb))
			return &usual_words[i];
	return NULL;
}

bool driver_has_verb(const char *verb)
{
	return find_usual(verb);
}

void driver_words_free(struct driver_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->argv[i]);
	free(words->argv);
	free(words->input);
	*words = (struct driver_words){ 0 };
}

static void insert(struct driver_words *words, size_t at, const char *word)
{
	if (words->count + 2 > words->space) {
		words->space = words->space ? words->space * 2 : 32;
		words->argv = realloc(words->argv, words->space * sizeof(*words->argv));
		assert(words->argv);
	}
	memmove(words->argv + at + 1, words->argv + at, (words->count - at) * sizeof(*words->argv));
	words->argv[at] = strdup(word);
	assert(words->argv[at]);
	words->argv[++words->count] = NULL;
}

static void add(struct driver_words *words, const char *word)
{
	insert(words, words->count, word);
}

static void add_all(struct driver_words *words, const char *const *list)
{
	for (; list && *list; list++)
		add(words, *list);
}

static int add_array(struct driver_words *words, const struct json *array, struct err *err)
{
	for (size_t i = 0; i < json_length(array); i++) {
		const char *word = json_string(json_at(array, i));

		if (!word)
			return fail_text(err, -EINVAL, "word %zu is no string", i + 1);
		add(words, word);
	}
	return 0;
}

static void add_usual(const struct driver *driver, const struct usual *usual, struct driver_words *words)
{
	if (usual->console && driver->terminal) {
		add(words, "--console-socket");
		add(words, DRIVER_CONSOLE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual->words) && usual->words[i]; i++)
		add(words, strcmp(usual->words[i], "%i") ? usual->words[i] : driver->id);
}

/* The runtime, what its profile and the user put before every verb, and where it keeps state and log. */
static void add_globals(const struct driver *driver, const struct usual *usual, struct driver_words *words)
{
	const struct profile *profile = driver->runtime->profile;
	bool logs = !profile || !profile_lacks(profile, "log");

	add_all(words, driver->before);
	add(words, driver->runtime->path);
	if (profile)
		add_all(words, profile->global_args);
	add_all(words, (const char *const *) driver->runtime->extra_args);
	if (usual->bare)
		return;
	add(words, "--root");
	add(words, WORLD_STATE);
	if (logs) {
		add(words, "--log");
		add(words, DRIVER_LOG);
	}
	if (logs && !(profile && profile_lacks(profile, "log-json"))) {
		add(words, "--log-format");
		add(words, "json");
	}
}

/* exec --process wants a file; it lies in the working directory, which the runtime is not to change. */
static int add_process(const struct driver *driver, const struct json *process, struct driver_words *words,
		       struct err *err)
{
	auto_free char *path = text_format(WORLD_HOME "/process-%u.json", driver->serial);
	auto_text text = { 0 };

	json_print(process, JSON_PRETTY, &text);
	add(words, "--process");
	add(words, path);
	return file_create_at(AT_FDCWD, path, text.data, text.len, 0644, err);
}

static int object_words(const struct driver *driver, const struct usual *usual, const struct json *object,
			struct driver_words *words, struct err *err)
{
	const struct json *process = json_member(object, "process");
	const char *death = json_get_string(object, "death_signal");
	const char *input = json_get_string(object, "stdin");
	int r = add_array(words, json_member(object, "flags"), err);

	if (death) {
		words->death_signal = name_to_signal(death);
		if (words->death_signal <= 0)
			return fail_text(err, -EINVAL, "%s is no signal", death);
	}
	if (input)
		words->input = strdup(input);
	if (r >= 0 && process)
		r = add_process(driver, process, words, err);
	if (r < 0)
		return r;
	add_usual(driver, usual, words);
	return add_array(words, json_member(object, "args"), err);
}

static int argument_words(const struct driver *driver, const struct usual *usual, const struct json *argument,
			  struct driver_words *words, struct err *err)
{
	switch (json_kind(argument)) {
	case JSON_NULL:
		add_usual(driver, usual, words);
		return 0;
	case JSON_STRING:
		if (json_string(argument)[0] == '-')
			add(words, json_string(argument));
		add_usual(driver, usual, words);
		if (json_string(argument)[0] != '-')
			add(words, json_string(argument));
		return 0;
	case JSON_ARRAY:
		return add_array(words, argument, err);
	case JSON_OBJECT:
		/* The resources themselves, unless the words are what the case is about. */
		if (!strcmp(usual->verb, "update") && !json_has(argument, "flags")) {
			auto_text text = { 0 };

			json_print(argument, 0, &text);
			words->input = text_take(&text);
			add(words, "--resources");
			add(words, "-");
			add_usual(driver, usual, words);
			return 0;
		}
		return object_words(driver, usual, argument, words, err);
	case JSON_BOOL:
	case JSON_INT:
	case JSON_DOUBLE:
		break;
	}
	return fail_text(err, -EINVAL, "the argument is neither a string, an array nor an object");
}

static size_t matching_words(const struct driver_words *words, size_t from, const char *key)
{
	size_t n = 0;

	while (*key) {
		size_t len = strcspn(key, " ");

		if (from + n >= words->count || strlen(words->argv[from + n]) != len ||
		    strncmp(words->argv[from + n], key, len) != 0)
			return 0;
		n++;
		key += len + (key[len] == ' ');
	}
	return n;
}

/* Profiles translate the beginning of a command: {"delete --force": ["delete", "-force"]}. */
static void translate(const struct driver *driver, size_t from, struct driver_words *words)
{
	const struct profile *profile = driver->runtime->profile;
	const struct json *table = profile ? json_member(profile->document, "command") : NULL;

	for (size_t i = 0; i < json_length(table); i++) {
		const struct json *by = json_value_at(table, i);
		size_t n = matching_words(words, from, json_key_at(table, i));

		if (!n)
			continue;
		for (size_t k = 0; k < n; k++)
			free(words->argv[from + k]);
		memmove(words->argv + from, words->argv + from + n,
			(words->count - from - n + 1) * sizeof(*words->argv));
		words->count -= n;
		for (size_t k = 0; k < json_length(by); k++)
			insert(words, from + k,
			       json_string(json_at(by, k)) ? json_string(json_at(by, k)) : "");
		return;
	}
}

static bool names_id(const struct driver_words *words, size_t from, const char *id)
{
	for (size_t i = from; i < words->count; i++)
		if (!strcmp(words->argv[i], id))
			return true;
	return false;
}

int driver_words(const struct driver *driver, const char *verb, const struct json *argument,
		 struct driver_words *ret, struct err *err)
{
	const struct usual *usual = find_usual(verb);
	struct driver_words words = { 0 };

	if (!usual)
		return fail_text(err, -EINVAL, "there is no step %s", verb);
	add_globals(driver, usual, &words);
	size_t from = words.count;
	if (!strcmp(verb, "version"))
		add(&words, "--version");
	else if (strcmp(verb, "call") != 0)
		add(&words, verb);
	int r = argument_words(driver, usual, argument, &words, err);
	if (r < 0) {
		driver_words_free(&words);
		return fail(err, r, "step %s", verb);
	}
	words.elsewhere = !names_id(&words, from, driver->id);
	translate(driver, from, &words);
	*ret = words;
	return 0;
}
