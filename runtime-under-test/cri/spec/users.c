/*
 * passwd(5) and group(5) of an image. Whoever made the image wrote them: they are read by openat2(2) below the root, must be
 * regular files, and are bounded: a FIFO or /dev/zero in their place would hang or fill the server.
 */
#include "runtime-under-test/cri/spec/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"

/* Directories with a hundred thousand users have been seen; a line takes some 60 bytes. */
#define USERS_BYTES_MAX (16u << 20)

static int read_one(int root, const char *path, struct text *ret, struct err *err)
{
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	auto_fd fd = file_open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, NULL);
	struct stat st;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fail(err, fd, "open /%s of the image", path);
	if (fstat(fd, &st) < 0)
		return fail(err, -errno, "look at /%s of the image", path);
	if (!S_ISREG(st.st_mode))
		return fail_text(err, -EINVAL, "/%s of the image is no regular file", path);
	return file_read_fd(fd, USERS_BYTES_MAX, ret, err);
}

int users_read(int root, struct users *ret, struct err *err)
{
	struct users users = { 0 };
	int r = 0;

	if (root >= 0)
		r = read_one(root, "etc/passwd", &users.passwd, err);
	if (r == 0 && root >= 0)
		r = read_one(root, "etc/group", &users.group, err);
	if (r < 0) {
		users_free(&users);
		return r;
	}
	*ret = users;
	return 0;
}

void users_free(struct users *users)
{
	text_free(&users->passwd);
	text_free(&users->group);
}

/* Cuts the next line off and splits it at its colons; the count of fields, of which at most max are kept. -1: the end. */
static int next_line(char **cursor, char **fields, int max)
{
	char *line = *cursor, *end;
	int count = 0;

	if (!line || !*line)
		return -1;
	end = strchr(line, '\n');
	*cursor = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	for (char *field = line; field && count < max; count++) {
		fields[count] = field;
		field = strchr(field, ':');
		if (field)
			*field++ = '\0';
	}
	return count;
}

static bool is_id(const char *string, int64_t *ret)
{
	long long value;

	if (text_to_i64(string, &value) < 0 || value < 0 || value > USERS_ID_MAX)
		return false;
	*ret = value;
	return true;
}

bool users_find(const struct users *users, const char *name, int64_t uid, struct users_entry *ret)
{
	auto_free char *copy = strdup(text_str(&users->passwd));
	char *cursor = copy, *fields[4];
	int count;

	while ((count = next_line(&cursor, fields, 4)) >= 0) {
		int64_t its_uid, its_gid;

		if (count < 4 || !is_id(fields[2], &its_uid) || !is_id(fields[3], &its_gid))
			continue;
		if (name ? strcmp(fields[0], name) != 0 : its_uid != uid)
			continue;
		*ret = (struct users_entry){ text_format("%s", fields[0]), its_uid, its_gid };
		return true;
	}
	return false;
}

bool users_find_group(const struct users *users, const char *name, int64_t *ret_gid)
{
	auto_free char *copy = strdup(text_str(&users->group));
	char *cursor = copy, *fields[3];
	int count;

	while ((count = next_line(&cursor, fields, 3)) >= 0)
		if (count == 3 && strcmp(fields[0], name) == 0 && is_id(fields[2], ret_gid))
			return true;
	return false;
}

static bool lists(char *members, const char *name)
{
	for (char *rest = members, *member; (member = strsep(&rest, ","));)
		if (strcmp(member, name) == 0)
			return true;
	return false;
}

void users_groups_of(const struct users *users, const char *name, int64_t **groups, size_t *count)
{
	auto_free char *copy = strdup(text_str(&users->group));
	char *cursor = copy, *fields[4];
	int fields_count;

	while ((fields_count = next_line(&cursor, fields, 4)) >= 0) {
		int64_t gid;

		if (fields_count < 4 || !is_id(fields[2], &gid) || !lists(fields[3], name))
			continue;
		*groups = realloc(*groups, (*count + 1) * sizeof(**groups));
		if (!*groups)
			abort();
		(*groups)[(*count)++] = gid;
	}
}
