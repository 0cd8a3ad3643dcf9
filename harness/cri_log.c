/* The log format of the interface: `TIME STREAM TAG CONTENT`, a long line in parts that are tagged P until the last. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/observe.h"

#define LOG_MAX (16u << 20)
#define LINES_MAX 32768
#define FILES_MAX (8u << 20) /* of all files in its directory */

struct log_line {
	const char *word[3]; /* time, stream, tag */
	size_t word_len[3];
	const char *content;
	size_t content_len;
};

/* false: not a line of this format. */
static bool parse_line(const char *line, size_t len, struct log_line *ret)
{
	const char *end = line + len;

	for (size_t i = 0; i < ARRAY_SIZE(ret->word); i++) {
		const char *blank = memchr(line, ' ', (size_t) (end - line));

		if (!blank)
			return false;
		ret->word[i] = line;
		ret->word_len[i] = (size_t) (blank - line);
		line = blank + 1;
	}
	ret->content = line;
	ret->content_len = (size_t) (end - line);
	return true;
}

/* Calls for each line, NULL for one that is none of the format; a last line without its newline was not finished. */
static void each_line(const char *text, size_t len, void (*each)(void *argument, const struct log_line *line),
		      void *argument)
{
	const char *end = text + len, *newline;

	while (text < end && (newline = memchr(text, '\n', (size_t) (end - text)))) {
		struct log_line line;

		each(argument, parse_line(text, (size_t) (newline - text), &line) ? &line : NULL);
		text = newline + 1;
	}
}

static void add_content(void *argument, const struct log_line *line)
{
	struct text *out = argument;

	if (!line)
		return;
	text_add_bytes(out, line->content, line->content_len);
	/* "P" or "P:tag": the line goes on. */
	if (line->word[2][0] != 'P')
		text_add_char(out, '\n');
}

static void add_facts(void *argument, const struct log_line *line)
{
	static const char *const names[] = { "time", "stream", "tag" };
	struct json *lines = argument, *facts = json_new_object();

	for (size_t i = 0; line && i < ARRAY_SIZE(names); i++)
		json_put(facts, names[i], json_new_bytes(line->word[i], line->word_len[i]));
	if (line)
		json_put(facts, "content", json_new_bytes(line->content, line->content_len));
	json_append(lines, facts);
}

struct json *cri_log_lines(const char *text, size_t len)
{
	struct json *lines = json_new_array();

	each_line(text, len, add_facts, lines);
	return lines;
}

struct summary {
	struct json *last; /* stream -> its last line */
	int64_t partial, longest;
};

static void add_line(void *argument, const struct log_line *line)
{
	struct summary *summary = argument;
	auto_json one = json_new_array();

	if (!line)
		return;
	auto_free char *stream = strndup(line->word[1], line->word_len[1]);
	add_facts(one, line);
	json_put(summary->last, stream, json_copy(json_at(one, 0)));
	summary->partial += line->word[2][0] == 'P';
	if ((int64_t) line->content_len > summary->longest)
		summary->longest = (int64_t) line->content_len;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Keys in order; owned. */
static struct json *keys_of(const struct json *object)
{
	size_t count = json_length(object);
	auto_free const char **words = calloc(count + 1, sizeof(*words));
	struct json *keys = json_new_array();

	for (size_t i = 0; words && i < count; i++)
		words[i] = json_key_at(object, i);
	if (words)
		qsort(words, count, sizeof(*words), compare_words);
	for (size_t i = 0; words && i < count; i++)
		json_append(keys, json_new_string(words[i]));
	return keys;
}

void cri_log_facts(const char *text, size_t len, struct json *host)
{
	struct summary summary = { .last = json_new_object() };

	each_line(text, len, add_line, &summary);
	json_put(host, "log", cri_log_lines(text, len));
	json_put(host, "log_streams", keys_of(summary.last));
	json_put(host, "log_last", summary.last);
	json_put(host, "log_partial", json_new_int(summary.partial));
	json_put(host, "log_longest", json_new_int(summary.longest));
}

/* Each line is an object, and of a newline alone there are as many as bytes. */
static bool has_too_many_lines(const char *text, size_t len)
{
	const char *end = text + len, *newline;
	size_t count = 0;

	for (; text < end && (newline = memchr(text, '\n', (size_t) (end - text))); text = newline + 1)
		if (++count > LINES_MAX)
			return true;
	return false;
}

void cri_log_output(const struct bench *bench, struct text *out)
{
	auto_text text = { 0 };

	if (!bench->cri->log || file_read_at(AT_FDCWD, bench->cri->log, LOG_MAX, &text, NULL) < 0)
		return;
	each_line(text_str(&text), text.len, add_content, out);
}

/*
 * All of a file, not its beginning: what a row says is lacking stands at the end, behind what the probe has seen. One that is
 * longer than is read loses what there is of it, for that would prove nothing.
 */
static void put_contents(int logs, struct json *files)
{
	size_t room = FILES_MAX;

	for (size_t i = 0; i < json_length(files); i++) {
		struct json *facts = json_value_at(files, i);
		const char *path = json_key_at(files, i);
		auto_text text = { 0 };

		if (!json_has(facts, "content"))
			continue;
		auto_fd fd = file_open_in_root(logs, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, NULL);
		json_remove(facts, "content");
		if (fd >= 0 && file_read_fd(fd, room, &text, NULL) >= 0)
			json_put(facts, "content", json_new_bytes(text_str(&text), text.len));
		room -= text.len;
	}
}

static void put_facts(const struct bench *bench, const struct text *text, struct json *host)
{
	static const char *const facts[] = { "host.log", "host.log_streams", "host.log_last",
					     "host.log_partial", "host.log_longest" };
	auto_free char *many = text_format("more than %d lines", LINES_MAX);

	if (!has_too_many_lines(text_str(text), text->len)) {
		cri_log_facts(text_str(text), text->len, host);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		observe_note(bench->meta, facts[i], bench->cri->log, many);
}

void cri_log_observe(const struct bench *bench, struct json *host)
{
	auto_text text = { 0 };
	auto_fd logs =
	    file_open_at(AT_FDCWD, json_get_string(bench->symbols, "@logs"), O_RDONLY | O_DIRECTORY, 0, NULL);

	if (bench->cri->log && file_read_at(AT_FDCWD, bench->cri->log, LOG_MAX, &text, NULL) >= 0)
		put_facts(bench, &text, host);
	if (logs < 0)
		return;
	struct json *files = observe_files(logs, ".", NULL);
	put_contents(logs, files);
	json_put(host, "logs", files);
}
