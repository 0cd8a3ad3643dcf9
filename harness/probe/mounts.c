/* Census: the mount table as this process sees it. Format: proc_pid_mountinfo(5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

#define MOUNTINFO_MAX (1024 * 1024)

static const char *optional_number(const char *optional, const char *tag)
{
	const char *at = strstr(optional, tag);

	return at ? at + strlen(tag) : NULL;
}

static const char *propagation_word(const char *optional)
{
	bool shared = strstr(optional, "shared:"), slave = strstr(optional, "master:");

	if (shared)
		return slave ? "slave,shared" : "shared";
	if (slave)
		return "slave";
	return strstr(optional, "unbindable") ? "unbindable" : "private";
}

static void mount_row(struct out *out, const struct mount_line *row)
{
	const char *peer = optional_number(row->optional, "shared:"),
		   *master = optional_number(row->optional, "master:");

	out_object(out, NULL);
	out_int(out, "id", atoi(row->id));
	out_int(out, "parent", atoi(row->parent));
	out_string(out, "device", row->device);
	out_string(out, "root", row->root);
	out_string(out, "destination", row->target);
	out_words(out, "flags", row->options, ',');
	out_string(out, "propagation", propagation_word(row->optional));
	if (peer)
		out_int(out, "peer", atoi(peer));
	if (master)
		out_int(out, "master", atoi(master));
	out_string(out, "type", row->type);
	out_string(out, "source", row->source);
	out_words(out, "super", row->super, ',');
	out_end(out);
}

int census_mounts(const struct probe *probe, struct out *out, const char *key)
{
	auto_text text = { 0 };
	int r =
	    probe->proc < 0 ? probe->proc : read_file(probe->proc, "self/mountinfo", MOUNTINFO_MAX, &text);
	char *line, *rest = text.data;
	size_t count = 0;

	if (r < 0)
		return r;
	out_array(out, key);
	while (rest && count < CENSUS_MAX && (line = strsep(&rest, "\n"))) {
		struct mount_line row;

		if (*line && mount_line_parse(line, &row) == 0) {
			mount_row(out, &row);
			count++;
		}
	}
	out_end(out);
	return r || (rest && *rest);
}
