/* Files that lie inside the program, by their name in the tree ("fixtures/faults.tsv"; the probe is "plumbline-probe.gz"). */
#ifndef HARNESS_EMBEDDED_H
#define HARNESS_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
	const char *name;
	const char *data; /* a NUL follows the last byte */
	size_t size;
};

extern const struct embedded_file embedded_files[]; /* ends with name NULL */
const struct embedded_file *embedded_find(const char *name); /* NULL: not there */

#endif
