/* Release on the declaration line: auto_fd fd = -EBADF; hand over with TAKE(). */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		(void) close(*fd);
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **) pointer);
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		(void) closedir(*dir);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		(void) fclose(*file);
}

#define auto_fd __attribute__((cleanup(cleanup_fd))) int
#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_dir __attribute__((cleanup(cleanup_dir))) DIR *
#define auto_file __attribute__((cleanup(cleanup_file))) FILE *

#define TAKE(pointer)                                                                                        \
	({                                                                                                   \
		__auto_type taken_ = (pointer);                                                              \
		(pointer) = NULL;                                                                            \
		taken_;                                                                                      \
	})
#define TAKE_FD(fd)                                                                                          \
	({                                                                                                   \
		int taken_ = (fd);                                                                           \
		(fd) = -EBADF;                                                                               \
		taken_;                                                                                      \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
