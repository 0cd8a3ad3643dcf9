/*
 * linux.intelRdt: the container's group in the resctrl file system, and its monitoring group. config-linux.md#intelrdt,
 * kernel Documentation/arch/x86/resctrl.rst.
 */
#ifndef OCI_RDT_H
#define OCI_RDT_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct json;
struct spec_intel_rdt;

/*
 * Decides which directories there will be, and makes nothing. root: NULL: where resctrl is mounted. *ret is owned and what the
 * state keeps: {"group": PATH, "make": bool, "monitor": PATH, "remove": [PATH...]}; NULL when nothing is asked for.
 */
int rdt_plan(const struct spec_intel_rdt *rdt, const char *id, const char *root, struct json **ret,
	     struct err *err);
/* Makes the group or compares the one that is there, writes schemata, makes the monitoring group. */
int rdt_make(const struct json *plan, const struct spec_intel_rdt *rdt, struct err *err);
/* A process into both groups. plan NULL: no effect. */
int rdt_attach(const struct json *plan, pid_t pid, struct err *err);
/* Other schemata for a group that is there; NULL: none of that kind. */
int rdt_update(const struct json *plan, const char *l3_schema, const char *mem_bw_schema, struct err *err);
/* What was made for this container alone. plan NULL: no effect. */
int rdt_remove(const struct json *plan, struct err *err);

/* Pure: whether every domain that wanted ("L3:0=f;1=f0") names has that value in schemata, a file of such lines. */
bool rdt_schema_holds(const char *schemata, const char *wanted);

#endif
