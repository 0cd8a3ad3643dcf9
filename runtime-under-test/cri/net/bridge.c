/*
 * The network for a node without CNI: a bridge, a pair of devices and an address for each sandbox, the bridge as its way out.
 * Pods reach each other and the node, and the node's ports may lead to them. Forwarding is the node's to switch on, for all of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/network.h"
#include "runtime-under-test/cri/net/rtnetlink.h"
#include "runtime-under-test/oci/faults.h"

/* Ids are longer than a name of a link may be: their hash tells them apart, and DEL finds the name again. */
static char *device_name(const char *id)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char) *c) * 0x100000001b3;
	return text_format("pl%012llx", (unsigned long long) (hash & 0xffffffffffff));
}

static int prepare_bridge(struct net *net, int node, struct err *err)
{
	struct err reason = { 0 };
	int r = link_make_bridge(node, net->bridge, &reason), index;

	if (r < 0 && r != -EEXIST)
		return fail_text(err, r, "%s", reason.text);
	index = link_index(node, net->bridge, err);
	if (index < 0)
		return index;
	r = address_add(node, index, address_of_bridge(net), net->prefix, err);
	if (r == 0)
		r = link_set_up(node, index, err);
	return r < 0 ? r : index;
}

static int connect_pair(int node, int bridge, const char *name, const char *netns, struct err *err)
{
	auto_fd there = open(netns, O_RDONLY | O_CLOEXEC);
	int r, index;

	if (there < 0)
		return fail(err, -errno, "open %s", netns);
	r = link_make_pair(node, name, NET_INTERFACE, there, err);
	index = r < 0 ? r : link_index(node, name, err);
	if (index < 0)
		return index;
	r = link_set_master(node, index, bridge, err);
	return r < 0 ? r : link_set_up(node, index, err);
}

static int configure_inside(struct net *net, const char *netns, struct in_addr address, struct err *err)
{
	auto_fd inside = rtnetlink_open(netns, err);
	int index = inside < 0 ? inside : link_index(inside, NET_INTERFACE, err), r;

	if (index < 0)
		return index;
	r = address_add(inside, index, address, net->prefix, err);
	if (r == 0)
		r = link_set_up(inside, index, err);
	if (r == 0 && !fault("cri-bridge-without-route"))
		r = route_add_default(inside, address_of_bridge(net), err);
	return r;
}

static int connect_sandbox(struct net *net, const struct net_request *request, struct in_addr address,
			   struct err *err)
{
	auto_fd node = rtnetlink_open(NULL, err);
	auto_free char *name = device_name(request->id);
	int r = node < 0 ? node : prepare_bridge(net, node, err);

	if (r >= 0)
		r = connect_pair(node, r, name, request->netns, err);
	return r < 0 ? r : configure_inside(net, request->netns, address, err);
}

int bridge_add(struct net *net, const struct net_request *request, struct net_result *ret, struct err *err)
{
	struct in_addr address = { 0 };
	char text[INET_ADDRSTRLEN];
	int r = request->config ? ports_check(request->config, err) : 0;

	if (r == 0)
		r = address_take(net, request->id, &address, err);
	if (r < 0)
		return r;
	r = connect_sandbox(net, request, address, err);
	if (r == 0)
		r = ports_add(net, request->id, address, request->config, err);
	if (r < 0) {
		(void) bridge_del(net, request->id, NULL);
		return r;
	}
	*ret = (struct net_result){ 0 };
	result_add_ip(ret, inet_ntop(AF_INET, &address, text, sizeof(text)));
	return 0;
}

int bridge_check(struct net *net, const struct net_request *request, struct err *err)
{
	auto_fd inside = rtnetlink_open(request->netns, err);
	struct in_addr address;
	int r = inside < 0 ? inside : link_index(inside, NET_INTERFACE, err);

	return r < 0 ? r : address_find(net, request->id, &address, err);
}

/* The other end goes with this one; where the namespace is gone already, so is the pair. */
int bridge_del(struct net *net, const char *id, struct err *err)
{
	auto_fd node = rtnetlink_open(NULL, err);
	auto_free char *name = device_name(id);
	int r = node < 0 ? node : ports_remove(net, id, err);

	if (r == 0 && !fault("cri-veth-left-behind"))
		r = link_remove(node, name, err);

	return r < 0 ? r : address_give_back(net, id, err);
}
