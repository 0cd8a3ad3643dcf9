/* Which field of config.json an effect comes from: one rule a kind, looked up in the config that the recording carries. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "bpf/effect_build.h"

/* The text behind the kind, and its first colon field. */
struct subject {
	const char *rest;
	const char *object; /* borrowed */
	const char *detail;
};

static void field_named(const struct build *b, struct effect *e, const char *name)
{
	e->field = effect_keep(b, name, strlen(name));
}

static void set_field(const struct build *b, struct effect *e, char *taken)
{
	field_named(b, e, taken);
	free(taken);
}

/* name, when the config has path. */
static void field_if(const struct build *b, struct effect *e, const char *path)
{
	if (json_get(b->config, path))
		field_named(b, e, path);
}

static void tie_namespace(const struct build *b, struct effect *e, const struct subject *s)
{
	auto_free char *path = text_format("linux.namespaces[%s]", s->object);

	field_if(b, e, path);
	/* What exec adds goes where the container is; crun joins what the config does not name as well. */
	if (!e->field && e->kind == NS_JOIN && e->phase == PHASE_EXEC)
		field_named(b, e, "(exec)");
}

static void tie_userns(const struct build *b, struct effect *e, const struct subject *s)
{
	field_if(b, e, strcmp(s->object, "uid") == 0 ? "linux.uidMappings" : "linux.gidMappings");
}

static void tie_name(const struct build *b, struct effect *e, const struct subject *s)
{
	field_if(b, e, s->object);
}

/* A mount below the rootfs belongs to the entry whose destination it is, whatever trailing slash the config wrote. */
static bool tie_entry(const struct build *b, struct effect *e, const char *target)
{
	for (size_t i = 0; i < json_length(b->mounts); i++) {
		const char *destination = json_string(json_member(json_at(b->mounts, i), "destination"));
		size_t len = destination ? strlen(destination) : 0;

		while (len > 1 && destination[len - 1] == '/')
			len--;
		if (len && strlen(target) == len && strncmp(destination, target, len) == 0) {
			set_field(b, e, text_format("mounts[%s]", destination));
			return true;
		}
	}
	return false;
}

static bool tie_listed(const struct build *b, struct effect *e, const struct json *list, const char *field,
		       const char *path)
{
	if (!list_has(list, path))
		return false;
	field_named(b, e, field);
	return true;
}

/* The entry with the longest destination above target: what cgroup mounts of version 1 have below theirs. */
static bool tie_entry_above(const struct build *b, struct effect *e, const char *target)
{
	const char *best = NULL;

	for (size_t i = 0; i < json_length(b->mounts); i++) {
		const char *destination = json_string(json_member(json_at(b->mounts, i), "destination"));
		size_t len = destination ? strlen(destination) : 0;

		if (len > 1 && strncmp(target, destination, len) == 0 && target[len] == '/' &&
		    (!best || len > strlen(best)))
			best = destination;
	}
	if (best)
		set_field(b, e, text_format("mounts[%s]", best));
	return best != NULL;
}

/* https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#default-devices */
static bool is_default_device(const char *path)
{
	static const char *const names[] = { "null", "zero", "full", "random", "urandom", "tty", "ptmx" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_starts(path, "/dev/") && strcmp(path + strlen("/dev/"), names[i]) == 0)
			return true;
	return false;
}

static bool tie_device(const struct build *b, struct effect *e, const char *path)
{
	auto_free char *device = text_format("linux.devices[%s]", path);

	if (strcmp(path, "/dev/console") == 0)
		field_named(b, e, "process.terminal");
	else if (b->devices && json_get(b->config, device))
		field_named(b, e, device);
	else if (is_default_device(path))
		field_named(b, e, "(default devices)");
	return e->field != NULL;
}

/* The propagation of what lies above the rootfs decides whether the container's mounts show outside. */
static bool is_above_rootfs(const struct build *b, const char *target)
{
	size_t len = strlen(target);

	return strcmp(target, "@host") == 0 || text_starts(target, "@bundle") ||
	       (strncmp(target, b->rootfs, len) == 0 && b->rootfs[len] == '/');
}

static void tie_root(const struct build *b, struct effect *e, const struct subject *s)
{
	if (e->kind == MNT_PROPAGATE)
		field_named(b, e,
			    json_get(b->config, "linux.rootfsPropagation") ? "linux.rootfsPropagation"
									   : "linux.namespaces[mount]");
	else if (e->kind == MNT_ATTR && text_starts(s->detail, "ro"))
		field_named(b, e, "root.readonly");
	else
		field_named(b, e, "root.path");
}

