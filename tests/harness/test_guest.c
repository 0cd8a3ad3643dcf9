/* The words that a guest's own plumbline gets, and what it is given. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/guest.h"
#include "harness/option_table.h"
#include "harness/options.h"

Suite *test_guest(void);

static void parse(const char *verb, char *const *argv, struct options *ret)
{
	struct err err = { 0 };
	int argc = 0;

	while (argv[argc])
		argc++;
	ck_assert_msg(options_parse(verb_find(verb), argc, argv, ret, &err) == 0, "%s", err.text);
}

START_TEST(a_guest_gets_the_words_that_concern_it)
{
	char *const argv[] = { "--in=vm:v2",
			       "--guest=/g",
			       "--out=here",
			       "--junit=j.xml",
			       "--runtime=/bin/sh",
			       "--jobs=3",
			       "--shard=1/2",
			       "--timeout-scale=0.5",
			       "--runtime-arg=--a b",
			       "--color=never",
			       "--ascii",
			       "--json",
			       "--keep",
			       "--expect=/etc/passwd",
			       "--",
			       "area:oci/* & !needs:bpf",
			       NULL };
	auto_options options = { 0 };
	auto_text script = { 0 }, files = { 0 };
	struct err err = { 0 };

	parse("test", argv, &options);
	ck_assert_msg(guest_script(verb_find("test"), &options, "/a b", &script, &files, &err) == 0, "%s",
		      err.text);
	const char *const wanted[] = { "plumbline test --timeout-scale=20 ",
				       " '--record=needed'",
				       " '--color=never'",
				       " --ascii",
				       " '--jobs=3'",
				       " '--shard=1/2'",
				       " '--runtime-arg=--a b'",
				       " --json",
				       " --keep",
				       " '--expect=/etc/passwd'",
				       " '--out=/a b'",
				       " -- 'area:oci/* & !needs:bpf'\n",
				       " tar -c -C '/a b' . > /dev/vport0p4\n",
				       "\nexit $status\n" };
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		ck_assert_msg(strstr(text_str(&script), wanted[i]) != NULL, "%s is not in %s", wanted[i],
			      text_str(&script));
	const char *const unwanted[] = { "--in", "--guest", "junit", "here", "0.5", "bin/sh/" };
	for (size_t i = 0; i < ARRAY_SIZE(unwanted); i++)
		ck_assert_msg(!strstr(text_str(&script), unwanted[i]), "%s is in %s", unwanted[i],
			      text_str(&script));
	/* The shell may be a link, and what is copied is the file that it leads to. */
	ck_assert(text_str(&files)[0] == '/' && text_ends(text_str(&files), "\n/etc/passwd\n"));
}
END_TEST

START_TEST(prove_brings_nothing_back)
{
	char *const argv[] = { "--in=vm:v2", "--runtime=/bin/sh", "--record=on", "oci/*", NULL };
	auto_options options = { 0 };
	auto_text script = { 0 }, files = { 0 };
	struct err err = { 0 };

	parse("prove", argv, &options);
	ck_assert_int_eq(guest_script(verb_find("prove"), &options, NULL, &script, &files, &err), 0);
	ck_assert(text_starts(text_str(&script), "plumbline prove --timeout-scale=40 '--record=on' "));
	ck_assert(!strstr(text_str(&script), "--out") && !strstr(text_str(&script), "tar"));
}
END_TEST

START_TEST(what_no_guest_can_do_is_refused)
{
	static const struct {
		const char *in, *more, *word;
	} rows[] = {
		{ "--in=vm:v3", "--keep", "vm:v2, vm:v1, vm:systemd and vm:hybrid are known" },
		{ "--in=v2", "--keep", "vm:v2, vm:v1" },
		{ "--in=vm:v2", "--last-failed", "--last-failed is about" },
		{ "--in=vm:v2", "--cri=x", "--cri is about" },
		{ "--in=vm:v2", "--update-expectations", "--update-expectations is about" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *const argv[] = { (char *) rows[i].in, (char *) rows[i].more, NULL };
		auto_options options = { 0 };
		auto_text flavour = { 0 };
		struct err err = { 0 };

		parse("test", argv, &options);
		ck_assert_int_eq(guest_flavour(&options, &flavour, &err), -EINVAL);
		ck_assert_msg(strstr(err.text, rows[i].word) != NULL, "%s", err.text);
	}
}
END_TEST

START_TEST(every_flavour_is_known)
{
	static const char *const flavours[] = { "v2", "v1", "systemd", "hybrid" };

	for (size_t i = 0; i < ARRAY_SIZE(flavours); i++) {
		auto_free char *word = text_format("--in=vm:%s", flavours[i]);
		char *const argv[] = { word, NULL };
		auto_options options = { 0 };
		auto_text flavour = { 0 };
		struct err err = { 0 };

		parse("test", argv, &options);
		ck_assert_int_eq(guest_flavour(&options, &flavour, &err), 0);
		ck_assert_str_eq(text_str(&flavour), flavours[i]);
	}
}
END_TEST

START_TEST(a_file_that_is_not_there_is_told)
{
	char *const argv[] = { "--in=vm:v2", "--runtime=/bin/sh", "--expect=/no/such/file", NULL };
	auto_options options = { 0 };
	auto_text script = { 0 }, files = { 0 };
	struct err err = { 0 };

	parse("test", argv, &options);
	ck_assert_int_eq(guest_script(verb_find("test"), &options, NULL, &script, &files, &err), -ENOENT);
	ck_assert_str_eq(err.text, "--expect /no/such/file: No such file or directory");
}
END_TEST

Suite *test_guest(void)
{
	return UNIT_SUITE("guest", a_guest_gets_the_words_that_concern_it, prove_brings_nothing_back,
			  what_no_guest_can_do_is_refused, every_flavour_is_known,
			  a_file_that_is_not_there_is_told);
}
