/* Index, manifest, configuration: which entry is taken, and what is refused with a sentence. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/manifest.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct json *parse(const char *text)
{
	struct json *value = NULL;
	struct err err = { 0 };

	ck_assert_msg(json_parse(text, strlen(text), &value, &err) == 0, "%s: %s", text, err.text);
	return value;
}

/* OURS stands for this machine's architecture. */
static struct json *parse_ours(const char *text)
{
	const char *at = strstr(text, "OURS");
	auto_free char *whole =
	    at ? text_format("%.*s%s%s", (int) (at - text), text, manifest_architecture(), at + 4)
	       : text_format("%s", text);

	return parse(whole);
}

START_TEST(chooses_this_machine)
{
	static const struct {
		const char *index, *chosen;
	} rows[] = {
		{ "{\"manifests\":[{\"digest\":\"" A
		  "\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"vax\"}},"
		  "{\"digest\":\"" B
		  "\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"OURS\"}}]}",
		  B },
		{ "{\"manifests\":[{\"digest\":\"" A "\",\"size\":1}]}", A },
		{ "{\"manifests\":[{\"digest\":\"" A "\",\"size\":1},{\"digest\":\"" B "\",\"size\":1}]}",
		  NULL },
		{ "{\"manifests\":[{\"digest\":\"" A
		  "\",\"size\":1,\"platform\":{\"os\":\"windows\",\"architecture\":\"OURS\"}}]}",
		  NULL },
		{ "{\"manifests\":[]}", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_json index = parse_ours(rows[i].index);
		struct descriptor chosen = { 0 };
		struct err err = { 0 };

		ck_assert(manifest_is_index(index));
		ck_assert_int_eq(manifest_choose(index, &chosen, &err), rows[i].chosen ? 0 : -ENOENT);
		ck_assert_pstr_eq(chosen.digest, rows[i].chosen);
		free(chosen.digest);
	}
}
END_TEST

START_TEST(reads_a_manifest)
{
	auto_json document =
	    parse("{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\",\"size\":10},"
		  "\"layers\":[{\"digest\":\"" B "\",\"size\":32},{\"digest\":\"" A "\",\"size\":0}]}");
	auto_manifest manifest = { 0 };
	struct err err = { 0 };

	ck_assert(!manifest_is_index(document));
	ck_assert_msg(manifest_read(document, &manifest, &err) == 0, "%s", err.text);
	ck_assert_str_eq(manifest.config.digest, A);
	ck_assert_uint_eq(manifest.layer_count, 2);
	ck_assert_str_eq(manifest.layers[0].digest, B);
	ck_assert_uint_eq(manifest.size, 42);
}
END_TEST

START_TEST(refuses_with_a_sentence)
{
	static const struct {
		const char *manifest, *why;
	} rows[] = {
		{ "[]", "manifest: array instead of an object" },
		{ "{\"schemaVersion\":1}", "manifest: only schema version 2 is known" },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/x\",\"digest\":\"" A
		  "\",\"size\":1}}",
		  "manifest: the configuration is \"application/x\": an artifact, not an image to run" },
		{ "{\"schemaVersion\":2}",
		  "manifest: config: digest \"\" is none that is known: sha256 and 64 digits" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\",\"size\":-1}}",
		  "manifest: config: size is no number" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\",\"size\":5000000}}",
		  "manifest: config: more than 4194304 bytes" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\",\"size\":1}}",
		  "manifest: layers is no list" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A
		  "\",\"size\":1},\"layers\":[{\"digest\":\"sha256:../../x\"}]}",
		  "manifest: layers[0]: digest \"sha256:../../x\" is none that is known: sha256 and 64 "
		  "digits" },
		{ "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A
		  "\",\"size\":1},\"layers\":[{\"digest\":\"" A "\",\"size\":18446744073709551615}]}",
		  "manifest: layers[0]: sizes beyond 64 bits" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_json document = parse(rows[i].manifest);
		struct manifest manifest = { 0 };
		struct err err = { 0 };

		ck_assert_int_eq(manifest_read(document, &manifest, &err), -EINVAL);
		ck_assert_str_eq(err.text, rows[i].why);
		ck_assert_ptr_null(manifest.layers);
	}
}
END_TEST

START_TEST(bounds_the_stack)
{
	auto_text text = { 0 };
	auto_json document = NULL;
	struct manifest manifest = { 0 };
	struct err err = { 0 };

	text_add(&text, "{\"schemaVersion\":2,\"config\":{\"digest\":\"" A "\",\"size\":1},\"layers\":[");
	for (int i = 0; i < MANIFEST_LAYERS_MAX + 1; i++)
		text_addf(&text, "%s{\"digest\":\"" B "\",\"size\":1}", i ? "," : "");
	text_add(&text, "]}");
	document = parse(text_str(&text));
	ck_assert_int_eq(manifest_read(document, &manifest, &err), -EINVAL);
	ck_assert_str_eq(err.text, "manifest: 257 layers, and 256 are the most that can be stacked");
}
END_TEST

START_TEST(counts_diff_ids)
{
	auto_json config = parse("{\"rootfs\":{\"diff_ids\":[\"" A "\",\"nothing\"]}}");
	char **ids = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(config_diff_ids(config, 1, &ids, &err), -EINVAL);
	ck_assert_str_eq(err.text, "configuration: 2 diff_ids for 1 layers");
	err = (struct err){ 0 };
	ck_assert_int_eq(config_diff_ids(config, 2, &ids, &err), -EINVAL);
	ck_assert_str_eq(err.text, "configuration: rootfs.diff_ids[1] is no sha256 digest");
	ck_assert_ptr_null(ids);
}
END_TEST

/* Computed with: printf '%s %s' A B | sha256sum */
START_TEST(chains_are_the_specifications)
{
	auto_free char *lowest = chain_id(NULL, A), *next = chain_id(lowest, B);

	ck_assert_str_eq(lowest, A);
	ck_assert_str_eq(next, "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c");
}
END_TEST

START_TEST(users_are_numbers_or_names)
{
	static const struct {
		const char *config, *name;
		int64_t uid; /* -1: none */
	} rows[] = {
		{ "{}", "", -1 },
		{ "{\"config\":{\"User\":\"\"}}", "", -1 },
		{ "{\"config\":{\"User\":\"0\"}}", "", 0 },
		{ "{\"config\":{\"User\":\"1002:1003\"}}", "", 1002 },
		{ "{\"config\":{\"User\":\"www-data\"}}", "www-data", -1 },
		{ "{\"config\":{\"User\":\"www-data:100\"}}", "www-data", -1 },
		{ "{\"config\":{\"User\":\"-5\"}}", "-5", -1 },
		{ "{\"config\":{\"User\":\"18446744073709551615\"}}", "18446744073709551615", -1 },
		{ "{\"config\":{\"User\":7}}", "", -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_json config = parse(rows[i].config);
		auto_free char *name = NULL;
		bool has_uid;
		int64_t uid;

		config_user(config, &has_uid, &uid, &name);
		ck_assert_int_eq(has_uid ? uid : -1, rows[i].uid);
		ck_assert_str_eq(name, rows[i].name);
	}
}
END_TEST

Suite *test_image_manifest(void)
{
	return UNIT_SUITE("image_manifest", chooses_this_machine, reads_a_manifest, refuses_with_a_sentence,
			  bounds_the_stack, counts_diff_ids, chains_are_the_specifications,
			  users_are_numbers_or_names);
}
