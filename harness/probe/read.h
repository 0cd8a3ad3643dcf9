/*
 * Bounded looks at a file tree that may be hostile: nothing here blocks on a FIFO or a terminal, becomes a
 * controlling process, or reads without end.
 */
#ifndef HARNESS_PROBE_READ_H
#define HARNESS_PROBE_READ_H

#include <stdbool.h>
#include <stddef.h>

struct out;
struct stat;
struct text;

/* Appends at most max bytes. 0, 1 when there was more, or -errno. */
int read_file(int dirfd, const char *path, size_t max, struct text *ret);
int read_fd(int fd, size_t max, struct text *ret);
/* As read_file(), without trailing white space, and -ENODATA for an empty one. */
int read_line(int dirfd, const char *path, struct text *ret);
/* Strict: the whole file is one number. */
int read_number(int dirfd, const char *path, long long *ret);

/* Entries without "." and "..", sorted. */
struct name_list {
	char **names; /* owned, each too */
	size_t count;
	bool cut; /* there were more than the bound */
};
int read_directory(int dirfd, const char *path, size_t max, struct name_list *ret);
void name_list_free(struct name_list *list);
#define auto_name_list __attribute__((cleanup(name_list_free))) struct name_list

const char *
kind_of_mode(unsigned mode); /* "file", "directory", "char", "block", "fifo", "socket", "link", "other" */
const char *errno_word(int error); /* "EROFS"; "EUNKNOWN" for a number without a name */
void out_stat(struct out *out, const struct stat *st); /* members of the open object */

#endif
