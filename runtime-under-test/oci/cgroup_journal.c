/* Taking an update back, the last write first: so every step leads to a set of values that the kernel has held before. */
#include "runtime-under-test/oci/cgroup_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/cgroup_apply.h"

#define CONTENT_MAX 65536

/* What takes a device's line out again, where a file has none for it. */
static const struct {
	const char *file, *reset;
} resets[] = {
	{ "blkio.throttle.read_bps_device", "0" },
	{ "blkio.throttle.write_bps_device", "0" },
	{ "blkio.throttle.read_iops_device", "0" },
	{ "blkio.throttle.write_iops_device", "0" },
	{ "blkio.bfq.weight_device", "default" },
	{ "blkio.weight_device", "0" },
	{ "blkio.leaf_weight_device", "0" },
	{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
	{ "io.weight", "default" },
	{ "io.bfq.weight", "default" },
	{ "rdma.max", "hca_handle=max hca_object=max" },
	{ "net_prio.ifpriomap", "0" },
};

void cgroup_journal_free(struct cgroup_journal *journal)
{
	for (size_t i = 0; i < journal->count; i++) {
		cleanup_fd(&journal->notes[i].program);
		free(journal->notes[i].file);
		free(journal->notes[i].value);
	}
	free(journal->notes);
	*journal = (struct cgroup_journal){ 0 };
}

/* The line whose first word is the first word of value; NULL: none. Borrowed from content, which is cut there. */
static char *line_of(char *content, const char *value)
{
	size_t key = strcspn(value, " \n");
	char *rest = content;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (strcspn(line, " ") == key && strncmp(line, value, key) == 0)
			return line;
	return NULL;
}

static const char *reset_of(const char *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(resets); i++)
		if (strcmp(resets[i].file, file) == 0)
			return resets[i].reset;
	return NULL;
}

char *cgroup_undo_value(const struct cgroup_place *place, const char *file, const char *value)
{
	auto_text content = { 0 };
	const char *reset = reset_of(file), *line;

	if (file_read_at(place->directory, file, CONTENT_MAX, &content, NULL) < 0)
		return NULL;
	text_trim_end(&content);
	/* An empty cpuset cannot be written as nothing: no byte is no write. */
	if (content.len == 0 && !reset)
		return text_format("\n");
	if (strcmp(file, "memory.oom_control") == 0)
		return text_format("%d", strstr(text_str(&content), "oom_kill_disable 1") ? 1 : 0);
	if (!reset && !strchr(text_str(&content), '\n'))
		return text_take(&content);
	line = content.data ? line_of(content.data, value) : NULL;
	if (line)
		return text_format("%s", line);
	return reset ? text_format("%.*s %s", (int) strcspn(value, " "), value, reset) : NULL;
}

static void add_note(const struct cgroup_place *place, struct cgroup_note note)
{
	struct cgroup_journal *journal = place->journal;
	struct cgroup_note *notes = reallocarray(journal->notes, journal->count + 1, sizeof(*notes));

	if (!notes)
		abort();
	journal->notes = notes;
	note.place = place;
	notes[journal->count++] = note;
}

void cgroup_note_file(const struct cgroup_place *place, const char *file, char *taken)
{
	if (!place->journal || !taken) {
		free(taken);
		return;
	}
	add_note(place,
		 (struct cgroup_note){ .file = text_format("%s", file), .value = taken, .program = -EBADF });
}

void cgroup_note_program(const struct cgroup_place *place, int taken)
{
	if (!place->journal) {
		cleanup_fd(&taken);
		return;
	}
	add_note(place, (struct cgroup_note){ .program = taken });
}

size_t cgroup_journal_undo(const struct cgroup_journal *journal)
{
	size_t stuck = 0;

	for (size_t i = journal->count; i-- > 0;) {
		const struct cgroup_note *note = &journal->notes[i];
		int r = note->file ? file_write_at(note->place->directory, note->file, note->value,
						   strlen(note->value), NULL)
				   : cgroup_program_restore(note->place->directory, note->program);

		stuck += r < 0;
	}
	return stuck;
}
