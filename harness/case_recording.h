/* A case's recording: asked from the engine when the case is over, read as effects, kept beside the observation. */
#ifndef HARNESS_CASE_RECORDING_H
#define HARNESS_CASE_RECORDING_H

struct case_job;
struct case_watch;
struct err;
struct json;

/* In the world's first process; nothing when nothing is recorded. */
void case_recording_begin(
    const struct case_job *job); /* what its children do from their first exec on is recorded */
void case_recording_phase(const struct case_job *job, const char *verb);
void case_recording_end(const struct case_job *job);

/*
 * In the watcher, once the world has said its last word: puts `kernel` and `recording` into the observation (taken from nobody, added
 * to) and writes recordings/ID.rec when there is a run directory. observation NULL: the world left none.
 */
int case_recording_join(const struct case_watch *watch, struct json *observation, struct err *err);

#endif
