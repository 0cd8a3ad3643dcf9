/*
 * The live recorder: loads what this kernel allows, drains the ring without wake-ups, hands out events by tag, counts what was lost.
 * Needs CAP_BPF and CAP_PERFMON, BTF, Linux 5.17; neither tracefs nor RLIMIT_MEMLOCK. One for a whole run; not thread-safe.
 */
#ifndef BPF_RECORDER_H
#define BPF_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/recording.h"

struct recorder;
struct text;

/*
 * 0: recording is possible here; else -errno and the sentence why not ("BTF is missing: ..."). Loads nothing lasting. lacks: gets what
 * the recorder has to do without ("the kernel refuses fentry programs: ..."), nothing when it has all.
 */
int recorder_probe(struct text *lacks, struct err *err);
int recorder_open(struct recorder **ret, struct err *err);
void recorder_close(struct recorder *recorder); /* NULL is fine */
uint64_t recorder_secret(const struct recorder *recorder);
int recorder_load_ms(const struct recorder *recorder); /* measured */

/* Reserves count tags that nobody else of this recorder has; the first is returned. */
uint32_t recorder_tags(struct recorder *recorder, size_t count);

/* Drains what is in the ring. Call it at least every 10 ms while something is recorded. */
int recorder_drain(struct recorder *recorder, struct err *err);
/* 1: the tag's MARK_CLOSE has been drained and its events are whole; 0: not yet. */
int recorder_is_closed(const struct recorder *recorder, uint32_t tag);
/*
 * Takes the events of a tag, sorted by time, with symbols (taken), and forgets the tag. Of a tag that is not closed: what has been
 * drained so far, and its end counts as lost.
 */
int recorder_take(struct recorder *recorder, uint32_t tag, struct json *symbols, struct recording *ret,
		  struct err *err);
/* Follows a process that runs already, and its future children, from now on; pidfd as of pidfd_open(2). -ESRCH: it is none. */
int recorder_follow(struct recorder *recorder, int pidfd, uint32_t tag, struct err *err);
/* The same for whoever comes to a cgroup from now on; directory as of open(2). Who is there already is not meant. */
int recorder_follow_cgroup(struct recorder *recorder, int directory, uint32_t tag, struct err *err);
/* The next event of a tag behind *offset (0 at first), as it arrived: to look while recording goes on. 1; 0: none yet. */
int recorder_peek(const struct recorder *recorder, uint32_t tag, size_t *offset, struct decoded *ret);
/* Nobody wants the events of this tag (any more): those that are here go, those to come are not recorded. */
void recorder_forget(struct recorder *recorder, uint32_t tag);
uint64_t recorder_lost(const struct recorder *recorder);

/* In the marked process. Returns 0; harmless when no recorder runs. */
int recorder_mark(uint64_t secret, enum event_mark mark, uint64_t value, uint32_t tag);

#endif
