/* Recording files: written whole, read with every length checked before it is used. */
#include "bpf/recording.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#define MAGIC "PLMBREC" /* eight bytes with its NUL */
#define SYMBOLS_MAX (4u << 20)
#define HASHED_FROM 24 /* the checksum covers everything behind itself */

/* On disk, little-endian as every machine that eBPF recordings come from. */
struct file_header {
	char magic[8];
	uint32_t major, minor;
	uint64_t checksum;
	uint32_t header_size, symbols_size;
	uint64_t events, bytes, lost;
	uint64_t packed; /* since 1.1 */
};
#define HEADER_MIN offsetof(struct file_header, packed)

static uint64_t fnv1a64(const unsigned char *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

void recording_free(struct recording *recording)
{
	json_free(recording->symbols);
	free(recording->bytes);
	*recording = (struct recording){ 0 };
}

static int header_check(const struct file_header *h, size_t size, struct err *err)
{
	if (size < HEADER_MIN || memcmp(h->magic, MAGIC, sizeof(h->magic)) != 0)
		return fail_text(err, -EBADMSG, "this is no recording");
	if (h->major != RECORDING_MAJOR)
		return fail_text(err, -EBADMSG, "the recording has format %u, this program reads format %u",
				 h->major, RECORDING_MAJOR);
	uint64_t stored = h->packed ? h->packed : h->bytes;
	if (h->header_size < HEADER_MIN || h->header_size > size || h->symbols_size > SYMBOLS_MAX ||
	    h->symbols_size > size - h->header_size || stored != size - h->header_size - h->symbols_size)
		return fail_text(err, -EBADMSG, "the recording is cut short or its lengths are wrong");
	if (h->bytes > RECORDING_MAX)
		return fail_text(err, -EBADMSG, "the recording is too large: %llu bytes of events",
				 (unsigned long long) h->bytes);
	return 0;
}

/* A deflated part that is a bomb cannot grow beyond what the header says, and that is bounded. */
static int events_copy(const struct file_header *h, const unsigned char *stored, struct recording *ret,
		       struct err *err)
{
	uLongf size = h->bytes;

	ret->size = h->bytes;
	ret->bytes = malloc(h->bytes + 1);
	if (!ret->bytes)
		return fail(err, -ENOMEM, "hold %llu bytes of events", (unsigned long long) h->bytes);
	if (!h->packed)
		memcpy(ret->bytes, stored, h->bytes);
	else if (uncompress(ret->bytes, &size, stored, h->packed) != Z_OK || size != h->bytes)
		return fail_text(err, -EBADMSG,
				 "the recording's events do not unpack to what its header says");
	return 0;
}

/* Walks every event once, so that later readers meet no surprise. */
static int events_check(const struct recording *recording, struct err *err)
{
	struct decoded event;
	size_t offset = 0;
	uint64_t count = 0;
	int r;

	while ((r = recording_next(recording, &offset, &event, err)) == 1)
		count++;
	if (r < 0)
		return r;
	if (count != recording->event_count)
		return fail_text(err, -EBADMSG, "the recording promises %llu events and holds %llu",
				 (unsigned long long) recording->event_count, (unsigned long long) count);
	return 0;
}

int recording_parse(const unsigned char *bytes, size_t size, struct recording *ret, struct err *err)
{
	struct file_header h;
	struct recording found = { 0 };
	int r;

	memset(&h, 0, sizeof(h));
	memcpy(&h, bytes, size < sizeof(h) ? size : sizeof(h));
	if (h.header_size < sizeof(h))
		h.packed = 0;
	r = header_check(&h, size, err);
	if (r < 0)
		return r;
	if (fnv1a64(bytes + HASHED_FROM, size - HASHED_FROM) != h.checksum)
		return fail_text(err, -EBADMSG, "the recording's checksum is wrong");
	r = json_parse((const char *) bytes + h.header_size, h.symbols_size, &found.symbols, err);
	if (r < 0)
		return fail(err, -EBADMSG, "symbols of the recording");
	found.event_count = h.events;
	found.lost = h.lost;
	r = events_copy(&h, bytes + h.header_size + h.symbols_size, &found, err);
	if (r >= 0)
		r = events_check(&found, err);
	if (r < 0) {
		recording_free(&found);
		return r;
	}
	*ret = found;
	return 0;
}

int recording_read_at(int dirfd, const char *path, struct recording *ret, struct err *err)
{
	auto_text bytes = { 0 };
	int r = file_read_at(dirfd, path, RECORDING_MAX, &bytes, err);

	if (r < 0)
		return fail(err, r, "recording %s", path);
	r = recording_parse((const unsigned char *) text_str(&bytes), bytes.len, ret, err);
	return r < 0 ? fail(err, r, "recording %s", path) : 0;
}

/* The fastest level: most of an event is zeros and repetition. Returns the stored size, 0 when there is nothing to gain. */
static uLongf events_pack(const struct recording *recording, struct text *out)
{
	uLongf size = compressBound(recording->size);
	auto_free unsigned char *packed = malloc(size);

	if (!packed)
		abort();
	if (compress2(packed, &size, recording->bytes, recording->size, Z_BEST_SPEED) != Z_OK ||
	    size >= recording->size)
		return 0;
	text_add_bytes(out, packed, size);
	return size;
}

void recording_print(const struct recording *recording, bool packed, struct text *out)
{
	auto_text symbols = { 0 };
	size_t start = out->len;
	struct file_header h = {
		.magic = MAGIC, .major = RECORDING_MAJOR, .minor = RECORDING_MINOR, .header_size = sizeof(h)
	};

	json_print(recording->symbols, 0, &symbols);
	h.symbols_size = (uint32_t) symbols.len;
	h.events = recording->event_count;
	h.bytes = recording->size;
	h.lost = recording->lost;
	text_add_bytes(out, &h, sizeof(h));
	text_add_bytes(out, text_str(&symbols), symbols.len);
	if (packed && recording->size)
		h.packed = events_pack(recording, out);
	if (!h.packed)
		text_add_bytes(out, recording->bytes, recording->size);
	memcpy(out->data + start, &h, sizeof(h));
	h.checksum =
	    fnv1a64((unsigned char *) out->data + start + HASHED_FROM, out->len - start - HASHED_FROM);
	memcpy(out->data + start, &h, sizeof(h));
}

int recording_write_at(int dirfd, const char *path, const struct recording *recording, struct err *err)
{
	auto_text out = { 0 };

	recording_print(recording, true, &out);
	return file_replace_at(dirfd, path, out.data, out.len, 0644, err);
}

static int parts_cut(const unsigned char *data, size_t size, struct decoded *event, struct err *err)
{
	size_t at = 0;

	event->part_count = 0;
	for (unsigned i = 0; i < event->event.part_count; i++) {
		struct event_part part;

		if (size - at < sizeof(part))
			return fail_text(err, -EBADMSG, "an event's parts are cut short");
		memcpy(&part, data + at, sizeof(part));
		at += sizeof(part);
		if (part.size > size - at || !part.kind || part.kind >= PART_KIND_END)
			return fail_text(err, -EBADMSG, "an event's part %u is malformed", i);
		if (event->part_count < EVENT_PARTS_MAX)
			event->parts[event->part_count++] = (struct event_slice){
				.data = data + at, .size = part.size, .arg = part.arg, .kind = part.kind
			};
		at += part.size;
	}
	return at == size ? 0 : fail_text(err, -EBADMSG, "an event is longer than its parts");
}

int recording_peek(const struct recording *recording, size_t *offset, struct decoded *ret, struct err *err)
{
	size_t left;

	if (*offset >= recording->size)
		return *offset == recording->size
			   ? 0
			   : fail_text(err, -EBADMSG, "an offset lies behind the recording");
	left = recording->size - *offset;
	if (left < sizeof(ret->event))
		return fail_text(err, -EBADMSG, "the last event is cut short");
	memcpy(&ret->event, recording->bytes + *offset, sizeof(ret->event));
	ret->part_count = 0;
	if (ret->event.size > left - sizeof(ret->event) || !ret->event.type ||
	    ret->event.type >= EVENT_TYPE_END)
		return fail_text(err, -EBADMSG, "the event at byte %zu is malformed", *offset);
	*offset += sizeof(ret->event) + ret->event.size;
	return 1;
}

int recording_next(const struct recording *recording, size_t *offset, struct decoded *ret, struct err *err)
{
	size_t begin = *offset;
	int r = recording_peek(recording, offset, ret, err);

	if (r <= 0)
		return r;
	r = parts_cut(recording->bytes + begin + sizeof(ret->event), ret->event.size, ret, err);
	if (r < 0) {
		*offset = begin;
		return fail(err, r, "event of type %u at byte %zu", ret->event.type, begin);
	}
	return 1;
}

int recording_next_if(const struct recording *recording, size_t *offset,
		      bool (*wanted)(const struct event *event), struct decoded *ret)
{
	size_t begin = *offset;
	int r;

	while ((r = recording_peek(recording, offset, ret, NULL)) == 1) {
		if (wanted(&ret->event)) {
			*offset = begin;
			return recording_next(recording, offset, ret, NULL);
		}
		begin = *offset;
	}
	return r;
}
