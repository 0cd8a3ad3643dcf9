/*
 * rtnetlink(7) as far as a bridge and its ports need it. A socket speaks for the network namespace in which it was made: one is
 * kept for the node, one made for each sandbox.
 */
#ifndef CRI_NET_RTNETLINK_H
#define CRI_NET_RTNETLINK_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* netns: path of a namespace; NULL: the caller's. Owned descriptor or -errno. */
int rtnetlink_open(const char *netns, struct err *err);

int link_index(int socket, const char *name, struct err *err); /* -ENODEV: none of that name */
int link_set_up(int socket, int index, struct err *err);
int link_set_master(int socket, int index, int master, struct err *err);
int link_make_bridge(int socket, const char *name, struct err *err); /* -EEXIST */
/* A pair: name here, peer in the namespace of the descriptor. */
int link_make_pair(int socket, const char *name, const char *peer, int netns, struct err *err);
int link_remove(int socket, const char *name, struct err *err); /* none is 0 */
int address_add(int socket, int index, struct in_addr address, unsigned prefix,
		struct err *err); /* there: 0 */
int route_add_default(int socket, struct in_addr gateway, struct err *err);

#endif
