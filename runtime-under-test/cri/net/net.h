/*
 * Networks of sandboxes: their namespaces, CNI plugins, a small bridge of our own where no CNI is configured, and the files
 * that tell a container its names. Every function may be called from any thread; calls about one sandbox one after the other.
 */
#ifndef CRI_NET_NET_H
#define CRI_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cri/runtime_v1.pb-c.h"

struct err;
struct json;
struct net;
struct text;

enum net_mode {
	NET_AUTO, /* CNI where a configuration is, else our own bridge */
	NET_CNI,
	NET_BUILTIN,
	NET_NONE, /* sandboxes have a loopback device and nothing else */
};
int net_mode_of(const char *word, enum net_mode *ret); /* "cni", "builtin", "none", "auto"; else -EINVAL */

struct net_options {
	enum net_mode mode;
	const char *conf_dir, *bin_dir; /* NULL: /etc/cni/net.d, /opt/cni/bin or /usr/lib/cni */
	const char *state_dir; /* results are kept below it, for DEL: made when missing */
	const char *subnet; /* of the built-in bridge; NULL: 10.88.64.0/20 */
	const char *bridge; /* its name; NULL: plumbline0 */
};

/* The configuration is read again by every call: a plugin's installer may come any time. */
int net_open(const struct net_options *options, struct net **ret, struct err *err);
void net_close(struct net *net);

/* False with a sentence: why no sandbox can have a network now. */
bool net_ready(const struct net *net, struct text *reason);
/* For verbose status: {"mode": ..., "conf": path, "name": ..., "plugins": [...]}; owned by the caller. */
struct json *net_status(const struct net *net);

/* A user namespace that owns the network namespace; one mapping each, as the CRI demands. */
struct net_userns {
	const char *path; /* pinned there */
	uint32_t host_uid, container_uid, uid_count;
	uint32_t host_gid, container_gid, gid_count;
};
/* Makes namespaces and pins them by bind mounts on new files. Either may be NULL. Loopback is up in the new network. */
int net_ns_create(const char *path, const struct net_userns *user, struct err *err);
/* Pins /proc/PID/ns/FILE at path. */
int net_ns_pin(int pid, const char *file, const char *path, struct err *err);
int net_ns_unpin(const char *path, struct err *err); /* unmounts and removes; nothing there is 0 */

struct net_request {
	const char *id; /* of the sandbox */
	const char *netns; /* pinned path; for net_del() NULL when it is gone */
	const Runtime__V1__PodSandboxConfig
	    *config; /* names, ports, DNS, annotations; may be NULL for net_del() */
};

struct net_result {
	char **ips; /* owned; without prefix length, the first is the primary one */
	size_t ip_count;
};
void net_result_free(struct net_result *result);
#define auto_net_result __attribute__((cleanup(net_result_free))) struct net_result

/* deadline: CLOCK_MONOTONIC ms, < 0 none. When it fails, what was made is taken back before the return. */
int net_add(struct net *net, const struct net_request *request, int64_t deadline, struct net_result *ret,
	    struct err *err);
int net_check(struct net *net, const struct net_request *request, int64_t deadline, struct err *err);
/* Never added, or deleted before: 0. */
int net_del(struct net *net, const struct net_request *request, int64_t deadline, struct err *err);

/* Files below directory (a descriptor): "hostname", "hosts", "resolv.conf". addresses: net_result of net_add(), may be NULL. */
int net_write_files(int directory, const Runtime__V1__PodSandboxConfig *config,
		    const struct net_result *addresses, struct err *err);

#endif
