/* A store of images for tests. */
#include "tests/cri/image_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/image.h"
#include "tests/unit.h"

#define OUTPUT_MAX 65536

bool image_fixture_open(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return false;
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("tmpfs", IMAGE_PLACE, "tmpfs", 0, "size=64m,mode=755"), 0);
	return true;
}

void image_shell(const char *script)
{
	auto_free char *top = realpath(".", NULL);
	auto_free char *whole =
	    text_format("set -e; image=%s/tests/cri/image.sh; cd " IMAGE_PLACE "; %s", top, script);
	const char *argv[] = { "/bin/sh", "-c", whole, NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process_status status;
	auto_text out = { 0 }, said = { 0 };
	struct process_capture capture = {
		.out = &out, .err = &said, .max = OUTPUT_MAX, .timeout_ms = 60000
	};
	struct err err = { 0 };

	options.argv = argv;
	ck_assert_msg(process_run(&options, &capture, &status, &err) == 0, "%s", err.text);
	ck_assert_msg(status.exited && status.code == 0, "%s: %s", script, text_str(&said));
}

struct image_store *image_store_for_test(void)
{
	auto_free char *unpacker = realpath("build/bin/plumbline-unpack", NULL);
	struct image_store_options options = { .root = IMAGE_PLACE "/root",
					       .unpacker = unpacker,
					       .reserve_bytes = 1 };
	struct image_store *store = NULL;
	struct err err = { 0 };

	ck_assert_msg(image_store_open(&options, &store, &err) == 0, "%s", err.text);
	return store;
}

char *image_file(const char *path)
{
	auto_text text = { 0 };

	(void) file_read_at(AT_FDCWD, path, OUTPUT_MAX, &text, NULL);
	return text_take(&text);
}

static void write_map(pid_t pid, const char *name)
{
	auto_free char *path = text_format("/proc/%d/%s", (int) pid, name);

	ck_assert_int_eq(file_write_at(AT_FDCWD, path, "0 100000 1000", 13, NULL), 0);
}

int image_userns(void)
{
	auto_free char *path = NULL;
	int ready[2], go[2], fd;
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], &byte, 1) != 1)
			_exit(1);
		(void) close(go[1]);
		_exit(read(go[0], &byte, 1) < 0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	write_map(pid, "uid_map");
	write_map(pid, "gid_map");
	path = text_format("/proc/%d/ns/user", (int) pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	(void) close(go[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	return fd;
}
