/* The vectors of FIPS 180-4's examples, and lengths around the block's edge against one-byte steps. */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/sha256.h"

Suite *test_sha256(void);

static void hash_of(const char *data, size_t len, char ret[SHA256_HEX_SIZE])
{
	struct sha256 hash;

	sha256_begin(&hash);
	sha256_add(&hash, data, len);
	sha256_end(&hash, ret);
}

START_TEST(known_vectors)
{
	static const struct {
		const char *data, *hex;
	} vectors[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlm"
		  "nopqrsmnopqrst"
		  "nopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		hash_of(vectors[i].data, strlen(vectors[i].data), hex);
		ck_assert_str_eq(hex, vectors[i].hex);
	}
}
END_TEST

START_TEST(a_million_letters)
{
	auto_free char *data = malloc(1000000);
	char hex[SHA256_HEX_SIZE];

	memset(data, 'a', 1000000);
	hash_of(data, 1000000, hex);
	ck_assert_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(pieces_make_the_same_hash)
{
	char data[200], whole[SHA256_HEX_SIZE], pieces[SHA256_HEX_SIZE];

	memset(data, 'x', sizeof(data));
	for (size_t len = 50; len < sizeof(data); len++) {
		struct sha256 hash;

		hash_of(data, len, whole);
		sha256_begin(&hash);
		for (size_t i = 0; i < len; i++)
			sha256_add(&hash, data + i, 1);
		sha256_end(&hash, pieces);
		ck_assert_str_eq(whole, pieces);
	}
}
END_TEST

START_TEST(a_file_is_hashed_from_its_beginning)
{
	char path[] = "/tmp/plumbline-test-XXXXXX", hex[SHA256_HEX_SIZE];
	struct err err = { 0 };
	auto_fd fd = mkstemp(path);

	ck_assert_int_eq(write(fd, "abc", 3), 3);
	ck_assert_int_eq(sha256_fd(fd, hex, &err), 0);
	ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ck_assert_int_lt(sha256_fd(-1, hex, &err), 0);
	(void) unlink(path);
}
END_TEST

Suite *test_sha256(void)
{
	return UNIT_SUITE("sha256", known_vectors, a_million_letters, pieces_make_the_same_hash,
			  a_file_is_hashed_from_its_beginning);
}
