/*
 * What a CRI call that was answered OK must have done, as the endpoint's own status calls tell afterwards. An answer alone is
 * never believed: a server that says OK to everything would pass every life-cycle case.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "harness/judge_part.h"

/* A status that the call must lead to; wanted NULL: the object must be gone. may_be_gone: or that. */
static const struct call_proof {
	const char *method, *what, *path, *wanted;
	bool may_be_gone;
} proofs[] = {
	{ "RunPodSandbox", "the sandbox", "sandbox.state", "SANDBOX_READY", false },
	{ "StopPodSandbox", "the sandbox", "sandbox.state", "SANDBOX_NOTREADY", true },
	{ "RemovePodSandbox", "the sandbox", "sandbox.state", NULL, true },
	{ "CreateContainer", "the container", "container.state", "CONTAINER_CREATED", false },
	{ "StopContainer", "the container", "container.state", "CONTAINER_EXITED", true },
	{ "RemoveContainer", "the container", "container.state", NULL, true },
};

bool call_is_elsewhere(const struct json *argument)
{
	static const char *const members[] = { "$as", "$in", "$async", "container_id", "pod_sandbox_id" };

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (json_has(argument, members[i]))
			return true;
	return false;
}

static bool fails(const struct step_view *view, const struct call_proof *proof, const char *seen,
		  struct finding *ret)
{
	ret->kind = FINDING_FAILS;
	text_addf(&ret->reason, "step %zu, %s: it was answered OK, but %s %s", view->index + 1, view->verb,
		  proof->what, seen ? "is " : "is not there afterwards");
	if (seen)
		text_addf(&ret->reason, "%s afterwards", seen);
	return false;
}

bool call_is_done(const struct step_view *view, struct finding *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(proofs); i++) {
		const struct call_proof *proof = &proofs[i];
		const char *seen = json_get_string(view->state, proof->path);

		if (strcmp(proof->method, view->verb) != 0)
			continue;
		if (seen ? !proof->wanted || strcmp(seen, proof->wanted) != 0 : !proof->may_be_gone)
			return fails(view, proof, seen, ret);
	}
	return true;
}
