/* /etc/passwd and /etc/group of a root file system, read without leaving it. */
#ifndef CRI_SPEC_USERS_H
#define CRI_SPEC_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct err;

struct users {
	struct text passwd, group; /* empty where the root has none */
};
/* root: a directory; -EBADF: nothing is known. Files that are not regular or too large are refused. */
int users_read(int root, struct users *ret, struct err *err);
void users_free(struct users *users);

struct users_entry {
	char *name; /* owned */
	int64_t uid, gid;
};
/* By name, or by uid where name is NULL. False: not listed. */
bool users_find(const struct users *users, const char *name, int64_t uid, struct users_entry *ret);
bool users_find_group(const struct users *users, const char *name, int64_t *ret_gid);
/* Groups that list the user, appended to the owned array. */
void users_groups_of(const struct users *users, const char *name, int64_t **groups, size_t *count);

/* The last id is no id: (uid_t) -1 means "leave it" to setresuid(2). */
#define USERS_ID_MAX 4294967294LL

#endif
