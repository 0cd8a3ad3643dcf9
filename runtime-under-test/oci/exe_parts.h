/* What of the program's memory is mapped from its file, and how it becomes memory of no file. */
#ifndef OCI_EXE_PARTS_H
#define OCI_EXE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EXE_PARTS_MAX 16

/* A stretch with one protection. */
struct exe_part {
	uintptr_t from, until;
	int protection;
	bool pristine; /* as it is in the file from offset on: nothing has written to it */
	off_t offset;
};

struct exe_parts {
	struct exe_part items[EXE_PARTS_MAX];
	size_t count;
};

/* -EOPNOTSUPP where the gaps between globals are guarded by a sanitizer; -ENOEXEC: it is too strange. */
int exe_parts_collect(struct exe_parts *ret);
/* The same bytes at the same place, but of no file. What runs here meanwhile runs on, whichever of the two it sees. */
int exe_parts_copy(const struct exe_parts *parts);
/* The pristine ones once more from file, which holds the same as the one that runs. */
int exe_parts_map(const struct exe_parts *parts, int file);

#endif
