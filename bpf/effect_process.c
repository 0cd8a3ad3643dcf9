/* Namespaces, names, sessions, limits and tuning of processes. */
#include <linux/bpf.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "bpf/calls.h"
#include "bpf/effect_build.h"

#define CLONE_INTO_CGROUP_BIT (1ull << 33)
#define CLONE_NEWTIME_BIT 0x80u /* shares its value with CSIGNAL: only unshare and clone3 mean it */

static void add_namespaces(struct build *b, const char *via, uint64_t flags)
{
	for (size_t i = 0; i < NAMES_NAMESPACES; i++)
		if (flags & names_namespaces[i])
			(void) effect_add(b, NS_NEW, via, "%s", name_of_namespace(names_namespaces[i]));
}

static void build_unshare(struct build *b)
{
	add_namespaces(b, "unshare", b->now->event.args[0]);
}

static void build_clone(struct build *b)
{
	add_namespaces(b, "clone", b->now->event.args[0] & ~(uint64_t) CLONE_NEWTIME_BIT);
}

/* CLONE_INTO_CGROUP: no attach event follows, but a fork, of which this is then said. */
static void build_clone3(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 0, PART_BYTES);
	auto_text path = { 0 }, cgroup = { 0 };
	uint64_t flags = 0;

	if (!part || part->size < sizeof(flags))
		return;
	memcpy(&flags, part->data, sizeof(flags));
	add_namespaces(b, "clone3", flags);
	if (!b->task)
		return;
	free(b->task->into_cgroup);
	b->task->into_cgroup = NULL;
	if (!(flags & CLONE_INTO_CGROUP_BIT))
		return;
	if (part_path(b->now, 1, &path))
		cgroup_name(b, text_str(&path), &cgroup);
	b->task->into_cgroup = text_format("%s", cgroup.len ? text_str(&cgroup) : "@cgroup");
}

/* Where the state of a task names each namespace; a pid namespace is joined by the children. */
static const struct {
	uint64_t flag;
	size_t offset;
} namespace_inodes[] = {
	{ CLONE_NEWNS, offsetof(struct event_state, ns_mount) },
	{ CLONE_NEWUTS, offsetof(struct event_state, ns_uts) },
	{ CLONE_NEWIPC, offsetof(struct event_state, ns_ipc) },
	{ CLONE_NEWPID, offsetof(struct event_state, ns_pid_children) },
	{ CLONE_NEWNET, offsetof(struct event_state, ns_net) },
	{ CLONE_NEWCGROUP, offsetof(struct event_state, ns_cgroup) },
	{ CLONE_NEWTIME_BIT, offsetof(struct event_state, ns_time) },
	{ CLONE_NEWUSER, offsetof(struct event_state, ns_user) },
};

/* setns(2) without a type takes whatever the file is: what the task stands in afterwards tells. */
static uint64_t joined_by_inode(struct build *b)
{
	struct event_state state;
	struct event_file file;

	if (!part_file(b->now, 0, &file) || !part_state(b->now, &state))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(namespace_inodes); i++) {
		uint32_t inode;

		memcpy(&inode, (const char *) &state + namespace_inodes[i].offset, sizeof(inode));
		if (inode == file.inode)
			return namespace_inodes[i].flag;
	}
	return 0;
}

/* A pidfd joins several at once. */
static void build_setns(struct build *b)
{
	uint64_t type = b->now->event.args[1] ? b->now->event.args[1] : joined_by_inode(b);

	for (size_t i = 0; i < NAMES_NAMESPACES; i++)
		if (type & names_namespaces[i])
			(void) effect_add(b, NS_JOIN, "setns", "%s", name_of_namespace(names_namespaces[i]));
}

static void build_setsid(struct build *b)
{
	(void) effect_add(b, PROC_SESSION, "setsid", "%s", build_role_of(b, b->now->event.tgid));
}

static void add_name(struct build *b, const char *what)
{
	const struct event_slice *part = part_find(b->now, 0, PART_BYTES);

	(void) effect_add(b, UTS_SET, call_name(b->now->event.call), "%s:%.*s", what,
			  part ? (int) part->size : 0, part ? (const char *) part->data : "");
}

static void build_sethostname(struct build *b)
{
	add_name(b, "hostname");
}

static void build_setdomainname(struct build *b)
{
	add_name(b, "domainname");
}

static void limit_text(uint64_t value, struct text *ret)
{
	if (value == UINT64_MAX)
		text_add(ret, "unlimited");
	else
		text_addf(ret, "%llu", (unsigned long long) value);
}

