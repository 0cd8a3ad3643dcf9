/* rtnetlink by hand: a library would be linked for four kinds of messages. */
#include "runtime-under-test/oci/netlink.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

/* What the kernel puts into one datagram of a dump at most: NLMSG_GOODSIZE is smaller, netlink(7) advises 8 KiB or more. */
#define ANSWER_MAX 65536

int netlink_open(struct err *err)
{
	auto_fd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int on = 1;

	if (fd < 0)
		return fail(err, -errno, "open a netlink socket");
	/* Sentences beside the errno, and dumps that hold only what was asked for: kernels from 4.12 and 4.20. */
	(void) setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void) setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return TAKE_FD(fd);
}

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *body,
		   size_t size)
{
	memset(request, 0, sizeof(*request));
	request->header = (struct nlmsghdr){
		.nlmsg_len = (uint32_t) NLMSG_LENGTH(size),
		.nlmsg_type = type,
		.nlmsg_flags = flags | NLM_F_REQUEST | NLM_F_ACK,
		.nlmsg_seq = 1,
	};
	memcpy(NLMSG_DATA(&request->header), body, size);
}

void netlink_add(struct netlink_request *request, uint16_t type, const void *data, size_t size)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr *attribute = (struct rtattr *) (request->bytes + at);

	assert(at + RTA_SPACE(size) <= sizeof(request->bytes));
	attribute->rta_type = type;
	attribute->rta_len = (uint16_t) RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attribute), data, size);
	request->header.nlmsg_len = (uint32_t) (at + RTA_LENGTH(size));
}

void netlink_add_string(struct netlink_request *request, uint16_t type, const char *string)
{
	netlink_add(request, type, string, strlen(string) + 1);
}

const struct rtattr *netlink_find(const struct nlmsghdr *message, size_t body, uint16_t type)
{
	int left = (int) message->nlmsg_len - (int) NLMSG_SPACE(body);
	const struct rtattr *at = (const void *) ((const char *) message + NLMSG_SPACE(body));

	for (; RTA_OK(at, left); at = RTA_NEXT(at, left))
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

/* Behind the error lies the request, unless it was capped, and behind that the kernel's sentence. */
static int answer_error(const struct nlmsghdr *message, struct err *err)
{
	const struct nlmsgerr *answer = NLMSG_DATA(message);
	size_t body = sizeof(*answer);
	const struct rtattr *text;

	if (answer->error == 0)
		return 0;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		body += answer->msg.nlmsg_len - sizeof(answer->msg);
	text = message->nlmsg_flags & NLM_F_ACK_TLVS ? netlink_find(message, body, NLMSGERR_ATTR_MSG) : NULL;
	if (text)
		return fail_text(err, answer->error, "%.*s", (int) RTA_PAYLOAD(text),
				 (const char *) RTA_DATA(text));
	return fail(err, answer->error, "ask the kernel");
}

/* 1: the answer is complete. */
static int read_datagram(const char *bytes, size_t size, netlink_see_fn *see, void *context, struct err *err)
{
	const struct nlmsghdr *at = (const void *) bytes;

	for (; NLMSG_OK(at, size); at = NLMSG_NEXT(at, size)) {
		int r = 0;

		if (at->nlmsg_type == NLMSG_ERROR) {
			r = answer_error(at, err);
			return r < 0 ? r : 1;
		}
		if (at->nlmsg_type == NLMSG_DONE)
			return 1;
		if (see)
			r = see(at, context, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int netlink_ask(int socket, struct netlink_request *request, netlink_see_fn *see, void *context,
		struct err *err)
{
	auto_free char *bytes = malloc(ANSWER_MAX);
	int r = 0;

	if (!bytes)
		abort();
	if (send(socket, request, request->header.nlmsg_len, 0) < 0)
		return fail(err, -errno, "ask the kernel");
	while (r == 0) {
		struct sockaddr_nl from = { 0 };
		socklen_t length = sizeof(from);
		ssize_t n = recvfrom(socket, bytes, ANSWER_MAX, 0, (struct sockaddr *) &from, &length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(err, -errno, "hear the kernel's answer");
		/* Others in the container's network namespace may write to this socket too: netlink(7). */
		if (from.nl_pid != 0)
			continue;
		r = read_datagram(bytes, (size_t) n, see, context, err);
	}
	return r < 0 ? r : 0;
}
