/* Adding one device node to config.json: shared by what the CRI lists, what privilege brings and what CDI describes. */
#ifndef CRI_SPEC_DEVICES_H
#define CRI_SPEC_DEVICES_H

#include <sys/stat.h>

#include "runtime-under-test/cri/spec/build.h"

/* access: of "rwm"; NULL: no row in the allow list. from and field of access may differ: access_field NULL is the same. */
struct device_node {
	const char *path, *host; /* where it is inside, and on the node; host NULL: at the same place */
	const char *access, *field, *access_field;
	enum spec_from from, access_from;
	char type; /* 'c', 'b' or 'p' */
	unsigned major, minor;
	int64_t mode, uid, gid; /* < 0: left out */
};
void device_put(struct spec_build *build, const struct device_node *node);
/* Fills type, numbers, mode and owner. False: no device. */
bool device_describe(const struct stat *st, struct device_node *ret);
int device_check_access(const char *access, const char *field, struct err *err);

#endif
