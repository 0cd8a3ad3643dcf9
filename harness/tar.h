/* A tar archive (POSIX ustar) of a directory, as a layer of an image: sorted, without times, so that the same tree gives the same bytes. */
#ifndef HARNESS_TAR_H
#define HARNESS_TAR_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct text;

/* Appends everything below the directory, not the end marker. Names longer than 100 bytes are -ENAMETOOLONG. */
int tar_add_tree(int directory, struct text *out, struct err *err);
/* Appends one regular file. */
int tar_add_file(const char *name, const void *data, size_t len, mode_t mode, struct text *out,
		 struct err *err);
void tar_end(struct text *out);

#endif
