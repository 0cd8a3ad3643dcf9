/* Recording files: what is written is read back, and everything else is refused with a sentence. Every byte is untrusted. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/recording.h"

Suite *test_recording(void);

#define AT_MAJOR 8
#define AT_MINOR 12
#define AT_CHECKSUM 16
#define AT_HEADER_SIZE 24
#define AT_SYMBOLS_SIZE 28
#define AT_EVENTS 32
#define AT_BYTES 40
#define AT_PACKED 56
#define HEADER_SIZE 64

static void add_part(struct text *out, int arg, int kind, const void *data, size_t size)
{
	struct event_part part = { .arg = (__u8) arg, .kind = (__u8) kind, .size = (__u16) size };

	text_add_bytes(out, &part, sizeof(part));
	text_add_bytes(out, data, size);
}

static void add_event(struct text *out, uint64_t sequence, const struct text *parts, unsigned part_count)
{
	struct event event = { .type = EVENT_CALL,
			       .sequence = sequence,
			       .part_count = (__u8) part_count,
			       .size = (__u32) parts->len };

	text_add_bytes(out, &event, sizeof(event));
	text_add_bytes(out, text_str(parts), parts->len);
}

/* Three events with two parts each. */
static struct recording small(void)
{
	struct recording recording = { .symbols = json_new_object(), .event_count = 3, .lost = 7 };
	auto_text bytes = { 0 };

	json_put(recording.symbols, "rootfs", json_new_string("/bundle/rootfs"));
	for (uint64_t i = 0; i < 3; i++) {
		auto_text parts = { 0 };

		add_part(&parts, 0, PART_STRING, "source", 7);
		add_part(&parts, 1, PART_PATH, "x\0tmp\0", 6);
		add_event(&bytes, i, &parts, 2);
	}
	recording.size = bytes.len;
	recording.bytes = (unsigned char *) text_take(&bytes);
	return recording;
}

static void print_small(bool packed, struct text *out)
{
	struct recording recording = small();

	recording_print(&recording, packed, out);
	recording_free(&recording);
}

/* So that what is tried is the check behind the checksum. */
static void seal(struct text *file)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = HEADER_SIZE - 40; i < file->len; i++)
		hash = (hash ^ (unsigned char) file->data[i]) * 0x100000001b3u;
	memcpy(file->data + AT_CHECKSUM, &hash, sizeof(hash));
}

static void check_refused(const struct text *file, const char *sentence)
{
	struct recording recording = { 0 };
	struct err err = { 0 };
	int r = recording_parse((const unsigned char *) text_str(file), file->len, &recording, &err);

	ck_assert_msg(r == -EBADMSG, "%d instead of a refusal: %s", r, sentence);
	ck_assert_msg(strstr(err.text, sentence) != NULL, "\"%s\" does not say \"%s\"", err.text, sentence);
	ck_assert_ptr_null(strchr(err.text, '\n'));
	ck_assert_ptr_null(recording.bytes);
}

START_TEST(what_is_written_is_read_back)
{
	for (int packed = 0; packed < 2; packed++) {
		struct recording wanted = small(), found;
		auto_text file = { 0 };
		struct err err = { 0 };

		recording_print(&wanted, packed, &file);
		ck_assert_msg(recording_parse((unsigned char *) file.data, file.len, &found, &err) == 0, "%s",
			      err.text);
		ck_assert_uint_eq(found.event_count, 3);
		ck_assert_uint_eq(found.lost, 7);
		ck_assert_uint_eq(found.size, wanted.size);
		ck_assert_mem_eq(found.bytes, wanted.bytes, wanted.size);
		ck_assert_str_eq(json_get_string(found.symbols, "rootfs"), "/bundle/rootfs");
		ck_assert_int_eq(packed, file.len < sizeof(struct event) * 3);
		recording_free(&found);
		recording_free(&wanted);
	}
}
END_TEST

START_TEST(a_recording_without_events_is_one)
{
	struct recording empty = { .symbols = json_new_object() }, found;
	auto_text file = { 0 };

	recording_print(&empty, true, &file);
	ck_assert_int_eq(recording_parse((unsigned char *) file.data, file.len, &found, NULL), 0);
	ck_assert_uint_eq(found.size, 0);
	recording_free(&found);
	recording_free(&empty);
}
END_TEST

