/* Census: network devices, their addresses, and routes, by rtnetlink(7). */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"

#define DUMP_MAX (1024 * 1024)
#define ANSWER_MS 1000

/* Sends one dump request and appends the answers, as messages that follow each other. */
static int dump(int type, struct text *ret)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg body;
	} request = { .header = { .nlmsg_len = sizeof(request),
				  .nlmsg_type = (uint16_t) type,
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
				  .nlmsg_seq = 1 } };
	auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	auto_free char *buffer = malloc(32768);

	if (fd < 0)
		return -errno;
	if (!buffer)
		return -ENOMEM;
	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	while (ret->len < DUMP_MAX) {
		/* gVisor has no SO_RCVTIMEO for these sockets. */
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t got = poll(&ready, 1, ANSWER_MS) > 0 ? recv(fd, buffer, 32768, 0) : 0;
		struct nlmsghdr *header = (struct nlmsghdr *) buffer;

		if (got <= 0)
			return got < 0 ? -errno : -ETIMEDOUT;
		for (size_t left = (size_t) got; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_type == NLMSG_DONE)
				return 0;
			if (header->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *) NLMSG_DATA(header))->error;
			text_add_bytes(ret, header, NLMSG_ALIGN(header->nlmsg_len));
		}
	}
	return 1;
}

/* The attribute of that type, within len bytes from first. */
static const struct rtattr *attribute(const struct rtattr *first, size_t len, unsigned type)
{
	for (const struct rtattr *at = first; RTA_OK(at, len); at = RTA_NEXT(at, len))
		if (at->rta_type == type)
			return at;
	return NULL;
}

static const struct nlmsghdr *next_message(const struct text *messages, size_t *at)
{
	const struct nlmsghdr *header = (const void *) (messages->data + *at);

	if (messages->len - *at < sizeof(*header))
		return NULL;
	*at += NLMSG_ALIGN(header->nlmsg_len);
	return header;
}

static bool is_address_of(const struct ifaddrmsg *message, int index)
{
	return (int) message->ifa_index == index &&
	       (message->ifa_family == AF_INET || message->ifa_family == AF_INET6);
}

/* "10.0.0.1/24"; IFA_LOCAL is this end of a point-to-point address. */
static char *address_text(const struct nlmsghdr *header)
{
	const struct ifaddrmsg *message = NLMSG_DATA(header);
	const struct rtattr *local = attribute(IFA_RTA(message), IFA_PAYLOAD(header), IFA_LOCAL);
	char buffer[INET6_ADDRSTRLEN];

	if (!local)
		local = attribute(IFA_RTA(message), IFA_PAYLOAD(header), IFA_ADDRESS);
	if (!local || !inet_ntop(message->ifa_family, RTA_DATA(local), buffer, sizeof(buffer)))
		return NULL;
	return text_format("%s/%u", buffer, message->ifa_prefixlen);
}

static void address_rows(struct out *out, const struct text *addresses, int index, bool details)
{
	const struct nlmsghdr *header;

	for (size_t at = 0; (header = next_message(addresses, &at));) {
		const struct ifaddrmsg *message = NLMSG_DATA(header);
		auto_free char *text = is_address_of(message, index) ? address_text(header) : NULL;

		if (!text)
			continue;
		if (!details) {
			out_string(out, NULL, text);
			continue;
		}
		out_object(out, text);
		out_uint(out, "scope", message->ifa_scope);
		out_bool(out, "permanent", message->ifa_flags & IFA_F_PERMANENT);
		out_end(out);
	}
}

static void hardware_address(struct out *out, const struct rtattr *address)
{
	auto_text text = { 0 };
	const unsigned char *bytes = address ? RTA_DATA(address) : NULL;

	for (size_t i = 0; address && i < RTA_PAYLOAD(address); i++)
		text_addf(&text, "%s%02x", i ? ":" : "", bytes[i]);
	out_string(out, "address", text_str(&text));
}

