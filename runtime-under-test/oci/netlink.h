/*
 * The few words of rtnetlink(7) that moving a device takes: one request, one answer, and a dump as a callback a message.
 * A socket speaks for the network namespace in which it was made, whatever its owner joins later.
 */
#ifndef OCI_NETLINK_H
#define OCI_NETLINK_H

#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define NETLINK_REQUEST_MAX 1024

/* A message under construction: header, the fixed part of its type, attributes. */
struct netlink_request {
	union {
		struct nlmsghdr header;
		char bytes[NETLINK_REQUEST_MAX];
	};
};

/* The message in answer, at most one; its data is valid until the return. Negative ends the reading. */
typedef int netlink_see_fn(const struct nlmsghdr *message, void *context, struct err *err);

int netlink_open(struct err *err); /* owned descriptor, of the namespace the caller is in */
/* body: the fixed part, ifinfomsg or ifaddrmsg. flags: NLM_F_DUMP and the like; NLM_F_REQUEST and ACK come by themselves. */
void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *body,
		   size_t size);
/* Adds an attribute; too many are an assertion, for their number is ours. */
void netlink_add(struct netlink_request *request, uint16_t type, const void *data, size_t size);
void netlink_add_string(struct netlink_request *request, uint16_t type, const char *string);
/* see may be NULL. The kernel's own sentence (NETLINK_EXT_ACK) becomes the error's text where there is one. */
int netlink_ask(int socket, struct netlink_request *request, netlink_see_fn *see, void *context,
		struct err *err);

/* The attribute of a message of the fixed size body; NULL: not there. */
const struct rtattr *netlink_find(const struct nlmsghdr *message, size_t body, uint16_t type);

#endif