START_TEST(no_beginning_of_a_recording_is_one)
{
	for (int packed = 0; packed < 2; packed++) {
		auto_text file = { 0 };

		print_small(packed, &file);
		for (size_t len = 0; len < file.len; len++) {
			auto_text cut = { 0 };

			text_add_bytes(&cut, file.data, len);
			check_refused(&cut, len < HEADER_SIZE - 8 ? "no recording" : "");
		}
	}
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
	auto_text file = { 0 };

	print_small(true, &file);
	for (size_t bit = 0; bit < file.len * 8; bit++) {
		if (bit / 8 >= AT_MINOR && bit / 8 < AT_CHECKSUM)
			continue; /* a minor version changes nothing that a reader knows */
		file.data[bit / 8] ^= (char) (1 << (bit % 8));
		check_refused(&file, "");
		file.data[bit / 8] ^= (char) (1 << (bit % 8));
	}
}
END_TEST

START_TEST(another_format_is_named)
{
	uint32_t major = RECORDING_MAJOR + 1;
	auto_text file = { 0 };

	print_small(true, &file);
	memcpy(file.data + AT_MAJOR, &major, sizeof(major));
	check_refused(&file, "the recording has format 2, this program reads format 1");
}
END_TEST

/* A later minor version may append to the header. */
START_TEST(a_longer_header_is_read)
{
	uint32_t header_size = HEADER_SIZE + 16;
	struct recording found;
	auto_text file = { 0 }, longer = { 0 };

	print_small(true, &file);
	text_add_bytes(&longer, file.data, HEADER_SIZE);
	text_add_bytes(&longer, "sixteen more of.", 16);
	text_add_bytes(&longer, file.data + HEADER_SIZE, file.len - HEADER_SIZE);
	memcpy(longer.data + AT_HEADER_SIZE, &header_size, sizeof(header_size));
	seal(&longer);
	ck_assert_int_eq(recording_parse((unsigned char *) longer.data, longer.len, &found, NULL), 0);
	ck_assert_uint_eq(found.event_count, 3);
	recording_free(&found);
}
END_TEST

static void check_number(bool packed, size_t at, uint64_t value, size_t size, const char *sentence)
{
	auto_text file = { 0 };

	print_small(packed, &file);
	memcpy(file.data + at, &value, size);
	seal(&file);
	check_refused(&file, sentence);
}

START_TEST(hostile_sizes_are_refused)
{
	static const uint64_t sizes[] = { 1,          8,         0x7fffffff, 0xffffffff, 0xffffffffffffffff,
					  1ull << 63, 1ull << 32 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		check_number(false, AT_HEADER_SIZE, sizes[i], 4, "");
		check_number(false, AT_SYMBOLS_SIZE, sizes[i], 4, "");
		check_number(false, AT_BYTES, sizes[i], 8, "");
		check_number(true, AT_BYTES, sizes[i], 8, "");
		check_number(true, AT_PACKED, sizes[i], 8, "");
		check_number(true, AT_EVENTS, sizes[i], 8, "promises");
	}
	check_number(true, AT_BYTES, RECORDING_MAX + 1, 8, "too large");
}
END_TEST

/* Zeros deflate to a thousandth: what unpacks to more than the header says is no recording, and is not unpacked further. */
START_TEST(a_bomb_does_not_go_off)
{
	size_t zeros = 64 << 20;
	auto_free unsigned char *bomb = calloc(zeros, 1);
	uLongf packed = compressBound(zeros);
	auto_free unsigned char *small_bomb = malloc(packed);
	uint64_t packed_size, bytes = 1000;
	auto_text file = { 0 }, whole = { 0 };
	uint32_t symbols_size;

	ck_assert_int_eq(compress2(small_bomb, &packed, bomb, zeros, 9), Z_OK);
	packed_size = packed;
	print_small(true, &file);
	memcpy(&symbols_size, file.data + AT_SYMBOLS_SIZE, sizeof(symbols_size));
	text_add_bytes(&whole, file.data, HEADER_SIZE + symbols_size);
	text_add_bytes(&whole, small_bomb, packed);
	memcpy(whole.data + AT_BYTES, &bytes, sizeof(bytes));
	memcpy(whole.data + AT_PACKED, &packed_size, sizeof(packed_size));
	seal(&whole);
	check_refused(&whole, "do not unpack");
}
END_TEST

