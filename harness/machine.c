/* What this machine offers, found out by trying rather than by asking for versions. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/engine.h"

static bool can_make_userns(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER | CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
	pid_t pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return false;
	(void) waitpid(pid, NULL, 0);
	return true;
}

/* "r0 = 0; exit" as a tracepoint program: the kind that the recorder loads. */
static bool can_load_bpf(void)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uintptr_t) program;
	attr.insn_cnt = ARRAY_SIZE(program);
	attr.license = (uintptr_t) "GPL";
	auto_fd fd = (int) syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd >= 0;
}

/* In v1 a mounted controller is ours to use; in cgroup2 only what the root names. */
static void add_controllers(const struct cgroup_hierarchy *row, struct text *out)
{
	auto_free char *list = NULL;
	auto_text own = { 0 };
	char *rest, *word;

	if (row->unified) {
		auto_free char *path = text_format("%s/cgroup.controllers", row->mount_point);

		(void) file_read_at(AT_FDCWD, path, 4096, &own, NULL);
		list = text_take(&own);
	} else {
		list = strdup(row->controllers);
	}
	rest = list;
	while (rest && (word = strsep(&rest, " ,\n")))
		if (*word && !text_starts(word, "name="))
			text_addf(out, "%s ", word);
}

void machine_read(struct machine *ret)
{
	auto_cgroup_layout layout = { 0 };
	auto_text controllers = { 0 };
	struct machine machine = { .root = geteuid() == 0 };
	struct utsname names;

	if (uname(&names) == 0)
		(void) snprintf(machine.kernel, sizeof(machine.kernel), "%.63s", names.release);
	machine.userns = can_make_userns();
	machine.bpf = can_load_bpf();
	text_add(&controllers, " ");
	if (cgroup_layout_read(&layout, NULL) >= 0)
		for (size_t i = 0; i < layout.count; i++)
			add_controllers(&layout.rows[i], &controllers);
	machine.cgroup_v1 = layout.mode == CGROUP_V1 || layout.mode == CGROUP_HYBRID;
	machine.cgroup_v2 = layout.mode == CGROUP_V2;
	(void) snprintf(machine.controllers, sizeof(machine.controllers), "%.255s", text_str(&controllers));
	*ret = machine;
}
