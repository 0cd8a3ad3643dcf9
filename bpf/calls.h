/* The table of system calls: one row drives the kernel side, the decoder and explain. x86-64 numbers by name. */
#ifndef BPF_CALLS_H
#define BPF_CALLS_H

#include <stddef.h>
#include <sys/syscall.h>

#include "bpf/event.h"

/* Newer than Debian 12's headers. */
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* Linux 6.15, 2c0cd5c7ae75 */
#endif

struct call_row {
	int number;
	const char *name;
	const char *args; /* names of the arguments, comma-separated: "source,target,type,flags,data" */
	struct event_call call;
};

extern const struct call_row call_rows[];
extern const size_t call_count;

const struct call_row *call_find(int number); /* NULL: not in the table */
const char *
call_name(int number); /* "mount"; of any known number, else "call N" is for the caller to write: NULL */
void calls_fill(struct event_call table[EVENT_CALLS]); /* the form the kernel side reads */

#endif
