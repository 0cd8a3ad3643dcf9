/* Who is recorded: a map of followed processes that grows with every fork, and the marks by which the harness drives it. */
#ifndef BPF_FILTER_BPF_H
#define BPF_FILTER_BPF_H

#define FOLLOWED_MAX 16384 /* processes at once */
#define CGROUPS_MAX 1024
#define TAGS_MAX 4096 /* cases that are open at once, with those whose count is still wanted */

#define FOLLOW_CHILDREN_ONLY 1u
#define FOLLOW_FROM_EXEC 2u /* what the harness does between fork and exec is none of the runtime's */
#define FOLLOW_SILENT (FOLLOW_CHILDREN_ONLY | FOLLOW_FROM_EXEC)
#define FOLLOW_ATTACHED 4u /* followed from the middle of its life: perhaps of a call */

struct follow {
	__u32 tag, flags;
};
struct tag_count {
	__u64 sequence, lost;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FOLLOWED_MAX);
	__type(key, __u32);
	__type(value, struct follow);
} followed SEC(".maps");

/* Cgroups whose newcomers are followed, by the address of struct cgroup: ids are unique within one hierarchy only. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CGROUPS_MAX);
	__type(key, __u64);
	__type(value, __u32);
} followed_cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TAGS_MAX);
	__type(key, __u32);
	__type(value, struct tag_count);
} tags SEC(".maps");

const volatile __u64 secret = 0;

__u64 lost_total = 0; /* events that found no room in the ring */
__u64 calls_seen = 0;
__s64 followed_now = 0;
__u64 attached_total = 0; /* processes that MARK_FOLLOW_PROCESS found */

static __always_inline struct follow *follow_of(__u32 tgid)
{
	return bpf_map_lookup_elem(&followed, &tgid);
}

/* The present task, when its own events are wanted. */
static __always_inline struct follow *follow_current(void)
{
	struct follow *f = follow_of(bpf_get_current_pid_tgid() >> 32);

	if (!f || (f->flags & FOLLOW_SILENT))
		return NULL;
	return f;
}

/* Nothing is lost without being counted: in the whole, and for the case that lacks it. */
static __always_inline void event_missed(__u32 tag)
{
	struct tag_count *count = bpf_map_lookup_elem(&tags, &tag);

	__sync_fetch_and_add(&lost_total, 1);
	if (count)
		__sync_fetch_and_add(&count->lost, 1);
}

static __always_inline void follow_start(__u32 tgid, __u32 tag, __u32 flags)
{
	struct follow f = { .tag = tag, .flags = flags };

	if (!bpf_map_update_elem(&followed, &tgid, &f, BPF_ANY)) {
		__sync_fetch_and_add(&followed_now, 1);
		return;
	}
	event_missed(tag); /* no room: all events of this process */
}

/* A process that comes to a followed cgroup is followed from then on, unless it is already. */
static __always_inline void follow_newcomer(struct cgroup *cgroup, __u32 tgid)
{
	__u64 key = (__u64) cgroup;
	__u32 *tag = bpf_map_lookup_elem(&followed_cgroups, &key);

	if (tag && !follow_of(tgid))
		follow_start(tgid, *tag, FOLLOW_ATTACHED);
}

/* Events of a tag that the reader has taken are not wanted any more: emitting needs the tag's count. */
static __always_inline void tag_open(__u32 tag)
{
	struct tag_count none = {};

	(void) bpf_map_update_elem(&tags, &tag, &none, BPF_NOEXIST);
}

static __always_inline void follow_stop(__u32 tgid)
{
	if (!bpf_map_delete_elem(&followed, &tgid))
		__sync_fetch_and_add(&followed_now, -1);
}

#endif
