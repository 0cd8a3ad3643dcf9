/* linux.memoryPolicy as set_mempolicy(2) takes it. */
#include <ctype.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/spec.h"

#define POLICY_WEIGHTED_INTERLEAVE 6 /* kernel commit fa3bea4e1f82, v6.9 */

struct name {
	const char *name;
	int value;
};

static const struct name modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_LOCAL", MPOL_LOCAL },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_WEIGHTED_INTERLEAVE", POLICY_WEIGHTED_INTERLEAVE },
};

static const struct name flags[] = {
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
};

static int find(const struct name *names, size_t count, const char *name, const char *field, int *ret,
		struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i].name, name) == 0) {
			*ret |= names[i].value;
			return 0;
		}
	return fail_text(err, -EINVAL, "linux.memoryPolicy.%s: unknown word %s", field, name);
}

static int bad_nodes(const char *nodes, struct err *err)
{
	return fail_text(err, -EINVAL, "linux.memoryPolicy.nodes: \"%s\" is no list of nodes below %d", nodes,
			 PROCESS_NODES_MAX);
}

/* "0-3,7" */
static int parse_nodes(const char *list, unsigned long *nodes, struct err *err)
{
	const unsigned width = 8 * sizeof(*nodes);

	for (const char *at = list; *at;) {
		unsigned long from, to;
		char *end;

		if (!isdigit((unsigned char) *at))
			return bad_nodes(list, err);
		from = to = strtoul(at, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char) end[1]))
				return bad_nodes(list, err);
			to = strtoul(end + 1, &end, 10);
		}
		if (from > to || to >= PROCESS_NODES_MAX || (*end && *end != ','))
			return bad_nodes(list, err);
		for (unsigned long node = from; node <= to; node++)
			nodes[node / width] |= 1ul << node % width;
		at = *end ? end + 1 : end;
	}
	return 0;
}

int process_memory_policy(const struct spec_memory_policy *policy, int *ret_mode, unsigned long *nodes,
			  struct err *err)
{
	int mode = 0, r = find(modes, ARRAY_SIZE(modes), policy->mode, "mode", &mode, err);

	for (size_t i = 0; i < policy->flags.count && r == 0; i++)
		r = find(flags, ARRAY_SIZE(flags), policy->flags.items[i], "flags", &mode, err);
	if (r == 0 && policy->nodes)
		r = parse_nodes(policy->nodes, nodes, err);
	if (r == 0)
		*ret_mode = mode;
	return r;
}
