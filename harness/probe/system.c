/* Census: host name, kernel, sysctls, security module, the root directory, and what of /proc and /sys is there. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

int census_hostname(const struct probe *probe, struct out *out, const char *key)
{
	struct utsname name;

	(void) probe;
	if (uname(&name) < 0)
		return -errno;
	out_string(out, key, name.nodename);
	return 0;
}

int census_domainname(const struct probe *probe, struct out *out, const char *key)
{
	struct utsname name;

	(void) probe;
	if (uname(&name) < 0)
		return -errno;
	out_string(out, key, name.domainname);
	return 0;
}

int census_kernel(const struct probe *probe, struct out *out, const char *key)
{
	struct utsname name;

	(void) probe;
	if (uname(&name) < 0)
		return -errno;
	out_object(out, key);
	out_string(out, "sysname", name.sysname);
	out_string(out, "release", name.release);
	out_string(out, "machine", name.machine);
	out_string(out, "version", name.version);
	out_end(out);
	return 0;
}

/* Those that a namespace gives a value of its own, and a few of the whole machine that tell a leak. */
static const char *const sysctls[] = {
	"fs.mqueue.msg_default",
	"fs.mqueue.msg_max",
	"fs.mqueue.msgsize_default",
	"fs.mqueue.msgsize_max",
	"fs.mqueue.queues_max",
	"kernel.auto_msgmni",
	"kernel.cap_last_cap",
	"kernel.domainname",
	"kernel.hostname",
	"kernel.msgmax",
	"kernel.msgmnb",
	"kernel.msgmni",
	"kernel.ns_last_pid",
	"kernel.overflowgid",
	"kernel.overflowuid",
	"kernel.pid_max",
	"kernel.random.boot_id",
	"kernel.sem",
	"kernel.shm_rmid_forced",
	"kernel.shmall",
	"kernel.shmmax",
	"kernel.shmmni",
	"net.core.rmem_max",
	"net.core.somaxconn",
	"net.ipv4.conf.all.arp_ignore",
	"net.ipv4.conf.all.forwarding",
	"net.ipv4.conf.all.rp_filter",
	"net.ipv4.conf.default.forwarding",
	"net.ipv4.icmp_echo_ignore_all",
	"net.ipv4.ip_default_ttl",
	"net.ipv4.ip_forward",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.ip_nonlocal_bind",
	"net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.ping_group_range",
	"net.ipv4.tcp_fin_timeout",
	"net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes",
	"net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_max_syn_backlog",
	"net.ipv4.tcp_rmem",
	"net.ipv4.tcp_syncookies",
	"net.ipv4.tcp_wmem",
	"net.ipv6.conf.all.disable_ipv6",
	"net.ipv6.conf.all.forwarding",
	"net.ipv6.conf.default.disable_ipv6",
	"net.netfilter.nf_conntrack_max",
	"net.unix.max_dgram_qlen",
	"user.max_cgroup_namespaces",
	"user.max_inotify_instances",
	"user.max_inotify_watches",
	"user.max_ipc_namespaces",
	"user.max_mnt_namespaces",
	"user.max_net_namespaces",
	"user.max_pid_namespaces",
	"user.max_time_namespaces",
	"user.max_user_namespaces",
	"user.max_uts_namespaces",
	"vm.hugetlb_shm_group",
	"vm.overcommit_memory",
};

int census_sysctls(const struct probe *probe, struct out *out, const char *key)
{
	if (probe->proc < 0)
		return probe->proc;
	out_object(out, key);
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		auto_free char *path = text_format("sys/%s", sysctls[i]);
		auto_text value = { 0 };

		for (char *dot = path + 4; (dot = strchr(dot, '.'));)
			*dot = '/';
		if (read_file(probe->proc, path, 4096, &value) < 0)
			continue;
		text_trim_end(&value);
		out_string(out, sysctls[i], text_str(&value));
	}
	out_end(out);
	return 0;
}

/* What config.jsons usually mask or make read-only: which of it a kernel has differs, and what is not there needs no mask. */
static const char *const usual_paths[] = {
	"/proc/acpi",          "/proc/asound",      "/proc/bus",         "/proc/fs",
	"/proc/interrupts",    "/proc/irq",         "/proc/kcore",       "/proc/keys",
	"/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",        "/proc/sys",
	"/proc/sysrq-trigger", "/proc/timer_list",  "/proc/timer_stats", "/sys/devices/virtual/powercap",
	"/sys/firmware",
};

int census_usual_paths(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	out_object(out, key);
	for (size_t i = 0; i < ARRAY_SIZE(usual_paths); i++) {
		struct stat st;

		out_bool(out, usual_paths[i],
			 stat(usual_paths[i], &st) == 0 || (errno != ENOENT && errno != ENOTDIR));
	}
	out_end(out);
	return 0;
}

/* "crun-default (enforce)", "system_u:system_r:container_t:s0": whatever module answers. */
int census_lsm(const struct probe *probe, struct out *out, const char *key)
{
	auto_text current = { 0 }, exec = { 0 };
	int r = probe->proc < 0 ? probe->proc : read_line(probe->proc, "self/attr/current", &current);

	if (r < 0)
		return r;
	/* SELinux ends its label with a NUL. */
	out_object(out, key);
	out_string(out, "current", text_str(&current));
	if (!read_line(probe->proc, "self/attr/exec", &exec))
		out_string(out, "exec", text_str(&exec));
	out_end(out);
	return 0;
}

int census_root(const struct probe *probe, struct out *out, const char *key)
{
	auto_name_list list = { 0 };
	struct statvfs vfs;
	struct stat st;
	int r;

	(void) probe;
	if (stat("/", &st) < 0 || statvfs("/", &vfs) < 0)
		return -errno;
	r = read_directory(AT_FDCWD, "/", CENSUS_MAX, &list);
	out_object(out, key);
	out_format(out, "device", "%u:%u", major(st.st_dev), minor(st.st_dev));
	out_uint(out, "inode", st.st_ino);
	out_bool(out, "readonly", vfs.f_flag & ST_RDONLY);
	out_format(out, "mode", "%04o", st.st_mode & 07777);
	out_uint(out, "uid", st.st_uid);
	out_uint(out, "gid", st.st_gid);
	if (r < 0) {
		out_string(out, "entries_errno", errno_word(-r));
	} else {
		out_array(out, "entries");
		for (size_t i = 0; i < list.count; i++)
			out_string(out, NULL, list.names[i]);
		out_end(out);
	}
	out_end(out);
	return list.cut;
}
