/*
 * A server that is itself confined, in a container or a test, still runs what asks for less than it can give: the kernel would
 * refuse the whole container with EACCES, for a preference.
 */
#include "runtime-under-test/cri/oom_score.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/spec.h"

static bool may_lower(void)
{
	auto_text status = { 0 };
	const char *line;

	if (file_read_at(AT_FDCWD, "/proc/self/status", 65536, &status, NULL) < 0)
		return false;
	line = strstr(text_str(&status), "\nCapEff:");
	return line && strtoull(line + strlen("\nCapEff:"), NULL, 16) >> CAP_SYS_RESOURCE & 1;
}

int oom_score_lowest(void)
{
	auto_text own = { 0 };

	if (may_lower() || file_read_at(AT_FDCWD, "/proc/self/oom_score_adj", 64, &own, NULL) < 0)
		return -1000;
	return atoi(text_str(&own));
}

void oom_score_restrict(struct spec_result *spec, int lowest)
{
	const struct json *wanted = json_get(spec->config, "process.oomScoreAdj");
	struct json *origin;

	if (!wanted || json_int(wanted, 0) >= lowest)
		return;
	(void) json_set(spec->config, "process.oomScoreAdj", json_new_int(lowest), NULL);
	origin = json_new_object();
	json_put(origin, "from", json_new_string("server"));
	json_put(origin, "field", json_new_string("its own oom_score_adj, which it may not go below"));
	json_put(spec->origins, "process.oomScoreAdj", origin);
}
