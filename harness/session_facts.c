/* What a record says about the machine and the moment. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/options.h"
#include "harness/session.h"

#define OS_RELEASE_MAX 65536

/* PRETTY_NAME of os-release(5), without its quotes; owned. */
static char *read_distribution(void)
{
	auto_text text = { 0 };

	if (file_read_at(AT_FDCWD, "/etc/os-release", OS_RELEASE_MAX, &text, NULL) < 0)
		return text_format("unknown");
	const char *name = strstr(text_str(&text), "PRETTY_NAME=");
	if (!name)
		return text_format("unknown");
	name += strlen("PRETTY_NAME=");
	name += *name == '"';
	return text_format("%.*s", (int) strcspn(name, "\"\n"), name);
}

static char *now_utc(void)
{
	time_t now = time(NULL);
	struct tm tm;
	char stamp[32];

	(void) gmtime_r(&now, &tm);
	(void) strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text_format("%s", stamp);
}

void session_describe(const struct session *session, struct run_record *ret)
{
	auto_cgroup_layout layout = { 0 };
	struct utsname uts = { 0 };

	(void) uname(&uts);
	(void) cgroup_layout_read(&layout, NULL);
	ret->run = text_format("%s", session->run);
	ret->tool_version = text_format("%s", PLUMBLINE_VERSION);
	ret->started = now_utc();
	ret->seed = session->options->seed;
	ret->kernel = text_format("%s", uts.release);
	ret->machine = text_format("%s", uts.machine);
	ret->cgroup_mode = text_format("%s", cgroup_mode_name(layout.mode));
	ret->distribution = read_distribution();
}
