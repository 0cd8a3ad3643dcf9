/* The five capability sets, by the raw system calls: capabilities(7), config.md#linux-process */
#ifndef OCI_CAPABILITIES_H
#define OCI_CAPABILITIES_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct log;
struct spec_process;

/* What the payload gets, after what nobody here can grant was taken out. Bit N is capability N. */
struct capabilities {
	uint64_t effective, permitted, inheritable, bounding, ambient;
};

bool capability_is_effective(int capability);
/*
 * Which capabilities can be handed on: the bounding set, which a user namespace makes full again. A config that names
 * others is warned about and runs without them (config.md#linux-process); so is an ambient one that is not permitted and
 * inheritable too.
 */
uint64_t capabilities_available(bool new_user_namespace);
struct capabilities capabilities_plan(const struct spec_process *process, uint64_t available,
				      const struct log *log);

/* Before the ids change: inheritable is set while it may still be raised, then the bounding set falls. */
int capabilities_bound(const struct capabilities *wanted, struct err *err);
/* After the ids changed: what was kept over it works again, for the one call that still needs it. */
int capabilities_hold(struct err *err);
/* Last: the effective, permitted and ambient sets of the config. */
int capabilities_apply(const struct capabilities *wanted, struct err *err);

#endif
