/* Writes of the runtime that an image would like to have elsewhere. */
#include "harness/case.h"

static const struct conformance_case procfs[] = {
{
	CASE(sysctls_are_not_written_into_a_fake_proc),
	.title  = "a sysctl is not written into a file of a volume that lies over /proc/sys",
	.clause = { HARDENING("linux.sysctl.def.apply") },
	.needs  = { .root = 1 },
	.prepare = { FILE_WITH("scratch/fake/net/ipv4/ip_forward", "untouched") },
	.given   = {
		ADD("mounts[]", { "destination": "/proc/sys", "type": "bind", "source": "@scratch/fake", "options": ["bind"] }),
		SET("linux.sysctl", { "net.ipv4.ip_forward": "1" }),
	},
	.control = { DROP("mounts[/proc/sys]") },
	.when    = { TRIES(run) },
	.then    = { HOST("scratch[fake/net/ipv4/ip_forward].content", equals, "untouched") },
	.refuted_by = "sysctl-through-the-container",
	.why = "CVE-2019-16884, CVE-2025-52881: what the runtime writes to /proc must land on procfs, or limits and labels are words on paper.",
},
{
	CASE(sysctls_are_not_written_through_a_link),
	.title  = "a sysctl is not written through a link in a volume that lies over /proc",
	.clause = { HARDENING("linux.sysctl.def.apply") },
	.needs  = { .root = 1 },
	.prepare = { DIRECTORY("scratch/fake/sys/net/ipv4"), LINK_TO("scratch/fake/sys/net/ipv4/ip_forward", "@scratch/victim"), FILE_WITH("scratch/victim", "untouched") },
	.given   = {
		ADD("mounts[]", { "destination": "/proc", "type": "bind", "source": "@scratch/fake", "options": ["bind"] }),
		SET("linux.sysctl", { "net.ipv4.ip_forward": "1" }),
	},
	.control = { DROP("mounts[6]") },
	.when    = { TRIES(run) },
	.then    = { HOST("scratch[victim].content", equals, "untouched") },
	.refuted_by = "sysctl-through-the-container",
	.why = "CVE-2019-19921: a volume over /proc made labels and sysctls go where its files lead.",
},
};
AREA(security_procfs, "security/procfs", procfs);
