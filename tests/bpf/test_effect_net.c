/* Routing netlink as effects: which interface, to where, and nothing beyond a message's end. */
#include "tests/unit.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/io_uring.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/recording.h"

Suite *test_effect_net(void);

static void add_attribute(struct text *out, unsigned type, const void *data, size_t size)
{
	struct rtattr header = { .rta_len = (unsigned short) RTA_LENGTH(size),
				 .rta_type = (unsigned short) type };

	text_add_bytes(out, &header, sizeof(header));
	text_add_bytes(out, data, size);
	while (out->len % 4)
		text_add_char(out, '\0');
}

static void wrap(struct text *out, uint16_t type, const struct text *body)
{
	struct nlmsghdr header = { .nlmsg_len = (__u32) NLMSG_LENGTH(body->len), .nlmsg_type = type };

	text_add_bytes(out, &header, sizeof(header));
	text_add_bytes(out, body->data, body->len);
}

static void add_link(struct text *out, uint16_t type, const char *name, unsigned to, unsigned flags)
{
	struct ifinfomsg info = { .ifi_index = 7, .ifi_flags = flags, .ifi_change = flags };
	auto_text body = { 0 };
	int fd = 5;

	text_add_bytes(&body, &info, sizeof(info));
	if (name)
		add_attribute(&body, IFLA_IFNAME, name, strlen(name) + 1);
	if (to)
		add_attribute(&body, to, &fd, sizeof(fd));
	wrap(out, type, &body);
}

static void add_address(struct text *out, const char *address, int family, uint8_t length)
{
	struct ifaddrmsg info = { .ifa_family = (__u8) family, .ifa_prefixlen = length, .ifa_index = 7 };
	unsigned char bytes[16];
	auto_text body = { 0 };

	ck_assert_int_eq(inet_pton(family, address, bytes), 1);
	text_add_bytes(&body, &info, sizeof(info));
	add_attribute(&body, IFA_LOCAL, bytes, family == AF_INET ? 4 : 16);
	wrap(out, RTM_NEWADDR, &body);
}

/* The effects of one sendto() of these bytes, a line each. mode: of the file it is sent to. */
static char *effects_of(const struct text *bytes, unsigned mode)
{
	struct event_file file = { .mode = mode };
	struct event_part parts[] = { { .arg = 0, .kind = PART_FILE, .size = sizeof(file) },
				      { .arg = 1, .kind = PART_BYTES, .size = (__u16) bytes->len } };
	struct event event = { .type = EVENT_CALL,
			       .call = SYS_sendto,
			       .part_count = 2,
			       .size = (__u32) (sizeof(parts) + sizeof(file) + bytes->len) };
	auto_text out = { 0 }, lines = { 0 };
	struct effects effects = { 0 };

	text_add_bytes(&out, &event, sizeof(event));
	text_add_bytes(&out, &parts[0], sizeof(parts[0]));
	text_add_bytes(&out, &file, sizeof(file));
	text_add_bytes(&out, &parts[1], sizeof(parts[1]));
	text_add_bytes(&out, text_str(bytes), bytes->len);
	/* Exactly that size: the sanitizers see a byte too many. */
	auto_free unsigned char *exact = malloc(out.len);
	memcpy(exact, out.data, out.len);
	auto_json symbols = json_new_object();
	const struct recording recording = {
		.symbols = symbols, .bytes = exact, .size = out.len, .event_count = 1
	};
	ck_assert_int_eq(effects_from(&recording, &effects, NULL), 0);
	for (size_t i = 0; i < effects.count; i++)
		text_addf(&lines, "%s\n", effects.items[i].text);
	effects_free(&effects);
	text_add(&lines, "");
	return text_take(&lines);
}

static void check(const struct text *bytes, unsigned mode, const char *wanted)
{
	auto_free char *found = effects_of(bytes, mode);

	ck_assert_str_eq(found ? found : "", wanted);
}

#define SOCKET 0140777

START_TEST(interfaces_are_named)
{
	auto_text moved = { 0 }, by_pid = { 0 }, up = { 0 }, gone = { 0 };

	add_link(&moved, RTM_NEWLINK, "eth0", IFLA_NET_NS_FD, 0);
	check(&moved, SOCKET, "net.link:newlink:eth0:netns\n");
	add_link(&by_pid, RTM_SETLINK, "eth0", IFLA_NET_NS_PID, 0);
	check(&by_pid, SOCKET, "net.link:setlink:eth0:netns\n");
	add_link(&up, RTM_NEWLINK, NULL, 0, IFF_UP);
	check(&up, SOCKET, "net.link:newlink:#7:up\n");
	add_link(&gone, RTM_DELLINK, "veth1", 0, 0);
	check(&gone, SOCKET, "net.link:dellink:veth1\n");
}
END_TEST

START_TEST(addresses_are_printed)
{
	auto_text both = { 0 };

	add_address(&both, "10.1.2.3", AF_INET, 24);
	add_address(&both, "fd00::1", AF_INET6, 64);
	check(&both, SOCKET, "net.link:newaddr:#7:10.1.2.3/24\nnet.link:newaddr:#7:fd00::1/64\n");
}
END_TEST

