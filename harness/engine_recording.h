/* What the engine does for recordings: drains the ring while cases run, and hands each finished case its part. */
#ifndef HARNESS_ENGINE_RECORDING_H
#define HARNESS_ENGINE_RECORDING_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct recorder;
struct worker;

/* All of these are fine with recorder NULL: nothing is recorded. */

/* How long poll(2) may sleep, in ms; -1: for ever. */
int recordings_poll_ms(const struct recorder *recorder, size_t running);
/* The worker's case asked for its recording: it is sent by one of the next recordings_deliver(). */
void recordings_want(struct worker *worker);
int recordings_deliver(struct recorder *recorder, uint32_t first_tag, struct worker *workers, size_t count,
		       struct err *err);
/* The item is over, however it ended. */
void recordings_forget(struct recorder *recorder, uint32_t first_tag, struct worker *worker, size_t item);

#endif
