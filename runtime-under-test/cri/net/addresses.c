/*
 * Which sandbox has which address of the built-in bridge: one JSON file {"10.88.64.2": "id"}, locked while it changes, put in
 * place by rename. Addresses are taken in a circle, so that one just freed is not at once another pod's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/network.h"
#include "runtime-under-test/cri/net/table.h"
#include "runtime-under-test/oci/faults.h"

#define FILE_NAME "addresses.json"
#define LOCK_NAME "addresses.lock"
#define FILE_BYTES_MAX (16u << 20)
#define LAST "last"

static int open_table(struct net *net, struct table *ret, struct err *err)
{
	return table_open(net->state, FILE_NAME, LOCK_NAME, FILE_BYTES_MAX, ret, err);
}

static const char *find(const struct table *table, const char *id)
{
	for (size_t i = 0; i < json_length(table->rows); i++) {
		const char *key = json_key_at(table->rows, i);
		const char *its = json_string(json_value_at(table->rows, i));

		if (strcmp(key, LAST) != 0 && its && strcmp(its, id) == 0)
			return key;
	}
	return NULL;
}

struct in_addr address_of_bridge(const struct net *net)
{
	return (struct in_addr){ htonl(ntohl(net->subnet.s_addr) + 1) };
}

/* The network's own number, the bridge's and the broadcast address are nobody's. */
static int next_free(struct net *net, const struct table *table, char name[INET_ADDRSTRLEN])
{
	uint32_t base = ntohl(net->subnet.s_addr), hosts = (1u << (32 - net->prefix)) - 3;
	struct in_addr last = { 0 };
	uint32_t start = 0;

	if (inet_pton(AF_INET, json_get_string(table->rows, LAST) ? json_get_string(table->rows, LAST) : "",
		      &last) == 1 &&
	    ntohl(last.s_addr) - base - 2 < hosts)
		start = ntohl(last.s_addr) - base - 1;
	for (uint32_t i = 0; i < hosts; i++) {
		struct in_addr address = { htonl(base + 2 + (start + i) % hosts) };

		(void) inet_ntop(AF_INET, &address, name, INET_ADDRSTRLEN);
		if (!json_member(table->rows, name))
			return 0;
	}
	return -ENOSPC;
}

int address_take(struct net *net, const char *id, struct in_addr *ret_address, struct err *err)
{
	struct table table;
	char name[INET_ADDRSTRLEN];
	const char *known;
	int r = open_table(net, &table, err);

	if (r < 0)
		return r;
	known = find(&table, id);
	if (fault("cri-one-address-for-all")) {
		*ret_address = (struct in_addr){ htonl(ntohl(address_of_bridge(net).s_addr) + 1) };
	} else if (known) {
		(void) inet_pton(AF_INET, known, ret_address);
	} else if (next_free(net, &table, name) < 0) {
		r = fail_text(err, -ENOSPC, "the built-in network has no address left");
	} else {
		json_put(table.rows, name, json_new_string(id));
		json_put(table.rows, LAST, json_new_string(name));
		r = table_write(&table, err);
		(void) inet_pton(AF_INET, name, ret_address);
	}
	table_close(&table);
	return r;
}

int address_find(struct net *net, const char *id, struct in_addr *ret_address, struct err *err)
{
	struct table table;
	const char *known;
	int r = open_table(net, &table, err);

	if (r < 0)
		return r;
	known = find(&table, id);
	if (!known || inet_pton(AF_INET, known, ret_address) != 1)
		r = fail_text(err, -ENOENT, "sandbox %s has no address", id);
	table_close(&table);
	return r;
}

int address_give_back(struct net *net, const char *id, struct err *err)
{
	struct table table;
	const char *known;
	int r = open_table(net, &table, err);

	if (r < 0)
		return r;
	known = find(&table, id);
	if (known && !fault("cri-address-kept")) {
		json_remove(table.rows, known);
		r = table_write(&table, err);
	}
	table_close(&table);
	return r;
}
