/*
 * The systemd cgroup driver: the container is a transient scope, so that systemd knows of its cgroup and leaves it alone.
 * cgroupsPath is SLICE:PREFIX:NAME then. libsystemd is opened only here: linking it would cost every start over a millisecond.
 */
#ifndef OCI_SYSTEMD_H
#define OCI_SYSTEMD_H

#include <stdbool.h>
#include <sys/types.h>

struct cgroups;
struct err;
struct json;
struct spec;
struct spec_resources;

struct systemd_unit {
	char *name, *slice; /* owned: "plumbline-c1.scope", "system.slice" */
	bool user; /* the caller's own manager, not the machine's */
	pid_t holder; /* a process that keeps the scope alive until init is in it; 0: none */
};
void systemd_unit_free(struct systemd_unit *unit); /* ends the holder too */

/* Pure: NULL or empty: the defaults. -EINVAL: not of the form SLICE:PREFIX:NAME, or no slice name. */
int systemd_parse_path(const char *cgroups_path, const char *id, bool user, struct systemd_unit **ret,
		       struct err *err);
/* Pure: "a-b.slice" lies at "/a.slice/a-b.slice", "-.slice" at "". Owned. */
int systemd_slice_path(const char *slice, char **ret, struct err *err);

/* As cgroups_plan(): asks the manager where it is. */
int systemd_plan(const char *cgroups_path, const char *id, bool user, struct cgroups *ret, struct err *err);
/* Starts the scope, with a process of ours in it that waits. */
int systemd_start(const struct cgroups *cgroups, const struct spec *spec, struct err *err);
/* Init is in the scope: the process that held it may go. */
void systemd_release(const struct cgroups *cgroups);
/* Tells systemd the limits that resources name, as the kernel has them now: else its next reload would take them back. */
int systemd_sync(const struct cgroups *cgroups, const struct spec_resources *resources, struct err *err);
/* The scope is gone afterwards; that it is not there any more is no error. */
void systemd_stop(const struct systemd_unit *unit);

#endif
