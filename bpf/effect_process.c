/* Namespaces, names, sessions, limits and tuning of processes. */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "bpf/calls.h"
#include "bpf/effect_build.h"

#define CLONE_NEWTIME_BIT 0x80u /* shares its value with CSIGNAL: only unshare and clone3 mean it */
#define SOCKET_MODE 0140000
#define MODE_TYPE 0170000

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

static void build_clone3(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 0, PART_BYTES);
	uint64_t flags = 0;

	if (!part || part->size < sizeof(flags))
		return;
	memcpy(&flags, part->data, sizeof(flags));
	add_namespaces(b, "clone3", flags);
	if (b->task)
		b->task->into_cgroup =
		    flags & (1ull << 33); /* CLONE_INTO_CGROUP: no attach event follows, but a fork */
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

static void build_affinity(struct build *b)
{
	tune(b, "affinity", 0);
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

static const char *route_message_name(uint16_t type)
{
	switch (type) {
	case RTM_NEWLINK:
		return "newlink";
	case RTM_SETLINK:
		return "setlink";
	case RTM_DELLINK:
		return "dellink";
	case RTM_NEWADDR:
		return "newaddr";
	case RTM_DELADDR:
		return "deladdr";
	case RTM_NEWROUTE:
		return "newroute";
	}
	return NULL;
}

/* Only netlink sockets: the header's length must fit and the type be one that changes links. */
static void build_netlink(struct build *b, int arg)
{
	const struct event_slice *part = part_find(b->now, arg, PART_BYTES);
	struct event_file file;
	struct nlmsghdr header;
	const char *name;

	if (!part || part->size < sizeof(header) || !part_file(b->now, 0, &file) ||
	    (file.mode & MODE_TYPE) != SOCKET_MODE)
		return;
	memcpy(&header, part->data, sizeof(header));
	name = header.nlmsg_len >= sizeof(header) && header.nlmsg_len <= 65536
		   ? route_message_name(header.nlmsg_type)
		   : NULL;
	if (name)
		(void) effect_add(b, NET_LINK, call_name(b->now->event.call), "%s", name);
}

static void build_sendmsg(struct build *b)
{
	build_netlink(b, 1);
}

/* struct ifreq begins with the interface's name; the old way to bring it up says the same as RTM_NEWLINK. */
static void build_ioctl(struct build *b)
{
	if (b->now->event.args[1] == SIOCSIFFLAGS)
		(void) effect_add(b, NET_LINK, "ioctl(SIOCSIFFLAGS)", "newlink");
}

static void build_memfd(struct build *b)
{
	/* Two runtimes make memfds for nothing else; the seal or exec that follows is among the raw calls. */
	if (!b->task || b->task->role == ROLE_RUNTIME)
		(void) effect_add(b, EXE_PROTECT, "memfd_create", "memfd");
}

const struct call_effect process_call_effects[] = {
	{ "unshare", build_unshare },
	{ "clone", build_clone },
	{ "clone3", build_clone3 },
	{ "setns", build_setns },
	{ "setsid", build_setsid },
	{ "sethostname", build_sethostname },
	{ "setdomainname", build_setdomainname },
	{ "prlimit64", build_prlimit },
	{ "setrlimit", build_setrlimit },
	{ "umask", build_umask },
	{ "personality", build_personality },
	{ "ioprio_set", build_ioprio },
	{ "sched_setaffinity", build_affinity },
	{ "sched_setscheduler", build_scheduler },
	{ "setpriority", build_nice },
	{ "set_mempolicy", build_mempolicy },
	{ "sendmsg", build_sendmsg },
	{ "sendto", build_sendmsg },
	{ "ioctl", build_ioctl },
	{ "memfd_create", build_memfd },
	{ 0 },
};
