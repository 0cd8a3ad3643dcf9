/* Base64: the vectors of RFC 4648 section 10, every byte there and back, and what is no base64. */
#include "tests/unit.h"

#include <errno.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/text.h"

static const struct {
	const char *plain, *encoded;
} vectors[] = { { "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };

START_TEST(base64_vectors)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		auto_text encoded = { 0 }, plain = { 0 };

		base64_encode(vectors[i].plain, strlen(vectors[i].plain), &encoded);
		ck_assert_str_eq(text_str(&encoded), vectors[i].encoded);
		ck_assert_int_eq(base64_decode(vectors[i].encoded, &plain), 0);
		ck_assert_str_eq(text_str(&plain), vectors[i].plain);
	}
}
END_TEST

START_TEST(base64_all_bytes)
{
	auto_text encoded = { 0 }, plain = { 0 };
	unsigned char bytes[256];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char) i;
	base64_encode(bytes, sizeof(bytes), &encoded);
	ck_assert_int_eq(base64_decode(text_str(&encoded), &plain), 0);
	ck_assert_uint_eq(plain.len, sizeof(bytes));
	ck_assert_mem_eq(plain.data, bytes, sizeof(bytes));
}
END_TEST

/* "Zh==": bits behind the last byte that are not zero would make two spellings of one thing. */
START_TEST(base64_refuses)
{
	static const char *const wrong[] = { "Z",        "Zg=",      "Zg",   "Z===", "====",
					     "Zg==Zg==", "Zm9v!m9v", "Zm 9", "Zh==" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		auto_text plain = { 0 };

		text_add(&plain, "kept");
		ck_assert_msg(base64_decode(wrong[i], &plain) == -EINVAL, "%s", wrong[i]);
		ck_assert_str_eq(text_str(&plain), "kept");
	}
}
END_TEST

Suite *test_base64(void)
{
	return UNIT_SUITE("base64", base64_vectors, base64_all_bytes, base64_refuses);
}
