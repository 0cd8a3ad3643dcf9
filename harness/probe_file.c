/* Inflates the probe: deflated it is less than half as large, and it is the largest part of this program. */
#include "harness/probe_file.h"

#include <errno.h>
#include <zlib.h>

#include "base/err.h"
#include "base/text.h"
#include "harness/embedded.h"

#define PACKED "plumbline-probe.gz"
#define PROBE_MAX (4u << 20)
#define GZIP_HEADER 16 /* added to the window bits: zlib.h, inflateInit2() */

int gunzip(const void *packed, size_t size, size_t max, struct text *out, struct err *err)
{
	z_stream z = { .next_in = (Bytef *) packed, .avail_in = (uInt) size };
	unsigned char piece[16384];
	size_t inflated = 0;
	int r = inflateInit2(&z, GZIP_HEADER + MAX_WBITS);

	if (r != Z_OK)
		return fail_text(err, -ENOMEM, "inflate: %s", zError(r));
	do {
		z.next_out = piece;
		z.avail_out = sizeof(piece);
		r = inflate(&z, Z_NO_FLUSH);
		inflated += sizeof(piece) - z.avail_out;
		if (inflated <= max)
			text_add_bytes(out, piece, sizeof(piece) - z.avail_out);
	} while (r == Z_OK && inflated <= max);
	(void) inflateEnd(&z);
	if (inflated > max)
		return fail_text(err, -EFBIG, "inflate: it is larger than %zu bytes", max);
	if (r != Z_STREAM_END)
		return fail_text(err, -EBADMSG, "inflate: %s", z.msg ? z.msg : "it ends too early");
	return 0;
}

int probe_file(const struct text **ret, struct err *err)
{
	static struct text probe; /* a cache of constant data */
	const struct embedded_file *packed = embedded_find(PACKED);

	if (!packed)
		return fail_text(err, -ENOENT, "the probe is not part of this program");
	if (!probe.len) {
		int r = gunzip(packed->data, packed->size, PROBE_MAX, &probe, err);
		if (r < 0) {
			text_free(&probe);
			return fail(err, r, "the probe inside this program");
		}
	}
	*ret = &probe;
	return 0;
}
