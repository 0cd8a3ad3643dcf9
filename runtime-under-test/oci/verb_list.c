/* list: every container below the root, as a table, as JSON, or ids alone. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/options.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/verbs.h"

struct list_options {
	const char *format;
	bool quiet;
};

const struct option_row list_rows[] = {
	{ "format", 'f', OPTION_STRING, offsetof(struct list_options, format), "table or json" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct list_options, quiet), "ids only" },
	{ NULL },
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Names of the containers' directories, sorted. *ret and every name in it are owned. */
static int read_names(int root, char ***ret, size_t *ret_count, struct err *err)
{
	auto_fd fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	char **names = NULL;
	size_t count = 0;
	struct dirent *entry;

	if (!dir)
		return fail(err, -errno, "read the state directory");
	(void) TAKE_FD(fd);
	while ((entry = readdir(dir))) {
		if (!state_id_is_valid(entry->d_name) ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		names = reallocarray(names, count + 1, sizeof(*names));
		if (!names)
			abort();
		names[count++] = text_format("%s", entry->d_name);
	}
	if (count > 0)
		qsort(names, count, sizeof(*names), compare_names);
	*ret = names;
	*ret_count = count;
	return 0;
}

/* A container that went away meanwhile, or cannot be read, is left out: it must not hide the others. */
static struct json *read_one(const struct runtime *runtime, const char *id)
{
	struct err err = { 0 };
	struct state state = { 0 };
	auto_fd directory = verb_open(runtime, id, &state, &err);
	struct json *json;

	if (directory < 0) {
		if (directory != -ENOENT)
			log_warning(runtime->log, "%s", err.text);
		return NULL;
	}
	json = state_to_json(&state, state_status(&state));
	state_clear(&state);
	return json;
}

static struct json *read_all(const struct runtime *runtime, char **names, size_t count)
{
	struct json *all = json_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json *one = read_one(runtime, names[i]);

		if (one)
			json_append(all, one);
	}
	return all;
}

static const struct column {
	const char *title, *member;
} columns[] = {
	{ "ID", "id" },         { "PID", "pid" },         { "STATUS", "status" },
	{ "BUNDLE", "bundle" }, { "CREATED", "created" }, { "OWNER", "owner" },
};

static void add_cell(const struct json *value, struct text *out)
{
	const char *string = json_string(value);

	if (string)
		text_escape_terminal(out, string, strlen(string));
	else
		text_addf(out, "%jd", (intmax_t) json_int(value, 0));
}

static void print_table(const struct json *all, struct text *out)
{
	size_t width[ARRAY_SIZE(columns)] = { 0 };

	/* Row 0 is the titles; the first pass measures, the second prints. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t row = 0; row <= json_length(all); row++)
			for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
				bool last = i + 1 == ARRAY_SIZE(columns);
				auto_text cell = { 0 };

				if (row == 0)
					text_add(&cell, columns[i].title);
				else
					add_cell(json_member(json_at(all, row - 1), columns[i].member),
						 &cell);
				if (pass == 0)
					width[i] = cell.len > width[i] ? cell.len : width[i];
				else
					text_addf(out, "%-*s%s", last ? 0 : (int) width[i] + 2,
						  text_str(&cell), last ? "\n" : "");
			}
}

static void print(const struct json *all, const struct list_options *options, struct text *out)
{
	if (options->quiet)
		for (size_t i = 0; i < json_length(all); i++)
			text_addf(out, "%s\n", json_string(json_member(json_at(all, i), "id")));
	else
		print_table(all, out);
}

int verb_list(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct list_options options = { .format = "table" };
	int first = verb_arguments(list_rows, &options, argc, argv, 0, 0, err);
	auto_json all = NULL;
	auto_text out = { 0 };
	char **names = NULL;
	size_t count = 0;
	int r = 0;

	if (first < 0)
		return first;
	if (strcmp(options.format, "table") != 0 && strcmp(options.format, "json") != 0)
		return fail_text(err, -EINVAL, "list: unknown format \"%s\"", options.format);
	if (runtime->root >= 0)
		r = read_names(runtime->root, &names, &count, err);
	if (r < 0)
		return r;
	all = read_all(runtime, names, count);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	if (!options.quiet && strcmp(options.format, "json") == 0)
		return verb_print_json(all, err);
	print(all, &options, &out);
	return file_write_all(STDOUT_FILENO, text_str(&out), out.len);
}
