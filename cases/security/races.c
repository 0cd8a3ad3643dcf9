/* A volume that another container changes while mounts are made in it. */
#include "harness/case.h"

static const struct conformance_case races[] = {
{
	CASE(a_swapped_mount_target_stays_inside),
	.title  = "while a volume's directory and a link to the host swap names, mounts below it make nothing on the host",
	.clause = { HARDENING("config.mounts.order") },
	.needs  = { .root = 1 },
	.prepare = { DIRECTORY("scratch/volume/a"), LINK_TO("scratch/volume/b", "@scratch") },
	.given   = {
		DROP("linux.cgroupsPath"),
		ADD("mounts[]", { "destination": "/vol", "type": "bind", "source": "@scratch/volume", "options": ["bind"] }),
		ADD("mounts[]", { "destination": "/vol/a/made", "type": "tmpfs", "source": "tmpfs" }),
	},
	.control = { DROP("mounts[/vol/a/made]") },
	.inside = { "swap /vol/a /vol/b 4000", "hold" },
	.when   = {
		DO(create), DO(start), DO(ready),
		TRIES(create, ["--bundle", "@bundle", "race-1-@id"]), TRIES(create, ["--bundle", "@bundle", "race-2-@id"]),
		TRIES(create, ["--bundle", "@bundle", "race-3-@id"]), TRIES(create, ["--bundle", "@bundle", "race-4-@id"]),
		DO(kill, "KILL"), DO(wait), DO(delete),
		TRIES(delete, ["--force", "race-1-@id"]), TRIES(delete, ["--force", "race-2-@id"]),
		TRIES(delete, ["--force", "race-3-@id"]), TRIES(delete, ["--force", "race-4-@id"]),
	},
	.then   = { INSIDE("try[swap /vol/a /vol/b 4000].errno", absent), HOST("scratch[made]", absent), HOST("mounts_added", equals, []) },
	.refuted_by = "paths-leave-the-root",
	.why = "CVE-2021-30465: the check and the use of a mount target were two walks, and a volume is swapped in between.",
	.debug = "Nothing of this depends on luck for a runtime that resolves once; one that does not is met within a few tries.",
},
};
AREA(security_races, "security/races", races);
