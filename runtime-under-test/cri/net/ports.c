/*
 * Ports of the node that lead into sandboxes of the built-in network: a table of nf_tables that is ours alone. What is mapped stands in
 * a file, and every change writes the whole table anew in one transaction of nft(8), so that file and kernel cannot drift apart.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/network.h"
#include "runtime-under-test/cri/net/table.h"
#include "runtime-under-test/oci/faults.h"

#define FILE_NAME "ports.json"
#define LOCK_NAME "ports.lock"
#define FILE_BYTES_MAX (4u << 20)
#define NFT_MS 20000

const char *port_protocol(Runtime__V1__Protocol protocol)
{
	switch (protocol) {
	case RUNTIME__V1__PROTOCOL__UDP:
		return "udp";
	case RUNTIME__V1__PROTOCOL__SCTP:
		return "sctp";
	case RUNTIME__V1__PROTOCOL__TCP:
	case _RUNTIME__V1__PROTOCOL_IS_INT_SIZE:
		break;
	}
	return "tcp";
}

int ports_check(const Runtime__V1__PodSandboxConfig *config, struct err *err)
{
	for (size_t i = 0; i < config->n_port_mappings; i++) {
		const Runtime__V1__PortMapping *port = config->port_mappings[i];

		if (port->host_port == 0) /* a port that the container merely declares */
			continue;
		if (port->host_port < 0 || port->host_port > 65535 || port->container_port < 1 ||
		    port->container_port > 65535)
			return fail_text(err, -EINVAL, "port_mappings[%zu]: %d to %d: no ports", i,
					 port->host_port, port->container_port);
	}
	return 0;
}

/* Its rows: {"ID": [{"protocol", "host_ip", "host_port", "to"}]} */
static int open_table(struct net *net, struct table *ret, struct err *err)
{
	return table_open(net->state, FILE_NAME, LOCK_NAME, FILE_BYTES_MAX, ret, err);
}

static void add_name(const struct net *net, struct text *script)
{
	text_add(script, "plumbline_cri_");
	for (const char *c = net->bridge; *c; c++)
		text_add_char(script, isalnum((unsigned char) *c) ? *c : '_');
}

static void add_rules(const struct table *table, struct text *script)
{
	for (size_t i = 0; i < json_length(table->rows); i++) {
		const struct json *rows = json_value_at(table->rows, i);

		for (size_t j = 0; j < json_length(rows); j++) {
			const struct json *row = json_at(rows, j);
			const char *address = json_string(json_member(row, "host_ip"));

			if (address)
				text_addf(script, "ip daddr %s ", address);
			text_addf(script, "%s dport %lld dnat to %s\n",
				  json_string(json_member(row, "protocol")),
				  (long long) json_int(json_member(row, "host_port"), 0),
				  json_string(json_member(row, "to")));
		}
	}
}

/*
 * Adding the table first lets its deletion succeed also where there is none. Packets to the node are looked at where they come in and
 * where the node itself sends them; what comes from the node's 127.0.0.1, or goes between sandboxes of one
 * bridge, must seem to come from the bridge, or the answer would take a shorter way past the translation.
 */
static void write_script(const struct net *net, const struct table *table, struct text *script)
{
	char subnet[INET_ADDRSTRLEN];

	(void) inet_ntop(AF_INET, &net->subnet, subnet, sizeof(subnet));
	text_add(script, "add table ip ");
	add_name(net, script);
	text_add(script, "\ndelete table ip ");
	add_name(net, script);
	if (!json_length(table->rows)) {
		text_add_char(script, '\n');
		return;
	}
	text_add(script, "\ntable ip ");
	add_name(net, script);
	text_add(script, " {\nchain ports {\n");
	add_rules(table, script);
	text_addf(
	    script,
	    "}\nchain in {\ntype nat hook prerouting priority -100\nfib daddr type local jump ports\n}\n"
	    "chain own {\ntype nat hook output priority -100\nfib daddr type local jump ports\n}\n"
	    "chain back {\ntype nat hook postrouting priority 100\nip saddr 127.0.0.0/8 oifname \"%s\" "
	    "masquerade\n"
	    "ip saddr %s/%u ip daddr %s/%u ct status dnat masquerade\n}\n}\n",
	    net->bridge, subnet, net->prefix, subnet, net->prefix);
}

static int run_nft(const struct text *script, struct err *err)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };
	auto_fd input = memfd_create("nft", MFD_CLOEXEC);
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process_status status = { 0 };
	auto_text said = { 0 };
	const struct process_capture capture = { .err = &said, .max = 4096, .timeout_ms = NFT_MS };
	int r;

	if (input < 0 || file_write_all(input, script->data, script->len) < 0 ||
	    lseek(input, 0, SEEK_SET) < 0)
		return fail(err, -errno, "write the rules for nft");
	options.argv = argv;
	options.stdio[0] = input;
	r = process_run(&options, &capture, &status, err);
	if (r == -ENOENT)
		return fail_text(
		    err, -EOPNOTSUPP,
		    "ports of the node need nft, or CNI with the plugin portmap: nft is not here");
	if (r < 0)
		return r;
	text_cut(&said, strcspn(text_str(&said), "\n"));
	return status.exited && status.code == 0 ? 0 : fail_text(err, -EIO, "nft: %s", text_str(&said));
}