static void tie_mount(const struct build *b, struct effect *e, const struct subject *s)
{
	if (strcmp(s->object, "/") == 0 || strcmp(s->object, "@oldroot") == 0 ||
	    is_above_rootfs(b, s->object))
		tie_root(b, e, s);
	else if (!tie_entry(b, e, s->object) && !tie_device(b, e, s->object) &&
		 !tie_listed(b, e, b->masked, "linux.maskedPaths", s->object) &&
		 !tie_listed(b, e, b->readonly, "linux.readonlyPaths", s->object))
		(void) tie_entry_above(b, e, s->object);
}

static void tie_constant(const struct build *b, struct effect *e, const struct subject *s)
{
	static const struct {
		enum effect_kind kind;
		const char *field;
	} rows[] = {
		{ ROOT_SWITCH, "root.path" },
		{ PATH_MASK, "linux.maskedPaths" },
		{ PATH_READONLY, "linux.readonlyPaths" },
		{ SEC_NNP, "process.noNewPrivileges" },
		{ SEC_SECCOMP, "linux.seccomp" },
		{ CG_LIFE, "linux.cgroupsPath" },
		{ CG_ATTACH, "linux.cgroupsPath" },
		{ TIME_OFFSET, "linux.timeOffsets" },
		{ NET_LINK, "linux.namespaces[network]" },
	};

	(void) s;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].kind == e->kind)
			field_named(b, e, rows[i].field);
}

static void tie_node(const struct build *b, struct effect *e, const struct subject *s)
{
	(void) tie_device(b, e, s->object);
}

static void tie_link(const struct build *b, struct effect *e, const struct subject *s)
{
	if (text_starts(s->object, "/dev/"))
		field_named(b, e, "(default links)");
}

static void tie_owner(const struct build *b, struct effect *e, const struct subject *s)
{
	if (text_starts(s->object, "@std"))
		field_named(b, e, "process.user");
	else
		(void) tie_device(b, e, s->object);
}

static void tie_ids(const struct build *b, struct effect *e, const struct subject *s)
{
	if (strcmp(s->object, "groups") == 0)
		field_named(b, e, "process.user.additionalGids");
	else
		set_field(b, e, text_format("process.user.%s", s->object));
}

static void tie_capability(const struct build *b, struct effect *e, const struct subject *s)
{
	set_field(b, e, text_format("process.capabilities.%s", s->object));
}

/* Control files by the member of linux.resources that they come from, and what writes them when the config does not. */
static const struct {
	const char *prefix, *field, *otherwise;
} cgroup_files[] = {
	{ "memory.", "linux.resources.memory", NULL },
	/* cpuset.* of version 1 must be filled before a process can be moved: cgroups(7). */
	{ "cpuset.", "linux.resources.cpu", "linux.cgroupsPath" },
	{ "cpu.", "linux.resources.cpu", NULL },
	{ "pids.", "linux.resources.pids", NULL },
	{ "devices.", "linux.resources.devices", "(default devices)" },
	{ "blkio.", "linux.resources.blockIO", NULL },
	{ "io.", "linux.resources.blockIO", NULL },
	{ "hugetlb.", "linux.resources.hugepageLimits", NULL },
	{ "rdma.", "linux.resources.rdma", NULL },
	{ "net_cls.", "linux.resources.network", NULL },
	{ "net_prio.", "linux.resources.network", NULL },
	{ "cgroup.", NULL, "linux.cgroupsPath" },
	{ "freezer.", NULL, "linux.cgroupsPath" },
};

/*
 * crun opens the memory limits of every cgroup of version 1 that it makes, by -1, in case they would be inherited: with no limit
 * in the config that is a part of making it. Any other value is nobody's wish.
 */
static bool lifts_inherited_limit(const struct build *b, const struct subject *s)
{
	return text_starts(s->object, "memory.") && strcmp(s->detail, "-1") == 0 &&
	       !json_get(b->config, "linux.resources.memory");
}

