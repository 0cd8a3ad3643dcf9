/* The life of the container's scope: planned, started around a process that waits, told of limits, stopped. */
#include "runtime-under-test/oci/systemd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/systemd_bus.h"
#include "runtime-under-test/oci/systemd_limits.h"
#include "runtime-under-test/oci/systemd_property.h"

/* The hierarchies of v1 in which systemd makes directories for its units; elsewhere they are ours from the top. */
static bool is_systemds(const struct cgroup_place *place)
{
	static const char *const managed[] = { "name=systemd", "cpu", "blkio", "memory", "devices", "pids" };

	for (size_t i = 0; i < ARRAY_SIZE(managed) && !place->unified; i++)
		if (text_starts(place->controllers, managed[i]) && !text_starts(place->controllers, "cpuset"))
			return true;
	return place->unified;
}

int systemd_plan(const char *cgroups_path, const char *id, bool user, struct cgroups *ret, struct err *err)
{
	struct systemd_unit *unit = NULL;
	auto_systemd_bus bus = { 0 };
	auto_free char *manager = NULL, *slice = NULL, *path = NULL;
	int r = systemd_parse_path(cgroups_path, id, user, &unit, err);

	if (r == 0)
		r = systemd_slice_path(unit->slice, &slice, err);
	if (r == 0)
		r = systemd_bus_open(user, &bus, err);
	if (r == 0)
		r = systemd_manager_cgroup(&bus, &manager, err);
	if (r == 0) {
		path = text_format("%s%s/%s", manager, slice, unit->name);
		r = cgroups_plan_at(path, ret, err);
	}
	if (r < 0) {
		systemd_unit_free(unit);
		return r;
	}
	for (size_t i = 0; i < ret->count; i++) {
		/* The parents are systemd's, where it has the controller; the scope's own directories go with the container. */
		if (!is_systemds(&ret->places[i]) && ret->places[i].made)
			continue;
		free(ret->places[i].made);
		ret->places[i].made = text_format("%s", path);
	}
	ret->unit = unit;
	return 0;
}

/* It holds nothing, does nothing, and ends with us. A scope without a process cannot be started. */
static pid_t fork_holder(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	(void) syscall(SYS_close_range, 0u, ~0u, 0u);
	for (;;)
		(void) pause();
}

static int append_scope(const struct systemd_bus *bus, const struct systemd_unit *unit,
			sd_bus_message *message)
{
	auto_free char *description = text_format("container %s", unit->name);
	int r = bus->sd_bus_message_append(message, "ss", unit->name, "fail");

	if (r >= 0)
		r = bus->sd_bus_message_open_container(message, 'a', "(sv)");
	if (r >= 0)
		r = bus->sd_bus_message_append(
		    message, "(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s", description, "Slice", "s",
		    unit->slice, "Delegate", "b", 1, "DefaultDependencies", "b", 0, "CollectMode", "s",
		    "inactive-or-failed", "PIDs", "au", 1, (uint32_t) unit->holder);
	if (r >= 0)
		r = bus->sd_bus_message_append(message, "(sv)(sv)(sv)(sv)", "CPUAccounting", "b", 1,
					       "MemoryAccounting", "b", 1, "IOAccounting", "b", 1,
					       "TasksAccounting", "b", 1);
	return r;
}

static int start_scope(const struct systemd_bus *bus, const struct systemd_unit *unit,
		       const struct spec *spec, struct err *err)
{
	auto_free char *what = text_format("start %s", unit->name);
	sd_bus_message *message = NULL;
	int r = systemd_method(bus, "StartTransientUnit", &message, err);

	if (r < 0)
		return r;
	r = append_scope(bus, unit, message);
	if (r >= 0)
		r = systemd_append_devices(bus, &spec->resources, message);
	/* Last, for what is said twice is what was said last. */
	if (r >= 0)
		r = systemd_append_properties(bus, &spec->annotations, message);
	if (r >= 0)
		r = bus->sd_bus_message_close_container(message);
	if (r >= 0)
		r = bus->sd_bus_message_append(message, "a(sa(sv))", 0);
	if (r < 0) {
		(void) bus->sd_bus_message_unref(message);
		return fail(err, r, "systemd: %s", what);
	}
	return systemd_call_job(bus, what, message, err);
}

int systemd_start(const struct cgroups *cgroups, const struct spec *spec, struct err *err)
{
	struct systemd_unit *unit = cgroups->unit;
	auto_systemd_bus bus = { 0 };
	int r = systemd_bus_open(unit->user, &bus, err);

	if (r < 0)
		return r;
	unit->holder = fork_holder();
	if (unit->holder < 0) {
		unit->holder = 0;
		return fail(err, -errno, "fork");
	}
	return start_scope(&bus, unit, spec, err);
}

void systemd_release(const struct cgroups *cgroups)
{
	struct systemd_unit *unit = cgroups->unit;

	if (!unit || unit->holder <= 0)
		return;
	(void) kill(unit->holder, SIGKILL); /* ours and not reaped */
	(void) waitpid(unit->holder, NULL, 0);
	unit->holder = 0;
}

int systemd_sync(const struct cgroups *cgroups, const struct spec_resources *resources, struct err *err)
{
	const struct systemd_unit *unit = cgroups->unit;
	auto_free char *what = text_format("set properties of %s", unit->name);
	auto_systemd_bus bus = { 0 };
	sd_bus_message *message = NULL;
	int r;

	if (!systemd_has_limits(resources))
		return 0;
	r = systemd_bus_open(unit->user, &bus, err);
	if (r == 0)
		r = systemd_method(&bus, "SetUnitProperties", &message, err);
	if (r < 0)
		return r;
	r = bus.sd_bus_message_append(message, "sb", unit->name, 1);
	if (r >= 0)
		r = bus.sd_bus_message_open_container(message, 'a', "(sv)");
	if (r >= 0)
		r = systemd_append_limits(&bus, cgroups, resources, message);
	if (r >= 0)
		r = bus.sd_bus_message_close_container(message);
	if (r < 0) {
		(void) bus.sd_bus_message_unref(message);
		return fail(err, r, "systemd: %s", what);
	}
	return systemd_call(&bus, what, message, err);
}

/* Its directories and processes are gone: systemd has noticed, or is told. Either way there is nobody to complain to. */
void systemd_stop(const struct systemd_unit *unit)
{
	auto_systemd_bus bus = { 0 };
	sd_bus_message *message = NULL;

	if (systemd_bus_open(unit->user, &bus, NULL) < 0 ||
	    systemd_method(&bus, "StopUnit", &message, NULL) < 0)
		return;
	if (bus.sd_bus_message_append(message, "ss", unit->name, "replace") < 0) {
		(void) bus.sd_bus_message_unref(message);
		return;
	}
	(void) systemd_call_job(&bus, "stop", message, NULL);
}
