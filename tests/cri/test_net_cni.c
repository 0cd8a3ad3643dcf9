/* The protocol between the server and CNI plugins, with plugins that tell what they were told, fail, hang and babble. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message_json.h"
#include "runtime-under-test/cri/net/network.h"
#include "tests/base/scratch.h"
#include "tests/cri/spec_fixture.h"

/* Everything lies in one directory: conf/, bin/, state/, and told, where plugins write what they were told. */
static struct scratch scratch;
static struct net *net;
static struct arena arena;
static Runtime__V1__PodSandboxConfig *config;

static void write_file(const char *path, const char *content, mode_t mode)
{
	ck_assert_int_eq(file_create_at(scratch.fd, path, content, strlen(content), mode, NULL), 0);
}

/* A plugin of one line of shell; $0 is its type, $CNI_COMMAND the command. */
static void plugin(const char *type, const char *script)
{
	auto_free char *path = text_format("bin/%s", type);
	auto_free char *whole = text_format("#!/bin/sh\ncd %s\n%s\n", scratch.path, script);

	write_file(path, whole, 0755);
}

#define TELLS                                                                                                \
	"printf '%s %s %s %s %s %s ' \"${0##*/}\" \"$CNI_COMMAND\" \"$CNI_CONTAINERID\" \"$CNI_NETNS\" "     \
	"\"$CNI_IFNAME\" "                                                                                   \
	"\"$CNI_ARGS\" >> told; cat >> told; echo >> told\n"
#define ANSWERS                                                                                              \
	"[ $CNI_COMMAND != ADD ] || echo '{\"cniVersion\": \"1.0.0\", \"ips\": [{\"address\": "              \
	"\"10.1.0.2/24\"}]}'"

static void read_config(const char *json)
{
	auto_json value = fixture_parse(json);
	ProtobufCMessage *message = NULL;

	ck_assert_int_eq(
	    message_from_json(&runtime__v1__pod_sandbox_config__descriptor, value, &arena, &message, NULL),
	    0);
	config = (void *) message;
}

static void setup(void)
{
	auto_free char *conf = NULL, *bin = NULL, *state = NULL;
	struct net_options options = { .mode = NET_AUTO };

	arena_init(&arena);
	scratch = scratch_open();
	options.conf_dir = conf = text_format("%s/conf", scratch.path);
	options.bin_dir = bin = text_format("%s/bin", scratch.path);
	options.state_dir = state = text_format("%s/state", scratch.path);
	ck_assert_int_eq(mkdirat(scratch.fd, "conf", 0755), 0);
	ck_assert_int_eq(mkdirat(scratch.fd, "bin", 0755), 0);
	ck_assert_int_eq(net_open(&options, &net, NULL), 0);
	read_config("{'metadata': {'name': 'web-0', 'uid': 'u1', 'namespace': 'shop'}}");
}

static void teardown(void)
{
	net_close(net);
	scratch_close(&scratch);
	arena_free(&arena);
}

static int add(struct net_result *ret, struct err *err)
{
	const struct net_request request = { .id = "s1", .netns = "/ns", .config = config };

	return net_add(net, &request, process_now_ms() + 20000, ret, err);
}

static int del(struct err *err)
{
	const struct net_request request = { .id = "s1" };

	return net_del(net, &request, process_now_ms() + 20000, err);
}

static char *told(void)
{
	auto_text text = { 0 };

	(void) file_read_at(scratch.fd, "told", 1 << 20, &text, NULL);
	return text_take(&text);
}

/* What the plugin read on its n-th call, as JSON. */
static struct json *told_config(size_t line)
{
	auto_free char *all = told();
	struct json *value = NULL;
	char *rest = all, *one = NULL;

	for (size_t i = 0; i <= line; i++)
		one = strsep(&rest, "\n");
	ck_assert_msg(one && strchr(one, '{'), "no call %zu: %s", line, all);
	one = strchr(one, '{');
	ck_assert_int_eq(json_parse(one, strlen(one), &value, NULL), 0);
	return value;
}

static bool is_recorded(void)
{
	return faccessat(scratch.fd, "state/cni/s1.json", F_OK, 0) == 0;
}

START_TEST(the_first_configuration_by_name_counts)
{
	auto_net_result result = { 0 };
	auto_json status = NULL;
	auto_text reason = { 0 };

	plugin("one", ANSWERS);
	write_file("conf/20-b.conflist", "{\"name\": \"b\", \"plugins\": [{\"type\": \"two\"}]}", 0644);
	write_file("conf/10-a.conf", "{\"name\": \"a\", \"type\": \"one\"}", 0644);
	write_file("conf/00-note.txt", "none", 0644);
	write_file("conf/.05-hidden.conf", "none", 0644);
	ck_assert(net_ready(net, &reason));
	status = net_status(net);
	ck_assert_str_eq(json_get_string(status, "name"), "a");
	ck_assert_str_eq(json_get_string(status, "mode"), "cni");
	ck_assert_int_eq(add(&result, NULL), 0);
	ck_assert_uint_eq(result.ip_count, 1);
	ck_assert_str_eq(result.ips[0], "10.1.0.2");
}
END_TEST

