/* Everything a container could leave in a world, as text: two of them compare line by line. */
#ifndef TESTS_CRASH_LEFTOVERS_H
#define TESTS_CRASH_LEFTOVERS_H

#include <stdint.h>

struct text;

/* Live processes, cgroups, mounts, named sockets, and the names of files below top and elsewhere. */
void leftovers_read(const char *top, struct text *out);
/* Waits for processes that are on their way out; then says what is new since before. 0: nothing. */
int leftovers_since(const char *top, const struct text *before, int64_t deadline, struct text *ret_new);

#endif
