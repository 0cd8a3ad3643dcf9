/*
 * What an update has written so far, so that one that fails half-way leaves every file as it was. Without a journal in the
 * cgroups nothing is read before it is written.
 */
#ifndef OCI_CGROUP_JOURNAL_H
#define OCI_CGROUP_JOURNAL_H

#include <stddef.h>

struct cgroup_place;

struct cgroup_note {
	const struct cgroup_place *place; /* borrowed */
	char *file, *value; /* owned: writing this takes the change back; file NULL: a device program */
	int program; /* the device program that was attached before; -EBADF: none was */
};
struct cgroup_journal {
	struct cgroup_note *notes;
	size_t count;
};
void cgroup_journal_free(struct cgroup_journal *journal);
#define auto_journal __attribute__((cleanup(cgroup_journal_free))) struct cgroup_journal

/*
 * What would have to be written to file after value was: owned; NULL: the file does not tell. A file with a line a device
 * (io.max) is asked for the line that value would replace.
 */
char *cgroup_undo_value(const struct cgroup_place *place, const char *file, const char *value);
/* place->journal NULL: no effect but freeing what is taken. */
void cgroup_note_file(const struct cgroup_place *place, const char *file, char *taken);
void cgroup_note_program(const struct cgroup_place *place, int taken);

/* The last change first. What cannot be taken back is counted. */
size_t cgroup_journal_undo(const struct cgroup_journal *journal);

#endif
