/* The census: one table of keys, in the order of docs/OBSERVATION.md. */
#include "harness/probe/census.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "harness/probe/child.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

static const struct census_row {
	const char *key;
	census_reader *read;
	/* Needs more than open, read, readlink, stat: a seccomp filter may kill for it. */
	bool odd;
} rows[] = {
	{ "started_ns", census_started },
	{ "pid", census_pid },
	{ "ppid", census_ppid, true },
	{ "pgid", census_pgid, true },
	{ "sid", census_sid, true },
	{ "argv", census_argv },
	{ "exe", census_exe },
	{ "exec_path", census_exec_path },
	{ "cwd", census_cwd, true },
	{ "env", census_env },
	{ "env_list", census_env_list },
	{ "uid", census_uid, true },
	{ "gid", census_gid, true },
	{ "groups", census_groups, true },
	{ "umask", census_umask },
	{ "caps", census_caps, true },
	{ "last_cap", census_last_cap, true },
	{ "securebits", census_securebits, true },
	{ "keep_caps", census_keep_caps, true },
	{ "no_new_privs", census_no_new_privs, true },
	{ "dumpable", census_dumpable, true },
	{ "seccomp", census_seccomp },
	{ "secure", census_secure },
	{ "rlimits", census_rlimits, true },
	{ "namespaces", census_namespaces },
	{ "namespaces_for_children", census_namespaces_for_children },
	{ "namespace_owners", census_namespace_owners, true },
	{ "hostname", census_hostname, true },
	{ "domainname", census_domainname, true },
	{ "kernel", census_kernel, true },
	{ "proc", census_proc },
	{ "mounts", census_mounts },
	{ "fds", census_fds },
	{ "fd_list", census_fd_list },
	{ "tty", census_tty, true },
	{ "cgroup", census_cgroup },
	{ "cgroup_files", census_cgroup_files },
	{ "cgroup_dirs", census_cgroup_dirs, true },
	{ "oom_score_adj", census_oom_score_adj },
	{ "coredump_filter", census_coredump_filter },
	{ "nice", census_nice, true },
	{ "personality", census_personality },
	{ "scheduler", census_scheduler, true },
	{ "io_priority", census_io_priority, true },
	{ "affinity", census_affinity, true },
	{ "memory_policy", census_memory_policy, true },
	{ "timer_slack_ns", census_timer_slack, true },
	{ "parent_death_signal", census_parent_death_signal, true },
	{ "child_subreaper", census_child_subreaper, true },
	{ "threads", census_threads },
	{ "sysctls", census_sysctls },
	{ "devices", census_devices },
	{ "links", census_links },
	{ "root", census_root, true },
	{ "usual_paths", census_usual_paths },
	{ "processes", census_processes },
	{ "interfaces", census_interfaces, true },
	{ "routes", census_routes, true },
	{ "uid_map", census_uid_map },
	{ "gid_map", census_gid_map },
	{ "setgroups", census_setgroups },
	{ "time_offsets", census_time_offsets },
	{ "clocks", census_clocks },
	{ "ipc", census_ipc },
	{ "signals", census_signals },
	{ "lsm", census_lsm },
};

size_t census_key_count(void)
{
	return ARRAY_SIZE(rows);
}

const char *census_key(size_t index)
{
	return rows[index].key;
}

int census_read(const struct probe *probe, struct out *out, const char *key)
{
	struct out_mark mark = out_mark(out);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r;

		if (strcmp(rows[i].key, key) != 0)
			continue;
		r = rows[i].read(probe, out, key);
		if (r < 0)
			out_rewind(out, mark);
		return r;
	}
	return -EINVAL;
}

struct reading {
	const struct probe *probe;
	const struct census_row *row;
};

/*
 * In a child: prints the one member to stdout, which is the parent's pipe, and answers what the reader
 * returned.
 */
static long read_in_child(void *argument)
{
	const struct reading *reading = argument;
	auto_out out = OUT_INIT(STDOUT_FILENO);
	int r = reading->row->read(reading->probe, &out, reading->row->key);

	if (r >= 0)
		(void) out_flush(&out);
	return r;
}

/* Under a filter that may kill, the reader runs in a child: its death is a fact and the census goes on. */
static int read_guarded(const struct reading *reading, struct out *out, const char **ret_signal)
{
	auto_text member = { 0 };
	struct child_end end = { 0 };
	const struct child_work work = { .body = read_in_child,
					 .argument = (void *) reading,
					 .output = &member,
					 .output_max = 1024 * 1024 };
	int r = child_run(&work, &end);

	if (r < 0)
		return r;
	if (!end.reported) {
		const char *name = name_of_signal(end.signal);

		*ret_signal = name ? name : "ETIMEDOUT";
		return -EINTR;
	}
	if (end.result >= 0)
		out_json(out, NULL, text_str(&member), member.len);
	return (int) end.result;
}

static bool has_seccomp_filter(const struct probe *probe)
{
	const char *mode = probe_status(probe, "Seccomp");

	/* No /proc, no answer: a child each is slower, never wrong. */
	return !mode || atoi(mode) != 0;
}

static void put_words(struct out *out, const char *key, const char *const *reasons)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		count += reasons[i] != NULL;
	if (!count)
		return;
	out_object(out, key);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (reasons[i])
			out_string(out, rows[i].key, reasons[i]);
	out_end(out);
}

void census_print(const struct probe *probe, struct out *out)
{
	const char *missing[ARRAY_SIZE(rows)] = { 0 };
	bool guard = has_seccomp_filter(probe), cut[ARRAY_SIZE(rows)] = { 0 };

	out_line(out, probe->nonce);
	out_object(out, "census");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct out_mark mark = out_mark(out);
		const char *word = NULL;
		int r = guard && rows[i].odd ? read_guarded(&(struct reading){ probe, &rows[i] }, out, &word)
					     : rows[i].read(probe, out, rows[i].key);

		if (r < 0) {
			out_rewind(out, mark);
			missing[i] = word ? word : errno_word(-r);
		}
		cut[i] = r > 0;
		if (out->text.len > 65536)
			(void) out_flush(out);
	}
	put_words(out, "missing", missing);
	out_array(out, "cut");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (cut[i])
			out_string(out, NULL, rows[i].key);
	out_end(out);
	out_end(out);
	(void) out_line_end(out);
}
