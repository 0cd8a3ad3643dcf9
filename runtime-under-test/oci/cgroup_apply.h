/* Writing resources: what cgroup_apply.c hands to the two kinds of hierarchies. */
#ifndef OCI_CGROUP_APPLY_H
#define OCI_CGROUP_APPLY_H

#include <stddef.h>
#include <stdint.h>

struct cgroup_place;
struct err;
struct spec_device_rule;
struct spec_resources;

typedef int cgroup_apply_fn(const struct cgroup_place *place, const struct spec_resources *resources,
			    struct err *err);

/* One write to one file of the place; the error begins with the field of the config ("memory.limit") and names the file. */
int cgroup_set(const struct cgroup_place *place, const char *field, const char *file, struct err *err,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Writes that depend on each other and on what was there before. cgroup_settle() tries them in turn until all are done or
 * none goes any more: so raising and lowering a pair works alike. cgroup_settle.c
 */
struct settings {
	struct setting {
		const char *field, *file; /* borrowed */
		char *value; /* owned; NULL: written */
	} items[8];
	size_t count;
};
void setting_add(struct settings *settings, const char *field, const char *file, char *taken);
int cgroup_settle(const struct cgroup_place *place, struct settings *settings, struct err *err);
void settings_clear(struct settings *settings);
#define auto_settings __attribute__((cleanup(settings_clear))) struct settings

cgroup_apply_fn cgroup_v1_memory, cgroup_v1_cpu, cgroup_v1_cpuset, cgroup_v1_pids, cgroup_v1_block_io,
    cgroup_v1_hugetlb, cgroup_v1_net_cls, cgroup_v1_net_prio, cgroup_v1_devices;
cgroup_apply_fn cgroup_v2_memory, cgroup_v2_cpu, cgroup_v2_block_io, cgroup_v2_hugetlb,
    cgroup_v2_refuse_network, cgroup_v2_devices;
cgroup_apply_fn cgroup_both_rdma; /* the same files in both */

/* Pure: cpu.shares (2 .. 262144) as cpu.weight (1 .. 10000), 1024 being 100. */
uint64_t cgroup_shares_to_weight(uint64_t shares);
/* Pure: blockIO weight (10 .. 1000) as io.weight (1 .. 10000). */
uint64_t cgroup_io_weight(uint64_t weight);

/*
 * The rules of the config with those for the devices every container has, which go behind the last rule that denies
 * everything: so a list that begins with "deny all" leaves /dev/null usable, and a later rule may still take it away.
 * Owned by the caller.
 */
struct spec_device_rule *cgroup_device_rules(const struct spec_resources *resources, size_t *ret_count);

/* Pure: the program of a device rule list; *ret owned, in instructions of eight bytes. For BPF_PROG_TYPE_CGROUP_DEVICE. */
struct bpf_insn;
size_t cgroup_device_program(const struct spec_device_rule *rules, size_t count, struct bpf_insn **ret);
/* Puts an earlier program in the place of the present one; -EBADF: there was none. */
int cgroup_program_restore(int directory, int program);

#endif
