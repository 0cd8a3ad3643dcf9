/*
 * Two readers, one on top of the other: the lower one undoes the compression and sees bytes only, which are counted and hashed here, and
 * the upper one reads them as a tar. One alone would not let anybody see the bytes between, of which the diff_id is made.
 */
#include <archive.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/cri/image/digest.h"
#include "runtime-under-test/cri/unpack/unpack.h"

#define BLOCK 65536

struct stream {
	struct archive *bytes, *tar;
	struct digest *digest;
	bool is_empty; /* no bytes at all, which libarchive takes for no entry to read from */
	uint64_t count, max;
	struct err err; /* of the lower reader */
	char buffer[BLOCK];
};

static la_ssize_t read_bytes(struct archive *tar, void *user, const void **ret)
{
	struct stream *stream = user;
	la_ssize_t n =
	    stream->is_empty ? 0 : archive_read_data(stream->bytes, stream->buffer, sizeof(stream->buffer));

	(void) tar;
	if (n < 0) {
		(void) fail_text(&stream->err, -EBADMSG, "decompress: %s",
				 archive_error_string(stream->bytes));
		return -1;
	}
	stream->count += (uint64_t) n;
	if (stream->count > stream->max) {
		(void) fail_text(&stream->err, -EFBIG, "more than %llu bytes unpacked",
				 (unsigned long long) stream->max);
		return -1;
	}
	digest_add(stream->digest, stream->buffer, (size_t) n);
	*ret = stream->buffer;
	return n;
}

static int open_bytes(struct stream *stream, int fd, struct err *err)
{
	struct archive_entry *all;
	int r;

	/* Every further format is code that a stranger's bytes reach. */
	if (archive_read_support_filter_gzip(stream->bytes) < ARCHIVE_WARN ||
	    archive_read_support_filter_zstd(stream->bytes) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(stream->bytes) != ARCHIVE_OK ||
	    archive_read_support_format_empty(stream->bytes) != ARCHIVE_OK ||
	    archive_read_open_fd(stream->bytes, fd, BLOCK) != ARCHIVE_OK)
		return fail_text(err, -EBADMSG, "decompress: %s", archive_error_string(stream->bytes));
	r = archive_read_next_header(stream->bytes, &all);
	if (r != ARCHIVE_OK && r != ARCHIVE_EOF)
		return fail_text(err, -EBADMSG, "decompress: %s", archive_error_string(stream->bytes));
	stream->is_empty = r == ARCHIVE_EOF;
	return 0;
}

int stream_open(int fd, uint64_t bytes_max, struct stream **ret, struct err *err)
{
	auto_stream stream = calloc(1, sizeof(*stream));
	int r;

	if (!stream)
		abort();
	stream->max = bytes_max;
	stream->digest = digest_begin();
	stream->bytes = archive_read_new();
	stream->tar = archive_read_new();
	if (!stream->bytes || !stream->tar)
		abort();
	r = open_bytes(stream, fd, err);
	if (r < 0)
		return r;
	if (archive_read_support_format_tar(stream->tar) != ARCHIVE_OK ||
	    archive_read_support_format_empty(stream->tar) != ARCHIVE_OK ||
	    archive_read_open(stream->tar, stream, NULL, read_bytes, NULL) != ARCHIVE_OK)
		return fail_text(err, -EBADMSG, "%s",
				 stream->err.text[0] ? stream->err.text : archive_error_string(stream->tar));
	*ret = TAKE(stream);
	return 0;
}

struct archive *stream_tar(struct stream *stream)
{
	return stream->tar;
}

const char *stream_error(const struct stream *stream)
{
	return stream->err.text;
}

int stream_finish(struct stream *stream, char ret_diff_id[72], struct err *err)
{
	const void *ignored;
	la_ssize_t n;

	/* Behind the tar's end there may be padding, which is part of what was hashed. */
	do
		n = read_bytes(stream->tar, stream, &ignored);
	while (n > 0);
	if (n < 0)
		return fail_text(err, -EBADMSG, "%s", stream->err.text);
	digest_end(stream->digest, ret_diff_id);
	return 0;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	(void) archive_read_free(stream->tar);
	(void) archive_read_free(stream->bytes);
	digest_free(stream->digest);
	free(stream);
}
