/* Bytes to messages: what is taken, what is refused and with which words. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "cri/runtime_v1.pb-c.h"

START_TEST(arena_gives_zeroed_aligned_memory)
{
	auto_arena arena;
	size_t total = 0;

	arena_init(&arena);
	for (size_t size = 1; size < 300000; size = size * 3 + 1) {
		unsigned char *memory = arena_alloc(&arena, size);

		ck_assert_uint_eq((uintptr_t) memory % 16, 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(memory[i], 0);
		memset(memory, 0xaa, size);
		total += size;
	}
	ck_assert_uint_ge(arena.total, total);
	arena_free(&arena);
	ck_assert_uint_eq(arena.total, 0);
	ck_assert_str_eq(arena_format(&arena, "%s-%d", "a", 7), "a-7");
	ck_assert_str_eq(arena_string(&arena, NULL), "");
}
END_TEST

START_TEST(arena_limits_the_allocator_alone)
{
	auto_arena arena;

	arena_init(&arena);
	arena.limit = 1000;
	ck_assert_ptr_null(arena.allocator.alloc(&arena, 1001));
	ck_assert_ptr_null(arena.allocator.alloc(&arena, SIZE_MAX));
	ck_assert_ptr_nonnull(arena.allocator.alloc(&arena, 900));
	ck_assert_ptr_null(arena.allocator.alloc(&arena, 200));
	ck_assert_ptr_nonnull(arena_alloc(&arena, 5000));
}
END_TEST

static const ProtobufCMessageDescriptor *const config = &runtime__v1__pod_sandbox_config__descriptor;

/* Field 6 of PodSandboxConfig is the map of labels. */
static void add_label(struct text *out, const char *key, const char *value)
{
	text_addf(out, "%c%c%c%c%s%c%c%s", 6 << 3 | 2, (int) (strlen(key) + strlen(value) + 4), 1 << 3 | 2,
		  (int) strlen(key), key, 2 << 3 | 2, (int) strlen(value), value);
}