START_TEST(plugins_are_told_what_they_must_know)
{
	auto_net_result result = { 0 };
	auto_free char *lines = NULL;
	auto_json first = NULL;
	auto_json second = NULL;
	auto_json last = NULL;

	plugin("one", TELLS ANSWERS);
	plugin("two", TELLS "echo '{\"cniVersion\": \"1.0.0\", \"ips\": [{\"address\": \"10.1.0.3/24\"}, "
			    "{\"address\": \"fd00::3/64\"}]}'");
	write_file(
	    "conf/a.conflist",
	    "{\"cniVersion\": \"1.0.0\", \"name\": \"n\", \"plugins\": [{\"type\": \"one\", \"own\": 1}, "
	    "{\"type\": \"two\", \"capabilities\": {\"portMappings\": true, \"dns\": false, \"bandwidth\": "
	    "true}}]}",
	    0644);
	read_config("{'metadata': {'name': 'web-0', 'uid': 'u1', 'namespace': 'shop'}, 'port_mappings': "
		    "[{'container_port': 80}, "
		    "{'container_port': 53, 'host_port': 5353, 'protocol': 'UDP', 'host_ip': '127.0.0.1'}], "
		    "'dns_config': "
		    "{'servers': ['1.1.1.1']}, 'annotations': {'kubernetes.io/ingress-bandwidth': '10M'}}");
	ck_assert_int_eq(add(&result, NULL), 0);
	ck_assert_uint_eq(result.ip_count, 2);
	ck_assert_str_eq(result.ips[1], "fd00::3");
	lines = told();
	ck_assert_msg(
	    text_starts(lines,
			"one ADD s1 /ns eth0 IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;"
			"K8S_POD_INFRA_CONTAINER_ID=s1;K8S_POD_UID=u1 "),
	    "%s", lines);
	first = told_config(0);
	ck_assert_str_eq(json_get_string(first, "name"), "n");
	ck_assert_int_eq(json_int(json_member(first, "own"), 0), 1);
	ck_assert(!json_has(first, "prevResult") && !json_has(first, "runtimeConfig"));
	second = told_config(1);
	ck_assert_str_eq(json_get_string(second, "prevResult.ips[0].address"), "10.1.0.2/24");
	ck_assert(!json_has(second, "capabilities") &&
		  !json_has(json_member(second, "runtimeConfig"), "dns"));
	ck_assert_uint_eq(json_length(json_get(second, "runtimeConfig.portMappings")), 1);
	ck_assert_int_eq(json_int(json_get(second, "runtimeConfig.portMappings[0].hostPort"), 0), 5353);
	ck_assert_str_eq(json_get_string(second, "runtimeConfig.portMappings[0].protocol"), "udp");
	ck_assert_int_eq(json_int(json_get(second, "runtimeConfig.bandwidth.ingressRate"), 0), 10000000);
	ck_assert_int_eq(del(NULL), 0);
	last = told_config(3);
	ck_assert_str_eq(json_get_string(last, "type"), "one"); /* backwards */
	ck_assert_str_eq(json_get_string(last, "prevResult.ips[0].address"), "10.1.0.3/24");
}
END_TEST

