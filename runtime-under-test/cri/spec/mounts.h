/* Mounts being gathered: rows with origins of their own, brought into order before they become config.json's. */
#ifndef CRI_SPEC_MOUNTS_H
#define CRI_SPEC_MOUNTS_H

#include "runtime-under-test/cri/spec/build.h"

struct mount_row;

struct mount_list_row {
	struct json *mount, *origins; /* owned; origins by path within the mount */
	const char *destination; /* borrowed from mount */
};

struct mount_list {
	struct mount_list_row *rows; /* owned */
	size_t count;
};
void mount_list_free(struct mount_list *list);

/* The row is valid until the next is added. Later rows of one destination replace earlier ones only by mount_list_drop(). */
struct mount_list_row *mount_list_add(struct mount_list *list, const char *destination, const char *type,
				      const char *source, enum spec_from from, const char *field);
void mount_list_option(struct mount_list_row *row, const char *option, enum spec_from from,
		       const char *field);
void mount_list_put(struct mount_list_row *row, const char *member, struct json *taken, enum spec_from from,
		    const char *field);
void mount_list_origin(struct mount_list_row *row, const char *member, enum spec_from from,
		       const char *field);
/* Drops what is mounted at or below destination, from index first to before last. */
void mount_list_drop(struct mount_list *list, size_t first, size_t last, const char *destination);
bool mount_list_has(const struct mount_list *list, const char *destination);
/* Shallow before deep, from index first on; equal ones stay in order. */
void mount_list_sort(struct mount_list *list, size_t first);
void mount_list_emit(struct spec_build *build, const struct mount_list *list);
/* "/a//b/." is "/a/b": owned. */
char *mount_clean_path(const char *path);

/* /proc, /dev and so on; and the files of the sandbox, where the CRI mounts nothing there. */
void mounts_add_defaults(struct spec_build *build, struct mount_list *list);
void mounts_add_implicit(struct spec_build *build, struct mount_list *list);
int mounts_add_cri(struct spec_build *build, struct mount_list *list, struct err *err);

/* Resolves symlinks of a host path. ret_missing: it is to be made. */
int mount_source(const struct spec_request *request, const char *path, char **ret, bool *ret_missing,
		 struct err *err);
/* Whether the mount that holds path takes part in what the propagation wants. */
int mount_takes_part(const struct mount_row *row, const char *path, Runtime__V1__MountPropagation propagation,
		     struct err *err);
int mount_check_propagation(const char *path, Runtime__V1__MountPropagation propagation, struct err *err);

#endif
