/* Messages. Routing netlink: which interface or address one makes, moves or changes; every length is the sender's and is checked. Unix sockets: the descriptors that travel along. */
#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "bpf/calls.h"
#include "bpf/effect_build.h"

#define SOCKET_MODE 0140000
#define FIFO_MODE 0010000
#define MODE_TYPE 0170000
#define MESSAGES_MAX 16 /* of one call */

static const struct {
	uint16_t type;
	const char *name;
} message_names[] = {
	{ RTM_NEWLINK, "newlink" }, { RTM_SETLINK, "setlink" }, { RTM_DELLINK, "dellink" },
	{ RTM_NEWADDR, "newaddr" }, { RTM_DELADDR, "deladdr" }, { RTM_NEWROUTE, "newroute" },
};

static const char *message_name(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(message_names); i++)
		if (message_names[i].type == type)
			return message_names[i].name;
	return NULL;
}

struct slice {
	const unsigned char *data;
	size_t size;
};

/* The attribute of this type; size 0: none. */
static struct slice attribute(struct slice attributes, unsigned type)
{
	while (attributes.size >= sizeof(struct rtattr)) {
		struct rtattr header;

		memcpy(&header, attributes.data, sizeof(header));
		if (header.rta_len < sizeof(header) || header.rta_len > attributes.size)
			break;
		if ((header.rta_type & NLA_TYPE_MASK) == type)
			return (struct slice){ attributes.data + sizeof(header),
					       header.rta_len - sizeof(header) };
		size_t step = RTA_ALIGN(header.rta_len);
		if (step > attributes.size)
			break;
		attributes.data += step;
		attributes.size -= step;
	}
	return (struct slice){ 0 };
}

/* The first interface of every network namespace is its loopback. */
static void index_text(unsigned index, struct text *ret)
{
	if (index == 1)
		text_add(ret, ":lo");
	else
		text_addf(ret, ":#%u", index);
}

static void link_text(struct slice body, struct text *ret)
{
	struct ifinfomsg info;

	if (body.size < sizeof(info))
		return;
	memcpy(&info, body.data, sizeof(info));
	struct slice rest = { body.data + NLMSG_ALIGN(sizeof(info)), body.size - NLMSG_ALIGN(sizeof(info)) };
	struct slice name = attribute(rest, IFLA_IFNAME);
	if (name.size)
		text_addf(ret, ":%.*s", (int) strnlen((const char *) name.data, name.size),
			  (const char *) name.data);
	else
		index_text((unsigned) info.ifi_index, ret);
	if (attribute(rest, IFLA_NET_NS_FD).size || attribute(rest, IFLA_NET_NS_PID).size)
		text_add(ret, ":netns");
	else if (info.ifi_flags & info.ifi_change & IFF_UP)
		text_add(ret, ":up");
}

static void address_text(struct slice body, struct text *ret)
{
	struct ifaddrmsg info;
	char printed[INET6_ADDRSTRLEN];

	if (body.size < sizeof(info))
		return;
	memcpy(&info, body.data, sizeof(info));
	struct slice rest = { body.data + NLMSG_ALIGN(sizeof(info)), body.size - NLMSG_ALIGN(sizeof(info)) };
	struct slice address = attribute(rest, IFA_LOCAL);
	if (!address.size)
		address = attribute(rest, IFA_ADDRESS);
	bool whole = address.size == (info.ifa_family == AF_INET ? 4 : 16);
	index_text(info.ifa_index, ret);
	if (whole && inet_ntop(info.ifa_family, address.data, printed, sizeof(printed)))
		text_addf(ret, ":%s/%u", printed, info.ifa_prefixlen);
}

static void add_message(struct build *b, const struct nlmsghdr *header, struct slice body)
{
	const char *name = message_name(header->nlmsg_type);
	auto_text text = { 0 };

	if (!name)
		return;
	text_add(&text, name);
	if (header->nlmsg_type == RTM_NEWADDR || header->nlmsg_type == RTM_DELADDR)
		address_text(body, &text);
	else if (header->nlmsg_type != RTM_NEWROUTE)
		link_text(body, &text);
	(void) effect_add(b, NET_LINK, call_name(b->now->event.call), "%s", text_str(&text));
}

/* Only sockets: what else is sent may look like a message and is none. A message that was cut is read as far as it goes. */
static void build_send(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 1, PART_BYTES);
	struct event_file file;

	if (!part || !part_file(b->now, 0, &file) || (file.mode & MODE_TYPE) != SOCKET_MODE)
		return;
	struct slice left = { part->data, part->size };
	for (int i = 0; i < MESSAGES_MAX && left.size >= sizeof(struct nlmsghdr); i++) {
		struct nlmsghdr header;

		memcpy(&header, left.data, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > 65536)
			return;
		size_t len = header.nlmsg_len < left.size ? header.nlmsg_len : left.size;
		add_message(b, &header, (struct slice){ left.data + sizeof(header), len - sizeof(header) });
		size_t step = NLMSG_ALIGN(len) < left.size ? NLMSG_ALIGN(len) : left.size;
		left.data += step;
		left.size -= step;
	}
}

/* What an anonymous inode is for is all of its name: "seccomp notify", "bpf-prog". linux/magic.h */
#define MAGIC_ANONYMOUS 0x09041934u

static void passed_text(struct build *b, int arg, const struct event_file *file, struct text *ret)
{
	auto_text path = { 0 };

	if ((file->mode & MODE_TYPE) == SOCKET_MODE || (file->mode & MODE_TYPE) == FIFO_MODE) {
		text_add(ret, (file->mode & MODE_TYPE) == SOCKET_MODE ? "@socket" : "@pipe");
		return;
	}
	(void) part_path(b->now, arg, &path);
	if (file->magic == MAGIC_ANONYMOUS)
		text_addf(ret, "[%s]", *text_str(&path) ? text_str(&path) + 1 : "");
	else
		path_normalize(b, text_str(&path), ret);
}

/* A message of netlink's, or one to another process that carries descriptors. */
static void build_sendmsg(struct build *b)
{
	build_send(b);
	for (int i = 0; i < RIGHTS_MAX; i++) {
		auto_text what = { 0 };
		struct event_file file;

		if (!part_file(b->now, PART_ARG_RIGHTS + i, &file))
			continue;
		passed_text(b, PART_ARG_RIGHTS + i, &file, &what);
		(void) effect_add(b, FD_SEND, "sendmsg(SCM_RIGHTS)", "%s", text_str(&what));
	}
}

/* struct ifreq: a name of IFNAMSIZ bytes, then flags. The old way to bring a link up. */
static void build_ioctl(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 2, PART_BYTES);
	short flags = 0;

	if (b->now->event.args[1] != SIOCSIFFLAGS)
		return;
	if (!part || part->size < IFNAMSIZ + sizeof(flags)) {
		(void) effect_add(b, NET_LINK, "ioctl(SIOCSIFFLAGS)", "newlink");
		return;
	}
	memcpy(&flags, part->data + IFNAMSIZ, sizeof(flags));
	(void) effect_add(b, NET_LINK, "ioctl(SIOCSIFFLAGS)", "newlink:%.*s%s",
			  (int) strnlen((const char *) part->data, IFNAMSIZ), (const char *) part->data,
			  flags & IFF_UP ? ":up" : "");
}

const struct call_effect net_call_effects[] = {
	{ SYS_ioctl, build_ioctl },
	{ SYS_sendmsg, build_sendmsg },
	{ SYS_sendto, build_send },
	{ 0 },
};
