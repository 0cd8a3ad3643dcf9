/* Endpoints that run already: their words, what a client may ask our registry, what is ours, and which cases cannot be run there. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/live.h"
#include "harness/profile.h"
#include "harness/registry_request.h"

Suite *test_live(void);

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int parse(const char *method, const char *target, struct registry_request *ret)
{
	auto_text head = { 0 };

	text_addf(&head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:5000\r\nAccept: */*\r\n\r\n", method, target);
	return registry_request_parse(text_str(&head), head.len, ret);
}

START_TEST(a_pull_asks_for_four_things)
{
	static const struct {
		const char *target;
		enum registry_object object;
		const char *repository, *hex;
	} rows[] = {
		{ "/v2/", REGISTRY_BASE, "", "" },
		{ "/v2", REGISTRY_BASE, "", "" },
		{ "/v2/plumbline-20261123-153000-1a2b/w12/manifests/1", REGISTRY_TAG, "w12", "" },
		{ "/v2/plumbline/w12-control/manifests/sha256:" HEX, REGISTRY_MANIFEST, "w12-control", HEX },
		{ "/v2/plumbline/w0/blobs/sha256:" HEX, REGISTRY_BLOB, "w0", HEX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct registry_request request;

		ck_assert_int_eq(parse("GET", rows[i].target, &request), 0);
		ck_assert_int_eq(request.object, rows[i].object);
		ck_assert_str_eq(request.repository, rows[i].repository);
		ck_assert_str_eq(request.hex, rows[i].hex);
		ck_assert(!request.head);
		ck_assert_int_eq(parse("HEAD", rows[i].target, &request), 0);
		ck_assert(request.head);
	}
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	static const char *const targets[] = {
		"/",
		"/v1/",
		"/v2//",
		"/v2/plumbline/",
		"/v2/plumbline/w1",
		"/v2/plumbline/w1/",
		"/v2/plumbline//manifests/1",
		"/v2/other/w1/manifests/1",
		"/v2/plumbline../w1/manifests/1",
		"/v2/plumbline",
		"/v2/plumbline/../manifests/1",
		"/v2/plumbline/w1/../w2/manifests/1",
		"/v2/plumbline/w1%2f..%2fw2/manifests/1",
		"/v2/plumbline/W1/manifests/1",
		"/v2/plumbline/w1/manifests/2",
		"/v2/plumbline/w1/manifests/1/",
		"/v2/plumbline/w1/manifests/../../../etc/passwd",
		"/v2/plumbline/w1/manifests/sha256:" HEX "0",
		"/v2/plumbline/w1/blobs/1",
		"/v2/plumbline/w1/blobs/sha256:../../../../../../../../../../../../../../etc/"
		"passwd0000000000000000000",
		"/v2/plumbline/w1/blobs/"
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"/v2/plumbline/w1/blobs/sha512:" HEX,
		"/v2/plumbline/w1/blobs/sha256:" HEX "?x=1",
		"/v2/plumbline/w1/blobs/uploads/",
		"/v2/plumbline/w1/tags/list",
		"/v2/_catalog",
		"/v2/plumbline/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/manifests/1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct registry_request request = { .object = 99 };

		ck_assert_msg(parse("GET", targets[i], &request) == 404, "%s", targets[i]);
		ck_assert_int_eq(request.object, 99);
	}
}
END_TEST

START_TEST(nothing_is_written)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get" };
	struct registry_request request;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		ck_assert_msg(parse(methods[i], "/v2/plumbline/w1/manifests/1", &request) == 405, "%s",
			      methods[i]);
}
END_TEST

START_TEST(what_is_no_request_is_refused)
{
	static const char zeros[] = "GET /v2/\0plumbline HTTP/1.1\r\n\r\n";
	static const char *const heads[] = {
		"\r\n\r\n",
		"GET\r\n\r\n",
		"GET /v2/ HTTP/3\r\n\r\n",
		"GET /v2/ HTTP/1.1\r\nno colon\r\n\r\n",
		"GET http://elsewhere/v2/ HTTP/1.1\r\n\r\n",
		"GET /v2/ /v2/ HTTP/1.1\r\n\r\n",
	};
	struct registry_request request;

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		ck_assert_msg(registry_request_parse(heads[i], strlen(heads[i]), &request) == 400, "%s",
			      heads[i]);
	ck_assert_int_eq(registry_request_parse(zeros, sizeof(zeros) - 1, &request), 400);
}
END_TEST