START_TEST(what_is_no_socket_sends_no_message)
{
	auto_text moved = { 0 };

	add_link(&moved, RTM_NEWLINK, "eth0", IFLA_NET_NS_FD, 0);
	check(&moved, 0100644, "");
}
END_TEST

START_TEST(a_message_that_was_cut_is_read_as_far_as_it_goes)
{
	auto_text whole = { 0 };

	add_link(&whole, RTM_NEWLINK, "eth0", IFLA_NET_NS_FD, 0);
	add_address(&whole, "10.1.2.3", AF_INET, 24);
	for (size_t len = 0; len < whole.len; len++) {
		auto_text cut = { 0 };

		text_add_bytes(&cut, whole.data, len);
		auto_free char *found = effects_of(&cut, SOCKET);
		ck_assert(!found || !*found || text_starts(found, "net.link:newlink"));
	}
}
END_TEST

START_TEST(lengths_that_lie_end_the_reading)
{
	auto_text whole = { 0 };

	add_link(&whole, RTM_NEWLINK, "eth0", IFLA_NET_NS_FD, 0);
	for (size_t i = 0; i < whole.len; i++) {
		static const unsigned char values[] = { 0, 1, 0x7f, 0xff };

		for (size_t k = 0; k < sizeof(values); k++) {
			auto_text changed = { 0 };

			text_add_bytes(&changed, whole.data, whole.len);
			changed.data[i] = (char) values[k];
			auto_free char *found = effects_of(&changed, SOCKET);
			ck_assert(!found || strlen(found) < 200);
		}
	}
}
END_TEST

static void add_part(struct text *out, struct event *event, int arg, int kind, const void *data, size_t size)
{
	struct event_part part = { .arg = (__u8) arg, .kind = (__u8) kind, .size = (__u16) size };

	text_add_bytes(out, &part, sizeof(part));
	text_add_bytes(out, data, size);
	event->part_count++;
	event->size += (__u32) (sizeof(part) + size);
}

/* A descriptor in a message: components of a path come leaf first. */
static void add_descriptor(struct text *out, struct event *event, int number, unsigned mode, unsigned magic,
			   const char *path, size_t size)
{
	struct event_file file = { .mode = mode, .magic = magic, .fd = 20 + number };

	add_part(out, event, PART_ARG_RIGHTS + number, PART_FILE, &file, sizeof(file));
	add_part(out, event, PART_ARG_RIGHTS + number, PART_PATH, path, size);
}

static void check_effects(const struct event *event, const struct text *parts, const char *wanted)
{
	auto_text bytes = { 0 }, lines = { 0 };
	struct effects effects = { 0 };
	auto_json symbols = json_new_object();

	text_add_bytes(&bytes, event, sizeof(*event));
	text_add_bytes(&bytes, text_str(parts), parts->len);
	const struct recording recording = {
		.symbols = symbols, .bytes = (unsigned char *) bytes.data, .size = bytes.len, .event_count = 1
	};
	ck_assert_int_eq(effects_from(&recording, &effects, NULL), 0);
	for (size_t i = 0; i < effects.count; i++)
		text_addf(&lines, "%s\n", effects.items[i].text);
	ck_assert_uint_eq(effects.undecoded, event->type == EVENT_URING);
	effects_free(&effects);
	ck_assert_str_eq(text_str(&lines), wanted);
}

START_TEST(descriptors_that_travel_are_named)
{
	struct event event = { .type = EVENT_CALL, .call = SYS_sendmsg };
	struct event_file socket = { .mode = SOCKET };
	auto_text parts = { 0 };

	add_part(&parts, &event, 0, PART_FILE, &socket, sizeof(socket));
	add_descriptor(&parts, &event, 0, 0020666, 0x1cd1, "ptmx\0pts\0dev", sizeof("ptmx\0pts\0dev"));
	add_descriptor(&parts, &event, 1, 0010600, 0x50495045, "", 1);
	add_descriptor(&parts, &event, 2, SOCKET, 0x534f434b, "UNIX-STREAM", sizeof("UNIX-STREAM"));
	add_descriptor(&parts, &event, 3, 0600, 0x09041934, "seccomp notify", sizeof("seccomp notify"));
	check_effects(&event, &parts,
		      "fd.send:/dev/pts/ptmx\nfd.send:@pipe\nfd.send:@socket\nfd.send:[seccomp notify]\n");
}
END_TEST

START_TEST(work_of_io_uring_has_names)
{
	struct event event = { .type = EVENT_URING };
	auto_text none = { 0 };

	event.args[0] = IORING_OP_MKDIRAT;
	check_effects(&event, &none, "uring.op:mkdirat\n");
	event.args[0] = IORING_OP_SEND_ZC;
	check_effects(&event, &none, "uring.op:send_zc\n");
	event.args[0] = 1000;
	check_effects(&event, &none, "uring.op:operation 1000\n");
}
END_TEST

Suite *test_effect_net(void)
{
	return UNIT_SUITE("effect net", interfaces_are_named, addresses_are_printed,
			  what_is_no_socket_sends_no_message,
			  a_message_that_was_cut_is_read_as_far_as_it_goes, lengths_that_lie_end_the_reading,
			  descriptors_that_travel_are_named, work_of_io_uring_has_names);
}