static void add_rlimit(struct build *b, int resource, int arg)
{
	const struct event_slice *part = part_find(b->now, arg, PART_BYTES);
	const char *name = name_of_rlimit(resource);
	uint64_t limit[2];
	auto_text text = { 0 };

	if (!part || part->size < sizeof(limit))
		return; /* a question, not a change */
	memcpy(limit, part->data, sizeof(limit));
	limit_text(limit[0], &text);
	text_add_char(&text, '/');
	limit_text(limit[1], &text);
	(void) effect_add(b, PROC_TUNE, call_name(b->now->event.call), "%s:%s", name ? name : "rlimit",
			  text_str(&text));
}

static void build_prlimit(struct build *b)
{
	add_rlimit(b, (int) b->now->event.args[1], 2);
}

static void build_setrlimit(struct build *b)
{
	add_rlimit(b, (int) b->now->event.args[0], 1);
}

static void tune(struct build *b, const char *what, uint64_t value)
{
	(void) effect_add(b, PROC_TUNE, call_name(b->now->event.call), "%s:%llu", what,
			  (unsigned long long) value);
}

static void build_umask(struct build *b)
{
	(void) effect_add(b, PROC_TUNE, "umask", "umask:%04llo", (unsigned long long) b->now->event.args[0]);
}

static void build_personality(struct build *b)
{
	if (b->now->event.args[0] != 0xffffffffu) /* the question */
		tune(b, "personality", b->now->event.args[0]);
}

static void build_ioprio(struct build *b)
{
	tune(b, "ioprio", b->now->event.args[2]);
}

/* The first 64 processors. */
static void build_affinity(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 2, PART_BYTES);
	uint64_t mask = 0;

	if (part)
		memcpy(&mask, part->data, part->size < sizeof(mask) ? part->size : sizeof(mask));
	(void) effect_add(b, PROC_TUNE, "sched_setaffinity", "affinity:0x%llx", (unsigned long long) mask);
}

/* struct sched_attr of sched_setattr(2): size, policy, flags, nice, ... */
static void build_sched_attr(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 1, PART_BYTES);
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
	} attr = { 0 };

	if (!part || part->size < sizeof(attr))
		return;
	memcpy(&attr, part->data, sizeof(attr));
	(void) effect_add(b, PROC_TUNE, "sched_setattr", "scheduler:%u:nice %d:priority %u", attr.policy,
			  attr.nice, attr.priority);
}

static void build_scheduler(struct build *b)
{
	tune(b, "scheduler", b->now->event.args[1]);
}

static void build_nice(struct build *b)
{
	tune(b, "nice", b->now->event.args[2]);
}

static void build_mempolicy(struct build *b)
{
	tune(b, "mempolicy", b->now->event.args[0]);
}

static void build_sending(struct build *b)
{
	if (b->task)
		b->task->sending_until = b->now->event.time_ns + b->now->event.duration_ns;
}

/* On cgroup2 the device rules are a program: union bpf_attr of BPF_PROG_ATTACH is target, program, type. Runtimes try out bad ones. */
static void build_bpf(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 1, PART_BYTES);
	uint32_t words[3];

	if (b->now->event.args[0] != BPF_PROG_ATTACH || b->now->event.result < 0 || !part ||
	    part->size < sizeof(words))
		return;
	memcpy(words, part->data, sizeof(words));
	if (words[2] == BPF_CGROUP_DEVICE)
		(void) effect_add(b, CG_SET, "bpf(BPF_PROG_ATTACH)", "devices.program:attached");
}

static void build_memfd(struct build *b)
{
	/* Two runtimes make memfds for nothing else; the seal or exec that follows is among the raw calls. */
	if (!b->task || b->task->role == ROLE_RUNTIME)
		(void) effect_add(b, EXE_PROTECT, "memfd_create", "memfd");
}

const struct call_effect process_call_effects[] = {
	{ SYS_unshare, build_unshare },
	{ SYS_clone, build_clone },
	{ SYS_clone3, build_clone3 },
	{ SYS_setns, build_setns },
	{ SYS_setsid, build_setsid },
	{ SYS_sethostname, build_sethostname },
	{ SYS_setdomainname, build_setdomainname },
	{ SYS_prlimit64, build_prlimit },
	{ SYS_setrlimit, build_setrlimit },
	{ SYS_umask, build_umask },
	{ SYS_personality, build_personality },
	{ SYS_ioprio_set, build_ioprio },
	{ SYS_sched_setaffinity, build_affinity },
	{ SYS_sched_setscheduler, build_scheduler },
	{ SYS_setpriority, build_nice },
	{ SYS_set_mempolicy, build_mempolicy },
	{ SYS_sched_setattr, build_sched_attr },
	{ SYS_kill, build_sending },
	{ SYS_tgkill, build_sending },
	{ SYS_pidfd_send_signal, build_sending },
	{ SYS_bpf, build_bpf },
	{ SYS_memfd_create, build_memfd },
	{ 0 },
};
