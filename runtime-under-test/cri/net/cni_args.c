/* What plugins are told of the pod: CNI_ARGS, and arguments for the capabilities that they declare. CONVENTIONS.md of CNI. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/network.h"

/* The token bucket of the bandwidth plugin must hold what a device sends at once; Kubernetes has no field for it. */
#define BURST_BITS 2147483647

int cni_args(const struct net_request *request, char **ret, struct err *err)
{
	const Runtime__V1__PodSandboxMetadata *pod = request->config ? request->config->metadata : NULL;
	const struct {
		const char *key, *value;
	} args[] = {
		{ "K8S_POD_NAMESPACE", pod ? pod->namespace_ : "" },
		{ "K8S_POD_NAME", pod ? pod->name : "" },
		{ "K8S_POD_INFRA_CONTAINER_ID", request->id },
		{ "K8S_POD_UID", pod ? pod->uid : "" },
	};
	auto_text text = { 0 };

	text_add(&text, "IgnoreUnknown=1");
	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		/* A semicolon would begin another argument. */
		if (args[i].value[strcspn(args[i].value, ";=\n")])
			return fail_text(err, -EINVAL, "%s: \"%s\" cannot be told to a CNI plugin",
					 args[i].key, args[i].value);
		text_addf(&text, ";%s=%s", args[i].key, args[i].value);
	}
	*ret = text_take(&text);
	return 0;
}

static void add_ports(const Runtime__V1__PodSandboxConfig *config, struct json *all)
{
	struct json *list = json_new_array();

	json_put(all, "portMappings", list);
	for (size_t i = 0; i < config->n_port_mappings; i++) {
		const Runtime__V1__PortMapping *port = config->port_mappings[i];
		struct json *row;

		if (port->host_port == 0)
			continue;
		row = json_new_object();
		json_put(row, "hostPort", json_new_int(port->host_port));
		json_put(row, "containerPort", json_new_int(port->container_port));
		json_put(row, "protocol", json_new_string(port_protocol(port->protocol)));
		if (port->host_ip && *port->host_ip)
			json_put(row, "hostIP", json_new_string(port->host_ip));
		json_append(list, row);
	}
}

static struct json *strings(char *const *words, size_t count)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_append(list, json_new_string(words[i]));
	return list;
}

static void add_dns(const Runtime__V1__DNSConfig *dns, struct json *all)
{
	struct json *row = json_new_object();

	json_put(row, "servers", strings(dns->servers, dns->n_servers));
	json_put(row, "searches", strings(dns->searches, dns->n_searches));
	json_put(row, "options", strings(dns->options, dns->n_options));
	json_put(all, "dns", row);
}

/* A quantity of Kubernetes in bits a second: "10M", "1Gi". */
static int read_rate(const char *key, const char *value, int64_t *ret, struct err *err)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} units[] = {
		{ "", 1 },           { "k", 1000 },          { "M", 1000000 },
		{ "G", 1000000000 }, { "T", 1000000000000 }, { "Ki", 1u << 10 },
		{ "Mi", 1u << 20 },  { "Gi", 1u << 30 },
	};
	size_t digits = strspn(value, "0123456789");
	auto_free char *number = text_format("%.*s", (int) digits, value);
	unsigned long long rate;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(value + digits, units[i].suffix) != 0 || text_to_u64(number, &rate) < 0)
			continue;
		if (rate == 0 || rate > INT64_MAX / units[i].factor)
			break;
		*ret = (int64_t) (rate * units[i].factor);
		return 0;
	}
	return fail_text(err, -EINVAL, "annotation %s: %s is no bandwidth", key, value);
}

static int add_bandwidth(const Runtime__V1__PodSandboxConfig *config, struct json *all, struct err *err)
{
	static const struct {
		const char *annotation, *rate, *burst;
	} ways[] = {
		{ "kubernetes.io/ingress-bandwidth", "ingressRate", "ingressBurst" },
		{ "kubernetes.io/egress-bandwidth", "egressRate", "egressBurst" },
	};
	auto_json row = json_new_object();

	for (size_t i = 0; i < config->n_annotations; i++)
		for (size_t j = 0; j < ARRAY_SIZE(ways); j++) {
			const char *key = config->annotations[i]->key;
			int64_t rate = 0;
			int r;

			if (strcmp(key, ways[j].annotation) != 0)
				continue;
			r = read_rate(key, config->annotations[i]->value, &rate, err);
			if (r < 0)
				return r;
			json_put(row, ways[j].rate, json_new_int(rate));
			json_put(row, ways[j].burst, json_new_int(BURST_BITS));
		}
	if (json_length(row))
		json_put(all, "bandwidth", TAKE(row));
	return 0;
}

static void add_annotations(const Runtime__V1__PodSandboxConfig *config, struct json *all)
{
	struct json *map = json_new_object();

	for (size_t i = 0; i < config->n_annotations; i++)
		json_put(map, config->annotations[i]->key, json_new_string(config->annotations[i]->value));
	json_put(all, "io.kubernetes.cri.pod-annotations", map);
}

int cni_capabilities(const Runtime__V1__PodSandboxConfig *config, struct json **ret, struct err *err)
{
	auto_json all = json_new_object();
	int r = 0;

	if (config) {
		r = ports_check(config, err);
		add_ports(config, all);
		if (r == 0)
			r = add_bandwidth(config, all, err);
		if (config->dns_config)
			add_dns(config->dns_config, all);
		if (config->linux && config->linux->cgroup_parent && *config->linux->cgroup_parent)
			json_put(all, "cgroupPath", json_new_string(config->linux->cgroup_parent));
		add_annotations(config, all);
	}
	if (r == 0)
		*ret = TAKE(all);
	return r;
}
