/* Finds recorded runs on disk. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/run_dir.h"

static int add_run(struct run_list *list, int dirfd, const char *path, struct err *err)
{
	struct run_record *runs = realloc(list->runs, (list->count + 1) * sizeof(*runs));

	assert(runs);
	list->runs = runs;
	int r = run_record_read(dirfd, path, &runs[list->count], err);
	if (r < 0)
		return r;
	list->count++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

struct names {
	char **names;
	size_t count;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
}

/* The names in a directory, sorted, without those that begin with a dot. */
static int read_names(int directory, struct names *ret, struct err *err)
{
	int fd = file_open_at(directory, ".", O_RDONLY | O_DIRECTORY, 0, err);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd < 0)
		return fd;
	if (!dir)
		return fail(err, -errno, "open directory");
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		char **grown = realloc(ret->names, (ret->count + 1) * sizeof(*grown));
		assert(grown);
		ret->names = grown;
		ret->names[ret->count++] = text_format("%s", entry->d_name);
	}
	if (ret->count)
		qsort(ret->names, ret->count, sizeof(*ret->names), by_name);
	return 0;
}

/* Folders of a run directory that hold a run.json; one that cannot be read is an error. */
static int add_runtimes(struct run_list *list, int directory, struct err *err)
{
	__attribute__((cleanup(names_free))) struct names names = { 0 };
	int r = read_names(directory, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		auto_free char *path = text_format("%s/run.json", names.names[i]);

		if (faccessat(directory, path, F_OK, 0) < 0)
			continue;
		r = add_run(list, directory, path, err);
	}
	return r;
}

int run_list_add(struct run_list *list, const char *path, struct err *err)
{
	size_t before = list->count;
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return fail(err, -errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return add_run(list, AT_FDCWD, path, err);
	auto_fd fd = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
	if (fd < 0)
		return fd;
	if (faccessat(fd, "run.json", F_OK, 0) == 0)
		r = add_run(list, fd, "run.json", err);
	else
		r = add_runtimes(list, fd, err);
	if (r < 0)
		return fail(err, r, "%s", path);
	if (list->count == before)
		return fail_text(err, -EBADMSG, "%s: holds no run (no run.json, here or one level below)",
				 path);
	return 0;
}

static bool is_behind_another(const struct run_list *list, const struct runtime_facts *facts)
{
	for (size_t i = 0; facts->behind && i < list->count; i++) {
		const struct runtime_facts *other = &list->runs[i].runtime;

		if (other->behind && !strcmp(other->name, facts->name) &&
		    strcmp(other->behind, facts->behind) != 0)
			return true;
	}
	return false;
}

static void name_after_number(struct run_list *list, size_t index)
{
	struct runtime_facts *facts = &list->runs[index].runtime;
	auto_free char *base = text_format("%s", facts->name);
	size_t number = 1;

	for (size_t i = 0; i < index; i++) {
		if (strcmp(list->runs[i].runtime.name, facts->name) != 0)
			continue;
		free(facts->name);
		facts->name = text_format("%s-%zu", base, ++number);
		i = (size_t) -1;
	}
}

void run_list_name_columns(struct run_list *list)
{
	auto_free char **names = calloc(list->count + 1, sizeof(*names));

	assert(names);
	for (size_t i = 0; i < list->count; i++) {
		const struct runtime_facts *facts = &list->runs[i].runtime;
		const char *slash = facts->behind ? strrchr(facts->behind, '/') : NULL;

		if (is_behind_another(list, facts))
			names[i] = text_format("%s+%s", facts->name, slash ? slash + 1 : facts->behind);
	}
	for (size_t i = 0; i < list->count; i++) {
		if (names[i]) {
			free(list->runs[i].runtime.name);
			list->runs[i].runtime.name = names[i];
		}
		name_after_number(list, i);
	}
}

void run_list_free(struct run_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		run_record_free(&list->runs[i]);
	free(list->runs);
	*list = (struct run_list){ 0 };
}

int run_list_latest(const char *out, struct run_list *ret, struct err *err)
{
	__attribute__((cleanup(names_free))) struct names names = { 0 };

	if (out && run_list_add(ret, out, NULL) == 0)
		return 0;
	auto_fd fd = file_open_at(AT_FDCWD, "runs", O_RDONLY | O_DIRECTORY, 0, NULL);
	if (fd < 0)
		return fail_text(err, -ENOENT, "there is no earlier run below runs/");
	int r = read_names(fd, &names, err);
	for (size_t i = names.count; r >= 0 && i > 0; i--) {
		auto_free char *path = text_format("runs/%s", names.names[i - 1]);

		if (run_list_add(ret, path, NULL) == 0)
			return 0;
	}
	return r < 0 ? r : fail_text(err, -ENOENT, "there is no earlier run below runs/");
}
