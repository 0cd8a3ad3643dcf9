/* Writes ustar headers; https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html (ustar Interchange Format). */
#include "harness/tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"

#define BLOCK 512
#define NAME_MAX_LEN 100
#define FILE_MAX (64u << 20)

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[6],
	    version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a ustar header is one block");

/* Digits to the last byte but one, which stays NUL; what does not fit is cut, and nothing of ours is that large. */
static void octal(char *field, size_t size, uint64_t value)
{
	for (size_t i = size - 1; i-- > 0; value >>= 3)
		field[i] = (char) ('0' + (value & 7));
}

static int add_header(const char *name, const struct stat *st, char type, const char *link, struct text *out,
		      struct err *err)
{
	struct header header = { .type = type, .magic = "ustar", .version = { '0', '0' } };
	const unsigned char *bytes = (const unsigned char *) &header;
	unsigned sum = 0;

	if (strlen(name) > NAME_MAX_LEN || (link && strlen(link) > NAME_MAX_LEN))
		return fail(err, -ENAMETOOLONG, "tar: %s", name);
	memcpy(header.name, name, strlen(name));
	if (link)
		memcpy(header.link, link, strlen(link));
	octal(header.mode, sizeof(header.mode), st->st_mode & 07777);
	octal(header.uid, sizeof(header.uid), st->st_uid);
	octal(header.gid, sizeof(header.gid), st->st_gid);
	octal(header.size, sizeof(header.size), type == '0' ? (uint64_t) st->st_size : 0);
	octal(header.mtime, sizeof(header.mtime), 0);
	octal(header.major, sizeof(header.major), major(st->st_rdev));
	octal(header.minor, sizeof(header.minor), minor(st->st_rdev));
	/* The sum is of the header with blanks in its place. */
	memset(header.checksum, ' ', sizeof(header.checksum));
	for (size_t i = 0; i < sizeof(header); i++)
		sum += bytes[i];
	octal(header.checksum, 7, sum);
	header.checksum[6] = '\0';
	text_add_bytes(out, &header, sizeof(header));
	return 0;
}

static void pad(struct text *out)
{
	static const char zeros[BLOCK];

	if (out->len % BLOCK)
		text_add_bytes(out, zeros, BLOCK - out->len % BLOCK);
}

int tar_add_file(const char *name, const void *data, size_t len, mode_t mode, struct text *out,
		 struct err *err)
{
	const struct stat st = { .st_mode = mode, .st_size = (off_t) len };
	int r = add_header(name, &st, '0', NULL, out, err);

	if (r < 0)
		return r;
	text_add_bytes(out, data, len);
	pad(out);
	return 0;
}

void tar_end(struct text *out)
{
	static const char zeros[2 * BLOCK];

	text_add_bytes(out, zeros, sizeof(zeros));
}

static int add_content(int parent, const char *base, const char *name, const struct stat *st,
		       struct text *out, struct err *err)
{
	auto_text content = { 0 };
	int r = file_read_at(parent, base, FILE_MAX, &content, err);

	if (r < 0)
		return r;
	struct stat seen = *st;
	seen.st_size = (off_t) content.len;
	r = add_header(name, &seen, '0', NULL, out, err);
	if (r < 0)
		return r;
	text_add_bytes(out, text_str(&content), content.len);
	pad(out);
	return 0;
}

static int add_directory(int directory, const char *prefix, struct text *out, struct err *err);

static int add_link(int parent, const char *base, const char *name, const struct stat *st, struct text *out,
		    struct err *err)
{
	auto_text target = { 0 };
	int r = file_read_link_at(parent, base, &target, err);

	return r < 0 ? r : add_header(name, st, '2', text_str(&target), out, err);
}

static int add_subtree(int parent, const char *base, const char *name, const struct stat *st,
		       struct text *out, struct err *err)
{
	auto_free char *prefix = text_format("%s/", name);
	auto_fd directory = file_open_at(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
	int r = directory < 0 ? directory : add_header(prefix, st, '5', NULL, out, err);

	return r < 0 ? r : add_directory(directory, prefix, out, err);
}

static int add_entry(int parent, const char *base, const char *prefix, struct text *out, struct err *err)
{
	auto_free char *name = text_format("%s%s", prefix, base);
	struct stat st;

	if (fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, -errno, "tar: %s", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return add_subtree(parent, base, name, &st, out, err);
	case S_IFREG:
		return add_content(parent, base, name, &st, out, err);
	case S_IFLNK:
		return add_link(parent, base, name, &st, out, err);
	case S_IFCHR:
		return add_header(name, &st, '3', NULL, out, err);
	case S_IFBLK:
		return add_header(name, &st, '4', NULL, out, err);
	case S_IFIFO:
		return add_header(name, &st, '6', NULL, out, err);
	}
	return fail_text(err, -EINVAL, "tar: %s is of no kind that an image can have", name);
}

static int is_real(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int add_directory(int directory, const char *prefix, struct text *out, struct err *err)
{
	struct dirent **entries = NULL;
	int count = scandirat(directory, ".", &entries, is_real, alphasort), r = 0;

	if (count < 0)
		return fail(err, -errno, "tar: list %s", prefix);
	for (int i = 0; i < count; i++) {
		if (r >= 0)
			r = add_entry(directory, entries[i]->d_name, prefix, out, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int tar_add_tree(int directory, struct text *out, struct err *err)
{
	return add_directory(directory, "", out, err);
}
