/* Files by directory descriptor. Every descriptor made here is O_CLOEXEC. dirfd may be AT_FDCWD. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct text;

int file_open_at(int dirfd, const char *path, int flags, mode_t mode,
		 struct err *err); /* descriptor or -errno */
/* openat2 with RESOLVE_IN_ROOT: symlinks and ".." never lead outside root. */
int file_open_in_root(int root, const char *path, int flags, mode_t mode, struct err *err);
/* Appends the whole file; more than max bytes is -EFBIG. */
int file_read_at(int dirfd, const char *path, size_t max, struct text *out, struct err *err);
int file_read_fd(int fd, size_t max, struct text *out, struct err *err);
/* One write(2) to an existing file: the form procfs and cgroupfs want. */
int file_write_at(int dirfd, const char *path, const char *data, size_t len, struct err *err);
/* Writes a new or truncated file, all of it. */
int file_create_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode, struct err *err);
/* As above through a temporary name, fsync and rename: readers see the old or the new content. */
int file_replace_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode, struct err *err);
/* The same in two steps: all of it under the temporary name, then the rename, or the end of it. */
int file_stage_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode, struct err *err);
int file_commit_at(int dirfd, const char *path, struct err *err);
void file_unstage_at(int dirfd, const char *path);
int file_write_all(int fd, const void *data, size_t len); /* 0 or -errno; retries short writes */
int file_make_dirs_at(int dirfd, const char *path, mode_t mode, struct err *err); /* mkdir -p */
/* rm -r without following symlinks or crossing file systems; a missing path is 0. */
int file_remove_tree_at(int dirfd, const char *path, struct err *err);
int file_copy_at(int from_dir, const char *from, int to_dir, const char *to, mode_t mode, struct err *err);
/* The text of /proc/self/fd/N or of any symlink, bounded by PATH_MAX. */
int file_read_link_at(int dirfd, const char *path, struct text *out, struct err *err);

#endif
