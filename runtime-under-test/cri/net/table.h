/* A JSON object in a file of the network's state, whose lock one at a time has. */
#ifndef CRI_NET_TABLE_H
#define CRI_NET_TABLE_H

#include <stddef.h>

struct err;
struct json;

struct table {
	int directory; /* borrowed */
	const char *name; /* of the file; borrowed */
	int lock; /* owned; held until it is closed */
	struct json *rows; /* owned; empty where there is no file yet */
};

/* Names are borrowed; a file of more than max bytes is refused. Waits for the lock. */
int table_open(int directory, const char *name, const char *lock_name, size_t max, struct table *ret,
	       struct err *err);
int table_write(const struct table *table, struct err *err); /* puts the rows in place by rename */
void table_close(struct table *table);

#endif
