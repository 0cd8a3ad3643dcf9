/* The live recorder: one object for a whole run. The ring is drained without wake-ups: they, not the probes, are what recording costs. */
#include "bpf/recorder.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/record.skel.h"
#include "bpf/resolve.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"
#define BTF_MAX (64u << 20)

/* What one tag has so far. */
struct tag_events {
	uint32_t tag;
	struct text bytes;
	uint64_t count, left_out; /* left_out: beyond what a recording may hold */
	bool closed, forgotten;
	struct tag_events *next;
};

struct recorder {
	struct record *object;
	struct resolve *resolve; /* NULL: done without, and lacks says why */
	struct err lacks;
	struct ring_buffer *ring;
	struct tag_events *tags;
	uint64_t secret;
	uint32_t next_tag;
	int load_ms;
};

static int say_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void) level;
	(void) format;
	(void) args;
	return 0;
}

static struct tag_events *tag_find(struct recorder *recorder, uint32_t tag)
{
	for (struct tag_events *t = recorder->tags; t; t = t->next)
		if (t->tag == tag)
			return t;
	return NULL;
}

static struct tag_events *tag_get(struct recorder *recorder, uint32_t tag)
{
	struct tag_events *t = tag_find(recorder, tag);

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	t->tag = tag;
	t->next = recorder->tags;
	recorder->tags = t;
	return t;
}

/* Called by libbpf for each record of the ring. */
static int on_event(void *argument, void *data, size_t size)
{
	struct recorder *recorder = argument;
	struct event event;
	struct tag_events *t;
	bool mark;

	if (size < sizeof(event))
		return 0;
	memcpy(&event, data, sizeof(event));
	if (event.size > size - sizeof(event))
		return 0;
	t = tag_get(recorder, event.tag);
	if (t->closed)
		return 0;
	mark = event.type == EVENT_MARK && event.args[0] == MARK_CLOSE;
	if (!mark &&
	    t->bytes.len >
		RECORDING_MAX - (1u << 20)) { /* attached for days: what nobody could read is not kept */
		t->left_out++;
		return 0;
	}
	text_add_bytes(&t->bytes, data, sizeof(event) + event.size);
	t->count++;
	t->closed = mark;
	return 0;
}

/* A string of the kernel's BTF; parsing it, as libbpf does once more, would take a fifth of the time of loading. */
static bool has_btf_event(const struct text *btf, const char *name)
{
	auto_free char *type = text_format("btf_trace_%s", name);

	return memmem(text_str(btf), btf->len, type, strlen(type) + 1) != NULL;
}

/* Newer kernels drop or rename these; without them the recorder sees less and says so in doctor. */
static int choose_programs(struct record *object, struct err *err)
{
	auto_text btf = { 0 };
	int r = file_read_at(AT_FDCWD, BTF_PATH, BTF_MAX, &btf, err);

	if (r == -ENOENT)
		return fail_text(
		    err, -ENOTSUP,
		    "the kernel has no BTF (%s is missing): recording needs CONFIG_DEBUG_INFO_BTF", BTF_PATH);
	if (r < 0)
		return fail(err, r, "the kernel's BTF");
	(void) bpf_program__set_autoload(object->progs.on_capability, has_btf_event(&btf, "cap_capable"));
	(void) bpf_program__set_autoload(object->progs.on_uring, has_btf_event(&btf, "io_uring_submit_req"));
	return 0;
}

static int refused(int r, const char *what, struct err *err)
{
	if (r == -EPERM || r == -EACCES)
		return fail_text(err, r,
				 "%s: the kernel refuses it: CAP_BPF and CAP_PERFMON are needed, in the "
				 "first user namespace",
				 what);
	return fail(err, r, "%s", what);
}

static int object_load(struct recorder *recorder, struct err *err)
{
	struct record *object;
	int64_t begin = process_now_ms();
	int r;

	libbpf_set_print(say_nothing);
	object = recorder->object = record__open();
	if (!object)
		return fail(err, -errno, "open the recorder's programs");
	r = choose_programs(object, err);
	if (r < 0)
		return r;
	calls_fill((struct event_call *) object->rodata->calls);
	object->rodata->secret = recorder->secret;
	r = record__load(object);
	if (r < 0)
		return refused(r, "load the recorder's programs", err);
	r = record__attach(object);
	if (r < 0)
		return refused(r, "attach the recorder's programs", err);
	(void) resolve_load(object, &recorder->resolve, &recorder->lacks);
	recorder->ring = ring_buffer__new(bpf_map__fd(object->maps.ring), on_event, recorder, NULL);
	if (!recorder->ring)
		return fail(err, -errno, "map the recorder's ring");
	recorder->load_ms = (int) (process_now_ms() - begin);
	return 0;
}

int recorder_open(struct recorder **ret, struct err *err)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int r;

	if (!recorder)
		return fail(err, -ENOMEM, "open the recorder");
	if (getrandom(&recorder->secret, sizeof(recorder->secret), 0) != sizeof(recorder->secret)) {
		r = fail(err, -errno, "draw the recorder's secret");
		recorder_close(recorder);
		return r;
	}
	recorder->secret |= 1; /* zero means: no marks */
	recorder->next_tag = 1;
	r = object_load(recorder, err);
	if (r < 0) {
		recorder_close(recorder);
		return r;
	}
	*ret = recorder;
	return 0;
}

int recorder_probe(struct text *lacks, struct err *err)
{
	struct recorder *recorder = NULL;
	int r = recorder_open(&recorder, err);

	if (r < 0 || !recorder)
		return r;
	if (!recorder->resolve)
		text_add(lacks, recorder->lacks.text);
	recorder_close(recorder);
	return 0;
}

