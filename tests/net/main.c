/*
 * The network module by hand, for end-to-end tests in a world:
 *   cri-net create PATH [USERNS] | unpin PATH
 *   cri-net MODE CONF BIN STATE add|check|del ID NETNS [CONFIG]     CONFIG: PodSandboxConfig as JSON; add prints addresses
 *   cri-net MODE CONF BIN STATE ready
 * $CRI_NET_MS bounds what plugins may take.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message_json.h"
#include "runtime-under-test/cri/net/net.h"

static int create(const char *path, const char *user, struct err *err)
{
	const struct net_userns userns = {
		.path = user, .host_uid = 100000, .uid_count = 65536, .host_gid = 200000, .gid_count = 65536
	};

	return net_ns_create(path, user ? &userns : NULL, err);
}

static int read_config(const char *json, struct arena *arena, struct net_request *request, struct err *err)
{
	auto_json value = NULL;
	ProtobufCMessage *message = NULL;
	int r = json_parse(json, strlen(json), &value, err);

	if (r == 0)
		r = message_from_json(&runtime__v1__pod_sandbox_config__descriptor, value, arena, &message,
				      err);
	request->config = (const void *) message;
	return r;
}

static int act(struct net *net, const char *verb, const struct net_request *request, struct err *err)
{
	const char *limit = getenv("CRI_NET_MS");
	int64_t deadline = process_now_ms() + (limit ? atoll(limit) : 60000);
	auto_net_result result = { 0 };
	int r;

	if (strcmp(verb, "del") == 0)
		return net_del(net, request, deadline, err);
	if (strcmp(verb, "check") == 0)
		return net_check(net, request, deadline, err);
	r = net_add(net, request, deadline, &result, err);
	for (size_t i = 0; r == 0 && i < result.ip_count; i++)
		printf("%s\n", result.ips[i]);
	return r;
}

static int run(int argc, char **argv, struct err *err)
{
	struct net_options options = { 0 };
	struct net_request request = { 0 };
	struct net *net = NULL;
	auto_text reason = { 0 };
	auto_arena arena;
	int r;

	arena_init(&arena);
	if (argc >= 3 && strcmp(argv[1], "create") == 0)
		return create(argv[2], argv[3], err);
	if (argc == 3 && strcmp(argv[1], "unpin") == 0)
		return net_ns_unpin(argv[2], err);
	if (argc < 6 || net_mode_of(argv[1], &options.mode) < 0)
		return fail_text(err, -EINVAL, "usage: see tests/net/main.c");
	options.conf_dir = argv[2];
	options.bin_dir = argv[3];
	options.state_dir = argv[4];
	r = net_open(&options, &net, err);
	if (r == 0 && strcmp(argv[5], "ready") == 0) {
		printf("%s\n", net_ready(net, &reason) ? "ready" : text_str(&reason));
	} else if (r == 0) {
		request.id = argv[6];
		request.netns = argv[7];
		r = read_config(argc > 8 ? argv[8] : "{\"metadata\": {}}", &arena, &request, err);
		if (r == 0)
			r = act(net, argv[5], &request, err);
	}
	net_close(net);
	return r;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };

	if (run(argc, argv, &err) == 0)
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	fprintf(stderr, "cri-net: %s\n", err.text);
	return EXIT_FAILURE;
}
