/* The second set of programs beside the recorder's: optional, and refused by some kernels. */
#ifndef BPF_RESOLVE_H
#define BPF_RESOLVE_H

struct err;
struct record;
struct resolve;

/* Into the maps of the recorder's programs, which are loaded. -errno and why not: they are done without. */
int resolve_load(const struct record *object, struct resolve **ret, struct err *err);
void resolve_free(struct resolve *resolve); /* NULL is fine */

#endif
