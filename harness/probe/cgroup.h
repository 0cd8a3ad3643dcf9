/* The process's own cgroup directories, where cgroup mounts inside show them. */
#ifndef HARNESS_PROBE_CGROUP_H
#define HARNESS_PROBE_CGROUP_H

struct probe;

/*
 * controller: "cpu", "name=systemd", or "" for cgroup2; hierarchies with two controllers are visited twice.
 */
typedef void cgroup_visitor(void *argument, const char *controller, const char *directory);
int cgroup_each(const struct probe *probe, cgroup_visitor *visit, void *argument); /* 0 or -errno */

#endif
