/* LinuxContainerResources as linux.resources of config.json: for creation and for updates alike. */
#ifndef CRI_SPEC_RESOURCES_H
#define CRI_SPEC_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "cri/runtime_v1.pb-c.h"

struct err;
struct json;

struct limit {
	const char *field; /* of the message */
	const char *path; /* below linux.resources */
	size_t offset;
	bool is_string;
};
#define RESOURCE_LIMITS 7
extern const struct limit resource_limits[RESOURCE_LIMITS];

int resources_check(const Runtime__V1__LinuxContainerResources *resources, struct err *err);
/* The row as JSON, owned; NULL: 0 or "", which is unset. */
struct json *resources_value(const Runtime__V1__LinuxContainerResources *resources,
			     const struct limit *limit);
struct json *resources_hugepage(const Runtime__V1__HugepageLimit *limit);

#endif
