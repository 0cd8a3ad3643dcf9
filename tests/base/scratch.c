/* Scratch directories for tests; removed by plain rm, so that file_remove_tree_at() is not its own witness. */
#include "tests/base/scratch.h"

#include <check.h>
#undef fail
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/text.h"

struct scratch scratch_open(void)
{
	const char *top = getenv("TMPDIR");
	struct scratch scratch = { .path = text_format("%s/plumbline-test-XXXXXX", top ? top : "/tmp") };

	ck_assert_ptr_nonnull(mkdtemp(scratch.path));
	scratch.fd = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(scratch.fd, 0);
	return scratch;
}

void scratch_close(struct scratch *scratch)
{
	const char *argv[] = { "rm", "-rf", "--one-file-system", "--", scratch->path, NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process_capture capture = { .timeout_ms = 10000 };
	struct process_status status;

	options.argv = argv;
	(void) process_run(&options, &capture, &status, NULL);
	cleanup_fd(&scratch->fd);
	free(scratch->path);
}
