/* The messages of rtnetlink.h: each is a header, a fixed part and attributes, and has one answer. */
#include "runtime-under-test/cri/net/rtnetlink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"

#define BYTES_MAX 1024
/* One answer: the request again behind an error, and the kernel's sentence. */
#define ANSWER_MAX 8192

struct message {
	union {
		struct nlmsghdr header;
		char bytes[BYTES_MAX];
	};
};

static void begin(struct message *message, uint16_t type, uint16_t flags, const void *body, size_t size)
{
	memset(message, 0, sizeof(*message));
	message->header.nlmsg_len = (uint32_t) NLMSG_LENGTH(size);
	message->header.nlmsg_type = type;
	message->header.nlmsg_flags = (uint16_t) (flags | NLM_F_REQUEST | NLM_F_ACK);
	message->header.nlmsg_seq = 1;
	memcpy(NLMSG_DATA(&message->header), body, size);
}

/* Returns where the attribute begins: end_nest() makes it reach to what was added since. */
static size_t add(struct message *message, uint16_t type, const void *data, size_t size)
{
	size_t at = NLMSG_ALIGN(message->header.nlmsg_len);
	struct rtattr *attribute = (struct rtattr *) (message->bytes + at);

	assert(at + RTA_SPACE(size) <= sizeof(message->bytes)); /* how many there are is ours to say */
	attribute->rta_type = type;
	attribute->rta_len = (uint16_t) RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attribute), data, size);
	message->header.nlmsg_len = (uint32_t) (at + RTA_LENGTH(size));
	return at;
}

static void end_nest(struct message *message, size_t at)
{
	struct rtattr *attribute = (struct rtattr *) (message->bytes + at);

	attribute->rta_len = (uint16_t) (message->header.nlmsg_len - at);
}

static void add_name(struct message *message, const char *name)
{
	(void) add(message, IFLA_IFNAME, name, strlen(name) + 1);
}

/* The sentence comes behind the error and, unless it was capped, the whole request. */
static int read_error(const struct nlmsghdr *header, struct err *err)
{
	const struct nlmsgerr *answer = NLMSG_DATA(header);
	size_t skip = NLMSG_ALIGN(sizeof(*answer));
	const struct rtattr *attribute;
	int left;

	if (!answer->error)
		return 0;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(answer->msg.nlmsg_len - sizeof(answer->msg));
	attribute = (const void *) ((const char *) answer + skip);
	left = (int) (header->nlmsg_len - NLMSG_HDRLEN) - (int) skip;
	for (; header->nlmsg_flags & NLM_F_ACK_TLVS && RTA_OK(attribute, left);
	     attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == NLMSGERR_ATTR_MSG)
			return fail_text(err, answer->error, "%.*s", (int) RTA_PAYLOAD(attribute),
					 (const char *) RTA_DATA(attribute));
	return fail(err, answer->error, "ask the kernel");
}

/* ret_index: of the link that an answer describes; NULL: only the acknowledgement is of interest. */
static int ask(int socket, const struct message *message, int *ret_index, struct err *err)
{
	union {
		struct nlmsghdr header;
		char bytes[ANSWER_MAX];
	} answer;

	if (send(socket, message, message->header.nlmsg_len, 0) < 0)
		return fail(err, -errno, "ask the kernel");
	for (;;) {
		ssize_t size = recv(socket, &answer, sizeof(answer), 0);
		const struct nlmsghdr *at = &answer.header;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return fail(err, -errno, "hear the kernel's answer");
		for (; NLMSG_OK(at, size); at = NLMSG_NEXT(at, size)) {
			if (at->nlmsg_type == NLMSG_ERROR)
				return read_error(at, err);
			if (at->nlmsg_type == RTM_NEWLINK && ret_index)
				*ret_index = ((const struct ifinfomsg *) NLMSG_DATA(at))->ifi_index;
		}
	}
}

static int open_here(struct err *err)
{
	auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int on = 1;

	if (fd < 0)
		return fail(err, -errno, "open a netlink socket");
	(void) setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)); /* sentences, from 4.12 on */
	return TAKE_FD(fd);
}

struct visit {
	int netns, fd;
	struct err *err;
};

static void *open_there(void *context)
{
	struct visit *visit = context;

	if (setns(visit->netns, CLONE_NEWNET) < 0)
		visit->fd = fail(visit->err, -errno, "join the network namespace");
	else
		visit->fd = open_here(visit->err);
	return NULL;
}

/* A thread joins alone and ends there: none of the server's ever stands in a sandbox's network. */
int rtnetlink_open(const char *netns, struct err *err)
{
	auto_fd fd = netns ? open(netns, O_RDONLY | O_CLOEXEC) : -EBADF;
	struct visit visit = { .netns = fd, .fd = -EBADF, .err = err };
	pthread_t thread;
	int r;

	if (!netns)
		return open_here(err);
	if (fd < 0)
		return fail(err, -errno, "open %s", netns);
	r = pthread_create(&thread, NULL, open_there, &visit);
	if (r != 0)
		return fail(err, -r, "start a thread for %s", netns);
	(void) pthread_join(thread, NULL);
	return visit.fd < 0 ? fail(err, visit.fd, "%s", netns) : visit.fd;
}

