/* Files of the Container Device Interface, and the devices that they describe. */
#ifndef CRI_SPEC_CDI_H
#define CRI_SPEC_CDI_H

#include "runtime-under-test/cri/spec/build.h"

/* Applies one containerEdits object to the config; name: for origins. */
int cdi_apply(struct spec_build *build, const struct json *edits, const char *name, struct err *err);

#endif