static void link_row(struct out *out, const struct nlmsghdr *header, const struct text *addresses)
{
	const struct ifinfomsg *message = NLMSG_DATA(header);
	const struct rtattr *name = attribute(IFLA_RTA(message), IFLA_PAYLOAD(header), IFLA_IFNAME);
	const struct rtattr *mtu = attribute(IFLA_RTA(message), IFLA_PAYLOAD(header), IFLA_MTU);
	const struct rtattr *info = attribute(IFLA_RTA(message), IFLA_PAYLOAD(header), IFLA_LINKINFO);
	const struct rtattr *kind = NULL;

	if (info)
		kind = attribute(RTA_DATA(info), RTA_PAYLOAD(info), IFLA_INFO_KIND);
	out_object(out, NULL);
	out_string(out, "name", name ? RTA_DATA(name) : "");
	out_int(out, "index", message->ifi_index);
	out_bool(out, "up", message->ifi_flags & IFF_UP);
	out_bool(out, "loopback", message->ifi_flags & IFF_LOOPBACK);
	if (mtu)
		out_uint(out, "mtu", *(const uint32_t *) RTA_DATA(mtu));
	if (kind)
		out_string(out, "kind", RTA_DATA(kind));
	hardware_address(out, attribute(IFLA_RTA(message), IFLA_PAYLOAD(header), IFLA_ADDRESS));
	out_array(out, "addresses");
	address_rows(out, addresses, message->ifi_index, false);
	out_end(out);
	out_object(out, "address_details");
	address_rows(out, addresses, message->ifi_index, true);
	out_end(out);
	out_end(out);
}

int census_interfaces(const struct probe *probe, struct out *out, const char *key)
{
	auto_text links = { 0 }, addresses = { 0 };
	int r = dump(RTM_GETLINK, &links);
	const struct nlmsghdr *header;
	size_t count = 0;

	(void) probe;
	if (r < 0)
		return r;
	r = dump(RTM_GETADDR, &addresses);
	if (r < 0)
		return r;
	out_array(out, key);
	for (size_t at = 0; count < CENSUS_MAX && (header = next_message(&links, &at)); count++)
		link_row(out, header, &addresses);
	out_end(out);
	return r || count == CENSUS_MAX;
}

static void route_row(struct out *out, const struct nlmsghdr *header)
{
	const struct rtmsg *message = NLMSG_DATA(header);
	const struct rtattr *to = attribute(RTM_RTA(message), RTM_PAYLOAD(header), RTA_DST);
	const struct rtattr *via = attribute(RTM_RTA(message), RTM_PAYLOAD(header), RTA_GATEWAY);
	const struct rtattr *device = attribute(RTM_RTA(message), RTM_PAYLOAD(header), RTA_OIF);
	char buffer[INET6_ADDRSTRLEN];

	out_object(out, NULL);
	if (to && inet_ntop(message->rtm_family, RTA_DATA(to), buffer, sizeof(buffer)))
		out_format(out, "to", "%s/%u", buffer, message->rtm_dst_len);
	else
		out_string(out, "to", "default");
	if (via && inet_ntop(message->rtm_family, RTA_DATA(via), buffer, sizeof(buffer)))
		out_string(out, "via", buffer);
	if (device)
		out_uint(out, "index", *(const uint32_t *) RTA_DATA(device));
	out_end(out);
}

/* Of the main table: those that somebody configured. */
int census_routes(const struct probe *probe, struct out *out, const char *key)
{
	auto_text routes = { 0 };
	int r = dump(RTM_GETROUTE, &routes);
	const struct nlmsghdr *header;
	size_t count = 0;

	(void) probe;
	if (r < 0)
		return r;
	out_array(out, key);
	for (size_t at = 0; count < CENSUS_MAX && (header = next_message(&routes, &at));) {
		const struct rtmsg *message = NLMSG_DATA(header);

		if (message->rtm_table != RT_TABLE_MAIN)
			continue;
		route_row(out, header);
		count++;
	}
	out_end(out);
	return r || count == CENSUS_MAX;
}
