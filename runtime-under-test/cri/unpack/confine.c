/* Giving everything away that unpacking does not need: namespaces, the old root, capabilities, system calls, memory. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/cri/image/overlay.h"
#include "runtime-under-test/cri/unpack/unpack.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

/* zstd asks for as much memory as a layer's header says: up to 128 MiB for the window libarchive allows. */
#define MEMORY_MAX (512u << 20)

static int mount_tree(const struct unpack_options *options, struct err *err)
{
	struct overlay overlay = {
		.lowers = options->lowers,
		.count = options->lower_count,
		.upper = options->upper,
		.work = options->work,
	};

	if (options->upper)
		return overlay_mount(&overlay, options->into, err);
	/* pivot_root(2) wants a mount point. */
	if (mount(options->into, options->into, NULL, MS_BIND, NULL) < 0)
		return fail(err, -errno, "bind %s", options->into);
	return 0;
}

static int enter_tree(const struct unpack_options *options, struct err *err)
{
	int r;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return fail(err, -errno, "unshare namespaces");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail(err, -errno, "make mounts private");
	r = mount_tree(options, err);
	if (r < 0)
		return r;
	if (chdir(options->into) < 0)
		return fail(err, -errno, "enter %s", options->into);
	/* The old root lands on top of the new one and goes: pivot_root(2), "pivot_root(".", ".")". */
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return fail(err, -errno, "make %s the root", options->into);
	return 0;
}

static int drop_capabilities(struct err *err)
{
	static const unsigned kept[] = { CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,
					 CAP_FSETID, CAP_MKNOD,        CAP_SETFCAP };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint32_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		mask |= (kept[i] < 32) ? 1u << kept[i] : 0;
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability) < 0)
			return fail(err, -errno, "drop capability %d from the bounding set", capability);
	data[0].effective = data[0].permitted = mask;
	if (syscall(SYS_capset, &header, data) < 0)
		return fail(err, -errno, "drop capabilities");
	return 0;
}

#ifdef OUR_ARCH
static const unsigned denied[] = {
	SYS_execve,
	SYS_execveat,
	SYS_socket,
	SYS_socketpair,
	SYS_ptrace,
	SYS_process_vm_writev,
	SYS_kill,
	SYS_tkill,
	SYS_pidfd_open,
	SYS_pidfd_send_signal,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_unshare,
	SYS_setns,
	SYS_clone3,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	SYS_open_by_handle_at,
	SYS_name_to_handle_at,
	SYS_fsopen,
	SYS_open_tree,
	SYS_move_mount,
	SYS_init_module,
	SYS_finit_module,
	SYS_kexec_load,
	SYS_memfd_create,
};
#endif

/*
 * Capabilities stop most; this stops what needs none. A call on the list ends the process: a layer that made us do one has
 * won already. Calls of other architectures too, for their numbers differ.
 */
static int filter_calls(struct err *err)
{
#ifdef OUR_ARCH
	struct sock_filter filter[5 + 2 * ARRAY_SIZE(denied)];
	struct sock_fprog program = { .filter = filter };
	unsigned short n = 0;

	filter[n++] =
	    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	filter[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
	filter[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	filter[n++] =
	    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(denied); i++) {
		filter[n++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denied[i], 0, 1);
		filter[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	}
	filter[n++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0u, &program) < 0)
		return fail(err, -errno, "install the filter of system calls");
#endif
	return 0;
}

int confine(const struct unpack_options *options, struct err *err)
{
	struct rlimit none = { 0, 0 }, memory = { MEMORY_MAX, MEMORY_MAX };
	int r = enter_tree(options, err);

	if (r < 0)
		return r;
	if (close_range(STDERR_FILENO + 1, ~0u, 0) < 0)
		return fail(err, -errno, "close what was inherited");
	if (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_AS, &memory) < 0)
		return fail(err, -errno, "set limits");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(err, -errno, "set no_new_privs");
	r = drop_capabilities(err);
	return r < 0 ? r : filter_calls(err);
}
