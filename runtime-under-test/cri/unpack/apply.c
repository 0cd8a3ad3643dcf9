/* A layer onto the tree below it: OCI image-spec, layer, "Applying Changesets". */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/unpack/unpack.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

struct directory_time {
	char *path; /* owned */
	struct timespec time;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The part before the last slash; owned, "" for the root. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return text_format("%.*s", slash ? (int) (slash - path) : 0, path);
}

static int apply_whiteout(struct layer *layer, const char *path, struct err *err)
{
	const char *hidden = base_name(path) + strlen(WHITEOUT);
	auto_free char *parent = parent_of(path), *target = NULL;

	if (!strcmp(base_name(path), OPAQUE))
		return hide_content(parent, &layer->touched, err);
	/* ".wh..wh.plnk" and the like: notes of aufs to itself. */
	if (text_starts(hidden, WHITEOUT))
		return 0;
	if (!*hidden || !strcmp(hidden, ".") || !strcmp(hidden, ".."))
		return fail_text(err, -EINVAL, "a whiteout of nothing");
	target = text_format("%s%s%s", parent, *parent ? "/" : "", hidden);
	return hide_path(target, &layer->touched, err);
}

static void remember_time(struct layer *layer, const char *path, struct archive_entry *entry)
{
	if (!archive_entry_mtime_is_set(entry))
		return;
	if (layer->time_count == layer->time_space) {
		layer->time_space = layer->time_space ? layer->time_space * 2 : 256;
		layer->times = realloc(layer->times, layer->time_space * sizeof(*layer->times));
		if (!layer->times)
			abort();
	}
	layer->times[layer->time_count++] = (struct directory_time){
		.path = text_format("%s", path),
		.time = { archive_entry_mtime(entry), archive_entry_mtime_nsec(entry) },
	};
}

/* What is gone again has no time. */
static void set_times(struct layer *layer)
{
	for (size_t i = layer->time_count; i-- > 0;) {
		struct timespec times[2] = { layer->times[i].time, layer->times[i].time };

		(void) utimensat(AT_FDCWD, layer->times[i].path, times, AT_SYMLINK_NOFOLLOW);
	}
}

/* A later entry of the same path wins, and a directory that stays a directory keeps its content. */
static int make_way(struct archive_entry *entry, const char *path, struct err *err)
{
	bool to_directory = !archive_entry_hardlink(entry) && archive_entry_filetype(entry) == AE_IFDIR;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : fail(err, -errno, "look");
	if (S_ISDIR(st.st_mode) && to_directory)
		return 0;
	return file_remove_tree_at(AT_FDCWD, path, err);
}

static int apply_path(struct layer *layer, struct archive_entry *entry, const char *path, struct err *err)
{
	auto_free char *parent = parent_of(path);
	int r;

	if (!*path)
		return archive_entry_filetype(entry) == AE_IFDIR && !archive_entry_hardlink(entry)
			   ? make_entry(layer, entry, ".", err)
			   : fail_text(err, -EINVAL, "the root as something else than a directory");
	if (text_starts(base_name(path), WHITEOUT))
		return apply_whiteout(layer, path, err);
	r = *parent ? file_make_dirs_at(AT_FDCWD, parent, 0755, err) : 0;
	if (r >= 0)
		r = make_way(entry, path, err);
	if (r >= 0)
		r = make_entry(layer, entry, path, err);
	if (r < 0)
		return r;
	touched_add(&layer->touched, path);
	if (archive_entry_filetype(entry) == AE_IFDIR)
		remember_time(layer, path, entry);
	return 0;
}

static int apply_entry(struct layer *layer, struct archive_entry *entry, struct err *err)
{
	const char *name = archive_entry_pathname(entry);
	auto_free char *path = NULL;
	auto_text shown = { 0 };
	int r;

	if (!name)
		return fail_text(err, -EBADMSG, "entry %llu has no name",
				 (unsigned long long) layer->entries);
	if (++layer->entries > layer->options->entries_max)
		return fail_text(err, -EFBIG, "more than %llu entries",
				 (unsigned long long) layer->options->entries_max);
	path = path_clean(name);
	r = apply_path(layer, entry, path, err);
	if (r >= 0)
		return 0;
	text_escape_terminal(&shown, name, strlen(name) < 200 ? strlen(name) : 200);
	return fail(err, r, "entry %s", text_str(&shown));
}

static int apply_entries(struct layer *layer, struct err *err)
{
	struct archive *tar = stream_tar(layer->stream);
	struct archive_entry *entry;
	int r;

	while ((r = archive_read_next_header(tar, &entry)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		r = apply_entry(layer, entry, err);
		if (r < 0)
			return r;
	}
	if (r == ARCHIVE_EOF)
		return 0;
	return fail_text(err, -EBADMSG, "%s",
			 *stream_error(layer->stream) ? stream_error(layer->stream)
						      : archive_error_string(tar));
}

static void layer_clear(struct layer *layer)
{
	for (size_t i = 0; i < layer->time_count; i++)
		free(layer->times[i].path);
	free(layer->times);
	touched_free(&layer->touched);
	stream_free(layer->stream);
}

int apply_layer(int fd, const struct unpack_options *options, struct unpacked *ret, struct err *err)
{
	__attribute__((cleanup(layer_clear))) struct layer layer = { .options = options };
	int r = stream_open(fd, options->bytes_max, &layer.stream, err);

	if (r < 0)
		return r;
	r = apply_entries(&layer, err);
	if (r >= 0)
		r = stream_finish(layer.stream, ret->diff_id, err);
	if (r < 0)
		return r;
	set_times(&layer);
	ret->bytes = layer.bytes;
	ret->entries = layer.entries;
	return 0;
}
