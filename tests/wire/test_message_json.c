/* Messages as JSON and back. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "base/wire/message_json.h"
#include "cri/runtime_v1.pb-c.h"
#include "tests/wire/interface.h"

static int from_text(const ProtobufCMessageDescriptor *type, const char *text, struct arena *arena,
		     ProtobufCMessage **ret, struct err *err)
{
	auto_json json = NULL;

	ck_assert_int_eq(json_parse(text, strlen(text), &json, err), 0);
	return message_from_json(type, json, arena, ret, err);
}

static void becomes(const ProtobufCMessageDescriptor *type, const char *text, unsigned flags,
		    const char *path, const char *expected)
{
	struct err err = { 0 };
	auto_text printed = { 0 };
	auto_json json = NULL;
	ProtobufCMessage *message;
	auto_arena arena;
	int r;

	arena_init(&arena);
	r = from_text(type, text, &arena, &message, &err);
	ck_assert_msg(r == 0, "%s: %s", text, err.text);
	json = message_to_json(message, flags);
	json_print(json_get(json, path), 0, &printed);
	ck_assert_str_eq(text_str(&printed), expected);
}

START_TEST(kinds_go_both_ways)
{
	const ProtobufCMessageDescriptor *sandbox = &runtime__v1__pod_sandbox_config__descriptor;
	const ProtobufCMessageDescriptor *resources = &runtime__v1__linux_container_resources__descriptor;
	const ProtobufCMessageDescriptor *answer = &runtime__v1__exec_sync_response__descriptor;

	becomes(sandbox, "{\"labels\":{\"a\":\"1\",\"b\":\"\"}}", 0, "labels", "{\"a\":\"1\",\"b\":\"\"}");
	becomes(sandbox, "{\"metadata\":{\"attempt\":4294967295}}", 0, "metadata.attempt", "4294967295");
	becomes(sandbox, "{\"port_mappings\":[{\"protocol\":\"UDP\"},{\"protocol\":2},{}]}", 0,
		"port_mappings[0].protocol", "\"UDP\"");
	becomes(sandbox, "{\"port_mappings\":[{\"protocol\":2},{}]}", 0, "port_mappings[0].protocol",
		"\"SCTP\"");
	becomes(sandbox, "{\"port_mappings\":[{\"protocol\":77}]}", 0, "port_mappings[0].protocol", "77");
	becomes(resources, "{\"cpu_quota\":-9223372036854775808}", 0, "cpu_quota", "-9223372036854775808");
	becomes(resources, "{\"cpu_quota\":\"9007199254740993\"}", 0, "cpu_quota", "9007199254740993");
	becomes(answer, "{\"stdout\":\"AP8=\",\"exit_code\":-1}", 0, "stdout", "\"AP8=\"");
	becomes(answer, "{\"stdout\":\"AP8=\",\"exit_code\":-1}", 0, "exit_code", "-1");
	becomes(&runtime__v1__psi_data__descriptor, "{\"Avg10\":0.25,\"Total\":18446744073709551615}", 0,
		"Total", "18446744073709551615");
	becomes(&runtime__v1__psi_data__descriptor, "{\"Avg10\":1}", 0, "Avg10", "1.0");
}
END_TEST

START_TEST(defaults_are_printed_and_unset_messages_are_not)
{
	const ProtobufCMessageDescriptor *container = &runtime__v1__container__descriptor;

	becomes(container, "{}", 0, "state", "\"CONTAINER_CREATED\"");
	becomes(container, "{}", 0, "id", "\"\"");
	becomes(container, "{}", 0, "metadata", "null");
	becomes(container, "{\"metadata\":{}}", 0, "metadata.name", "\"\"");
	becomes(container, "{\"metadata\":null,\"labels\":null}", 0, "labels", "{}");
}
END_TEST

START_TEST(secrets_are_redacted_and_only_they)
{
	const ProtobufCMessageDescriptor *pull = &runtime__v1__pull_image_request__descriptor;
	const char *request =
	    "{\"image\":{\"image\":\"x/y\"},\"auth\":{\"username\":\"u\",\"password\":\"p\",\"auth\":\"a\","
	    "\"server_address\":\"s\",\"identity_token\":\"i\"}}";

	becomes(pull, request, MESSAGE_JSON_REDACT, "auth",
		"{\"username\":\"(redacted)\",\"password\":\"(redacted)\",\"auth\":\"(redacted)\",\"server_"
		"address\":\"s\","
		"\"identity_token\":\"(redacted)\",\"registry_token\":\"\"}");
	becomes(pull, request, MESSAGE_JSON_REDACT, "image.image", "\"x/y\"");
	becomes(pull, request, 0, "auth.password", "\"p\"");
}
END_TEST

static void refused(const ProtobufCMessageDescriptor *type, const char *text, const char *sentence)
{
	struct err err = { 0 };
	ProtobufCMessage *message;
	auto_arena arena;

	arena_init(&arena);
	ck_assert_msg(from_text(type, text, &arena, &message, &err) == -EINVAL, "%s was taken", text);
	ck_assert_str_eq(err.text, sentence);
}

START_TEST(what_has_no_place_is_refused)
{
	const ProtobufCMessageDescriptor *sandbox = &runtime__v1__pod_sandbox_config__descriptor;
	const ProtobufCMessageDescriptor *answer = &runtime__v1__exec_sync_response__descriptor;

	refused(sandbox, "{\"hostName\":\"x\"}", "PodSandboxConfig has no field \"hostName\"");
	refused(sandbox, "[]", "expected an object, not array");
	refused(sandbox, "{\"hostname\":1}", "hostname: expected a string, not integer");
	refused(sandbox, "{\"metadata\":{\"attempt\":-1}}",
		"metadata: attempt: expected an unsigned integer, not integer");
	refused(sandbox, "{\"metadata\":{\"attempt\":4294967296}}",
		"metadata: attempt: 4294967296 is out of range");
	refused(sandbox, "{\"labels\":{\"a\":1}}", "labels: [a]: expected a string, not integer");
	refused(sandbox, "{\"labels\":[]}", "labels: expected an object, not array");
	refused(sandbox, "{\"port_mappings\":{}}", "port_mappings: expected an array, not object");
	refused(sandbox, "{\"port_mappings\":[{},{\"protocol\":\"ICMP\"}]}",
		"port_mappings: [1]: protocol: Protocol has no value \"ICMP\"");
	refused(answer, "{\"stdout\":\"A\"}", "stdout: is no base64");
	refused(answer, "{\"exit_code\":2147483648}", "exit_code: 2147483648 is out of range");
	refused(answer, "{\"exit_code\":\"0x1\"}", "exit_code: \"0x1\" is no integer");
	refused(answer, "{\"exit_code\":1.5}", "exit_code: expected an integer, not number");
	refused(&runtime__v1__status_request__descriptor, "{\"verbose\":1}",
		"verbose: expected true or false, not integer");
}
END_TEST

/* Every type, so that no kind of field is left out: an empty message is printed, read, and encodes to no byte. */
START_TEST(empty_messages_of_every_type_survive)
{
	struct types types;

	types_collect(&types);
	for (size_t i = 0; i < types.count; i++) {
		struct err err = { 0 };
		auto_text bytes = { 0 };
		auto_json json = NULL;
		ProtobufCMessage *message;
		auto_arena arena;
		int r;

		arena_init(&arena);
		json = message_to_json(message_new(&arena, types.items[i]), 0);
		r = message_from_json(types.items[i], json, &arena, &message, &err);
		ck_assert_msg(r == 0, "%s: %s", types.items[i]->short_name, err.text);
		ck_assert_int_eq(message_encode(message, &bytes, NULL), 0);
		ck_assert_uint_eq(bytes.len, 0);
	}
}
END_TEST

Suite *test_message_json(void)
{
	return UNIT_SUITE("message_json", kinds_go_both_ways, defaults_are_printed_and_unset_messages_are_not,
			  secrets_are_redacted_and_only_they, what_has_no_place_is_refused,
			  empty_messages_of_every_type_survive);
}
