/*
 * Stage 3 of creation: what limits the container. Cgroups, by ourselves or as a scope of systemd, and the group of resctrl:
 * planned before the state is written, so that it names all of them, and made before there is a process for them.
 */
#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/rdt.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/systemd.h"

int resources_plan(struct creation *creation, struct json **ret_resctrl, struct err *err)
{
	const struct runtime *runtime = creation->runtime;
	const char *path = creation->spec->cgroups_path, *id = creation->options->id;
	int r = runtime->systemd_cgroup ? systemd_plan(path, id, runtime->rootless, &creation->cgroups, err)
					: cgroups_plan(path, id, &creation->cgroups, err);

	return r < 0 ? r : rdt_plan(&creation->spec->intel_rdt, id, runtime->resctrl, ret_resctrl, err);
}

static const struct json *resctrl_of(const struct creation *creation)
{
	return json_member(creation->state.cgroups, "resctrl");
}

static bool is_optional(const struct creation *creation)
{
	return creation->runtime->rootless && !creation->spec->cgroups_path;
}

/* Limits before members: no process of the container ever lives without them. */
int resources_make(struct creation *creation, struct err *err)
{
	const struct spec_resources *resources = &creation->spec->resources;
	const struct systemd_unit *unit = creation->cgroups.unit;
	int r = unit ? systemd_start(&creation->cgroups, creation->spec, err) : 0;

	if (r == 0)
		r = cgroups_make(&creation->cgroups, is_optional(creation), err);
	if (r == 0 && !fault("limits-skipped"))
		r = cgroups_apply(&creation->cgroups, resources, err);
	if (r == 0 && unit)
		r = systemd_sync(&creation->cgroups, resources, err);
	if (r == 0)
		r = cgroups_delegate(&creation->cgroups, creation->spec, err);
	return r < 0 ? r : rdt_make(resctrl_of(creation), &creation->spec->intel_rdt, err);
}

int resources_settle(struct creation *creation, struct err *err)
{
	systemd_release(&creation->cgroups);
	return rdt_attach(resctrl_of(creation), creation->init, err);
}

int resources_remove(struct creation *creation, struct err *err)
{
	int r = fault("failed-create-leaves-cgroup") ? 0 : cgroups_remove(&creation->cgroups, err);

	return r < 0 ? r : rdt_remove(resctrl_of(creation), err);
}
