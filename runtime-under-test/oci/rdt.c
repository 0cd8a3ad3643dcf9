/* Groups of resctrl: which one is the container's is decided by closID, who removes it by who made it. */
#include "runtime-under-test/oci/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec.h"

#define SCHEMATA_MAX 65536

/* Owned; NULL: it is not mounted. */
static char *find_root(void)
{
	auto_fd self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_mount_table mounts = { 0 };

	if (self < 0 || mount_table_read(self, &mounts, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < mounts.count; i++)
		if (strcmp(mounts.rows[i].type, "resctrl") == 0)
			return text_format("%s", mounts.rows[i].target);
	return NULL;
}

static bool has_schema(const struct spec_intel_rdt *rdt)
{
	return rdt->l3_schema || rdt->mem_bw_schema || rdt->schemata.count;
}

static void put_path(struct json *plan, const char *key, const char *path)
{
	json_put(plan, key, json_new_bytes(path, strlen(path)));
}

int rdt_plan(const struct spec_intel_rdt *rdt, const char *id, const char *root, struct json **ret,
	     struct err *err)
{
	auto_free char *mounted = root ? text_format("%s", root) : NULL, *group = NULL, *monitor = NULL;
	struct json *remove;
	bool exists;

	*ret = NULL;
	if (!rdt->present)
		return 0;
	if (!mounted)
		mounted = find_root();
	if (!mounted)
		return fail_text(err, -EOPNOTSUPP, "linux.intelRdt: no resctrl file system is mounted");
	if (rdt->clos_id && strcmp(rdt->clos_id, "/") == 0)
		group = text_format("%s", mounted);
	else
		group = text_format("%s/%s", mounted, rdt->clos_id ? rdt->clos_id : id);
	exists = access(group, F_OK) == 0;
	/* config-linux.md#intelrdt: closID alone is a promise that somebody has made it. */
	if (!exists && rdt->clos_id && !has_schema(rdt))
		return fail_text(err, -ENOENT, "linux.intelRdt.closID: there is no group %s", rdt->clos_id);
	*ret = json_new_object();
	remove = json_new_array();
	put_path(*ret, "group", group);
	json_put(*ret, "make", json_new_bool(!exists));
	if (rdt->enable_monitoring) {
		monitor = text_format("%s/mon_groups/%s", group, id);
		put_path(*ret, "monitor", monitor);
		json_append(remove, json_new_bytes(monitor, strlen(monitor)));
	}
	/* A group with a closID is for others too: it stays. */
	if (!exists && !rdt->clos_id)
		json_append(remove, json_new_bytes(group, strlen(group)));
	json_put(*ret, "remove", remove);
	return 0;
}

/* One write, as the kernel takes its lines together. */
static int write_file(const char *directory, const char *file, const char *data, struct err *err)
{
	auto_free char *path = text_format("%s/%s", directory, file);
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ssize_t written = fd < 0 ? -1 : write(fd, data, strlen(data));

	return written < 0 ? fail(err, -errno, "write \"%.*s\" to %s", (int) strcspn(data, "\n"), data, path)
			   : 0;
}

static int write_schemata(const char *group, const struct spec_intel_rdt *rdt, struct err *err)
{
	auto_text lines = { 0 };

	/* The order of the specification: schemata overrides the two older fields. */
	if (rdt->l3_schema)
		text_addf(&lines, "%s\n", rdt->l3_schema);
	if (rdt->mem_bw_schema)
		text_addf(&lines, "%s\n", rdt->mem_bw_schema);
	for (size_t i = 0; i < rdt->schemata.count; i++)
		text_addf(&lines, "%s\n", rdt->schemata.items[i]);
	return lines.len ? write_file(group, "schemata", text_str(&lines), err) : 0;
}

/* "0=7f" in ";"-joined pairs behind "L3:"; numbers are compared as numbers, of hexadecimal digits. */
static bool pair_holds(const char *line, const char *pair, size_t length)
{
	size_t domain = strcspn(pair, "=");

	for (const char *at = line; *at;) {
		size_t here = strcspn(at, ";\n"), name = strcspn(at, "=");

		if (name == domain && strncmp(at, pair, domain) == 0 && domain < length)
			return strtoull(at + name + 1, NULL, 16) == strtoull(pair + domain + 1, NULL, 16);
		at += here + (at[here] == ';');
		if (*at == '\n')
			break;
	}
	return false;
}

bool rdt_schema_holds(const char *schemata, const char *wanted)
{
	size_t name = strcspn(wanted, ":");
	const char *line = schemata;

	while (*line) {
		line += strspn(line, " \n");
		if (strcspn(line, ":") == name && strncmp(line, wanted, name) == 0)
			break;
		line += strcspn(line, "\n");
	}
	if (!*line || !wanted[name])
		return false;
	line += name + 1;
	for (const char *pair = wanted + name + 1; *pair;) {
		size_t length = strcspn(pair, ";");

		if (!pair_holds(line, pair, length))
			return false;
		pair += length + (pair[length] == ';');
	}
	return true;
}

static int compare(const char *group, const struct spec_intel_rdt *rdt, struct err *err)
{
	auto_free char *path = text_format("%s/schemata", group);
	auto_text present = { 0 };
	const char *mismatch = NULL;
	int r = has_schema(rdt) ? file_read_at(AT_FDCWD, path, SCHEMATA_MAX, &present, err) : 0;

	if (r < 0)
		return r;
	if (rdt->l3_schema && !rdt_schema_holds(text_str(&present), rdt->l3_schema))
		mismatch = rdt->l3_schema;
	if (rdt->mem_bw_schema && !rdt_schema_holds(text_str(&present), rdt->mem_bw_schema))
		mismatch = rdt->mem_bw_schema;
	for (size_t i = 0; i < rdt->schemata.count; i++)
		if (!rdt_schema_holds(text_str(&present), rdt->schemata.items[i]))
			mismatch = rdt->schemata.items[i];
	if (mismatch)
		return fail_text(err, -EINVAL,
				 "linux.intelRdt.closID: the group %s exists and has another schema than %s",
				 group, mismatch);
	return 0;
}

static int make(const char *path, struct err *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return fail(err, -errno, "make %s", path);
	return 0;
}

int rdt_make(const struct json *plan, const struct spec_intel_rdt *rdt, struct err *err)
{
	const char *group = json_get_string(plan, "group"), *monitor = json_get_string(plan, "monitor");
	int r = 0;

	if (!plan)
		return 0;
	if (json_bool(json_member(plan, "make"), false))
		r = make(group, err);
	else if (rdt->clos_id)
		r = compare(group, rdt, err);
	if (r == 0 && (json_bool(json_member(plan, "make"), false) || !rdt->clos_id))
		r = write_schemata(group, rdt, err);
	if (r == 0 && monitor)
		r = make(monitor, err);
	return r < 0 ? fail(err, r, "linux.intelRdt") : 0;
}

int rdt_attach(const struct json *plan, pid_t pid, struct err *err)
{
	const char *group = json_get_string(plan, "group"), *monitor = json_get_string(plan, "monitor");
	auto_free char *text = text_format("%d", (int) pid);
	int r = group ? write_file(group, "tasks", text, err) : 0;

	if (r == 0 && monitor)
		r = write_file(monitor, "tasks", text, err);
	return r < 0 ? fail(err, r, "linux.intelRdt") : 0;
}

int rdt_update(const struct json *plan, const char *l3_schema, const char *mem_bw_schema, struct err *err)
{
	const struct spec_intel_rdt rdt = { .l3_schema = (char *) l3_schema,
					    .mem_bw_schema = (char *) mem_bw_schema };
	const char *group = json_get_string(plan, "group");
	int r;

	if (!l3_schema && !mem_bw_schema)
		return 0;
	if (!group)
		return fail_text(err, -EOPNOTSUPP, "linux.intelRdt: the container was created without it");
	r = write_schemata(group, &rdt, err);
	return r < 0 ? fail(err, r, "linux.intelRdt") : 0;
}

int rdt_remove(const struct json *plan, struct err *err)
{
	const struct json *paths = json_member(plan, "remove");

	for (size_t i = 0; i < json_length(paths); i++) {
		const char *path = json_string(json_at(paths, i));

		/* A group of the kernel goes with its files; where the root is a plain tree they go first. */
		if (!path || rmdir(path) == 0 || errno == ENOENT)
			continue;
		if (errno != ENOTEMPTY)
			return fail(err, -errno, "remove %s", path);
		int r = file_remove_tree_at(AT_FDCWD, path, err);
		if (r < 0)
			return r;
	}
	return 0;
}
