/* Where a registry is, who gets which password, and what a challenge asks for. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/image.h"
#include "runtime-under-test/cri/image/reference.h"
#include "runtime-under-test/cri/image/registry.h"

static const char configuration[] = "{ \"plain.example:5000\": { \"http\": true }, \"mirrored.example\": { "
				    "\"endpoint\": \"https://mirror.example:8443\" },"
				    "  \"bad.example\": { \"endpoint\": \"http://mirror.example\" }, "
				    "\"localhost:7000\": { \"http\": false, \"ca\": \"/ca.pem\" } }";

static int open_it(const char *name, const struct image_auth *auth, struct registry *ret, struct err *err)
{
	auto_image_reference reference = { 0 };
	auto_json rows = NULL;

	ck_assert_int_eq(json_parse(configuration, strlen(configuration), &rows, err), 0);
	ck_assert_int_eq(image_reference_parse(name, &reference, err), 0);
	return registry_open(ret, &reference, rows, NULL, auth, err);
}

START_TEST(plain_http_is_never_a_surprise)
{
	static const struct {
		const char *name, *base;
		bool may_be_plain;
	} rows[] = {
		{ "busybox", "https://registry-1.docker.io", false },
		{ "r.example/a", "https://r.example", false },
		{ "r.example:80/a", "https://r.example:80", false },
		{ "localhost:5000/a", "https://localhost:5000", true },
		{ "127.0.0.1:5000/a", "https://127.0.0.1:5000", true },
		{ "[::1]:5000/a", "https://[::1]:5000", true },
		{ "localhost.example/a", "https://localhost.example", false },
		{ "127.0.0.1.example:5000/a", "https://127.0.0.1.example:5000", false },
		{ "127.example/a", "https://127.example", false },
		{ "localhost:7000/a", "https://localhost:7000", false },
		{ "plain.example:5000/a", "http://plain.example:5000", false },
		{ "mirrored.example/a", "https://mirror.example:8443", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_registry registry = { 0 };
		struct err err = { 0 };

		ck_assert_msg(open_it(rows[i].name, NULL, &registry, &err) == 0, "%s", err.text);
		ck_assert_str_eq(registry.base, rows[i].base);
		ck_assert_int_eq(registry_turn_plain(&registry), rows[i].may_be_plain);
	}
}
END_TEST

START_TEST(a_plain_endpoint_must_be_wanted)
{
	auto_registry registry = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(open_it("bad.example/a", NULL, &registry, &err), -EINVAL);
	ck_assert(text_starts(err.text, "registries: bad.example: the endpoint is neither"));
}
END_TEST

START_TEST(passwords_stay_with_their_host)
{
	static const struct {
		const char *name;
		struct image_auth auth;
		const char *username, *password, *token;
	} rows[] = {
		{ "r.example/a", { .username = "u", .password = "p" }, "u", "p", NULL },
		{ "r.example/a",
		  { .username = "u", .password = "p", .server_address = "r.example" },
		  "u",
		  "p",
		  NULL },
		{ "r.example/a",
		  { .username = "u", .password = "p", .server_address = "https://r.example/v2/" },
		  "u",
		  "p",
		  NULL },
		{ "r.example/a",
		  { .username = "u", .password = "p", .server_address = "other.example" },
		  NULL,
		  NULL,
		  NULL },
		{ "r.example/a",
		  { .username = "u", .password = "p", .server_address = "xr.example" },
		  NULL,
		  NULL,
		  NULL },
		{ "busybox",
		  { .username = "u", .server_address = "https://index.docker.io/v1/" },
		  "u",
		  "",
		  NULL },
		{ "busybox", { .username = "u", .server_address = "docker.io" }, "u", "", NULL },
		{ "busybox", { .username = "u", .server_address = "notdocker.io" }, NULL, NULL, NULL },
		{ "r.example/a", { .base64 = "dTpwOng=" }, "u", "p:x", NULL },
		{ "r.example/a", { .base64 = "dTpw" }, "u", "p", NULL },
		{ "r.example/a", { .registry_token = "t", .username = "u" }, NULL, NULL, "t" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_registry registry = { 0 };
		struct err err = { 0 };

		ck_assert_msg(open_it(rows[i].name, &rows[i].auth, &registry, &err) == 0, "%s", err.text);
		ck_assert_pstr_eq(registry.username, rows[i].username);
		ck_assert_pstr_eq(registry.password, rows[i].password);
		ck_assert_pstr_eq(registry.token, rows[i].token);
	}
}
END_TEST

START_TEST(unreadable_auth_is_the_callers_mistake)
{
	static const char *const rows[] = { "!", "dXA=", "AAAA" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_auth auth = { .base64 = rows[i] };
		auto_registry registry = { 0 };
		struct err err = { 0 };

		ck_assert_int_eq(open_it("r.example/a", &auth, &registry, &err), -EINVAL);
	}
}
END_TEST

START_TEST(reads_challenges)
{
	struct challenge challenge = { 0 };

	challenge_read(" Basic realm=\"x\"", &challenge);
	challenge_read(
	    "Bearer realm=\"https://auth.example/token\",service=\"s, \\\"q\\\"\", scope=repository:a:pull",
	    &challenge);
	challenge_read("Bearer realm=\"https://evil.example\"", &challenge);
	ck_assert(challenge.is_basic && challenge.is_bearer);
	ck_assert_str_eq(challenge.realm, "https://auth.example/token");
	ck_assert_str_eq(challenge.service, "s, \"q\"");
	ck_assert_str_eq(challenge.scope, "repository:a:pull");
	challenge_clear(&challenge);
	challenge_read("Bearer", &challenge);
	challenge_read("Bearer realm", &challenge);
	challenge_read("Bearer realm=\"unfinished", &challenge);
	challenge_clear(&challenge);
}
END_TEST

START_TEST(asks_for_tokens_in_secret_only)
{
	auto_registry registry = { 0 }, plain = { 0 };
	struct challenge challenge = { .realm = (char *) "https://auth.example/token",
				       .service = (char *) "a b" };
	struct challenge open_challenge = { .realm = (char *) "http://auth.example/token" };
	auto_free char *url = NULL, *other = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(open_it("r.example/team/a", NULL, &registry, &err), 0);
	ck_assert_int_eq(open_it("plain.example:5000/a", NULL, &plain, &err), 0);
	ck_assert_int_eq(registry_token_url(&registry, &challenge, &url, &err), 0);
	ck_assert_str_eq(url, "https://auth.example/token?service=a%20b&scope=repository%3Ateam%2Fa%3Apull");
	ck_assert_int_eq(registry_token_url(&registry, &open_challenge, &other, &err), -EACCES);
	ck_assert_int_eq(registry_token_url(&plain, &open_challenge, &other, &err), 0);
}
END_TEST

START_TEST(identity_tokens_go_by_form)
{
	struct image_auth auth = { .identity_token = "a/b" };
	struct challenge challenge = { .realm = (char *) "https://auth.example/token" };
	auto_registry registry = { 0 };
	auto_free char *form = NULL, *url = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(open_it("r.example/a", &auth, &registry, &err), 0);
	form = registry_token_form(&registry, &challenge);
	ck_assert_str_eq(form, "grant_type=refresh_token&client_id=plumbline-cri&scope=repository%3Aa%3Apull&"
			       "refresh_token=a%2Fb");
	ck_assert_int_eq(registry_token_url(&registry, &challenge, &url, &err), 0);
	ck_assert_str_eq(url, "https://auth.example/token");
}
END_TEST

START_TEST(explains_refusals)
{
	static const char said[] = "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\\u001b[2J\"}]}";
	auto_text out = { 0 };

	registry_explain(said, strlen(said), &out);
	ck_assert_str_eq(text_str(&out), ": no\\x1b[2J");
	text_cut(&out, 0);
	registry_explain("<html>", 6, &out);
	ck_assert_str_eq(text_str(&out), "");
}
END_TEST

Suite *test_image_registry(void)
{
	return UNIT_SUITE("image_registry", plain_http_is_never_a_surprise, a_plain_endpoint_must_be_wanted,
			  passwords_stay_with_their_host, unreadable_auth_is_the_callers_mistake,
			  reads_challenges, asks_for_tokens_in_secret_only, identity_tokens_go_by_form,
			  explains_refusals);
}
