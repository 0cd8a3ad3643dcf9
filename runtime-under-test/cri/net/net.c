/* The face of net/: which way a sandbox gets its network, and what a client may ask about that. */
#include "runtime-under-test/cri/net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/network.h"

/* A /30 is the smallest with room for the bridge and one sandbox. */
enum { PREFIX_MIN = 8, PREFIX_MAX = 30 };

static const char *const mode_names[] = {
	[NET_AUTO] = "auto",
	[NET_CNI] = "cni",
	[NET_BUILTIN] = "builtin",
	[NET_NONE] = "none",
};

int net_mode_of(const char *word, enum net_mode *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_names); i++)
		if (strcmp(word, mode_names[i]) == 0) {
			*ret = (enum net_mode) i;
			return 0;
		}
	return -EINVAL;
}

static int read_subnet(const char *string, struct net *net, struct err *err)
{
	const char *slash = strchr(string, '/');
	auto_free char *address = text_format("%.*s", (int) strcspn(string, "/"), string);
	unsigned long long prefix = 0;

	if (!slash || text_to_u64(slash + 1, &prefix) < 0 || prefix < PREFIX_MIN || prefix > PREFIX_MAX ||
	    inet_pton(AF_INET, address, &net->subnet) != 1)
		return fail_text(err, -EINVAL, "%s is no IPv4 subnet like 10.88.64.0/20", string);
	net->prefix = (unsigned) prefix;
	net->subnet.s_addr &= htonl(~0u << (32 - net->prefix));
	return 0;
}

/* Debian's plugins lie elsewhere than those that a pod installs on the node. */
static const char *usual_bin_dir(void)
{
	return access("/opt/cni/bin", X_OK) < 0 && access("/usr/lib/cni", X_OK) == 0 ? "/usr/lib/cni"
										     : "/opt/cni/bin";
}

int net_open(const struct net_options *options, struct net **ret, struct err *err)
{
	struct net *net = calloc(1, sizeof(*net));
	int r;

	if (!net)
		abort();
	net->mode = options->mode;
	net->conf_dir = text_format("%s", options->conf_dir ? options->conf_dir : "/etc/cni/net.d");
	net->bin_dir = text_format("%s", options->bin_dir ? options->bin_dir : usual_bin_dir());
	net->bridge = text_format("%s", options->bridge ? options->bridge : "plumbline0");
	net->state_dir = text_format("%s", options->state_dir);
	net->state = -EBADF;
	r = read_subnet(options->subnet ? options->subnet : "10.88.64.0/20", net, err);
	if (r == 0 && strlen(net->bridge) >= IFNAMSIZ)
		r = fail_text(err, -EINVAL, "%s: longer than a name of a link may be", net->bridge);
	if (r == 0)
		r = file_make_dirs_at(AT_FDCWD, net->state_dir, 0700, err);
	if (r == 0)
		r = net->state = file_open_at(AT_FDCWD, net->state_dir, O_RDONLY | O_DIRECTORY, 0, err);
	if (r < 0) {
		net_close(net);
		return r;
	}
	*ret = net;
	return 0;
}

void net_close(struct net *net)
{
	if (!net)
		return;
	cleanup_fd(&net->state);
	free(net->conf_dir);
	free(net->bin_dir);
	free(net->bridge);
	free(net->state_dir);
	free(net);
}

static enum net_mode mode_now(const struct net *net)
{
	if (net->mode != NET_AUTO)
		return net->mode;
	return conflist_exists(net->conf_dir) ? NET_CNI : NET_BUILTIN;
}

static int check_programs(const struct net *net, const struct conflist *list, struct err *err)
{
	const struct json *plugins = json_member(list->document, "plugins");

	for (size_t i = 0; i < json_length(plugins); i++) {
		auto_free char *program =
		    text_format("%s/%s", net->bin_dir, json_string(json_member(json_at(plugins, i), "type")));

		if (access(program, X_OK) < 0)
			return fail(err, -errno, "CNI plugin %s", program);
	}
	return 0;
}

bool net_ready(const struct net *net, struct text *reason)
{
	struct conflist list = { 0 };
	struct err err = { 0 };
	int r;

	if (mode_now(net) != NET_CNI)
		return true;
	r = conflist_find(net->conf_dir, &list, &err);
	if (r == 0)
		r = check_programs(net, &list, &err);
	conflist_free(&list);
	if (r < 0)
		text_add(reason, err.text);
	return r == 0;
}

struct json *net_status(const struct net *net)
{
	struct json *status = json_new_object(), *types = json_new_array();
	struct conflist list = { 0 };

	json_put(status, "mode", json_new_string(mode_names[mode_now(net)]));
	if (mode_now(net) == NET_CNI && conflist_find(net->conf_dir, &list, NULL) == 0) {
		const struct json *plugins = json_member(list.document, "plugins");

		for (size_t i = 0; i < json_length(plugins); i++)
			json_append(types, json_copy(json_member(json_at(plugins, i), "type")));
		json_put(status, "conf", json_new_string(list.path));
		json_put(status, "name", json_copy(json_member(list.document, "name")));
		conflist_free(&list);
	} else if (mode_now(net) == NET_BUILTIN) {
		json_put(status, "name", json_new_string(net->bridge));
	}
	json_put(status, "plugins", types);
	return status;
}

void result_add_ip(struct net_result *result, const char *ip)
{
	result->ips = realloc(result->ips, (result->ip_count + 1) * sizeof(*result->ips));
	if (!result->ips)
		abort();
	result->ips[result->ip_count++] = text_format("%s", ip);
}

void net_result_free(struct net_result *result)
{
	for (size_t i = 0; i < result->ip_count; i++)
		free(result->ips[i]);
	free(result->ips);
	*result = (struct net_result){ 0 };
}

int net_add(struct net *net, const struct net_request *request, int64_t deadline, struct net_result *ret,
	    struct err *err)
{
	switch (mode_now(net)) {
	case NET_CNI:
		return cni_add(net, request, deadline, ret, err);
	case NET_BUILTIN:
		return bridge_add(net, request, ret, err);
	case NET_AUTO:
	case NET_NONE:
		break;
	}
	*ret = (struct net_result){ 0 };
	return 0;
}

int net_check(struct net *net, const struct net_request *request, int64_t deadline, struct err *err)
{
	switch (mode_now(net)) {
	case NET_CNI:
		return cni_check(net, request, deadline, err);
	case NET_BUILTIN:
		return bridge_check(net, request, err);
	case NET_AUTO:
	case NET_NONE:
		break;
	}
	return 0;
}

/* Both ways are tried, whatever is configured now: a sandbox may be older than the configuration. */
int net_del(struct net *net, const struct net_request *request, int64_t deadline, struct err *err)
{
	struct in_addr address;
	int r = cni_del(net, request->id, request->netns, deadline, err);

	if (r < 0 || address_find(net, request->id, &address, NULL) < 0)
		return r;
	return bridge_del(net, request->id, err);
}
