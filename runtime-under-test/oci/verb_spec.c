/* spec: a config.json that runs a shell, for people to edit. It never overwrites one. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/options.h"
#include "runtime-under-test/oci/verbs.h"

struct spec_options {
	const char *bundle;
	bool rootless;
};

const struct option_row spec_rows[] = {
	{ "bundle", 'b', OPTION_STRING, offsetof(struct spec_options, bundle),
	  "directory to write config.json to" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct spec_options, rootless),
	  "one that needs no privileges" },
	{ NULL },
};

struct edit {
	const char *path, *json;
};

static const struct edit common[] = {
	{ "ociVersion", "\"1.3.0\"" },
	{ "process",
	  "{\"terminal\": true, \"user\": {\"uid\": 0, \"gid\": 0}, \"args\": [\"sh\"], \"cwd\": \"/\","
	  " \"env\": [\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\", \"TERM=xterm\"],"
	  " \"noNewPrivileges\": true}" },
	{ "process.capabilities.bounding", "[\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]" },
	{ "process.capabilities.effective", "[\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]" },
	{ "process.capabilities.permitted", "[\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]" },
	{ "process.rlimits", "[{\"type\": \"RLIMIT_NOFILE\", \"soft\": 1024, \"hard\": 1024}]" },
	{ "root", "{\"path\": \"rootfs\", \"readonly\": true}" },
	{ "hostname", "\"plumbline\"" },
	{ "mounts[]", "{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"}" },
	{ "mounts[]", "{\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\","
		      " \"options\": [\"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\"]}" },
	{ "mounts[]",
	  "{\"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\","
	  " \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\"]}" },
	{ "mounts[]", "{\"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\","
		      " \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", \"size=65536k\"]}" },
	{ "mounts[]", "{\"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\","
		      " \"options\": [\"nosuid\", \"noexec\", \"nodev\"]}" },
	{ "linux.namespaces",
	  "[{\"type\": \"pid\"}, {\"type\": \"ipc\"}, {\"type\": \"uts\"}, {\"type\": \"mount\"},"
	  " {\"type\": \"cgroup\"}]" },
	{ "linux.maskedPaths", "[\"/proc/acpi\", \"/proc/asound\", \"/proc/kcore\", \"/proc/keys\","
			       " \"/proc/latency_stats\", \"/proc/timer_list\", \"/proc/timer_stats\","
			       " \"/proc/sched_debug\", \"/proc/scsi\", \"/sys/firmware\"]" },
	{ "linux.readonlyPaths", "[\"/proc/bus\", \"/proc/fs\", \"/proc/irq\", \"/proc/sys\","
				 " \"/proc/sysrq-trigger\"]" },
};

static const struct edit with_root[] = {
	{ "mounts[/dev/pts].options[]", "\"gid=5\"" },
	{ "mounts[]", "{\"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\","
		      " \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]}" },
	{ "mounts[]", "{\"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\","
		      " \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\"]}" },
	{ "linux.namespaces[]", "{\"type\": \"network\"}" },
	{ "linux.resources.devices", "[{\"allow\": false, \"access\": \"rwm\"}]" },
};

/* Without privileges: a user namespace with the caller as root; sysfs belongs to the network namespace, so it is bound. */
static const struct edit without_root[] = {
	{ "mounts[]", "{\"destination\": \"/sys\", \"type\": \"none\", \"source\": \"/sys\","
		      " \"options\": [\"rbind\", \"nosuid\", \"noexec\", \"nodev\", \"ro\"]}" },
	{ "linux.namespaces[]", "{\"type\": \"user\"}" },
};

static int apply(struct json *config, const struct edit *edits, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct json *value = NULL;
		int r = json_parse(edits[i].json, strlen(edits[i].json), &value, err);

		if (r == 0)
			r = json_set(config, edits[i].path, value, err);
		if (r < 0)
			return fail(err, r, "%s", edits[i].path);
	}
	return 0;
}

static int map_caller(struct json *config, const char *path, unsigned id, struct err *err)
{
	struct json *map = json_new_object();

	json_put(map, "containerID", json_new_int(0));
	json_put(map, "hostID", json_new_uint(id));
	json_put(map, "size", json_new_int(1));
	return json_set(config, path, map, err);
}

static int build(bool rootless, struct json *config, struct err *err)
{
	int r = apply(config, common, ARRAY_SIZE(common), err);

	if (r == 0 && !rootless)
		return apply(config, with_root, ARRAY_SIZE(with_root), err);
	if (r == 0)
		r = apply(config, without_root, ARRAY_SIZE(without_root), err);
	if (r == 0)
		r = map_caller(config, "linux.uidMappings[]", geteuid(), err);
	if (r == 0)
		r = map_caller(config, "linux.gidMappings[]", getegid(), err);
	return r;
}

int verb_spec(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct spec_options options = { .bundle = "." };
	int first = verb_arguments(spec_rows, &options, argc, argv, 0, 0, err);
	auto_json config = NULL;
	auto_text out = { 0 };
	auto_fd directory = -EBADF, file = -EBADF;
	int r;

	(void) runtime;
	if (first < 0)
		return first;
	config = json_new_object();
	r = build(options.rootless, config, err);
	if (r < 0)
		return r;
	json_print(config, JSON_PRETTY, &out);
	text_add_char(&out, '\n');
	directory = open(options.bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return fail(err, -errno, "open bundle %s", options.bundle);
	file = openat(directory, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0)
		return fail(err, -errno, "make config.json in %s", options.bundle);
	r = file_write_all(file, text_str(&out), out.len);
	return r < 0 ? fail(err, r, "write config.json") : 0;
}
