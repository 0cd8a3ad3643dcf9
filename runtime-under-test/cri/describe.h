/* Pieces of answers: what lives in an object is copied, for the object may go before the answer is encoded. */
#ifndef CRI_DESCRIBE_H
#define CRI_DESCRIBE_H

#include <stddef.h>

struct arena;
struct json;

/* Messages of a repeated field, map entries too. NULL for none. */
void *describe_copies(struct arena *arena, const void *messages, size_t count);
/* {"info": text of the JSON}: the map that verbose answers have; entry_type is the generated type of its entries. */
void *describe_info(struct arena *arena, const void *entry_type, const struct json *info);
/* A JSON file as it is; NULL when it cannot be read. Owned. */
struct json *describe_file(const char *path);

#endif
