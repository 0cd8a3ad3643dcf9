/* Runs a verb of a runtime and tells what came of it. */
#include "harness/driver_oci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/observe.h"

#define STATE_MAX (1u << 20)

void driver_free(struct driver *driver)
{
	free(driver->pid_file);
	free(driver->init_output);
	driver->pid_file = driver->init_output = NULL;
}

void driver_result_free(struct driver_result *result)
{
	command_result_free(&result->command);
	for (size_t i = 0; result->argv && result->argv[i]; i++)
		free(result->argv[i]);
	free(result->argv);
	*result = (struct driver_result){ 0 };
}

/* A memfd, not a pipe: a runtime that never reads its stdin must not stop us. */
static int input_of(const struct driver_words *words, struct err *err)
{
	if (!words->input)
		return -1;
	auto_fd fd = memfd_create("plumbline-input", MFD_CLOEXEC);
	if (fd < 0)
		return fail(err, -errno, "memfd for stdin");
	int r = file_write_all(fd, words->input, strlen(words->input));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return fail(err, r < 0 ? r : -errno, "write stdin");
	return TAKE_FD(fd);
}

/* "--pid-file X" or "--pid-file=X" */
static char *pid_file_of(char *const *argv)
{
	for (; *argv; argv++) {
		if (!strcmp(*argv, "--pid-file") && argv[1])
			return strdup(argv[1]);
		if (text_starts(*argv, "--pid-file="))
			return strdup(*argv + strlen("--pid-file="));
	}
	return NULL;
}

static bool makes_container(const char *verb)
{
	return !strcmp(verb, "create") || !strcmp(verb, "run") || !strcmp(verb, "restore");
}

static int run_words(struct driver *driver, const char *verb, const struct driver_words *words,
		     struct command_result *ret, struct err *err)
{
	auto_free char *name = text_format("%u-%s", driver->serial++, verb);
	auto_fd input = input_of(words, err);
	auto_fd work = file_open_at(AT_FDCWD, WORLD_WORK, O_RDONLY | O_DIRECTORY, 0, err);
	const struct command command = {
		.name = name,
		.argv = (const char *const *) words->argv,
		.input = input,
		.directory = work,
		.death_signal = words->death_signal,
		.timeout_ms = driver->command_ms,
	};

	if (words->input && input < 0)
		return input;
	if (work < 0)
		return work;
	/* Noted before it runs: a create that is killed half-way may have a living container already. */
	if (makes_container(verb) && !words->elsewhere) {
		driver_free(driver);
		driver->pid_file = pid_file_of(words->argv);
		driver->init_output = text_format("%s.out", name);
	}
	return command_run(driver->place, &command, ret, err);
}

int driver_run(struct driver *driver, const char *verb, const struct json *argument,
	       struct driver_result *ret, struct err *err)
{
	struct driver_result result = { 0 };
	struct driver_words words = { 0 };
	int r = driver_words(driver, verb, argument, &words, err);

	if (r >= 0)
		r = run_words(driver, verb, &words, &result.command, err);
	if (r >= 0) {
		result.argv = TAKE(words.argv);
		words.count = 0;
		result.elsewhere = words.elsewhere;
		*ret = result;
	}
	driver_words_free(&words);
	return r < 0 ? fail(err, r, "%s", verb) : 0;
}

/* The container prints to its creator's files; the probe's lines are told by their nonce and belong to `inside`. */
static void drop_probe_lines(const char *nonce, struct text *text)
{
	size_t kept = 0;

	for (size_t at = 0; at < text->len;) {
		const char *end = memchr(text->data + at, '\n', text->len - at);
		size_t n = end ? (size_t) (end - text->data) + 1 - at : text->len - at;
		bool probe = nonce && n > strlen(nonce) && !memcmp(text->data + at, nonce, strlen(nonce));

		if (!probe) {
			memmove(text->data + kept, text->data + at, n);
			kept += n;
		}
		at += n;
	}
	text_cut(text, kept);
}

static void put_output(const struct driver *driver, const char *file, const char *key, const char *nonce,
		       struct json *facts, struct json *meta, const char *path)
{
	auto_text text = { 0 };
	uint64_t cut = 0;
	bool full = false;
	struct err err = { 0 };

