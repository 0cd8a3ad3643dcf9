/* What the parts of spec/ share: one config.json under construction, in which every value is put with its origin. */
#ifndef CRI_SPEC_BUILD_H
#define CRI_SPEC_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "runtime-under-test/cri/spec/spec.h"

/* The generated names are too long to be read more than once. */
typedef Runtime__V1__PodSandboxConfig cri_sandbox;
typedef Runtime__V1__ContainerConfig cri_container;
typedef Runtime__V1__LinuxContainerResources cri_resources;
typedef Runtime__V1__LinuxContainerSecurityContext cri_security;
typedef Runtime__V1__LinuxSandboxSecurityContext cri_sandbox_security;
typedef Runtime__V1__NamespaceOption cri_namespaces;
typedef Runtime__V1__SecurityProfile cri_profile;
typedef Runtime__V1__Mount cri_mount;
typedef Runtime__V1__IDMapping cri_mapping;

enum spec_from { FROM_CRI, FROM_IMAGE, FROM_DEFAULT, FROM_SERVER, FROM_CDI };

struct spec_build {
	const struct spec_request *request;
	const cri_sandbox *sandbox;
	const cri_container *container; /* NULL: the sandbox's own process */
	const cri_security *security; /* of the container; NULL: unset */
	const cri_sandbox_security *sandbox_security; /* NULL: unset */
	const struct json *image; /* its "config" */
	bool privileged;
	struct json *
	    device_mounts; /* owned: [{"mount": ..., "from", "name": of the device}], which are put into order with the others */
	char *user_name; /* owned: as /etc/passwd has it; NULL: not listed there */
	struct spec_result result;
};

/* Where fields stand in proto3, an unset string is "": never NULL from the wire, but perhaps from a caller. */
static inline bool is_set(const char *string)
{
	return string && *string;
}

/* Puts a value at a path of ours (base/json.h) with the origin of the whole of it. */
void spec_put(struct spec_build *build, const char *path, struct json *taken, enum spec_from from,
	      const char *field);
void spec_put_string(struct spec_build *build, const char *path, const char *value, enum spec_from from,
		     const char *field);
void spec_put_int(struct spec_build *build, const char *path, int64_t value, enum spec_from from,
		  const char *field);
/* Appends to the array at path, which is made when missing; returns the index. */
size_t spec_append(struct spec_build *build, const char *path, struct json *taken, enum spec_from from,
		   const char *field);
/* Puts a member whose name is not ours: origin row PATH[KEY]. */
void spec_put_key(struct spec_build *build, const char *path, const char *key, const char *value,
		  enum spec_from from, const char *field);
void spec_origin(struct spec_build *build, const char *path, enum spec_from from, const char *field);
/* "NAME=VALUE": replaces the variable where it stands. */
void spec_put_env(struct spec_build *build, const char *entry, enum spec_from from, const char *field);
/* A field that was set and has no place in config.json: why. */
void spec_unmapped(struct spec_build *build, const char *field, const char *why);

/* One part of config.json each. */
int spec_process(struct spec_build *build, struct err *err);
int spec_pause(struct spec_build *build, struct err *err);
int spec_user(struct spec_build *build, struct err *err);
int spec_capabilities(struct spec_build *build, struct err *err);
int spec_labels(struct spec_build *build, struct err *err); /* AppArmor and SELinux */
int spec_seccomp(struct spec_build *build, struct err *err);
int spec_namespaces(struct spec_build *build, struct err *err);
int spec_cgroup(struct spec_build *build, struct err *err);
int spec_resources(struct spec_build *build, struct err *err);
int spec_devices(struct spec_build *build, struct err *err);
int spec_cdi(struct spec_build *build, struct err *err);
int spec_mounts(struct spec_build *build, struct err *err);
int spec_sysctls(struct spec_build *build, struct err *err);
void spec_annotations(struct spec_build *build);
void spec_paths(struct spec_build *build); /* masked and read-only */

Runtime__V1__NamespaceMode spec_network_mode(const struct spec_build *build);
Runtime__V1__NamespaceMode spec_ipc_mode(const struct spec_build *build);
bool spec_has_user_namespace(const struct spec_build *build);
struct json *spec_mappings(cri_mapping *const *mappings, size_t count);

#endif
