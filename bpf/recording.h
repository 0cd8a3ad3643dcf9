/*
 * Recordings are files: a header, host symbols, events in sequence, a checksum. Reading one needs no root and no BPF; every byte is
 * untrusted. Layout (little-endian): "PLMBREC\0", u32 major, u32 minor, u64 FNV-1a64 over everything after this field,
 * u32 header size, u32 symbols size, u64 events, u64 bytes of events, u64 lost, u64 bytes of events as they lie in
 * the file (since 1.1; 0: as they are; else deflated, RFC 1950); then the symbols as JSON; then the events, each struct event + parts.
 * A reader refuses a greater major with a sentence and ignores header bytes beyond those it knows.
 */
#ifndef BPF_RECORDING_H
#define BPF_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"

struct err;
struct json;
struct text;

#define RECORDING_MAJOR 1
#define RECORDING_MINOR 1
#define RECORDING_MAX (256u << 20)

struct recording {
	struct json *
	    symbols; /* owned: {"kernel", "machine", "host": {"ns_mount": N, ...}, "runtime", "case", "rootfs", "cgroup", "config": {...}} */
	unsigned char *bytes; /* owned */
	size_t size;
	uint64_t event_count, lost;
};

/* -EBADMSG with a sentence for anything that is not a whole recording. */
int recording_read_at(int dirfd, const char *path, struct recording *ret, struct err *err);
int recording_parse(const unsigned char *bytes, size_t size, struct recording *ret,
		    struct err *err); /* copies */
/* The bytes of the file. packed: a tenth of the size for 3 ms. */
void recording_print(const struct recording *recording, bool packed, struct text *out);
int recording_write_at(int dirfd, const char *path, const struct recording *recording, struct err *err);
void recording_free(struct recording *recording);

/* One decoded event: header copied out, parts as bounds-checked slices that borrow from the recording. */
#define EVENT_PARTS_MAX 24
struct event_slice {
	const unsigned char *data;
	uint16_t size;
	uint8_t arg, kind;
};
struct decoded {
	struct event event;
	struct event_slice parts[EVENT_PARTS_MAX];
	size_t part_count;
};
/* The next event, without its parts: for those who look at few. As recording_next() otherwise. */
int recording_peek(const struct recording *recording, size_t *offset, struct decoded *ret, struct err *err);
/* The next event that is wanted, with its parts; the others cost little. As recording_next() otherwise. */
int recording_next_if(const struct recording *recording, size_t *offset,
		      bool (*wanted)(const struct event *event), struct decoded *ret);
/* Walks from *offset; 1 and an event, 0 at the end, -EBADMSG. Never reads past size. */
int recording_next(const struct recording *recording, size_t *offset, struct decoded *ret, struct err *err);

#endif