	if (command_output(driver->place, file, COMMAND_TEXT_MAX, &text, &cut, &full, &err) < 0)
		text_addf(&text, "(%s)", err.text);
	drop_probe_lines(nonce, &text);
	json_put(facts, key, json_new_bytes(text_str(&text), text.len));
	auto_free char *sentence = command_cut_sentence(cut, full);
	if (!sentence)
		return;
	auto_free char *at = text_format("%s.%s", path, key);
	observe_note(meta, at, file, sentence);
}

/* A command that prints one JSON document a line is read as a list of them. */
static void put_lines(const struct driver *driver, const char *file, struct json *facts, struct json *meta,
		      const char *path)
{
	auto_free char *at = text_format("%s.lines", path);
	auto_text text = { 0 };
	uint64_t cut;
	bool full;

	if (command_output(driver->place, file, STATE_MAX, &text, &cut, &full, NULL) >= 0)
		observe_lines(text_str(&text), text.len, facts, "lines", meta, at);
}

/* Of a verb that lists things, what it printed as values too: rows can look for one among them. */
static void put_list(const char *verb, struct json *facts)
{
	const char *out = json_get_string(facts, "out");
	struct json *list = NULL;

	if (strcmp(verb, "ps") != 0 && strcmp(verb, "list") != 0)
		return;
	if (out && json_parse(out, strlen(out), &list, NULL) == 0)
		json_put(facts, "list", list);
}

struct json *driver_exit_facts(struct driver *driver, const char *verb, const struct driver_result *result,
			       const char *nonce, struct json *meta, const char *path)
{
	const struct command_result *command = &result->command;
	struct json *facts = json_new_object();
	const char *signal = name_of_signal(command->status.signal);

	json_put(facts, "verb", json_new_string(verb));
	if (command->status.exited)
		json_put(facts, "code", json_new_int(command->status.code));
	else if (command->status.signal)
		json_put(facts, "signal", json_new_string(signal ? signal : "unknown"));
	json_put(facts, "ms", json_new_int(command->ms));
	json_put(facts, "timed_out", json_new_bool(command->timed_out));
	put_output(driver, command->out, "out", nonce, facts, meta, path);
	if (!strcmp(verb, "events"))
		put_lines(driver, command->out, facts, meta, path);
	put_list(verb, facts);
	put_output(driver, command->errors, "errors", NULL, facts, meta, path);
	return facts;
}

static struct json *refused_state(const struct driver *driver, const struct driver_result *result)
{
	struct json *state = json_new_object();
	auto_text errors = { 0 };
	uint64_t cut;
	bool full;

	(void) command_output(driver->place, result->command.errors, 4096, &errors, &cut, &full, NULL);
	json_put(state, "exists", json_new_bool(false));
	if (result->command.status.exited)
		json_put(state, "code", json_new_int(result->command.status.code));
	json_put(state, "errors", json_new_bytes(text_str(&errors), errors.len));
	if (result->command.timed_out)
		json_put(state, "timed_out", json_new_bool(true));
	return state;
}

/* Exit 0 without a JSON object on stdout is no state: {"exists": true} would make every exit-0 runtime conform. */
int driver_state(struct driver *driver, struct json **ret, struct err *err)
{
	struct driver_result result = { 0 };
	struct json *state = NULL;
	auto_text out = { 0 };
	uint64_t cut;
	bool full;
	int r = driver_run(driver, "state", NULL, &result, err);

	if (r < 0)
		return r;
	if (result.command.status.exited && result.command.status.code == 0 &&
	    command_output(driver->place, result.command.out, STATE_MAX, &out, &cut, &full, NULL) >= 0 &&
	    json_parse(text_str(&out), out.len, &state, NULL) >= 0 && json_kind(state) == JSON_OBJECT) {
		json_put(state, "exists", json_new_bool(true));
	} else {
		json_free(state);
		state = refused_state(driver, &result);
	}
	driver_result_free(&result);
	*ret = state;
	return 0;
}

int64_t driver_read_pid(const struct driver *driver)
{
	auto_text text = { 0 };
	long long pid;

	if (!driver->pid_file || file_read_at(AT_FDCWD, driver->pid_file, 64, &text, NULL) < 0)
		return 0;
	text_trim_end(&text);
	return text_to_i64(text_str(&text), &pid) == 0 && pid > 0 ? pid : 0;
}
