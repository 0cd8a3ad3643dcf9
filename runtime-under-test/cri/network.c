/* The module of networks: what the options say of them. */
#include "runtime-under-test/cri/net/net.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/server.h"

static int open_network(struct server *server, struct err *err)
{
	/* With the records, for a plugin's addresses outlive the machine as they do. */
	auto_free char *state = text_format("%s/network", server->options.root);
	struct net_options options = {
		.conf_dir = server->options.cni_conf,
		.bin_dir = server->options.cni_bin,
		.state_dir = state,
	};
	int r = net_mode_of(server->options.network, &options.mode);

	if (r < 0)
		return fail_text(err, r, "--network %s: neither auto, cni, builtin nor none",
				 server->options.network);
	return net_open(&options, &server->net, err);
}

static void close_network(struct server *server)
{
	if (server->net)
		net_close(server->net);
	server->net = NULL;
}

extern const struct server_module network_module;
const struct server_module network_module = { "networks", open_network, close_network };
