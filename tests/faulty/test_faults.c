/* The faults as data: the registry and the program agree, every edit changes something, and only where it says. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

Suite *test_faults(void);

#define JSON(...) #__VA_ARGS__

/* Everything that some fault takes away, adds or turns. */
/* clang-format off */
static const char config[] = JSON({
	"ociVersion": "1.3.0",
	"root": { "path": "rootfs" }, "hostname": "full", "domainname": "full.example",
	"mounts": [
		{ "destination": "/proc", "type": "proc", "options": [ "nosuid", "nodev", "noexec", "noatime", "sync", "mode=755" ] },
		{ "destination": "/sys", "type": "sysfs", "options": [ "size=1024k" ] },
		{ "destination": "/dev/pts", "type": "devpts" }, { "destination": "/dev/shm", "type": "tmpfs" },
		{ "destination": "/one", "source": "/b/a", "options": [ "bind", "ro", "rslave" ] },
		{ "destination": "/two", "source": "/b/c", "options": [ "rbind", "rro", "rprivate" ] }
	],
	"process": {
		"terminal": true, "consoleSize": { "height": 25, "width": 80 }, "cwd": "/etc", "env": [ "A=1" ], "args": [ "a", "b" ],
		"user": { "uid": 5, "gid": 6, "umask": 18, "additionalGids": [ 7 ] },
		"capabilities": { "effective": [ "CAP_KILL" ], "permitted": [ "CAP_KILL" ], "inheritable": [ "CAP_CHOWN" ],
				  "bounding": [ "CAP_KILL" ], "ambient": [ "CAP_CHOWN" ] },
		"rlimits": [ { "type": "RLIMIT_NOFILE", "soft": 10, "hard": 20 } ], "oomScoreAdj": -5,
		"scheduler": { "policy": "SCHED_BATCH" }, "ioPriority": { "class": "IOPRIO_CLASS_BE", "priority": 7 }
	},
	"hooks": {
		"prestart": [ { "path": "/bin/a", "args": [ "a", "x" ], "env": [ "A=1" ], "timeout": 5 }, { "path": "/bin/b" } ],
		"createRuntime": [ { "path": "/bin/c" } ], "createContainer": [ { "path": "/bin/d" } ],
		"startContainer": [ { "path": "/bin/e" } ], "poststart": [ { "path": "/bin/f" } ], "poststop": [ { "path": "/bin/g" } ]
	},
	"annotations": { "com.example.key": "value" },
	"linux": {
		"namespaces": [ { "type": "pid" }, { "type": "network", "path": "/n" }, { "type": "ipc" }, { "type": "uts" },
				{ "type": "cgroup" }, { "type": "time" } ],
		"uidMappings": [ { "containerID": 0, "hostID": 1000, "size": 10 } ],
		"gidMappings": [ { "containerID": 0, "hostID": 1000, "size": 10 } ],
		"timeOffsets": { "boottime": { "secs": 1 } },
		"devices": [ { "type": "c", "path": "/dev/x", "major": 1, "minor": 3, "fileMode": 438, "uid": 1 } ],
		"cgroupsPath": "/a",
		"resources": { "devices": [ { "allow": false }, { "allow": true, "major": 1 } ], "pids": { "limit": 3 } },
		"rootfsPropagation": "private", "maskedPaths": [ "/a", "/b" ], "readonlyPaths": [ "/c", "/d" ],
		"sysctl": { "net.a": "1" }, "personality": { "domain": "LINUX32" },
		"seccomp": { "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
			{ "names": [ "a" ], "action": "SCMP_ACT_TRAP", "errnoRet": 1, "args": [ { "index": 0 } ] } ] }
	}
});
static const char state[] = JSON({ "ociVersion": "1.0.2", "id": "c1", "status": "paused", "pid": 42, "bundle": "/b/c1",
				   "annotations": { "a": "b" } });
/* clang-format on */

static struct json *parsed(const char *text)
{
	struct err err = { 0 };
	struct json *ret = NULL;

	ck_assert_msg(json_parse(text, strlen(text), &ret, &err) == 0, "%s", err.text);
	return ret;
}

START_TEST(the_registry_has_every_fault_of_the_program)
{
	const struct fault *fault;

	for (size_t i = 0; (fault = fault_at(i)); i++) {
		struct registry_row row = { 0 };

		ck_assert_msg(registry_find(fault->name, &row) == 0, "%s is in no row of fixtures/faults.tsv",
			      fault->name);
		ck_assert_msg(!strcmp(row.where, "shim") && !strcmp(row.status, "built"), "%s: %s, %s",
			      row.name, row.where, row.status);
		ck_assert_msg(fault_find(fault->name) == fault, "%s is there twice", fault->name);
		registry_row_free(&row);
	}
}
END_TEST

