/* See spec_fixture.h. */
#include "tests/cri/spec_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/wire/message_json.h"
#include "tests/unit.h"

struct json *fixture_parse(const char *json)
{
	auto_free char *copy = strdup(json);
	struct json *value = NULL;
	struct err err = { 0 };

	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	ck_assert_msg(json_parse(copy, strlen(copy), &value, &err) == 0, "%s: %s", json, err.text);
	return value;
}

static void *read_message(struct spec_fixture *fixture, const ProtobufCMessageDescriptor *type,
			  const char *json)
{
	auto_json value = fixture_parse(json);
	ProtobufCMessage *message = NULL;
	struct err err = { 0 };

	ck_assert_msg(message_from_json(type, value, &fixture->arena, &message, &err) == 0, "%s", err.text);
	return message;
}

void fixture_open(struct spec_fixture *fixture)
{
	*fixture = (struct spec_fixture){ 0 };
	arena_init(&fixture->arena);
	fixture->scratch = scratch_open();
	fixture->request = (struct spec_request){
		.rootfs = fixture->scratch.fd,
		.id = "c1",
		.sandbox_id = "s1",
		.namespaces = { .net = "/ns/net",
				.ipc = "/ns/ipc",
				.uts = "/ns/uts",
				.pid = "/ns/pid",
				.user = "/ns/user" },
		.cgroup_v2 = true,
		.has_swap_limits = true,
		.has_recursive_readonly = true,
		.has_id_mapped_mounts = true,
	};
	fixture_sandbox(fixture, "{'hostname': 'pod'}");
	fixture_container(fixture, "{}");
	fixture_image(fixture, "{'Cmd': ['/bin/true']}");
}

void fixture_close(struct spec_fixture *fixture)
{
	spec_result_free(&fixture->result);
	json_free(fixture->image);
	scratch_close(&fixture->scratch);
	arena_free(&fixture->arena);
}

void fixture_sandbox(struct spec_fixture *fixture, const char *json)
{
	fixture->request.sandbox = read_message(fixture, &runtime__v1__pod_sandbox_config__descriptor, json);
}

void fixture_container(struct spec_fixture *fixture, const char *json)
{
	fixture->request.container = read_message(fixture, &runtime__v1__container_config__descriptor, json);
}

void fixture_image(struct spec_fixture *fixture, const char *json)
{
	struct json *image = json_new_object();

	json_put(image, "config", fixture_parse(json));
	json_free(fixture->image);
	fixture->image = image;
	fixture->request.image = image;
}

void fixture_write(struct spec_fixture *fixture, const char *path, const char *content)
{
	auto_free char *copy = strdup(path);
	char *slash = strrchr(copy, '/');

	if (slash) {
		*slash = '\0';
		ck_assert_int_eq(file_make_dirs_at(fixture->scratch.fd, copy, 0755, NULL), 0);
	}
	ck_assert_int_eq(file_create_at(fixture->scratch.fd, path, content, strlen(content), 0644, NULL), 0);
}

static void built(struct spec_fixture *fixture, int r)
{
	ck_assert_msg(r == 0, "%d: %s", r, fixture->err.text);
}

void fixture_build(struct spec_fixture *fixture)
{
	spec_result_free(&fixture->result);
	built(fixture, spec_container(&fixture->request, &fixture->result, &fixture->err));
}

void fixture_build_sandbox(struct spec_fixture *fixture)
{
	spec_result_free(&fixture->result);
	built(fixture, spec_sandbox(&fixture->request, &fixture->result, &fixture->err));
}

void fixture_refuses(struct spec_fixture *fixture, int error, const char *words)
{
	struct err err = { 0 };
	int r;

	spec_result_free(&fixture->result);
	r = spec_container(&fixture->request, &fixture->result, &err);
	ck_assert_msg(r == -error, "returned %d (%s), not %d", r, err.text, -error);
	ck_assert_msg(strstr(err.text, words), "\"%s\" does not say \"%s\"", err.text, words);
}

void fixture_has(const struct spec_fixture *fixture, const char *path, const char *json)
{
	auto_json wanted = fixture_parse(json);
	const struct json *found = json_get(fixture->result.config, path);
	auto_text text = { 0 };

	json_print(found, 0, &text);
	ck_assert_msg(json_equal(found, wanted), "%s is %s, not %s", path, text_str(&text), json);
}

void fixture_origin(const struct spec_fixture *fixture, const char *path, const char *from, const char *field)
{
	const struct json *row = json_member(fixture->result.origins, path);

	ck_assert_msg(row != NULL, "%s has no origin", path);
	ck_assert_str_eq(json_string(json_member(row, "from")), from);
	ck_assert_str_eq(json_string(json_member(row, "field")), field);
}

const char *fixture_unmapped(const struct spec_fixture *fixture, const char *field)
{
	return json_string(json_member(json_member(fixture->result.origins, "not mapped"), field));
}
