/* config-linux.md, Memory policy: on which nodes the program's memory lies. Node 0 is all that a case may suppose. */
#include "harness/case.h"

#define NEEDS { .root = 1, .runtime_feature = "memory-policy" }

static const struct conformance_case memory_policy[] = {
{
	CASE(bind_is_set),
	.title  = "MPOL_BIND with nodes is the policy of the program",
	.clause = { MUST("linux.mempolicy.def.apply") },
	.needs  = NEEDS,
	.given  = { SET("linux.memoryPolicy", { "mode": "MPOL_BIND", "nodes": "0" }) },
	.then   = { INSIDE("memory_policy.mode", equals, "MPOL_BIND") },
	.refuted_by = "memory-policy-skipped",
},
{
	CASE(interleave_with_static_nodes_is_set),
	.title  = "MPOL_INTERLEAVE with MPOL_F_STATIC_NODES is the policy of the program, flag and all",
	.clause = { MUST("linux.mempolicy.def.apply") },
	.needs  = NEEDS,
	.given  = { SET("linux.memoryPolicy", { "mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"] }) },
	.then   = {
		INSIDE("memory_policy.mode", equals, "MPOL_INTERLEAVE"),
		INSIDE("memory_policy.flags", equals, ["MPOL_F_STATIC_NODES"]),
	},
	.refuted_by = "memory-policy-skipped",
},
{
	CASE(preferred_with_relative_nodes_is_set),
	.title  = "MPOL_PREFERRED with MPOL_F_RELATIVE_NODES is the policy of the program, flag and all",
	.clause = { MUST("linux.mempolicy.def.apply") },
	.needs  = NEEDS,
	.given  = { SET("linux.memoryPolicy", { "mode": "MPOL_PREFERRED", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"] }) },
	.then   = {
		INSIDE("memory_policy.mode", equals, "MPOL_PREFERRED"),
		INSIDE("memory_policy.flags", equals, ["MPOL_F_RELATIVE_NODES"]),
	},
	.refuted_by = "memory-policy-skipped",
},
{
	CASE(local_needs_no_nodes),
	.title  = "MPOL_LOCAL without nodes is the policy of the program",
	.clause = { MUST("linux.mempolicy.def.apply") },
	.needs  = NEEDS,
	.given  = { SET("linux.memoryPolicy", { "mode": "MPOL_LOCAL" }) },
	.then   = { INSIDE("memory_policy.mode", equals, "MPOL_LOCAL") },
	.refuted_by = "memory-policy-skipped",
},
{
	CASE(a_policy_without_its_mode_is_refused),
	.title  = "a memory policy without a mode is an error",
	.clause = { MUST("linux.mempolicy.mode") },
	.needs   = NEEDS,
	.given   = { SET("linux.memoryPolicy", { "nodes": "0" }) },
	.control = { SET("linux.memoryPolicy.mode", "MPOL_BIND") },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []) },
	.refuted_by = "run-never-fails",
},
{
	CASE(an_unknown_mode_is_refused),
	.title  = "a memory policy whose mode the specification does not know is an error",
	.clause = { MUST("linux.mempolicy.def.apply") },
	.needs   = NEEDS,
	.given   = { SET("linux.memoryPolicy", { "mode": "MPOL_ANYWHERE", "nodes": "0" }) },
	.control = { SET("linux.memoryPolicy.mode", "MPOL_BIND") },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []) },
	.refuted_by = "run-never-fails",
},
{
	CASE(arguments_that_the_kernel_refuses_are_an_error),
	.title  = "MPOL_BIND without nodes, which set_mempolicy(2) refuses, is an error",
	.clause = { MUST("linux.mempolicy.def.apply") },
	.needs   = NEEDS,
	.given   = { SET("linux.memoryPolicy", { "mode": "MPOL_BIND" }) },
	.control = { SET("linux.memoryPolicy.nodes", "0") },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []) },
	.refuted_by = "memory-policy-skipped",
},
};
AREA(oci_memory_policy, "oci/memory_policy", memory_policy);