/* The other direction: what the registry calls built and a shim's can be found by name. */
START_TEST(the_program_has_every_fault_of_the_registry)
{
	auto_text list = { 0 };
	size_t rows = 0, shims = 0;

	ck_assert_int_ge(registry_print(&list), 40);
	for (char *rest = list.data, *line; (line = strsep(&rest, "\n")) && *line;) {
		struct registry_row row = { 0 };
		auto_free char *name = strndup(line, strcspn(line, " "));

		rows++;
		ck_assert_int_eq(registry_find(name, &row), 0);
		if (!strcmp(row.where, "shim")) {
			shims++;
			ck_assert_msg(fault_find(name), "%s is registered as built and is nowhere", name);
		}
		registry_row_free(&row);
	}
	ck_assert_uint_ge(rows, shims);
	ck_assert_uint_ge(shims, 40);
}
END_TEST

START_TEST(an_unknown_name_is_not_found)
{
	struct registry_row row = { 0 };

	ck_assert_int_eq(registry_find("no-such-fault", &row), -ENOENT);
	ck_assert_int_eq(registry_find("", &row), -ENOENT);
	ck_assert_int_eq(registry_find("name", &row), -ENOENT);
	ck_assert_ptr_null(fault_find("no-such-fault"));
}
END_TEST

/* These set what a config does not have; the config above has it, or its opposite, already. */
static const struct {
	const char *name, *path;
} adding[] = {
	{ "seccomp-added", "linux.seccomp" },
	{ "no-new-privileges-cleared", NULL },
};

static void prepare_for(const char *name, struct json *document)
{
	for (size_t i = 0; i < ARRAY_SIZE(adding); i++) {
		if (strcmp(adding[i].name, name) != 0)
			continue;
		if (adding[i].path)
			ck_assert_int_eq(json_drop(document, adding[i].path, NULL), 0);
		else
			ck_assert_int_eq(
			    json_set(document, "process.noNewPrivileges", json_new_bool(true), NULL), 0);
	}
	if (!strcmp(name, "root-stays-writable"))
		ck_assert_int_eq(json_set(document, "root.readonly", json_new_bool(true), NULL), 0);
}

START_TEST(every_edit_changes_a_full_document)
{
	const struct fault *fault;
	size_t count = 0;

	for (size_t i = 0; (fault = fault_at(i)); i++) {
		struct err err = { 0 };

		if (!fault->edit)
			continue;
		auto_json before = parsed(fault->hook == HOOK_STATE ? state : config);
		prepare_for(fault->name, before);
		auto_json after = json_copy(before);
		ck_assert_msg(fault->edit(after, fault->argument, &err) == 0, "%s: %s", fault->name,
			      err.text);
		ck_assert_msg(!json_equal(before, after), "%s changes nothing", fault->name);
		count++;
	}
	ck_assert_uint_ge(count, 40);
}
END_TEST

/* A fault must not turn into an error of the shim where a config lacks what it is about. */
START_TEST(every_edit_bears_an_empty_document)
{
	const struct fault *fault;

	for (size_t i = 0; (fault = fault_at(i)); i++) {
		struct err err = { 0 };
		auto_json document = json_new_object();

		if (fault->edit)
			ck_assert_msg(fault->edit(document, fault->argument, &err) == 0, "%s: %s",
				      fault->name, err.text);
	}
}
END_TEST

/* One thing wrong: of the top-level members only those change that stand beside the fault. */
START_TEST(edits_stay_where_they_belong)
{
	static const struct {
		const char *fault, *member;
	} rows[] = {
		{ "mount-ignores-ro", "mounts" },    { "masked-paths-dropped", "linux" },
		{ "uid-zeroed", "process" },         { "hooks-in-opposite-order", "hooks" },
		{ "hostname-dropped", "hostname" },  { "root-always-readonly", "root" },
		{ "seccomp-args-ignored", "linux" }, { "args-cut", "process" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct fault *fault = fault_find(rows[i].fault);
		auto_json before = parsed(config);
		auto_json after = json_copy(before);

		ck_assert_ptr_nonnull(fault);
		ck_assert_int_eq(fault->edit(after, fault->argument, NULL), 0);
		for (size_t k = 0; k < json_length(before); k++) {
			const char *key = json_key_at(before, k);

			ck_assert_msg(!strcmp(key, rows[i].member) ||
					  json_equal(json_member(before, key), json_member(after, key)),
				      "%s changes %s", rows[i].fault, key);
		}
	}
}
END_TEST

Suite *test_faults(void)
{
	return UNIT_SUITE("faults", the_registry_has_every_fault_of_the_program,
			  the_program_has_every_fault_of_the_registry, an_unknown_name_is_not_found,
			  every_edit_changes_a_full_document, every_edit_bears_an_empty_document,
			  edits_stay_where_they_belong);
}
