/*
 * Two sockets, one in the runtime's network namespace and one in the container's, and for each device: look, move, raise,
 * address again. The kernel keeps what belongs to the device (MTU, hardware address, queues) and forgets its addresses.
 */
#include "runtime-under-test/oci/net_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/netlink.h"
#include "runtime-under-test/oci/spec.h"

#define NETLINK_MESSAGE_MAX 512 /* of one address: six small attributes */

struct sides {
	int outside, inside; /* sockets */
	int target; /* the container's network namespace */
};

/* Addresses of one device, as the requests that make them again. */
struct addresses {
	int index, new_index;
	bool renamed;
	struct netlink_request *items;
	size_t count;
};

static int see_index(const struct nlmsghdr *message, void *context, struct err *err)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);

	(void) err;
	if (message->nlmsg_type == RTM_NEWLINK)
		*(int *) context = link->ifi_index;
	return 0;
}

/* The number of a device, by name or (name NULL) by number; -ENODEV: there is none. */
static int find_link(int socket, const char *name, int index, struct err *err)
{
	const struct ifinfomsg body = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct netlink_request request;
	int found = 0, r;

	netlink_begin(&request, RTM_GETLINK, 0, &body, sizeof(body));
	if (name)
		netlink_add_string(&request, IFLA_IFNAME, name);
	r = netlink_ask(socket, &request, see_index, &found, err);
	return r < 0 ? r : found ? found : -ENODEV;
}

/*
 * "all permanent IP addresses (IFA_F_PERMANENT flag) of any family with global scope": others are the host's state, not the
 * device's, and link-local ones are made anew by the kernel.
 */
static bool is_kept(const struct ifaddrmsg *address, uint32_t flags)
{
	return address->ifa_scope == RT_SCOPE_UNIVERSE && flags & IFA_F_PERMANENT;
}

static uint32_t address_flags(const struct nlmsghdr *message)
{
	const struct ifaddrmsg *address = NLMSG_DATA(message);
	const struct rtattr *wide = netlink_find(message, sizeof(*address), IFA_FLAGS);

	return wide ? *(const uint32_t *) RTA_DATA(wide) : address->ifa_flags;
}

static int see_address(const struct nlmsghdr *message, void *context, struct err *err)
{
	/* The life time of a permanent address is for ever; a label names the device, which has another name now. */
	static const uint16_t kept[] = { IFA_ADDRESS,     IFA_LOCAL, IFA_BROADCAST, IFA_ANYCAST,
					 IFA_RT_PRIORITY, IFA_PROTO, IFA_LABEL };
	const struct ifaddrmsg *address = NLMSG_DATA(message);
	struct addresses *all = context;
	uint32_t flags = message->nlmsg_type == RTM_NEWADDR ? address_flags(message) : 0;
	struct ifaddrmsg body;
	struct netlink_request *request;

	(void) err;
	if (message->nlmsg_type != RTM_NEWADDR || (int) address->ifa_index != all->index ||
	    message->nlmsg_len > NETLINK_MESSAGE_MAX || !is_kept(address, flags))
		return 0;
	all->items = reallocarray(all->items, all->count + 1, sizeof(*all->items));
	if (!all->items)
		abort();
	request = &all->items[all->count++];
	body = *address;
	body.ifa_index = (uint32_t) all->new_index;
	body.ifa_flags = 0;
	/* What duplicate address detection found is of the old place: it is done again. */
	flags &=
	    IFA_F_HOMEADDRESS | IFA_F_NODAD | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;
	netlink_begin(request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof(body));
	netlink_add(request, IFA_FLAGS, &flags, sizeof(flags));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		const struct rtattr *attribute = netlink_find(message, sizeof(*address), kept[i]);

		if (attribute && !(kept[i] == IFA_LABEL && all->renamed))
			netlink_add(request, kept[i], RTA_DATA(attribute), RTA_PAYLOAD(attribute));
	}
	return 0;
}

static int read_addresses(int socket, struct addresses *all, struct err *err)
{
	const struct ifaddrmsg body = { .ifa_family = AF_UNSPEC, .ifa_index = (uint32_t) all->index };
	struct netlink_request request;
	int r;

	netlink_begin(&request, RTM_GETADDR, NLM_F_DUMP, &body, sizeof(body));
	r = netlink_ask(socket, &request, see_address, all, err);
	return r < 0 ? fail(err, r, "read its addresses") : 0;
}

/* With a template the kernel picks the name, so the device is found again by a number chosen for it: v5.13 and newer. */
static int free_index(int inside, int index, struct err *err)
{
	for (;; index++) {
		int r = find_link(inside, NULL, index, NULL);

		if (r == -ENODEV)
			return index;
		if (r < 0)
			return fail(err, r, "look for a free number");
	}
}

