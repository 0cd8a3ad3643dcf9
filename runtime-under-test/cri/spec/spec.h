/*
 * From what the CRI asks for to the config.json that an OCI runtime gets, with the origin of every value. Nothing is changed
 * on the machine: what is read is the image's /etc/passwd and /etc/group, mountinfo, device nodes and CDI files.
 */
#ifndef CRI_SPEC_SPEC_H
#define CRI_SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cri/runtime_v1.pb-c.h"

struct err;
struct json;

/*
 * Paths of namespaces to join, where the modes of the CRI ask for none of the host. NULL: a new one; but for a container whose
 * pid mode is POD or TARGET, which has to be told what to join.
 */
struct spec_namespaces {
	const char *net, *ipc, *uts, *user;
	const char *pid; /* POD: the sandbox's; TARGET: the target's, which the caller has checked */
};

struct spec_request {
	const Runtime__V1__PodSandboxConfig *sandbox; /* all pointers are borrowed */
	const Runtime__V1__ContainerConfig *container; /* not read by spec_sandbox() */
	const struct json *image; /* the image's config document, {"config": {"Env": [...]}}; NULL: none */
	const char *image_name; /* for annotations; NULL: as the container's config has it */
	int rootfs; /* directory in which users are looked up; -EBADF: numbers alone can be resolved */
	const char *rootfs_path; /* root.path; NULL: "rootfs", beside config.json */

	const char *id, *sandbox_id;
	struct spec_namespaces namespaces;
	const char *hosts, *hostname, *resolv_conf,
	    *shm; /* files and directory of the sandbox; NULL: not mounted */

	bool systemd_cgroup; /* linux.cgroupsPath as "slice:prefix:id" */
	bool cgroup_v2;
	bool has_swap_limits; /* the kernel counts swap: a memory limit alone means no swap */
	bool has_recursive_readonly, has_id_mapped_mounts; /* features of the runtime handler */
	bool
	    make_missing_sources; /* a missing host_path becomes a directory of the caller's, see spec_result.missing */
	const char *const *cdi_dirs; /* later ones win; NULL: /etc/cdi and /var/run/cdi */
	size_t cdi_dir_count;
	const char *const
	    *image_mounts; /* one a mount of the container: where that image is mounted; NULL: none */
	const char *volume_dir; /* image volumes come from its "0", "1", ...; NULL: they are left out */
};

struct spec_user {
	int64_t uid, gid;
	int64_t *groups; /* owned; the primary one is among them when the CRI wants it so */
	size_t group_count;
};

/* A directory that the caller makes before the container is created, with what the image has at that place. */
struct spec_volume {
	char *source, *destination; /* owned */
};

/*
 * origins: {"process.cwd": {"from": "cri", "field": "working_dir"}, ...}, from: cri, image, default, server or cdi. Its member
 * "not mapped" says of fields that were set and are not in config.json where they went. See docs/ORIGINS.md.
 */
struct spec_result {
	struct json *config, *origins; /* owned */
	struct spec_user user;
	int stop_signal; /* a number */
	struct spec_volume *volumes; /* owned */
	size_t volume_count;
	char **missing; /* owned: host paths to make; empty unless asked for */
	size_t missing_count;
};
#define SPEC_RESULT_INIT                                                                                     \
	{                                                                                                    \
		0                                                                                            \
	}
void spec_result_free(struct spec_result *result); /* leaves an empty one */
#define auto_spec_result __attribute__((cleanup(spec_result_free))) struct spec_result

/*
 * -EINVAL: the request contradicts itself; -EPERM: the sandbox forbids it; -ENOENT: what it names is not there; -EOPNOTSUPP:
 * this machine, runtime or server cannot. Written only on success.
 */
int spec_container(const struct spec_request *request, struct spec_result *ret, struct err *err);
/* The sandbox's own first process, /pause of a read-only rootfs. */
int spec_sandbox(const struct spec_request *request, struct spec_result *ret, struct err *err);

/*
 * Merges new limits into a stored config: 0 and "" keep, hugepages of the same size are replaced. ret_config is the whole new
 * config, ret_resources what `update --resources -` of an OCI runtime reads. Rollback is the caller's: the old config stays.
 */
int spec_update(const struct json *config, const Runtime__V1__LinuxContainerResources *resources,
		struct json **ret_config, struct json **ret_resources, struct err *err);

/* The CRI's number of a signal (its own enumeration) as the kernel's; SIGNAL_RUNTIME_DEFAULT is 0, unknown ones -1. */
int spec_signal(int cri_signal);
int spec_signal_to_cri(int signal); /* the way back, for statuses; unknown ones 0 */

#endif