static void tie_cgroup_file(const struct build *b, struct effect *e, const struct subject *s)
{
	if (json_has(json_member(b->resources, "unified"), s->object)) {
		set_field(b, e, text_format("linux.resources.unified[%s]", s->object));
		return;
	}
	if (lifts_inherited_limit(b, s))
		field_named(b, e, "linux.cgroupsPath");
	for (size_t i = 0; i < ARRAY_SIZE(cgroup_files); i++) {
		if (!text_starts(s->object, cgroup_files[i].prefix))
			continue;
		if (cgroup_files[i].field && json_get(b->config, cgroup_files[i].field))
			field_named(b, e, cgroup_files[i].field);
		else if (cgroup_files[i].otherwise)
			field_named(b, e, cgroup_files[i].otherwise);
		return;
	}
}

static void tie_tuning(const struct build *b, struct effect *e, const struct subject *s)
{
	static const struct {
		const char *what, *field;
	} rows[] = {
		{ "oom_score_adj", "process.oomScoreAdj" }, { "umask", "process.user.umask" },
		{ "personality", "linux.personality" },     { "ioprio", "process.ioPriority" },
		{ "scheduler", "process.scheduler" },       { "nice", "process.scheduler" },
		{ "affinity", "process.execCPUAffinity" },  { "mempolicy", "linux.memoryPolicy" },
	};

	if (text_starts(s->object, "RLIMIT_")) {
		auto_free char *path = text_format("process.rlimits[%s]", s->object);

		field_if(b, e, path);
	} else if (text_starts(s->object, "sysctl ")) {
		field_named(b, e, "linux.sysctl");
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].what, s->object) == 0)
			field_if(b, e, rows[i].field);
}

/* The terminal for the console socket, and the listener for the seccomp agent. */
static void tie_sent(const struct build *b, struct effect *e, const struct subject *s)
{
	if (text_ends(s->object, "/ptmx"))
		field_if(b, e, "process.terminal");
	else if (strcmp(s->object, "[seccomp notify]") == 0)
		field_if(b, e, "linux.seccomp.listenerPath");
}

static void tie_exec(const struct build *b, struct effect *e, const struct subject *s)
{
	if (strcmp(s->object, "payload") == 0)
		field_named(b, e, "process.args");
}

static const struct {
	enum effect_kind kind;
	void (*tie)(const struct build *b, struct effect *e, const struct subject *s);
} ties[] = {
	{ NS_NEW, tie_namespace },       { NS_JOIN, tie_namespace },    { USERNS_MAP, tie_userns },
	{ UTS_SET, tie_name },           { MNT_PROPAGATE, tie_mount },  { MNT_NEW, tie_mount },
	{ MNT_BIND, tie_mount },         { MNT_ATTR, tie_mount },       { MNT_MOVE, tie_mount },
	{ MNT_UMOUNT, tie_mount },       { ROOT_SWITCH, tie_constant }, { PATH_MASK, tie_constant },
	{ PATH_READONLY, tie_constant }, { FS_SYMLINK, tie_link },      { SEC_NNP, tie_constant },
	{ SEC_SECCOMP, tie_constant },   { CG_LIFE, tie_constant },     { CG_ATTACH, tie_constant },
	{ TIME_OFFSET, tie_constant },   { NET_LINK, tie_constant },    { FS_NODE, tie_node },
	{ FS_OWNER, tie_owner },         { CRED_IDS, tie_ids },         { CAP_CHANGE, tie_capability },
	{ CG_SET, tie_cgroup_file },     { PROC_TUNE, tie_tuning },     { PROC_EXEC, tie_exec },
	{ FD_SEND, tie_sent },
};

static void tie_one(struct build *b, struct effect *e)
{
	const char *rest = strchr(e->text, ':');
	size_t len;
	struct subject s = { 0 };

	/* A sandbox is the runtime's own idea, and what hooks and the payload do once they run is theirs. */
	if (!rest || e->role == ROLE_SANDBOX || (e->role == ROLE_PAYLOAD && e->kind != PROC_EXEC) ||
	    (e->role == ROLE_HOOK && e->kind != HOOK_RUN))
		return;
	s.rest = rest + 1;
	len = strcspn(s.rest, ":");
	s.detail = s.rest[len] ? s.rest + len + 1 : "";
	text_add_bytes(scratch_take(b, SCRATCH_OBJECT), s.rest, len);
	s.object = text_str(&b->reused[SCRATCH_OBJECT]);
	for (size_t i = 0; i < ARRAY_SIZE(ties); i++)
		if (ties[i].kind == e->kind)
			ties[i].tie(b, e, &s);
}

void effects_tie(struct build *b)
{
	if (!b->config)
		return;
	for (size_t i = 0; i < b->effects->count; i++)
		tie_one(b, &b->effects->items[i]);
}
