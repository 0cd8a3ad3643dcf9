/*
 * config.json as C: everything runtime-spec 1.3.0 defines for Linux, parsed and validated before anything is done.
 * Strings and arrays are owned by struct spec; NULL or count 0 means absent; has_x tells an absent number from zero.
 * https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md and config-linux.md
 */
#ifndef OCI_SPEC_H
#define OCI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct json;

struct spec_strings {
	char **items; /* NULL-terminated, so items can be passed to execve; NULL when count is 0 */
	size_t count;
};

struct spec_id_map {
	uint32_t container_id, host_id, size;
};
struct spec_id_maps {
	struct spec_id_map *items;
	size_t count;
};

struct spec_mount {
	char *destination, *type, *source;
	struct spec_strings options;
	struct spec_id_maps uid_maps, gid_maps;
};

enum spec_capability_set {
	CAPS_EFFECTIVE,
	CAPS_PERMITTED,
	CAPS_INHERITABLE,
	CAPS_BOUNDING,
	CAPS_AMBIENT,
	CAPS_COUNT
};

struct spec_rlimit {
	int resource;
	uint64_t soft, hard;
};

struct spec_scheduler {
	bool present;
	int policy; /* SCHED_* */
	int nice, priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period;
};

struct spec_process {
	bool present; /* a config without process is legal: start then fails */
	bool terminal;
	bool has_console_size;
	uint16_t console_width, console_height;
	char *cwd;
	struct spec_strings env, args;
	uid_t uid;
	gid_t gid;
	bool has_umask;
	mode_t umask;
	gid_t *groups;
	size_t group_count;
	bool has_capabilities; /* absent: all sets are emptied, as callers expect of crun and runc */
	uint64_t capabilities[CAPS_COUNT]; /* bit N is capability N */
	struct spec_strings unknown_capabilities; /* warned about, never fatal: config.md#linux-process */
	struct spec_rlimit *rlimits;
	size_t rlimit_count;
	bool no_new_privileges;
	bool has_oom_score_adj;
	int oom_score_adj;
	char *apparmor_profile, *selinux_label;
	struct spec_scheduler scheduler;
	bool has_io_priority;
	int io_class, io_priority; /* IOPRIO_CLASS_* */
	char *cpu_affinity_initial, *cpu_affinity_final;
};

struct spec_hook {
	char *path;
	struct spec_strings args,
	    env; /* env.items NULL: the hook gets an empty environment (config.md#posix-platform-hooks) */
	bool has_timeout;
	int timeout_s;
};
enum spec_hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_COUNT
};
struct spec_hooks {
	struct spec_hook *items;
	size_t count;
};

struct spec_namespace {
	uint64_t flag; /* CLONE_NEW* */
	char *path; /* NULL: a new one */
};