static Runtime__V1__PodSandboxConfig *decode_config(struct arena *arena, const struct text *bytes)
{
	ProtobufCMessage *message;
	struct err err = { 0 };
	int r = message_decode(config, arena, text_str(bytes), bytes->len, &message, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	return (Runtime__V1__PodSandboxConfig *) message;
}

START_TEST(last_entry_of_a_key_wins)
{
	Runtime__V1__PodSandboxConfig *decoded;
	auto_text bytes = { 0 };
	auto_arena arena;

	arena_init(&arena);
	add_label(&bytes, "b", "1");
	add_label(&bytes, "a", "first");
	add_label(&bytes, "c", "2");
	add_label(&bytes, "a", "second");
	add_label(&bytes, "a", "last");
	decoded = decode_config(&arena, &bytes);
	ck_assert_uint_eq(decoded->n_labels, 3);
	ck_assert_str_eq(map_get((void **) decoded->labels, decoded->n_labels, "a"), "last");
	ck_assert_str_eq(map_get((void **) decoded->labels, decoded->n_labels, "b"), "1");
	ck_assert_ptr_null(map_get((void **) decoded->labels, decoded->n_labels, "d"));
	/* What is left keeps its order. */
	ck_assert_str_eq(decoded->labels[0]->key, "b");
	ck_assert_str_eq(decoded->labels[2]->key, "a");
}
END_TEST

START_TEST(maps_of_many_entries_settle)
{
	Runtime__V1__PodSandboxConfig *decoded;
	auto_text bytes = { 0 };
	auto_arena arena;
	char key[2] = "a";

	arena_init(&arena);
	for (int i = 0; i < 300000; i++) {
		key[0] = (char) ('a' + i % 26);
		add_label(&bytes, key, "v");
	}
	decoded = decode_config(&arena, &bytes);
	ck_assert_uint_eq(decoded->n_labels, 26);
}
END_TEST

static void refused(const ProtobufCMessageDescriptor *type, const char *bytes, size_t len,
		    const char *sentence)
{
	ProtobufCMessage *message = NULL;
	struct err err = { 0 };
	auto_arena arena;

	arena_init(&arena);
	ck_assert_int_eq(message_decode(type, &arena, bytes, len, &message, &err), -EINVAL);
	ck_assert_ptr_null(message);
	ck_assert_msg(strstr(err.text, sentence) != NULL, "\"%s\" does not say \"%s\"", err.text, sentence);
}
#define REFUSED(type, bytes, sentence)                                                                       \
	refused(&runtime__v1__##type##__descriptor, bytes, sizeof(bytes) - 1, sentence)

START_TEST(malformed_bytes_are_refused_with_their_field)
{
	REFUSED(version_request, "\x0a\x01\xff", "field version: holds invalid UTF-8");
	REFUSED(version_request, "\x0a\x02\xc3", "VersionRequest: field 1 (version) is cut short");
	REFUSED(version_request,
		"\x0a\x03"
		"a\0b",
		"field version: holds a NUL byte");
	/* An overlong form and a surrogate: RFC 3629 section 3. */
	REFUSED(version_request, "\x0a\x02\xc0\x80", "invalid UTF-8");
	REFUSED(version_request, "\x0a\x03\xed\xa0\x80", "invalid UTF-8");
	REFUSED(version_request, "\x0a", "cut short");
	REFUSED(version_request, "\xff", "cut short or without a field number");
	REFUSED(version_request, "\x02\x01", "without a field number");
	REFUSED(version_request, "\x0a\xff\xff\xff\xff\x0f", "cut short");
	/* A group, which proto3 has not; and a number where a string belongs. */
	REFUSED(version_request, "\x0b", "malformed");
	REFUSED(version_request, "\x08\x01", "decode VersionRequest");
	/* Inside: config.metadata.name of a RunPodSandboxRequest. */
	REFUSED(
	    run_pod_sandbox_request, "\x0a\x05\x0a\x03\x0a\x01\xfe",
	    "RunPodSandboxRequest: PodSandboxConfig: PodSandboxMetadata: field name: holds invalid UTF-8");
	REFUSED(run_pod_sandbox_request, "\x0a\x04\x0a\x03\x0a\x01", "field 1 (metadata) is cut short");
}
END_TEST

START_TEST(unknown_fields_are_kept)
{
	static const char bytes[] = "\x0a\x01"
				    "1"
				    "\xfa\x06\x01"
				    "x";
	ProtobufCMessage *message;
	auto_text again = { 0 };
	auto_arena arena;

	arena_init(&arena);
	ck_assert_int_eq(message_decode(&runtime__v1__version_request__descriptor, &arena, bytes,
					sizeof(bytes) - 1, &message, NULL),
			 0);
	ck_assert_uint_eq(message->n_unknown_fields, 1);
	ck_assert_int_eq(message_encode(message, &again, NULL), 0);
	ck_assert_uint_eq(again.len, sizeof(bytes) - 1);
	ck_assert_mem_eq(again.data, bytes, again.len);
}
END_TEST

/* Two bytes each: an empty PortMapping. */
START_TEST(a_small_request_cannot_take_all_memory)
{
	const size_t len = 8 << 20;
	auto_free char *bytes = malloc(len);

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < len; i += 2) {
		bytes[i] = 5 << 3 | 2;
		bytes[i + 1] = 0;
	}
	refused(config, bytes, len, "more than 192 MiB");
}
END_TEST

START_TEST(what_is_no_utf8_is_not_sent)
{
	Runtime__V1__VersionResponse answer = RUNTIME__V1__VERSION_RESPONSE__INIT;
	auto_text bytes = { 0 };
	struct err err = { 0 };

	text_add(&bytes, "before");
	answer.runtime_name = "\xff";
	ck_assert_int_eq(message_encode(&answer.base, &bytes, &err), -EINVAL);
	ck_assert_str_eq(err.text, "VersionResponse: field runtime_name: holds invalid UTF-8");
	ck_assert_str_eq(text_str(&bytes), "before");
}
END_TEST

START_TEST(copies_are_deep)
{
	auto_text bytes = { 0 };
	auto_arena arena, other;
	Runtime__V1__PodSandboxConfig *decoded, *copy;

	arena_init(&arena);
	arena_init(&other);
	add_label(&bytes, "key", "value");
	decoded = decode_config(&arena, &bytes);
	copy = message_copy(&other, decoded);
	arena_free(&arena);
	ck_assert_str_eq(copy->labels[0]->value, "value");
	ck_assert_str_eq(copy->hostname, "");
}
END_TEST

Suite *test_message(void)
{
	return UNIT_SUITE("message", arena_gives_zeroed_aligned_memory, arena_limits_the_allocator_alone,
			  last_entry_of_a_key_wins, maps_of_many_entries_settle,
			  malformed_bytes_are_refused_with_their_field, unknown_fields_are_kept,
			  a_small_request_cannot_take_all_memory, what_is_no_utf8_is_not_sent,
			  copies_are_deep);
}
