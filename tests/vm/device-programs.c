/* device-programs DIRECTORY: how many device programs are attached to that cgroup. bpf(2) BPF_PROG_QUERY. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	union bpf_attr attr = { 0 };
	__u32 ids[64];
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0) {
		perror("open");
		return 1;
	}
	attr.query.target_fd = (__u32) fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (__u64) (unsigned long) ids;
	attr.query.prog_cnt = 64;
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0) {
		perror("query");
		return 1;
	}
	printf("%u\n", attr.query.prog_cnt);
	return 0;
}
