/* One row of mountinfo, taken apart in place. A file of its own: it is tested without the rest of the probe. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "harness/probe/census.h"

/* "\040" and its kind become the byte. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to++ = (char) ((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

int mount_line_parse(char *line, struct mount_line *ret)
{
	char **const before[] = { &ret->id,   &ret->parent, &ret->device,
				  &ret->root, &ret->target, &ret->options };
	char **const after[] = { &ret->type, &ret->source, &ret->super };
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		if (!line || !(*before[i] = strsep(&line, " ")))
			return -EINVAL;
	if (!line)
		return -EINVAL;
	/*
	 * No optional field: the separator comes first and has lost the space before it. gVisor writes an empty
	 * field there, "rw  - tmpfs", and so keeps that space.
	 */
	if (!strncmp(line, "- ", 2)) {
		ret->optional = strchr(line, '\0');
		line += 2;
	} else {
		if (!(end = strstr(line, " - ")))
			return -EINVAL;
		ret->optional = line;
		*end = '\0';
		line = end + 3;
	}
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		if (!line || !(*after[i] = strsep(&line, " ")))
			return -EINVAL;
	unescape(ret->root);
	unescape(ret->target);
	unescape(ret->source);
	return 0;
}
