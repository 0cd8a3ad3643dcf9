/* Each need is one row: what is asked, and the sentence when it is not met. */
#include "harness/needs.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/clauses.h"
#include "harness/engine.h"
#include "harness/live.h"
#include "harness/profile.h"

static bool version_fits(const struct needs_context *context, const struct conformance_case *c,
			 struct text *why)
{
	const char *written = context->runtime->spec_version;

	if (c->needs.spec && version_compare(written, c->needs.spec) < 0) {
		text_addf(why,
			  "newer: this claim came with specification %s; bundles for this runtime are "
			  "written as %s",
			  c->needs.spec, written);
		return false;
	}
	for (size_t i = 0; i < case_clauses(c); i++) {
		const struct clause_entry *clause = clause_find(context->clauses, c->clause[i]->id);

		if (clause && *clause->since && version_compare(written, clause->since) < 0) {
			text_addf(why,
				  "newer: %s came with specification %s; bundles for this runtime are "
				  "written as %s",
				  clause->id, clause->since, written);
			return false;
		}
		if (clause && *clause->until && version_compare(written, clause->until) >= 0) {
			text_addf(
			    why,
			    "newer: specification %s dropped %s; bundles for this runtime are written as %s",
			    clause->until, clause->id, written);
			return false;
		}
	}
	return true;
}

static bool root_met(const struct needs_context *context, const struct conformance_case *c, struct text *why)
{
	if (!c->needs.root || context->machine->root)
		return true;
	text_add(why, "needs root; this user is not");
	return false;
}

static bool userns_met(const struct needs_context *context, const struct conformance_case *c,
		       struct text *why)
{
	if (!c->needs.userns || context->machine->userns)
		return true;
	text_add(why, "needs user namespaces; this kernel lets us make none");
	return false;
}

static bool bpf_met(const struct needs_context *context, const struct conformance_case *c, struct text *why)
{
	if (!c->needs.bpf || context->machine->bpf)
		return true;
	if (context->not_recorded)
		text_addf(why, "needs to record kernel calls, which is %s", context->not_recorded);
	else
		text_add(why, "needs to record kernel calls; this machine does not let us load BPF programs");
	return false;
}

/* A sandbox's own kernel gives the program other pids, namespaces and credentials than the host shows. */
static bool payload_met(const struct needs_context *context, const struct conformance_case *c,
			struct text *why)
{
	const struct profile *profile = context->runtime->profile;
	const char *visible = json_get_string(profile->document, "payload_visible");

	if (!c->needs.payload || !visible || !strcmp(visible, "host"))
		return true;
	text_addf(
	    why, "needs the program to be a process of this kernel; the profile %s says that it runs in a %s",
	    profile->name, visible);
	return false;
}

static bool cgroup_met(const struct needs_context *context, const struct conformance_case *c,
		       struct text *why)
{
	const struct machine *machine = context->machine;

	if (!c->needs.cgroup && !c->needs.controller)
		return true;
	if (profile_lacks(context->runtime->profile, "cgroup")) {
		text_addf(why, "needs cgroups; the profile %s runs without them",
			  context->runtime->profile->name);
		return false;
	}
	if (c->needs.cgroup == 1 && !machine->cgroup_v1)
		text_add(why, "needs cgroup v1; this machine mounts no v1 controller");
	else if (c->needs.cgroup == 2 && !machine->cgroup_v2)
		text_add(why, "needs cgroup v2 with controllers; this machine has none there");
	return !why->len;
}

static bool controller_met(const struct needs_context *context, const struct conformance_case *c,
			   struct text *why)
{
	auto_text word = { 0 };

	if (!c->needs.controller)
		return true;
	/* Freezing needs no controller in version 2. */
	if (!strcmp(c->needs.controller, "freezer") && context->machine->cgroup_v2)
		return true;
	text_addf(&word, " %s ", c->needs.controller);
	if (strstr(context->machine->controllers, text_str(&word)))
		return true;
	text_addf(why, "needs the cgroup controller %s; worlds on this machine offer%s", c->needs.controller,
		  context->machine->controllers[0] ? context->machine->controllers : " none");
	text_trim_end(why);
	return false;
}

static bool kernel_met(const struct needs_context *context, const struct conformance_case *c,
		       struct text *why)
{
	if (!c->needs.kernel || version_compare(context->machine->kernel, c->needs.kernel) >= 0)
		return true;
	text_addf(why, "needs kernel %s; this is %s", c->needs.kernel, context->machine->kernel);
	return false;
}

static bool feature_met(const struct needs_context *context, const struct conformance_case *c,
			struct text *why)
{
	const struct runtime *runtime = context->runtime;
	const char *feature = c->needs.runtime_feature;

	if (!feature)
		return true;
	if (!strcmp(feature, "features") && !runtime->features) {
		text_add(why, "needs the features command; this runtime has none");
		return false;
	}
	if (!profile_lacks(runtime->profile, feature))
		return true;
	text_addf(why, "needs %s; the profile %s says that it is not there", feature, runtime->profile->name);
	return false;
}

static bool live_met(const struct needs_context *context, const struct conformance_case *c, struct text *why)
{
	return !context->runtime->live || live_can_run(context->runtime->live, c, why);
}

static bool (*const checks[])(const struct needs_context *context, const struct conformance_case *c,
			      struct text *why) = {
	version_fits, root_met,       userns_met, bpf_met,     payload_met,
	cgroup_met,   controller_met, kernel_met, feature_met, live_met,
};

bool needs_met(const struct needs_context *context, const struct conformance_case *c, struct text *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (!checks[i](context, c, why))
			return false;
	return true;
}
