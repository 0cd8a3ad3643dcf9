/*
 * A layer: whatever the bytes are, it is unpacked or refused with a sentence. A thread of its own has the directory as its root, so that
 * links lead nowhere, while libFuzzer keeps its files: unshare(CLONE_FS). Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "runtime-under-test/cri/unpack/unpack.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
	if (!holds)
		abort();
}

struct input {
	int fd;
	int r;
	struct err err;
};

static void *apply(void *user)
{
	static const struct unpack_options options = { .bytes_max = 1u << 20,
						       .entries_max = 200,
						       .reserve = 1 };
	struct input *input = user;
	struct unpacked unpacked = { 0 };

	demand(unshare(CLONE_FS) == 0 && chroot("tree") == 0 && chdir("/") == 0);
	(void) umask(0);
	input->r = apply_layer(input->fd, &options, &unpacked, &input->err);
	demand(input->r < 0 || strlen(unpacked.diff_id) == 71);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .fd = memfd_create("layer", MFD_CLOEXEC) };
	auto_fd before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	pthread_t thread;

	demand(input.fd >= 0 && before >= 0 && file_write_all(input.fd, data, size) == 0);
	demand(lseek(input.fd, 0, SEEK_SET) == 0 && chdir(fuzz_place()) == 0);
	demand(mkdir("tree", 0700) == 0);
	demand(pthread_create(&thread, NULL, apply, &input) == 0 && pthread_join(thread, NULL) == 0);
	demand(input.r >= 0 || input.err.text[0] != '\0');
	demand(file_remove_tree_at(AT_FDCWD, "tree", NULL) == 0);
	(void) close(input.fd);
	demand(fchdir(before) == 0);
	return 0;
}
