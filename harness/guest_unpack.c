/* A guest's archive is the word of whatever ran there: it becomes directories, links and plain files of ours, and nothing else. */
#include "harness/guest.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"

#define UNPACK_MS 60000

int guest_unpack(const char *directory, const char *archive, struct err *err)
{
	const char *const argv[] = {
		"tar", "-x", "--no-same-owner", "--no-same-permissions", "-C", directory, "-f", archive, NULL
	};
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process_status status = { 0 };
	auto_text said = { 0 };
	struct process_capture capture = { .err = &said, .max = 400, .timeout_ms = UNPACK_MS };
	int r;

	options.argv = argv;
	/* For root tar makes device nodes, and cannot be told not to. Nothing that is started after this needs to. */
	(void) prctl(PR_CAPBSET_DROP, CAP_MKNOD, 0, 0, 0);
	r = process_run(&options, &capture, &status, err);
	if (r < 0)
		return r;
	text_trim_end(&said);
	if (!status.exited || status.code)
		return fail_text(err, -EBADMSG, "what the guest brought back is not whole: tar: %s",
				 text_str(&said));
	(void) unlink(archive);
	return 0;
}