int link_index(int socket, const char *name, struct err *err)
{
	const struct ifinfomsg body = { .ifi_family = AF_UNSPEC };
	struct message message;
	int index = 0, r;

	if (strlen(name) >= IFNAMSIZ)
		return fail_text(err, -ENAMETOOLONG, "%s: longer than a name of a link may be", name);
	begin(&message, RTM_GETLINK, 0, &body, sizeof(body));
	add_name(&message, name);
	r = ask(socket, &message, &index, err);
	return r < 0 ? fail(err, r, "find the link %s", name) : index;
}

int link_set_up(int socket, int index, struct err *err)
{
	const struct ifinfomsg body = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct message message;
	int r;

	begin(&message, RTM_NEWLINK, 0, &body, sizeof(body));
	r = ask(socket, &message, NULL, err);
	return r < 0 ? fail(err, r, "set link %d up", index) : 0;
}

int link_set_master(int socket, int index, int master, struct err *err)
{
	const struct ifinfomsg body = { .ifi_index = index };
	struct message message;
	int r;

	begin(&message, RTM_NEWLINK, 0, &body, sizeof(body));
	(void) add(&message, IFLA_MASTER, &master, sizeof(master));
	r = ask(socket, &message, NULL, err);
	return r < 0 ? fail(err, r, "put link %d under link %d", index, master) : 0;
}

int link_make_bridge(int socket, const char *name, struct err *err)
{
	const struct ifinfomsg body = { 0 };
	struct message message;
	size_t info;
	int r;

	begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	add_name(&message, name);
	info = add(&message, IFLA_LINKINFO, NULL, 0);
	(void) add(&message, IFLA_INFO_KIND, "bridge", sizeof("bridge"));
	end_nest(&message, info);
	r = ask(socket, &message, NULL, err);
	return r < 0 ? fail(err, r, "make the bridge %s", name) : 0;
}

int link_make_pair(int socket, const char *name, const char *peer, int netns, struct err *err)
{
	const struct ifinfomsg body = { 0 };
	struct message message;
	size_t info, data, other;
	int r;

	begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	add_name(&message, name);
	info = add(&message, IFLA_LINKINFO, NULL, 0);
	(void) add(&message, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = add(&message, IFLA_INFO_DATA, NULL, 0);
	other = add(&message, VETH_INFO_PEER, &body, sizeof(body));
	add_name(&message, peer);
	(void) add(&message, IFLA_NET_NS_FD, &netns, sizeof(netns));
	end_nest(&message, other);
	end_nest(&message, data);
	end_nest(&message, info);
	r = ask(socket, &message, NULL, err);
	return r < 0 ? fail(err, r, "make the pair of %s and %s", name, peer) : 0;
}

int link_remove(int socket, const char *name, struct err *err)
{
	struct err reason = { 0 };
	int index = link_index(socket, name, &reason), r;
	const struct ifinfomsg body = { .ifi_index = index };
	struct message message;

	if (index == -ENODEV)
		return 0;
	if (index < 0)
		return fail_text(err, index, "%s", reason.text);
	begin(&message, RTM_DELLINK, 0, &body, sizeof(body));
	r = ask(socket, &message, NULL, err);
	return r < 0 && r != -ENODEV ? fail(err, r, "remove the link %s", name) : 0;
}

int address_add(int socket, int index, struct in_addr address, unsigned prefix, struct err *err)
{
	const struct ifaddrmsg body = { .ifa_family = AF_INET,
					.ifa_prefixlen = (uint8_t) prefix,
					.ifa_index = (uint32_t) index };
	struct err reason = { 0 };
	struct message message;
	int r;

	begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	(void) add(&message, IFA_LOCAL, &address, sizeof(address));
	(void) add(&message, IFA_ADDRESS, &address, sizeof(address));
	r = ask(socket, &message, NULL, &reason);
	if (r == -EEXIST || r == 0)
		return 0;
	return fail_text(err, r, "give link %d its address: %s", index, reason.text);
}

int route_add_default(int socket, struct in_addr gateway, struct err *err)
{
	const struct rtmsg body = { .rtm_family = AF_INET,
				    .rtm_table = RT_TABLE_MAIN,
				    .rtm_protocol = RTPROT_BOOT,
				    .rtm_scope = RT_SCOPE_UNIVERSE,
				    .rtm_type = RTN_UNICAST };
	struct message message;
	int r;

	begin(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	(void) add(&message, RTA_GATEWAY, &gateway, sizeof(gateway));
	r = ask(socket, &message, NULL, err);
	return r < 0 ? fail(err, r, "add the default route") : 0;
}
