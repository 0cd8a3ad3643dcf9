/* Reading an event's parts, and turning paths into what the container calls them. */
#include <limits.h>
#include <string.h>

#include "base/json.h"
#include "bpf/effect_build.h"

const struct event_slice *part_find(const struct decoded *event, int arg, int kind)
{
	for (size_t i = 0; i < event->part_count; i++)
		if (event->parts[i].arg == arg && event->parts[i].kind == kind)
			return &event->parts[i];
	return NULL;
}

bool part_string(const struct decoded *event, int arg, struct text *ret)
{
	const struct event_slice *part = part_find(event, arg, PART_STRING);

	if (!part)
		return false;
	text_add_bytes(ret, part->data, strnlen((const char *) part->data, part->size));
	return true;
}

/* Components come leaf first: "x\0tmp\0" is /tmp/x. */
bool part_path(const struct decoded *event, int arg, struct text *ret)
{
	const struct event_slice *part = part_find(event, arg, PART_PATH);
	size_t end;

	if (!part)
		return false;
	end = part->size;
	if (!end)
		text_add_char(ret, '/');
	while (end) {
		size_t start = end - 1; /* on the terminating NUL */
		const char *name;

		while (start && part->data[start - 1])
			start--;
		name = (const char *) part->data + start;
		if (strnlen(name, end - start) != 1 || *name != '/') {
			text_add_char(ret, '/');
			text_add_bytes(ret, name, strnlen(name, end - start));
		} else if (!start && end == part->size) {
			text_add_char(ret, '/');
		}
		end = start;
	}
	return true;
}

static bool part_copy(const struct decoded *event, int arg, int kind, void *ret, size_t size)
{
	const struct event_slice *part = part_find(event, arg, kind);

	if (!part || part->size != size)
		return false;
	memcpy(ret, part->data, size);
	return true;
}

bool part_state(const struct decoded *event, struct event_state *ret)
{
	return part_copy(event, PART_ARG_RESULT, PART_STATE, ret, sizeof(*ret));
}

bool part_file(const struct decoded *event, int arg, struct event_file *ret)
{
	return part_copy(event, arg, PART_FILE, ret, sizeof(*ret));
}

static const char *strip_prefix(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (!len || strncmp(path, prefix, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

/* Where cgroups are mounted, the container's is one in every hierarchy. */
static bool cgroup_normalize(struct build *b, const char *path, struct text *ret)
{
	const char *at = *b->cgroup && text_starts(path, "/sys/fs/cgroup/") ? strstr(path, b->cgroup) : NULL;

	if (!at)
		return false;
	text_add_bytes(ret, path, (size_t) (at - path));
	text_addf(ret, "%s@cgroup%s", *b->cgroup == '/' ? "/" : "", at + strlen(b->cgroup));
	return true;
}

/*
 * A path below the rootfs is the container's own path; what a test prepared and the bundle keep their symbols. "." is what a
 * process stands in after pivot_root(".", "."): the old root, with the new one below it; before, "/" is the host's.
 */
void path_normalize(struct build *b, const char *path, struct text *ret)
{
	const struct {
		const char *prefix, *symbol;
	} rows[] = { { b->rootfs, "" }, { b->scratch, "@scratch" }, { b->bundle, "@bundle" } };
	bool switched = b->task && b->task->switched;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *rest = strip_prefix(path, rows[i].prefix);

		if (!rest)
			continue;
		text_add(ret, rows[i].symbol);
		text_add(ret, *rest || *rows[i].symbol ? rest : "/");
		return;
	}
	if (cgroup_normalize(b, path, ret))
		return;
	if (strcmp(path, ".") == 0 && switched)
		text_add(ret, "@oldroot");
	else if (strcmp(path, "/") == 0 && *b->rootfs && !switched)
		text_add(ret, "@host");
	else
		text_add(ret, path);
}

void path_argument(struct build *b, int dir_arg, int arg, struct text *ret)
{
	struct text *path = scratch_take(b, SCRATCH_PATH), *given = scratch_take(b, SCRATCH_GIVEN);

	if (part_path(b->now, PART_ARG_PROCFD + arg, path)) {
		path_normalize(b, text_str(path), ret);
		return;
	}
	(void) part_string(b->now, arg, given);
	/* What the kernel found there, when it told. "." says more about an old root than where it lay does. */
	if (given->len && strcmp(text_str(given), ".") != 0 &&
	    part_path(b->now, PART_ARG_RESOLVED + arg, path)) {
		path_normalize(b, text_str(path), ret);
		return;
	}
	if (text_str(given)[0] != '/' && dir_arg >= 0 && part_path(b->now, dir_arg, path)) {
		if (given->len && strcmp(text_str(given), ".") != 0) {
			if (!text_ends(text_str(path), "/"))
				text_add_char(path, '/');
			text_add(path, text_str(given));
		}
		path_normalize(b, text_str(path), ret);
		return;
	}
	path_normalize(b, text_str(given), ret);
}

/* Where the container's cgroup stands in path, as whole components; NULL: nowhere. */
static const char *find_cgroup(const struct build *b, const char *path)
{
	size_t len = strlen(b->cgroup);

	for (const char *at = path; len && (at = strstr(at, b->cgroup)); at++)
		if (!at[len] || at[len] == '/')
			return at;
	return NULL;
}

void cgroup_name(const struct build *b, const char *path, struct text *ret)
{
	const char *at = find_cgroup(b, path);

	if (at)
		text_addf(ret, "@cgroup%s", at + strlen(b->cgroup));
	else if (*b->cgroup_above && text_starts(path, b->cgroup_above))
		text_add(ret, path + strlen(b->cgroup_above));
	else
		text_add(ret, path);
}

bool list_has(const struct json *list, const char *word)
{
	for (size_t i = 0; i < json_length(list); i++) {
		const char *item = json_string(json_at(list, i));

		if (item && strcmp(item, word) == 0)
			return true;
	}
	return false;
}

void flags_text(uint64_t value, const struct flag_name *names, struct text *ret)
{
	bool first = true;

	for (; names->name; names++) {
		if (!(value & names->flag))
			continue;
		if (!first)
			text_add_char(ret, ',');
		text_add(ret, names->name);
		first = false;
	}
}