struct spec_device {
	char type; /* 'c', 'b', 'p' ('u' is read as 'c') */
	char *path;
	int64_t major, minor;
	bool has_mode, has_uid, has_gid;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

struct spec_device_rule {
	bool allow;
	char type; /* 'a', 'c', 'b' */
	int64_t major, minor; /* -1: all */
	char access[4]; /* subset of "rwm" */
};

struct spec_number {
	bool present;
	int64_t value;
}; /* an optional integer of the config */
struct spec_unsigned {
	bool present;
	uint64_t value;
};

struct spec_throttle {
	int64_t major, minor;
	uint64_t rate;
};
struct spec_throttles {
	struct spec_throttle *items;
	size_t count;
};
struct spec_weight_device {
	int64_t major, minor;
	struct spec_unsigned weight, leaf_weight;
};
struct spec_hugepage {
	char *page_size;
	uint64_t limit;
};
struct spec_pair {
	char *key, *value;
};
struct spec_pairs {
	struct spec_pair *items;
	size_t count;
};
struct spec_rdma {
	char *device;
	struct spec_unsigned handles, objects;
};

struct spec_resources {
	struct spec_device_rule *devices;
	size_t device_count;
	struct {
		struct spec_number limit, reservation, swap, kernel, kernel_tcp;
		struct spec_unsigned swappiness;
		bool has_disable_oom_killer, disable_oom_killer;
		bool has_use_hierarchy, use_hierarchy, check_before_update;
	} memory;
	struct {
		struct spec_unsigned shares, period, realtime_period, burst;
		struct spec_number quota, realtime_runtime, idle;
		char *cpus, *mems;
	} cpu;
	struct spec_number pids_limit;
	struct {
		struct spec_unsigned weight, leaf_weight;
		struct spec_weight_device *weight_devices;
		size_t weight_device_count;
		struct spec_throttles read_bps, write_bps, read_iops, write_iops;
	} block_io;
	struct spec_hugepage *hugepages;
	size_t hugepage_count;
	struct {
		struct spec_unsigned class_id;
		struct spec_pair *priorities; /* key: interface, value: decimal priority */
		size_t priority_count;
	} network;
	struct spec_rdma *rdma;
	size_t rdma_count;
	struct spec_pairs unified;
};

struct spec_seccomp_arg {
	unsigned index;
	uint64_t value, value_two;
	int op;
}; /* op: enum scmp_compare */
struct spec_seccomp_rule {
	struct spec_strings names;
	char *action; /* "SCMP_ACT_ERRNO", validated */
	struct spec_unsigned errno_ret;
	struct spec_seccomp_arg *args;
	size_t arg_count;
};
struct spec_seccomp {
	bool present;
	char *default_action;
	struct spec_unsigned default_errno_ret;
	struct spec_strings architectures, flags;
	char *listener_path, *listener_metadata;
	struct spec_seccomp_rule *rules;
	size_t rule_count;
};

struct spec_net_device {
	char *host_name, *name;
}; /* name: inside; NULL: keep */

struct spec_intel_rdt {
	bool present;
	char *clos_id, *l3_schema, *mem_bw_schema;
	struct spec_strings schemata;
	bool enable_monitoring;
};

struct spec_memory_policy {
	bool present;
	char *mode, *nodes;
	struct spec_strings flags;
};

struct spec {
	char *version;
	char *root_path;
	bool root_readonly;
	char *hostname, *domainname;
	struct spec_mount *mounts;
	size_t mount_count;
	struct spec_process process;
	struct spec_hooks hooks[HOOK_COUNT];
	struct spec_pairs annotations;
	/* linux */
	struct spec_namespace *namespaces;
	size_t namespace_count;
	struct spec_id_maps uid_maps, gid_maps;
	struct {
		bool present;
		int64_t secs;
		uint32_t nanosecs;
	} boottime, monotonic;
	struct spec_device *devices;
	size_t device_count;
	char *cgroups_path;
	struct spec_resources resources;
	char *rootfs_propagation; /* "private", ...; validated */
	struct spec_strings masked_paths, readonly_paths;
	char *mount_label;
	struct spec_pairs sysctl;
	struct spec_seccomp seccomp;
	char *personality; /* "LINUX" or "LINUX32" */
	struct spec_strings personality_flags;
	struct spec_net_device *net_devices;
	size_t net_device_count;
	struct spec_intel_rdt intel_rdt;
	struct spec_memory_policy memory_policy;
};

/*
 * Parses and validates. Every error names the field by its path: "process.rlimits[0].type: unknown limit RLIMIT_X".
 * -EINVAL for what the specification refuses. On failure *ret is not written.
 */
int spec_parse(const struct json *config, struct spec **ret, struct err *err);
/* Reads config.json of an open bundle directory; at most 16 MiB. ret_config (owned) may be NULL. */
int spec_read(int bundle, struct spec **ret, struct json **ret_config, struct err *err);
void spec_free(struct spec *spec); /* NULL is fine */

/* process alone, for exec --process. */
int spec_parse_process(const struct json *process, const char *field, struct spec_process *ret,
		       struct err *err);
void spec_process_clear(struct spec_process *process);
/* linux.resources alone, for update. */
int spec_parse_resources(const struct json *resources, const char *field, struct spec_resources *ret,
			 struct err *err);
void spec_resources_clear(struct spec_resources *resources);

const struct spec_namespace *spec_find_namespace(const struct spec *spec, uint64_t flag); /* NULL: inherit */
const char *spec_hook_name(enum spec_hook_kind kind); /* "createRuntime" */

#endif
