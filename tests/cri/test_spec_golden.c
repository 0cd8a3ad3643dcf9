/* Whole configs beside their requests: what no single claim is about changes under somebody's eyes alone. */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/cri/spec_fixture.h"

static const char *const names[] = { "kubelet", "userns" };

static void read_request(struct spec_fixture *f, const char *name)
{
	auto_free char *path = text_format("tests/golden/cri/%s.request.json", name);
	auto_json document = NULL;
	auto_text sandbox = { 0 }, container = { 0 }, image = { 0 };

	ck_assert_int_eq(json_read_at(AT_FDCWD, path, 1 << 20, &document, NULL), 0);
	json_print(json_member(document, "sandbox_config"), 0, &sandbox);
	json_print(json_member(document, "config"), 0, &container);
	json_print(json_member(document, "image"), 0, &image);
	fixture_sandbox(f, text_str(&sandbox));
	fixture_container(f, text_str(&container));
	fixture_image(f, text_str(&image));
	f->request.systemd_cgroup = strcmp(name, "userns") == 0;
	f->request.make_missing_sources = true;
	f->request.hosts = "/state/hosts";
	f->request.hostname = "/state/hostname";
	f->request.resolv_conf = "/state/resolv.conf";
	f->request.shm = "/state/shm";
	f->request.volume_dir = "/state/volumes";
	fixture_write(f, "etc/passwd", "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n");
	fixture_write(f, "etc/group", "root:x:0:\nstaff:x:50:www-data\n");
}

/* The filter is the business of test_spec_security.c, and its architectures are the machine's. */
static void print_result(struct spec_fixture *f, const char *kind, struct json *out)
{
	struct json *both = json_new_object();

	(void) json_drop(f->result.config, "linux.seccomp.syscalls", NULL);
	(void) json_drop(f->result.config, "linux.seccomp.architectures", NULL);
	json_put(both, "config", json_copy(f->result.config));
	json_put(both, "origins", json_copy(f->result.origins));
	json_put(out, kind, both);
}

START_TEST(configs_are_as_before)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = text_format("tests/golden/cri/%s.config.json", names[i]);
		const char *mode = getenv("GOLDEN");
		auto_text found = { 0 }, wanted = { 0 };
		auto_json all = json_new_object();
		auto_fixture f;

		fixture_open(&f);
		read_request(&f, names[i]);
		fixture_build(&f);
		print_result(&f, "container", all);
		fixture_build_sandbox(&f);
		print_result(&f, "sandbox", all);
		json_print(all, JSON_PRETTY, &found);
		text_add_char(&found, '\n');
		if (mode && strcmp(mode, "update") == 0)
			ck_assert_int_eq(file_create_at(AT_FDCWD, path, found.data, found.len, 0644, NULL),
					 0);
		ck_assert_int_eq(file_read_at(AT_FDCWD, path, 1 << 20, &wanted, NULL), 0);
		ck_assert_msg(strcmp(text_str(&found), text_str(&wanted)) == 0,
			      "%s differs from what is made now; after a look, `make golden` accepts it",
			      path);
	}
}
END_TEST

Suite *test_spec_golden(void)
{
	return UNIT_SUITE("spec_golden", configs_are_as_before);
}