START_TEST(del_is_done_once_with_the_configuration_of_then)
{
	auto_net_result result = { 0 };
	auto_free char *before = NULL, *after = NULL;

	plugin("one", TELLS ANSWERS);
	write_file("conf/a.conf", "{\"name\": \"n\", \"type\": \"one\"}", 0644);
	ck_assert_int_eq(add(&result, NULL), 0);
	ck_assert(is_recorded());
	ck_assert_int_eq(unlinkat(scratch.fd, "conf/a.conf", 0), 0);
	ck_assert_int_eq(del(NULL), 0);
	before = told();
	ck_assert_ptr_nonnull(strstr(before, "one DEL s1  eth0")); /* no namespace any more */
	ck_assert(!is_recorded());
	ck_assert_int_eq(del(NULL), 0);
	after = told();
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(a_failure_is_a_sentence_and_a_del)
{
	auto_net_result result = { 0 };
	auto_free char *lines = NULL;
	struct err err = { 0 };

	plugin("one", TELLS ANSWERS);
	plugin("two", TELLS "[ $CNI_COMMAND != ADD ] || { echo '{\"code\": 7, \"msg\": \"no luck\", "
			    "\"details\": \"today\"}'; exit 1; }");
	write_file("conf/a.conflist",
		   "{\"name\": \"n\", \"plugins\": [{\"type\": \"one\"}, {\"type\": \"two\"}]}", 0644);
	ck_assert_int_eq(add(&result, &err), -EIO);
	ck_assert_str_eq(err.text, "CNI plugin two: ADD: no luck; today");
	lines = told();
	ck_assert_ptr_nonnull(strstr(lines, "two DEL s1"));
	ck_assert_ptr_nonnull(strstr(lines, "one DEL s1"));
	ck_assert(!is_recorded());
}
END_TEST

START_TEST(answers_that_are_none)
{
	static const struct {
		const char *script, *words;
	} rows[] = {
		{ "exit 3", "CNI plugin one: ADD: exit code 3" },
		{ "echo first >&2; echo last words >&2; exit 1", "exit code 1: last words" },
		{ "kill -9 $$", "killed by signal 9" },
		{ "echo '{broken'", "its answer is no JSON" },
		{ "echo '[]'", "printed no result" },
		{ ":", "printed no result" },
		{ "head -c 2000000 /dev/zero", "printed more than" },
		{ "echo '{\"ips\": []}'", "gave no address" },
	};

	write_file("conf/a.conf", "{\"name\": \"n\", \"type\": \"one\"}", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *script = text_format("[ $CNI_COMMAND = ADD ] || exit 0\n%s", rows[i].script);
		auto_net_result result = { 0 };
		struct err err = { 0 };

		plugin("one", script);
		ck_assert_int_eq(add(&result, &err), -EIO);
		ck_assert_msg(strstr(err.text, rows[i].words), "%s", err.text);
		ck_assert(!is_recorded());
	}
}
END_TEST

/* Its child as well: what hangs is killed by its group. The marker is what tells, no clock. */
START_TEST(a_plugin_that_hangs_is_killed)
{
	const struct net_request request = { .id = "s1", .netns = "/ns", .config = config };
	auto_net_result result = { 0 };
	auto_text pid = { 0 };
	long long number = 0;
	struct err err = { 0 };

	plugin("one", "[ $CNI_COMMAND = ADD ] || exit 0\nsleep 100 &\necho $! > child\nwait");
	write_file("conf/a.conf", "{\"name\": \"n\", \"type\": \"one\"}", 0644);
	ck_assert_int_eq(net_add(net, &request, process_now_ms() + 2000, &result, &err), -ETIMEDOUT);
	ck_assert_msg(strstr(err.text, "CNI plugin one: ADD"), "%s", err.text);
	ck_assert(!is_recorded());
	ck_assert_int_eq(file_read_at(scratch.fd, "child", 64, &pid, NULL), 0);
	text_trim_end(&pid);
	ck_assert_int_eq(text_to_i64(text_str(&pid), &number), 0);
	auto_fd gone = process_pidfd_open((pid_t) number);
	ck_assert(gone == -ESRCH || process_poll(gone, process_now_ms() + 10000) == 1);
}
END_TEST

START_TEST(del_that_fails_can_be_tried_again)
{
	auto_net_result result = { 0 };
	auto_free char *lines = NULL;
	struct err err = { 0 };

	plugin("one", TELLS ANSWERS);
	plugin("two", TELLS "[ $CNI_COMMAND = DEL ] && [ ! -e healed ] && exit 1\n" ANSWERS);
	write_file("conf/a.conflist",
		   "{\"name\": \"n\", \"plugins\": [{\"type\": \"one\"}, {\"type\": \"two\"}]}", 0644);
	ck_assert_int_eq(add(&result, NULL), 0);
	ck_assert_int_eq(del(&err), -EIO);
	ck_assert_str_eq(err.text, "CNI plugin two: DEL: exit code 1");
	lines = told();
	ck_assert_ptr_nonnull(strstr(lines, "one DEL")); /* it is asked for all that */
	ck_assert(is_recorded());
	write_file("healed", "", 0644);
	ck_assert_int_eq(del(NULL), 0);
	ck_assert(!is_recorded());
}
END_TEST

START_TEST(check_needs_a_version_that_knows_it)
{
	const struct net_request request = { .id = "s1", .netns = "/ns", .config = config };
	auto_net_result result = { 0 };
	auto_free char *lines = NULL;

	plugin("one", TELLS ANSWERS);
	write_file("conf/a.conf", "{\"cniVersion\": \"0.3.1\", \"name\": \"n\", \"type\": \"one\"}", 0644);
	ck_assert_int_eq(net_check(net, &request, -1, NULL), -ENOENT);
	ck_assert_int_eq(add(&result, NULL), 0);
	ck_assert_int_eq(net_check(net, &request, -1, NULL), 0);
	lines = told();
	ck_assert_ptr_null(strstr(lines, "CHECK"));
	ck_assert_int_eq(del(NULL), 0);
	net_result_free(&result);
	write_file("conf/a.conf", "{\"cniVersion\": \"0.4.0\", \"name\": \"n\", \"type\": \"one\"}", 0644);
	ck_assert_int_eq(add(&result, NULL), 0);
	ck_assert_int_eq(net_check(net, &request, -1, NULL), 0);
	free(lines);
	lines = told();
	ck_assert_ptr_nonnull(strstr(lines, "CHECK"));
}
END_TEST

START_TEST(why_there_is_no_network)
{
	static const struct {
		const char *content, *words;
	} rows[] = {
		{ "{broken", "conf/a.conf" },
		{ "{\"type\": \"one\"}", "no name" },
		{ "{\"name\": \"n\", \"plugins\": []}", "must be a list" },
		{ "{\"name\": \"n\", \"plugins\": [{}]}", "plugins[0]: no type" },
		{ "{\"name\": \"n\", \"plugins\": [{\"type\": \"../one\"}]}", "plugins[0]: no type" },
		{ "{\"name\": \"n\", \"type\": \"absent\"}", "bin/absent: No such file" },
	};

	plugin("one", ANSWERS);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_text reason = { 0 };

		write_file("conf/a.conf", rows[i].content, 0644);
		ck_assert(!net_ready(net, &reason));
		ck_assert_msg(strstr(text_str(&reason), rows[i].words), "%s", text_str(&reason));
	}
}
END_TEST