START_TEST(symbols_must_be_json)
{
	auto_text file = { 0 };

	print_small(false, &file);
	file.data[HEADER_SIZE] = '[';
	seal(&file);
	check_refused(&file, "symbols of the recording");
}
END_TEST

/* What recording_next says of one event whose bytes are these. */
static int next_of(const struct text *bytes, struct decoded *ret, struct err *err)
{
	/* A copy of exactly that size: the sanitizers see a byte too many. */
	auto_free unsigned char *exact = malloc(bytes->len ? bytes->len : 1);
	const struct recording recording = { .bytes = exact, .size = bytes->len };
	size_t offset = 0;

	memcpy(exact, text_str(bytes), bytes->len);
	return recording_next(&recording, &offset, ret, err);
}

START_TEST(events_lie_within_the_recording)
{
	struct decoded event;
	auto_text parts = { 0 }, bytes = { 0 };

	add_part(&parts, 2, PART_BYTES, "12345", 5);
	add_event(&bytes, 0, &parts, 1);
	ck_assert_int_eq(next_of(&bytes, &event, NULL), 1);
	ck_assert_uint_eq(event.part_count, 1);
	ck_assert_uint_eq(event.parts[0].size, 5);
	for (size_t len = 1; len < bytes.len; len++) {
		auto_text cut = { 0 };

		text_add_bytes(&cut, bytes.data, len);
		ck_assert_int_eq(next_of(&cut, &event, NULL), -EBADMSG);
	}
}
END_TEST

START_TEST(parts_lie_within_their_event)
{
	static const struct {
		unsigned count;
		int kind, size; /* of the last part as it claims to be */
	} rows[] = {
		{ 1, PART_STRING, 5 },   { 1, PART_STRING, 3 },   { 1, PART_STRING, 0xffff },
		{ 2, PART_STRING, 4 },   { 0, PART_STRING, 4 },   { 1, 0, 4 },
		{ 1, PART_KIND_END, 4 }, { 255, PART_STRING, 4 },
	};
	struct decoded event;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event_part part = { .kind = (__u8) rows[i].kind, .size = (__u16) rows[i].size };
		auto_text parts = { 0 }, bytes = { 0 };

		text_add_bytes(&parts, &part, sizeof(part));
		text_add_bytes(&parts, "abc", 4);
		add_event(&bytes, 0, &parts, rows[i].count);
		ck_assert_msg(next_of(&bytes, &event, NULL) == -EBADMSG, "row %zu", i);
	}
}
END_TEST

START_TEST(more_parts_than_a_reader_keeps_are_walked)
{
	struct decoded event;
	auto_text parts = { 0 }, bytes = { 0 };

	for (int i = 0; i < 200; i++)
		add_part(&parts, i, PART_STRING, "", 1);
	add_event(&bytes, 0, &parts, 200);
	ck_assert_int_eq(next_of(&bytes, &event, NULL), 1);
	ck_assert_uint_eq(event.part_count, EVENT_PARTS_MAX);
}
END_TEST

START_TEST(unknown_types_are_refused)
{
	struct event none = { 0 }, beyond = { .type = EVENT_TYPE_END };
	struct decoded event;
	auto_text a = { 0 }, b = { 0 };

	text_add_bytes(&a, &none, sizeof(none));
	text_add_bytes(&b, &beyond, sizeof(beyond));
	ck_assert_int_eq(next_of(&a, &event, NULL), -EBADMSG);
	ck_assert_int_eq(next_of(&b, &event, NULL), -EBADMSG);
}
END_TEST

Suite *test_recording(void)
{
	return UNIT_SUITE("recording", what_is_written_is_read_back, a_recording_without_events_is_one,
			  no_beginning_of_a_recording_is_one, every_flipped_bit_is_noticed,
			  another_format_is_named, a_longer_header_is_read, hostile_sizes_are_refused,
			  a_bomb_does_not_go_off, symbols_must_be_json, events_lie_within_the_recording,
			  parts_lie_within_their_event, more_parts_than_a_reader_keeps_are_walked,
			  unknown_types_are_refused);
}