/* The kernel drops packets from 127.0.0.1 that leave by a device, unless that device says otherwise. Ours alone does. */
static int route_localhost(const struct net *net, struct err *err)
{
	auto_free char *path = text_format("/proc/sys/net/ipv4/conf/%s/route_localnet", net->bridge);

	return file_write_at(AT_FDCWD, path, "1", 1, err);
}

static int apply(struct net *net, const struct table *table, struct err *err)
{
	auto_text script = { 0 };
	int r;

	write_script(net, table, &script);
	r = run_nft(&script, err);
	return r < 0 ? r : table_write(table, err);
}

/* No address is every address. */
static bool overlaps(const struct json *a, const struct json *b)
{
	const char *one = json_string(json_member(a, "host_ip")),
		   *other = json_string(json_member(b, "host_ip"));

	return json_equal(json_member(a, "host_port"), json_member(b, "host_port")) &&
	       json_equal(json_member(a, "protocol"), json_member(b, "protocol")) &&
	       (!one || !other || strcmp(one, other) == 0);
}

static int check_free(const struct table *table, const struct json *wanted, struct err *err)
{
	for (size_t i = 0; i < json_length(table->rows); i++) {
		const struct json *rows = json_value_at(table->rows, i);

		for (size_t j = 0; j < json_length(rows); j++)
			if (overlaps(json_at(rows, j), wanted))
				return fail_text(err, -EADDRINUSE, "port %lld of the node is sandbox %s's",
						 (long long) json_int(json_member(wanted, "host_port"), 0),
						 json_key_at(table->rows, i));
	}
	return 0;
}

static int read_port(const Runtime__V1__PortMapping *port, const char *address, struct json **ret,
		     struct err *err)
{
	auto_free char *to = text_format("%s:%d", address, port->container_port);
	struct json *row;
	struct in_addr host;
	bool any = !port->host_ip || !*port->host_ip || strcmp(port->host_ip, "0.0.0.0") == 0;

	if (!any && inet_pton(AF_INET, port->host_ip, &host) != 1)
		return fail_text(err, -EOPNOTSUPP, "host_ip %s: the built-in network is of IPv4",
				 port->host_ip);
	row = json_new_object();
	json_put(row, "protocol", json_new_string(port_protocol(port->protocol)));
	if (!any)
		json_put(row, "host_ip", json_new_string(port->host_ip));
	json_put(row, "host_port", json_new_int(port->host_port));
	json_put(row, "to", json_new_string(to));
	*ret = row;
	return 0;
}

static int add_to_table(struct table *table, const char *id, const char *address,
			const Runtime__V1__PodSandboxConfig *config, struct err *err)
{
	struct json *rows = json_new_array();
	int r = 0;

	json_put(table->rows, id, rows);
	for (size_t i = 0; r == 0 && i < config->n_port_mappings; i++) {
		struct json *row = NULL;

		if (!config->port_mappings[i]->host_port)
			continue;
		r = read_port(config->port_mappings[i], address, &row, err);
		if (r == 0)
			r = check_free(table, row, err);
		if (r == 0)
			json_append(rows, row);
		else
			json_free(row);
	}
	return r;
}

static bool has_ports(const Runtime__V1__PodSandboxConfig *config)
{
	for (size_t i = 0; config && i < config->n_port_mappings; i++)
		if (config->port_mappings[i]->host_port)
			return true;
	return false;
}

int ports_add(struct net *net, const char *id, struct in_addr address,
	      const Runtime__V1__PodSandboxConfig *config, struct err *err)
{
	char name[INET_ADDRSTRLEN];
	struct table table;
	int r;

	if (!has_ports(config))
		return 0;
	(void) inet_ntop(AF_INET, &address, name, sizeof(name));
	r = open_table(net, &table, err);
	if (r < 0)
		return r;
	r = add_to_table(&table, id, name, config, err);
	if (r == 0)
		r = route_localhost(net, err);
	if (r == 0)
		r = apply(net, &table, err);
	table_close(&table);
	return r < 0 ? fail(err, r, "port_mappings") : 0;
}

int ports_remove(struct net *net, const char *id, struct err *err)
{
	struct table table;
	int r;

	if (faccessat(net->state, FILE_NAME, F_OK, 0) < 0)
		return 0;
	r = open_table(net, &table, err);
	if (r < 0)
		return r;
	if (json_has(table.rows, id) && !fault("cri-ports-left-open")) {
		json_remove(table.rows, id);
		r = apply(net, &table, err);
	}
	table_close(&table);
	return r;
}
