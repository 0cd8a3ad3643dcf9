/* bundle.md: where the config must be, and what is no bundle. A bundle is spoilt, refused, mended and accepted. */
#include "harness/case.h"

static const struct conformance_case bundle[] = {
{
	CASE(a_bundle_without_a_config_is_refused),
	.title  = "a bundle without config.json is an error",
	.clause = { MUST("bundle.config.required") },
	.needs  = { .root = 1 },
	.when   = {
		DO(rename, ["@bundle/config.json", "@scratch/kept"]), REFUSES(create),
		DO(rename, ["@scratch/kept", "@bundle/config.json"]), DO(create), DO(start), DO(wait), DO(delete),
	},
	.then   = { INSIDE("complete", equals, true), HOST("leftovers", equals, []) },
	.refuted_by = "create-never-fails",
},
{
	CASE(a_config_of_another_name_is_not_taken),
	.title  = "only a file named exactly config.json is the config",
	.clause = { MUST("bundle.config.name") },
	.needs  = { .root = 1 },
	.when   = {
		DO(rename, ["@bundle/config.json", "@bundle/Config.json"]), REFUSES(create),
		DO(rename, ["@bundle/Config.json", "@bundle/config.json"]), DO(create), DO(start), DO(wait), DO(delete),
	},
	.then   = { INSIDE("complete", equals, true), HOST("leftovers", equals, []) },
	.refuted_by = "create-never-fails",
},
{
	CASE(a_config_below_the_bundle_is_not_taken),
	.title  = "a config.json in a directory of the bundle is not the config",
	.clause = { MUST("bundle.config.location") },
	.needs  = { .root = 1 },
	.when   = {
		DO(rename, ["@bundle/config.json", "@bundle/rootfs/config.json"]), REFUSES(create),
		DO(rename, ["@bundle/rootfs/config.json", "@bundle/config.json"]), DO(create), DO(start), DO(wait), DO(delete),
	},
	.then   = { INSIDE("complete", equals, true), HOST("leftovers", equals, []) },
	.refuted_by = "create-never-fails",
},
{
	CASE(a_bundle_that_does_not_exist_is_refused),
	.title  = "a path to a bundle that does not exist is an error",
	.clause = { MUST("runtime.op.create.no-args"), MUST("bundle.config.required") },
	.needs  = { .root = 1 },
	.when   = { REFUSES(create, ["--bundle", "@bundle/no-bundle", "@id"]), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = { INSIDE("complete", equals, true), HOST("leftovers", equals, []) },
	.refuted_by = "create-never-fails",
},
{
	CASE(a_config_that_is_no_json_is_refused),
	.title  = "a config.json that is not JSON is an error",
	.clause = { MUST("bundle.config.required"), MUST("config.ext.invalid-values") },
	.needs  = { .root = 1 },
	.when   = {
		DO(rename, ["@bundle/config.json", "@scratch/kept"]),
		DO(write, { "path": "@bundle/config.json", "content": "this is no JSON" }), REFUSES(create),
		DO(rename, ["@scratch/kept", "@bundle/config.json"]), DO(create), DO(start), DO(wait), DO(delete),
	},
	.then   = { INSIDE("complete", equals, true), HOST("leftovers", equals, []) },
	.refuted_by = "create-never-fails",
},
{
	CASE(a_config_that_breaks_off_is_refused),
	.title  = "a config.json that ends in the middle is an error",
	.clause = { MUST("bundle.config.required"), MUST("config.ext.invalid-values") },
	.needs  = { .root = 1 },
	.when   = {
		DO(rename, ["@bundle/config.json", "@scratch/kept"]),
		DO(write, { "path": "@bundle/config.json", "content": "{ \"ociVersion\": \"1.0.2\", \"process\": { \"args\": [ \"/pro" }),
		REFUSES(create),
		DO(rename, ["@scratch/kept", "@bundle/config.json"]), DO(create), DO(start), DO(wait), DO(delete),
	},
	.then   = { INSIDE("complete", equals, true), HOST("leftovers", equals, []) },
	.refuted_by = "create-never-fails",
},
{
	CASE(an_empty_config_is_refused),
	.title  = "an empty config.json is an error",
	.clause = { MUST("bundle.config.required"), MUST("config.ext.invalid-values") },
	.needs  = { .root = 1 },
	.when   = {
		DO(rename, ["@bundle/config.json", "@scratch/kept"]),
		DO(write, { "path": "@bundle/config.json", "content": "" }), REFUSES(create),
		DO(rename, ["@scratch/kept", "@bundle/config.json"]), DO(create), DO(start), DO(wait), DO(delete),
	},
	.then   = { INSIDE("complete", equals, true), HOST("leftovers", equals, []) },
	.refuted_by = "create-never-fails",
},
{
	CASE(a_bundle_may_be_a_link),
	.title  = "a bundle may be reached through a link, and state shows a path that leads there",
	.clause = { MUST("runtime.state.bundle") },
	.needs  = { .root = 1 },
	.prepare = { LINK_TO("scratch/alias", "@bundle") },
	.when   = { DO(create, ["--bundle", "@scratch/alias", "@id"]), DO(start), DO(wait), DO(delete) },
	.then   = { STATE("after[create].bundle", matches, "^/"), INSIDE("complete", equals, true) },
	.refuted_by = "state-has-relative-bundle",
},
};
AREA(oci_bundle, "oci/bundle", bundle);