START_TEST(an_endpoint_is_an_absolute_socket)
{
	auto_free char *path = NULL, *none = NULL;
	auto_text deep = { 0 };
	struct err err = { 0 };

	ck_assert(live_is_endpoint("unix:///run/x"));
	ck_assert(live_is_endpoint("tcp://x"));
	ck_assert(!live_is_endpoint("containerd"));
	ck_assert(!live_is_endpoint("/usr/bin/containerd"));
	ck_assert_int_eq(live_parse("unix:///run/x.sock", &path, &err), 0);
	ck_assert_str_eq(path, "/run/x.sock");
	ck_assert_int_eq(live_parse("tcp://127.0.0.1:1", &none, &err), -EINVAL);
	ck_assert_int_eq(live_parse("unix://x.sock", &none, &err), -EINVAL);
	ck_assert_int_eq(live_parse("unix://", &none, &err), -EINVAL);
	text_add(&deep, "unix:///");
	while (deep.len < 120)
		text_add(&deep, "deep/");
	ck_assert_int_eq(live_parse(text_str(&deep), &none, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "107 bytes"));
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(a_server_names_no_path)
{
	static const char *const rows[][2] = {
		{ "containerd v1.6.33", "containerd" },
		{ "cri-o 1.30.4", "cri-o" },
		{ "plumbline-cri 0.1.0", "plumbline-cri" },
		{ "a/../../b 1", "a" },
		{ "9p_+x.y\\x1b 1", "9p_+x.y" },
		{ ".. 1.0", "endpoint" },
		{ "../x 1.0", "endpoint" },
		{ ". 1.0", "endpoint" },
		{ "/etc 1.0", "endpoint" },
		{ "-o 1.0", "endpoint" },
		{ " 1.0", "endpoint" },
		{ "", "endpoint" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *name = live_column(rows[i][0]);

		ck_assert_str_eq(name, rows[i][1]);
	}
}
END_TEST

START_TEST(a_run_owns_what_bears_its_name)
{
	static const char run[] = "plumbline-20261123-153000-1a2b";

	ck_assert(live_owns_pod("plumbline-1", "plumbline-1-7"));
	ck_assert(live_owns_pod("plumbline-1", "plumbline-1-7-control-b"));
	ck_assert(!live_owns_pod("plumbline-1", "plumbline-12-7"));
	ck_assert(!live_owns_pod("plumbline-1", "plumbline-1"));
	ck_assert(!live_owns_pod("plumbline-1", "theirs"));
	ck_assert(!live_owns_pod("plumbline-1", NULL));
	ck_assert(live_owns_image(run, "127.0.0.1:40001/plumbline-20261123-153000-1a2b/w1:1"));
	ck_assert(!live_owns_image(run, "127.0.0.1:40001/plumbline-20261123-153000-1a2bc/w1:1"));
	ck_assert(!live_owns_image(run, "127.0.0.1/plumbline-20261123-153000-1a2b/w1:1"));
	ck_assert(!live_owns_image(run, "127.0.0.2:1/plumbline-20261123-153000-1a2b/w1:1"));
	ck_assert(!live_owns_image(run, "registry.k8s.io/pause:3"));
	ck_assert(!live_owns_image(run, NULL));
}
END_TEST

static const struct {
	struct conformance_case c;
	const char *sentence; /* at a server that runs; NULL: it can be run */
	const char *with_image, *far_away, *without_parent; /* NULL: as the first */
} obstacles[] = {
	{ .c = { .when = { DO(RunPodSandbox) }, .then = { HOST("leftovers", equals, []) } },
	  .far_away = "the server's processes are not of our pid namespace" },
	{ .c = { .when = { DO(server, "restart") } }, .sentence = "it ends and starts the server" },
	{ .c = { .given = { SET("server.args", []) } }, .sentence = "it configures the server" },
	{ .c = { .then = { HOST("after.step[5].processes", equals, 1) } },
	  .sentence = "it counts all processes of the machine" },
	{ .c = { .then = { HOST("after.StartContainer.init.alive", equals, true) } },
	  .far_away = "the server's processes are not of our pid namespace" },
	{ .c = { .prepare = { MOUNTED("scratch/x", "") } },
	  .sentence = "it prepares mounts or namespaces that the server would have to see" },
	{ .c = { .prepare = { FILE_WITH("rootfs/x", "") } },
	  .with_image = "it needs an image of its own, and --image names another" },
	{ .c = { .given = { SET("image.User", "1000") } },
	  .with_image = "it needs an image of its own, and --image names another" },
	{ .c = { .when = { DO(RemoveImage) } },
	  .with_image = "it removes the image, and --image names one of yours" },
	{ .c = { .when = { DO(together, [ { "method" : "GetContainerEvents" } ]) } },
	  .sentence = "it counts the events of the whole server" },
	{ .c = { .then = { HOST("after.x.init.cgroup.pids", matches, "/plumbline-pods/") } },
	  .far_away = "the server's processes are not of our pid namespace",
	  .without_parent = "the server's cgroup driver is systemd, or is not known" },
	{ .c = { .when = { DO(write, { "path" : "/run/cdi/x.json", "content" : "" }) } },
	  .sentence = "it writes files of the machine" },
	{ .c = { .when = { DO(remove, "/run/cdi/x.json") } }, .sentence = "it writes files of the machine" },
	{ .c = { .when = { DO(rename, [ "@logs/a", "/var/b" ]) } },
	  .sentence = "it writes files of the machine" },
	{ .c = { .when = { DO(rename, [ "@logs/a", "@logs/b" ]),
			   DO(write, { "path" : "@scratch/a", "content" : "/x" }) } } },
	{ .c = { .then = { KERNEL_NEVER("x") } },
	  .sentence = "kernel calls are recorded of what we start alone" },
};

START_TEST(cases_that_need_their_own_server_say_why)
{
	char image[] = "busybox", parent[] = "/x/plumbline-pods", none[] = "";
	const struct live usual = { .pid = 1, .cgroup_parent = parent };
	const struct live with_image = { .pid = 1, .cgroup_parent = parent, .image = image };
	const struct live far_away = { .cgroup_parent = parent };
	const struct live without_parent = { .pid = 1, .cgroup_parent = none };

	for (size_t i = 0; i < ARRAY_SIZE(obstacles); i++) {
		const struct {
			const struct live *live;
			const char *sentence;
		} asks[] = { { &usual, obstacles[i].sentence },
			     { &with_image,
			       obstacles[i].with_image ? obstacles[i].with_image : obstacles[i].sentence },
			     { &far_away,
			       obstacles[i].far_away ? obstacles[i].far_away : obstacles[i].sentence },
			     { &without_parent, obstacles[i].without_parent ? obstacles[i].without_parent
									    : obstacles[i].sentence } };

		for (size_t k = 0; k < ARRAY_SIZE(asks); k++) {
			auto_text why = { 0 };
			bool can = live_can_run(asks[k].live, &obstacles[i].c, &why);

			ck_assert_msg(can == !asks[k].sentence, "row %zu, endpoint %zu: %s", i, k,
				      text_str(&why));
			if (asks[k].sentence)
				ck_assert_str_eq(text_str(&why) + strlen("needs a server of its own: "),
						 asks[k].sentence);
		}
	}
}
END_TEST

START_TEST(profiles_are_found_by_what_version_answers)
{
	static const char *const rows[][2] = {
		{ "containerd 1.6.20~ds1", "containerd" },
		{ "containerd v1.6.33", "containerd" },
		{ "containerd 1.7.27", "generic" },
		{ "containerd v2.0.5", "containerd-2.0" },
		{ "containerd 2.1.0-rc.1", "containerd-2.0" },
		{ "containerd v2.2.1", "containerd-2.2" },
		{ "containerd v2.3.0", "containerd-2.3" },
		{ "containerd v2.10.0", "containerd-2.3" },
		{ "cri-o 1.30.4", "generic" },
		{ "cri-o 1.32.1", "cri-o-1.31" },
		{ "cri-o 1.34.0", "cri-o-1.33" },
		{ "cri-o 1.36.0", "cri-o-1.36" },
		{ "plumbline-cri 0.1.0", "plumbline-cri" },
		{ "somebody 1.0", "generic" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_str_eq(profile_for_endpoint(rows[i][0])->name, rows[i][1]);
}
END_TEST

Suite *test_live(void)
{
	return UNIT_SUITE("live", a_pull_asks_for_four_things, what_is_not_there_is_not_found,
			  nothing_is_written, what_is_no_request_is_refused,
			  an_endpoint_is_an_absolute_socket, a_server_names_no_path,
			  a_run_owns_what_bears_its_name, cases_that_need_their_own_server_say_why,
			  profiles_are_found_by_what_version_answers);
}
