/* The probe, whose program lies deflated inside this one. */
#ifndef HARNESS_PROBE_FILE_H
#define HARNESS_PROBE_FILE_H

#include <stddef.h>

struct err;
struct text;

/*
 * The bytes of its file, borrowed for ever. They are inflated when a process asks first, and those it forks afterwards
 * have them: who forks many asks before.
 */
int probe_file(const struct text **ret, struct err *err);

/* Appends what the gzip file packed holds; more than max bytes are -EFBIG, what is cut off or damaged is -EBADMSG. */
int gunzip(const void *packed, size_t size, size_t max, struct text *out, struct err *err);

#endif
