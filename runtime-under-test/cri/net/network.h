/* What the parts of net/ know of each other: the opened network, and the two ways to give a sandbox an interface. */
#ifndef CRI_NET_NETWORK_H
#define CRI_NET_NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime-under-test/cri/net/net.h"

struct net {
	enum net_mode mode;
	char *conf_dir, *bin_dir, *state_dir, *bridge; /* owned */
	struct in_addr subnet;
	unsigned prefix;
	int state; /* state_dir as a descriptor */
};

#define NET_INTERFACE "eth0"

/* A conflist as the specification has it; files with one plugin are wrapped into one. CNI.md#section-1 */
struct conflist {
	char *path; /* owned */
	struct json *document; /* owned */
};
int conflist_find(const char *directory, struct conflist *ret,
		  struct err *err); /* -ENOENT: none; first by name */
void conflist_free(struct conflist *list);
bool conflist_exists(const char *directory);

struct plugin_call {
	const char *bin_dir, *command, *id, *netns, *args;
	const struct json *config; /* what the plugin reads */
	int64_t deadline;
};
/* ret_result: what it printed, NULL for none. */
int plugin_run(const struct plugin_call *call, struct json **ret_result, struct err *err);

/* CNI_ARGS; owned. */
int cni_args(const struct net_request *request, char **ret, struct err *err);
/* Everything that a plugin with capabilities may be told, by the name of the capability; owned. */
int cni_capabilities(const Runtime__V1__PodSandboxConfig *config, struct json **ret, struct err *err);

int cni_add(struct net *net, const struct net_request *request, int64_t deadline, struct net_result *ret,
	    struct err *err);
int cni_check(struct net *net, const struct net_request *request, int64_t deadline, struct err *err);
int cni_del(struct net *net, const char *id, const char *netns, int64_t deadline, struct err *err);

int bridge_add(struct net *net, const struct net_request *request, struct net_result *ret, struct err *err);
int bridge_check(struct net *net, const struct net_request *request, struct err *err);
int bridge_del(struct net *net, const char *id, struct err *err);

/* The file of addresses below the state directory. ret_address: the one that id has from now on. */
int address_take(struct net *net, const char *id, struct in_addr *ret_address, struct err *err);
int address_find(struct net *net, const char *id, struct in_addr *ret_address, struct err *err); /* -ENOENT */
int address_give_back(struct net *net, const char *id, struct err *err);
struct in_addr address_of_bridge(const struct net *net);

int ports_check(const Runtime__V1__PodSandboxConfig *config, struct err *err);
const char *port_protocol(Runtime__V1__Protocol protocol); /* "tcp" */
/* -EADDRINUSE: another sandbox has one of them. Nothing to map is 0. */
int ports_add(struct net *net, const char *id, struct in_addr address,
	      const Runtime__V1__PodSandboxConfig *config, struct err *err);
int ports_remove(struct net *net, const char *id, struct err *err);

void result_add_ip(struct net_result *result, const char *ip);

#endif