START_TEST(cni_alone_says_that_it_is_missing)
{
	auto_text reason = { 0 };
	struct err err = { 0 };
	auto_net_result result = { 0 };

	ck_assert(net_ready(net, &reason)); /* auto: our own bridge */
	net->mode = NET_CNI;
	ck_assert(!net_ready(net, &reason));
	ck_assert_msg(text_starts(text_str(&reason), "no CNI configuration in "), "%s", text_str(&reason));
	ck_assert_int_eq(add(&result, &err), -ENOENT);
	net->mode = NET_NONE;
	ck_assert(net_ready(net, &reason));
	ck_assert_int_eq(add(&result, NULL), 0);
	ck_assert_uint_eq(result.ip_count, 0);
}
END_TEST

START_TEST(old_results_have_addresses_too)
{
	auto_net_result result = { 0 };

	plugin("one", "echo '{\"cniVersion\": \"0.2.0\", \"ip4\": {\"ip\": \"10.2.0.9/16\"}}'");
	write_file("conf/a.conf", "{\"cniVersion\": \"0.2.0\", \"name\": \"n\", \"type\": \"one\"}", 0644);
	ck_assert_int_eq(add(&result, NULL), 0);
	ck_assert_str_eq(result.ips[0], "10.2.0.9");
}
END_TEST

START_TEST(what_cannot_be_told_is_refused)
{
	static const struct {
		const char *config, *words;
	} rows[] = {
		{ "{'metadata': {'name': 'a;K8S_POD_UID=other'}}", "K8S_POD_NAME" },
		{ "{'metadata': {}, 'port_mappings': [{'host_port': 70000, 'container_port': 1}]}",
		  "no ports" },
		{ "{'metadata': {}, 'port_mappings': [{'host_port': 7}]}", "no ports" },
		{ "{'metadata': {}, 'annotations': {'kubernetes.io/egress-bandwidth': 'much'}}",
		  "no bandwidth" },
		{ "{'metadata': {}, 'annotations': {'kubernetes.io/egress-bandwidth': '0M'}}",
		  "no bandwidth" },
		{ "{'metadata': {}, 'annotations': {'kubernetes.io/egress-bandwidth': '99999999999999999T'}}",
		  "no bandwidth" },
	};

	plugin("one", ANSWERS);
	write_file("conf/a.conf", "{\"name\": \"n\", \"type\": \"one\"}", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_net_result result = { 0 };
		struct err err = { 0 };

		read_config(rows[i].config);
		ck_assert_int_eq(add(&result, &err), -EINVAL);
		ck_assert_msg(strstr(err.text, rows[i].words), "%s", err.text);
	}
}
END_TEST

Suite *test_net_cni(void)
{
	Suite *suite = suite_create("net_cni");
	TCase *tcase = tcase_create("net_cni_plugins");
	const TTest *const tests[] = {
		the_first_configuration_by_name_counts,
		plugins_are_told_what_they_must_know,
		del_is_done_once_with_the_configuration_of_then,
		a_failure_is_a_sentence_and_a_del,
		answers_that_are_none,
		a_plugin_that_hangs_is_killed,
		del_that_fails_can_be_tried_again,
		check_needs_a_version_that_knows_it,
		why_there_is_no_network,
		cni_alone_says_that_it_is_missing,
		old_results_have_addresses_too,
		what_cannot_be_told_is_refused,
	};

	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}
