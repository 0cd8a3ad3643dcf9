/*
 * plumbline-unpack: one layer from standard input into one directory, in a process that can do nothing else. A layer is whatever
 * a stranger put into a registry, so the code that reads it sees no other file, no network, and may start nothing.
 */
#ifndef CRI_UNPACK_UNPACK_H
#define CRI_UNPACK_UNPACK_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct unpack_options {
	const char *into; /* where the tree is, or is mounted */
	const char *upper, *work; /* NULL: into is a plain directory */
	const char **lowers; /* lowest first */
	size_t lower_count;
	uint64_t bytes_max, entries_max; /* of the unpacked layer */
	uint64_t reserve; /* bytes to leave on the disk */
};

/* confine.c: the tree becomes the root, and what unpacking does not need is given away. */
int confine(const struct unpack_options *options, struct err *err);

/* What unpacking one layer came to. */
struct unpacked {
	char diff_id[72]; /* digest of the tar itself */
	uint64_t bytes, entries;
};
/* apply.c: reads the layer from fd into the current root. */
int apply_layer(int fd, const struct unpack_options *options, struct unpacked *ret, struct err *err);

/* stream.c: a compressed tar as plain bytes, hashed and counted on the way. */
struct stream;
struct archive;
int stream_open(int fd, uint64_t bytes_max, struct stream **ret, struct err *err);
struct archive *stream_tar(struct stream *stream); /* borrowed: what reads the entries */
int stream_finish(struct stream *stream, char ret_diff_id[72], struct err *err); /* reads to the end */
const char *stream_error(const struct stream *stream); /* what went wrong below the tar; "" */
void stream_free(struct stream *stream);
static inline void stream_cleanup(struct stream **stream)
{
	stream_free(*stream);
}
#define auto_stream __attribute__((cleanup(stream_cleanup))) struct stream *

/* touched.c: which paths this layer has made. Whiteouts hide what is older, wherever in the layer they stand. */
struct touched {
	uint64_t *hashes; /* owned; open addressing, 0 is free */
	size_t count, space;
};
void touched_add(struct touched *touched, const char *path); /* and the directories above */
int touched_has(const struct touched *touched, const char *path);
void touched_free(struct touched *touched);

/* whiteout.c. Paths are relative to the root and clean. */
int hide_path(const char *path, const struct touched *touched, struct err *err);
int hide_content(const char *directory, const struct touched *touched, struct err *err);

/* path.c: a name from a tar without its ".", "..", and slashes at the ends; never leads above the root. Owned; "": the root itself. */
char *path_clean(const char *name);
/* One layer on its way to disk. */
struct layer {
	const struct unpack_options *options; /* borrowed */
	struct stream *stream; /* owned */
	struct touched touched;
	uint64_t entries, bytes; /* so far; bytes of files */
	uint64_t unchecked; /* bytes written since the disk's room was looked at */
	struct directory_time *times; /* owned */
	size_t time_count, time_space;
};

/* entry.c: makes one thing at a path whose parent exists, and where nothing is, or a directory for a directory. */
struct archive_entry;
int make_entry(struct layer *layer, struct archive_entry *entry, const char *path, struct err *err);

#endif