static void tag_free(struct tag_events *t)
{
	text_free(&t->bytes);
	free(t);
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	ring_buffer__free(recorder->ring);
	resolve_free(recorder->resolve);
	record__destroy(recorder->object);
	for (struct tag_events *t = recorder->tags, *next; t; t = next) {
		next = t->next;
		tag_free(t);
	}
	free(recorder);
}

uint64_t recorder_secret(const struct recorder *recorder)
{
	return recorder->secret;
}

int recorder_load_ms(const struct recorder *recorder)
{
	return recorder->load_ms;
}

int recorder_drain(struct recorder *recorder, struct err *err)
{
	int r = ring_buffer__consume(recorder->ring);

	return r < 0 ? fail(err, r, "drain the recorder's ring") : 0;
}

uint32_t recorder_tags(struct recorder *recorder, size_t count)
{
	uint32_t first = recorder->next_tag;

	recorder->next_tag += (uint32_t) count;
	return first;
}

int recorder_is_closed(const struct recorder *recorder, uint32_t tag)
{
	for (const struct tag_events *t = recorder->tags; t; t = t->next)
		if (t->tag == tag)
			return t->closed && !t->forgotten;
	return 0;
}

/* True when the kernel side took the mark: it counts what it could follow. */
static bool mark_is_taken(struct recorder *recorder, enum event_mark mark, int fd, uint32_t tag)
{
	uint64_t before = recorder->object->bss->attached_total;

	(void) recorder_mark(recorder->secret, mark, (uint64_t) fd, tag);
	return recorder->object->bss->attached_total != before;
}

int recorder_follow(struct recorder *recorder, int pidfd, uint32_t tag, struct err *err)
{
	if (!mark_is_taken(recorder, MARK_FOLLOW_PROCESS, pidfd, tag))
		return fail_text(err, -ESRCH, "follow a process: the descriptor leads to none");
	return 0;
}

int recorder_follow_cgroup(struct recorder *recorder, int directory, uint32_t tag, struct err *err)
{
	if (!mark_is_taken(recorder, MARK_FOLLOW_CGROUP, directory, tag))
		return fail_text(err, -ENOTDIR, "follow a cgroup: the directory is none");
	return 0;
}

int recorder_peek(const struct recorder *recorder, uint32_t tag, size_t *offset, struct decoded *ret)
{
	for (const struct tag_events *t = recorder->tags; t; t = t->next) {
		struct recording arrived = { .bytes = (unsigned char *) t->bytes.data, .size = t->bytes.len };

		if (t->tag == tag)
			return recording_next(&arrived, offset, ret, NULL) == 1;
	}
	return 0;
}

uint64_t recorder_lost(const struct recorder *recorder)
{
	return recorder->object->bss->lost_total;
}

struct tag_count_value {
	uint64_t sequence, lost;
};

static uint64_t tag_lost(const struct recorder *recorder, const struct tag_events *t)
{
	struct tag_count_value value = { 0 };

	(void) bpf_map_lookup_elem(bpf_map__fd(recorder->object->maps.tags), &t->tag, &value);
	return value.lost + t->left_out + !t->closed;
}

/* The row stays, closed and empty: events that were under way when the tag was taken are dropped, not taken for a new tag's. */
static void tag_forget(struct recorder *recorder, struct tag_events *t)
{
	(void) bpf_map_delete_elem(bpf_map__fd(recorder->object->maps.tags), &t->tag);
	text_free(&t->bytes);
	t->bytes = (struct text){ 0 };
	t->count = 0;
	t->closed = t->forgotten = true;
}

struct event_key {
	uint64_t time_ns, sequence;
	size_t offset, size;
};

static int compare_keys(const void *a, const void *b)
{
	const struct event_key *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* CPUs write in an order that inverts by some ten microseconds, and a call is written at its end: sort by its beginning. */
static unsigned char *events_sorted(const struct tag_events *t)
{
	struct event_key *keys = calloc(t->count + 1, sizeof(*keys));
	unsigned char *out = malloc(t->bytes.len + 1), *at = out;
	size_t offset = 0;

	if (!keys || !out)
		abort();
	for (uint64_t i = 0; i < t->count; i++) {
		struct event event;

		memcpy(&event, t->bytes.data + offset, sizeof(event));
		keys[i] =
		    (struct event_key){ event.time_ns, event.sequence, offset, sizeof(event) + event.size };
		offset += keys[i].size;
	}
	qsort(keys, t->count, sizeof(*keys), compare_keys);
	for (uint64_t i = 0; i < t->count; i++) {
		memcpy(at, t->bytes.data + keys[i].offset, keys[i].size);
		at += keys[i].size;
	}
	free(keys);
	return out;
}

int recorder_take(struct recorder *recorder, uint32_t tag, struct json *symbols, struct recording *ret,
		  struct err *err)
{
	struct tag_events *t = tag_find(recorder, tag);
	auto_json taken = symbols;

	if (!t || t->forgotten)
		return fail_text(err, -ENOENT, "nothing was recorded under tag %u", tag);
	*ret = (struct recording){
		.symbols = TAKE(taken),
		.bytes = events_sorted(t),
		.size = t->bytes.len,
		.event_count = t->count,
		.lost = tag_lost(recorder, t),
	};
	tag_forget(recorder, t);
	return 0;
}

void recorder_forget(struct recorder *recorder, uint32_t tag)
{
	tag_forget(recorder, tag_get(recorder, tag));
}

int recorder_mark(uint64_t secret, enum event_mark mark, uint64_t value, uint32_t tag)
{
	if (secret) /* fails with EINVAL by design: only the tracepoint reads it */
		(void) prctl(EVENT_MARK_CALL, secret, (unsigned long) mark, value, (unsigned long) tag);
	return 0;
}