static bool is_template(const char *name)
{
	return strchr(name, '%');
}

static int check_name(int inside, const char *name, struct err *err)
{
	int r = is_template(name) ? -ENODEV : find_link(inside, name, 0, NULL);

	if (r >= 0)
		return fail_text(err, -EEXIST, "the container has a device %s already", name);
	return r == -ENODEV ? 0 : fail(err, r, "look for %s in the container", name);
}

/* Moving takes it down, which renaming needs: dev_change_net_namespace() in net/core/dev.c. */
static int move(const struct sides *sides, const char *name, const struct addresses *all, struct err *err)
{
	const struct ifinfomsg body = { .ifi_family = AF_UNSPEC, .ifi_index = all->index };
	struct netlink_request request;
	uint32_t target = (uint32_t) sides->target;
	int32_t index = all->new_index;

	netlink_begin(&request, RTM_NEWLINK, 0, &body, sizeof(body));
	netlink_add(&request, IFLA_NET_NS_FD, &target, sizeof(target));
	netlink_add(&request, IFLA_NEW_IFINDEX, &index, sizeof(index));
	netlink_add_string(&request, IFLA_IFNAME, name);
	return netlink_ask(sides->outside, &request, NULL, NULL, err);
}

static int raise_link(int inside, int index, struct err *err)
{
	const struct ifinfomsg body = {
		.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP
	};
	struct netlink_request request;
	int r;

	netlink_begin(&request, RTM_NEWLINK, 0, &body, sizeof(body));
	r = netlink_ask(inside, &request, NULL, NULL, err);
	return r < 0 ? fail(err, r, "set it up") : 0;
}

static int move_and_restore(const struct sides *sides, const char *name, struct addresses *all,
			    struct err *err)
{
	int r = check_name(sides->inside, name, err);

	if (r == 0)
		r = all->new_index = free_index(sides->inside, all->index, err);
	if (r > 0)
		r = read_addresses(sides->outside, all, err);
	if (r == 0)
		r = move(sides, name, all, err);
	if (r == 0 && !fault("net-device-left-down"))
		r = raise_link(sides->inside, all->new_index, err);
	for (size_t i = 0; i < all->count && r == 0 && !fault("net-device-addresses-lost"); i++) {
		r = netlink_ask(sides->inside, &all->items[i], NULL, NULL, err);
		if (r < 0)
			(void) fail(err, r, "give it its address back");
	}
	return r;
}

static int move_one(const struct sides *sides, const struct spec_net_device *device, struct err *err)
{
	bool renamed = device->name && *device->name;
	const char *name = renamed && !fault("net-device-name-ignored") ? device->name : device->host_name;
	struct addresses all = { .renamed = renamed };
	int r = all.index = find_link(sides->outside, device->host_name, 0, err);

	if (r > 0)
		r = move_and_restore(sides, name, &all, err);
	free(all.items);
	return r;
}

/* By setns(2) and back: the parent has one thread and holds its own namespace open. */
static int open_inside(const struct creation *creation, struct sides *sides, struct err *err)
{
	auto_free char *path = text_format("%d/ns/net", (int) creation->init);
	auto_fd own = openat(creation->proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	struct stat ours, theirs;

	sides->target = openat(creation->proc, path, O_RDONLY | O_CLOEXEC);
	if (own < 0 || sides->target < 0 || fstat(own, &ours) < 0 || fstat(sides->target, &theirs) < 0)
		return fail(err, -errno, "open the container's network namespace");
	if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
		return fail_text(err, -EINVAL, "the container shares the runtime's network namespace");
	if (setns(sides->target, CLONE_NEWNET) < 0)
		return fail(err, -errno, "enter the container's network namespace");
	sides->inside = netlink_open(err);
	if (setns(own, CLONE_NEWNET) < 0)
		return fail(err, -errno, "return to the runtime's network namespace");
	return sides->inside < 0 ? sides->inside : 0;
}

int net_devices_move(const struct creation *creation, struct err *err)
{
	const struct spec *spec = creation->spec;
	struct sides sides = { -EBADF, -EBADF, -EBADF };
	int r;

	if (!spec->net_device_count || fault("net-devices-skipped"))
		return 0;
	r = sides.outside = netlink_open(err);
	if (r >= 0)
		r = open_inside(creation, &sides, err);
	if (r < 0)
		(void) fail(err, r, "linux.netDevices");
	for (size_t i = 0; i < spec->net_device_count && r == 0; i++) {
		r = move_one(&sides, &spec->net_devices[i], err);
		if (r < 0)
			(void) fail(err, r, "linux.netDevices[%s]", spec->net_devices[i].host_name);
	}
	cleanup_fd(&sides.outside);
	cleanup_fd(&sides.inside);
	cleanup_fd(&sides.target);
	return r;
}
