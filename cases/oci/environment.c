/* What surrounds a program beside its environment of the config: the home directory, the session keyring. */
#include "harness/case.h"

static const struct conformance_case environment[] = {
{
	CASE(home_is_looked_up_in_the_image),
	.title  = "where the config has no HOME, it is the user's home directory of the image's /etc/passwd",
	.clause = { HARDENING("config.def.env") },
	.needs  = { .root = 1 },
	.prepare = { FILE_WITH("rootfs/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nplumb:x:1000:1000::/home/plumb:/bin/sh\n") },
	.given  = { SET("process.user", { "uid": 1000, "gid": 1000 }), SET("process.env", ["PATH=/bin"]) },
	.then   = { INSIDE("env.HOME", equals, "/home/plumb"), INSIDE("env.PATH", equals, "/bin") },
	.refuted_by = "home-forgotten",
	.why = "No engine can read that file as the container will see it; docker leaves HOME to the runtime.",
},
{
	CASE(a_configured_home_stays),
	.title  = "HOME of the config is not replaced",
	.clause = { MUST("config.def.env") },
	.needs  = { .root = 1 },
	.prepare = { FILE_WITH("rootfs/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n") },
	.given  = { SET("process.env", ["HOME=/mine", "PATH=/bin"]) },
	.then   = { INSIDE("env", equals, { "HOME": "/mine", "PATH": "/bin" }) },
	.refuted_by = "home-overwritten",
},
{
	CASE(home_of_a_user_nobody_knows_is_the_root),
	.title  = "a user that the image does not know gets / for HOME",
	.clause = { HARDENING("config.def.env") },
	.needs  = { .root = 1 },
	.given  = { SET("process.user", { "uid": 4242, "gid": 0 }), SET("process.env", ["PATH=/bin"]) },
	.then   = { INSIDE("env.HOME", equals, "/") },
	.refuted_by = "home-forgotten",
},
{
	CASE(the_session_keyring_is_the_containers),
	.title  = "the program has a session keyring named after the container, and what exec adds has the same one",
	.clause = { HARDENING("runtime.lifecycle.env-from-config") },
	.needs  = { .root = 1, .runtime_feature = "exec" },
	.inside = { "keyring", "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(exec, { "args": ["/probe", "--try", "keyring"] }), DO(kill, "KILL"), DO(wait), DO(delete) },
	.then   = {
		INSIDE("try[keyring].name", matches, "@id$"),
		INSIDE("exec[0].try[keyring].name", equals, "@inside.try[keyring].name"),
	},
	.refuted_by = "keyring-kept",
	.why = "The keys of whoever runs the runtime are none of the container's business.",
},
};

AREA(oci_environment, "oci/environment", environment);
