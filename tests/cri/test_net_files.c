/* Addresses of the built-in bridge, and the files that name a pod. */
#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message_json.h"
#include "runtime-under-test/cri/net/network.h"
#include "tests/base/scratch.h"
#include "tests/cri/spec_fixture.h"

static struct net *open_net(const struct scratch *scratch, const char *subnet)
{
	struct net_options options = { .mode = NET_BUILTIN, .state_dir = scratch->path, .subnet = subnet };
	struct net *net = NULL;
	struct err err = { 0 };

	ck_assert_msg(net_open(&options, &net, &err) == 0, "%s", err.text);
	return net;
}

static const char *take(struct net *net, const char *id, char text[INET_ADDRSTRLEN])
{
	struct in_addr address;

	ck_assert_int_eq(address_take(net, id, &address, NULL), 0);
	return inet_ntop(AF_INET, &address, text, INET_ADDRSTRLEN);
}

START_TEST(addresses_go_round)
{
	auto_scratch scratch = scratch_open();
	struct net *net = open_net(&scratch, "10.9.0.77/29");
	char text[INET_ADDRSTRLEN];
	struct in_addr address;
	struct err err = { 0 };

	ck_assert_str_eq(take(net, "a", text), "10.9.0.74");
	ck_assert_str_eq(take(net, "b", text), "10.9.0.75");
	ck_assert_str_eq(take(net, "a", text), "10.9.0.74"); /* its own */
	ck_assert_int_eq(address_give_back(net, "a", NULL), 0);
	ck_assert_int_eq(address_find(net, "a", &address, NULL), -ENOENT);
	ck_assert_str_eq(take(net, "c", text), "10.9.0.76"); /* not what was free a moment ago */
	ck_assert_str_eq(take(net, "d", text), "10.9.0.77");
	ck_assert_str_eq(take(net, "e", text), "10.9.0.78");
	ck_assert_str_eq(take(net, "f", text), "10.9.0.74");
	ck_assert_int_eq(address_take(net, "g", &address, &err), -ENOSPC);
	ck_assert_int_eq(address_give_back(net, "nobody", NULL), 0);
	net_close(net);
	net = open_net(&scratch, "10.9.0.77/29"); /* they are on disk */
	ck_assert_int_eq(address_find(net, "e", &address, NULL), 0);
	ck_assert_str_eq(inet_ntop(AF_INET, &address, text, sizeof(text)), "10.9.0.78");
	net_close(net);
}
END_TEST

START_TEST(subnets_are_checked)
{
	static const char *const wrong[] = { "",          "10.0.0.0",  "10.0.0.0/31", "10.0.0.0/7",
					     "fd00::/64", "10.0.0/24", "10.0.0.0/x" };
	auto_scratch scratch = scratch_open();

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct net_options options = { .state_dir = scratch.path, .subnet = wrong[i] };
		struct net *net = NULL;

		ck_assert_int_eq(net_open(&options, &net, NULL), -EINVAL);
		ck_assert_ptr_null(net);
	}
}
END_TEST

START_TEST(modes_have_words)
{
	enum net_mode mode = NET_AUTO;

	ck_assert_int_eq(net_mode_of("builtin", &mode), 0);
	ck_assert_int_eq(mode, NET_BUILTIN);
	ck_assert_int_eq(net_mode_of("none", &mode), 0);
	ck_assert_int_eq(mode, NET_NONE);
	ck_assert_int_eq(net_mode_of("None", &mode), -EINVAL);
}
END_TEST

static int write_files(const struct scratch *scratch, const char *json, const struct net_result *addresses,
		       struct err *err)
{
	auto_json value = fixture_parse(json);
	auto_arena arena;
	ProtobufCMessage *message = NULL;

	arena_init(&arena);
	ck_assert_int_eq(
	    message_from_json(&runtime__v1__pod_sandbox_config__descriptor, value, &arena, &message, NULL),
	    0);
	return net_write_files(scratch->fd, (void *) message, addresses, err);
}

static void file_is(const struct scratch *scratch, const char *name, const char *content)
{
	auto_text text = { 0 };

	ck_assert_int_eq(file_read_at(scratch->fd, name, 1 << 20, &text, NULL), 0);
	ck_assert_str_eq(text_str(&text), content);
}

START_TEST(a_pod_has_names)
{
	auto_scratch scratch = scratch_open();
	char *ips[] = { (char *) "10.1.2.3", (char *) "fd00::3" };
	const struct net_result addresses = { .ips = ips, .ip_count = 2 };
	struct stat st;

	(void) umask(077);
	ck_assert_int_eq(
	    write_files(
		&scratch,
		"{'hostname': 'web-0', 'dns_config': {'servers': ['10.0.0.10', '1.1.1.1'], 'searches': "
		"['a.local', 'local'], 'options': ['ndots:5', 'edns0']}}",
		&addresses, NULL),
	    0);
	ck_assert_int_eq(fstatat(scratch.fd, "resolv.conf", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	file_is(&scratch, "hostname", "web-0\n");
	file_is(&scratch, "hosts",
		"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost "
		"ip6-loopback\n10.1.2.3\tweb-0\nfd00::3\tweb-0\n");
	file_is(&scratch, "resolv.conf",
		"search a.local local\nnameserver 10.0.0.10\nnameserver 1.1.1.1\noptions ndots:5 edns0\n");
	ck_assert_int_eq(write_files(&scratch, "{'dns_config': {}}", NULL, NULL), 0);
	file_is(&scratch, "resolv.conf", "");
}
END_TEST

START_TEST(the_nodes_names_are_for_its_network)
{
	auto_scratch scratch = scratch_open();
	auto_text hosts = { 0 }, resolv_conf = { 0 }, hostname = { 0 };
	char name[256] = "";

	(void) file_read_at(AT_FDCWD, "/etc/hosts", 1 << 20, &hosts, NULL);
	(void) file_read_at(AT_FDCWD, "/etc/resolv.conf", 1 << 20, &resolv_conf, NULL);
	ck_assert_int_eq(gethostname(name, sizeof(name) - 1), 0);
	ck_assert_int_eq(write_files(&scratch,
				     "{'hostname': 'pod', 'linux': {'security_context': "
				     "{'namespace_options': {'network': 'NODE'}}}}",
				     NULL, NULL),
			 0);
	text_addf(&hostname, "%s\n", name);
	file_is(&scratch, "hostname", text_str(&hostname));
	file_is(&scratch, "hosts", text_str(&hosts));
	file_is(&scratch, "resolv.conf", text_str(&resolv_conf));
}
END_TEST

START_TEST(no_word_is_two_lines)
{
	auto_scratch scratch = scratch_open();
	struct err err = { 0 };

	ck_assert_int_eq(
	    write_files(&scratch, "{'dns_config': {'servers': ['1.1.1.1\\nsearch evil']}}", NULL, &err),
	    -EINVAL);
	ck_assert_msg(strstr(err.text, "dns_config.servers[0]"), "%s", err.text);
	ck_assert_int_eq(write_files(&scratch, "{'dns_config': {'searches': ['']}}", NULL, &err), -EINVAL);
	ck_assert_int_eq(write_files(&scratch, "{'hostname': 'a\\nb'}", NULL, &err), -EINVAL);
}
END_TEST

Suite *test_net_files(void)
{
	return UNIT_SUITE("net_files", addresses_go_round, subnets_are_checked, modes_have_words,
			  a_pod_has_names, the_nodes_names_are_for_its_network, no_word_is_two_lines);
}
