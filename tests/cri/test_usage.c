/* What a cgroup's files say, of either version, from folders made here; and the devices of /proc/PID/net/dev. */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/interfaces.h"
#include "runtime-under-test/cri/usage.h"

struct file {
	const char *name, *content;
};

/* A folder with these files; all controllers count in it. */
static void make_places(const struct file *files, size_t count, bool unified, struct usage_places *ret)
{
	char path[] = "/tmp/plumbline-usage.XXXXXX";
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(
		    file_create_at(fd, files[i].name, files[i].content, strlen(files[i].content), 0600, NULL),
		    0);
	for (size_t i = 0; i < USAGE_CONTROLLERS; i++)
		ret->rows[i] = (struct usage_place){ dup(fd), unified };
	(void) close(fd);
}

static void drop_places(struct usage_places *places)
{
	auto_free char *link = text_format("/proc/self/fd/%d", places->rows[0].fd);
	auto_text path = { 0 };

	ck_assert_int_eq(file_read_link_at(AT_FDCWD, link, &path, NULL), 0);
	usage_close(places);
	ck_assert_int_eq(places->rows[0].fd, -EBADF);
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, text_str(&path), NULL), 0);
}

static void has(const struct usage *usage, enum usage_key key, uint64_t value)
{
	ck_assert_msg(usage->known[key], "key %d is not known", key);
	ck_assert_msg(usage->value[key] == value, "key %d is %llu, not %llu", key,
		      (unsigned long long) usage->value[key], (unsigned long long) value);
}

static const struct file version_2_files[] = {
	{ "cpu.stat", "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 7\nnr_throttled "
		      "3\nthrottled_usec 5\n" },
	{ "memory.current", "1000\n" },
	{ "memory.max", "max\n" },
	{ "memory.stat", "anon 400\nfile 500\nkernel 60\nfile_mapped 50\ninactive_file 300\npgfault "
			 "9\npgmajfault 2\n" },
	{ "memory.events", "low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\n" },
	{ "memory.swap.current", "0\n" },
	{ "memory.swap.max", "4096\n" },
	{ "pids.current", "5\n" },
	{ "pids.max", "10\n" },
	{ "io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:16 rbytes=10 wbytes=0 "
		     "rios=1 wios=0 dbytes=0 dios=0\n" },
	{ "memory.pressure", "some avg10=1.50 avg60=0.25 avg300=0.00 total=12\nfull avg10=0.00 "
			     "avg60=0.00 avg300=0.00 total=3\n" },
	{ "hugetlb.2MB.current", "2097152\n" },
	{ "hugetlb.2MB.rsvd.current", "9\n" },
};

START_TEST(version_2)
{
	struct usage_places places;
	struct usage usage;

	make_places(version_2_files, ARRAY_SIZE(version_2_files), true, &places);
	usage_read(&places, &usage);
	has(&usage, USAGE_CPU_NS, 30000);
	has(&usage, USAGE_CPU_USER_NS, 20000);
	has(&usage, USAGE_CPU_SYSTEM_NS, 10000);
	has(&usage, USAGE_CPU_PERIODS, 7);
	has(&usage, USAGE_CPU_THROTTLED, 3);
	has(&usage, USAGE_CPU_THROTTLED_NS, 5000);
	has(&usage, USAGE_MEMORY, 1000);
	ck_assert(!usage.known[USAGE_MEMORY_LIMIT]);
	ck_assert(!usage.known[USAGE_MEMORY_PEAK]);
	has(&usage, USAGE_MEMORY_FAILED, 4);
	has(&usage, USAGE_MEMORY_RSS, 400);
	has(&usage, USAGE_MEMORY_CACHE, 500);
	/* "file" begins "file_mapped" too. */
	has(&usage, USAGE_MEMORY_MAPPED, 50);
	has(&usage, USAGE_OOM_KILLS, 1);
	has(&usage, USAGE_FAULTS, 9);
	has(&usage, USAGE_MAJOR_FAULTS, 2);
	has(&usage, USAGE_SWAP, 0);
	has(&usage, USAGE_SWAP_LIMIT, 4096);
	has(&usage, USAGE_PIDS, 5);
	has(&usage, USAGE_PIDS_LIMIT, 10);
	ck_assert_uint_eq(usage_working_set(&usage), 700);
	ck_assert_uint_eq(usage.block_count, 2);
	ck_assert_uint_eq(usage.blocks[0].writes, 4);
	ck_assert_uint_eq(usage.blocks[1].minor, 16);
	ck_assert(usage.pressure[PRESSURE_MEMORY].known);
	ck_assert(!usage.pressure[PRESSURE_CPU].known);
	/* The kernel counts microseconds, the CRI nanoseconds. */
	ck_assert_uint_eq(usage.pressure[PRESSURE_MEMORY].some.total_ns, 12000);
	ck_assert_uint_eq(usage.pressure[PRESSURE_MEMORY].full.total_ns, 3000);
	ck_assert(usage.pressure[PRESSURE_MEMORY].some.avg60 == 0.25);
	ck_assert_uint_eq(usage.huge_count, 1);
	ck_assert_str_eq(usage.huge[0].size, "2MB");
	ck_assert_uint_eq(usage.huge[0].bytes, 2097152);
	drop_places(&places);
}
END_TEST

START_TEST(version_1)
{
	static const struct file files[] = {
		{ "cpuacct.usage", "30\n" },
		{ "cpuacct.usage_user", "20\n" },
		{ "cpu.stat", "nr_periods 7\nnr_throttled 3\nthrottled_time 5\n" },
		{ "memory.usage_in_bytes", "1000\n" },
		{ "memory.limit_in_bytes", "9223372036854771712\n" },
		{ "memory.memsw.limit_in_bytes", "9223372036854771712\n" },
		{ "memory.stat", "cache 1\nrss 2\ninactive_file 3\ntotal_cache 500\ntotal_rss "
				 "400\ntotal_swap 8\ntotal_inactive_file 1300\n" },
		{ "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n" },
		{ "pids.max", "max\n" },
		{ "blkio.throttle.io_service_bytes_recursive",
		  "8:0 Read 11\n8:0 Write 12\n8:0 Total 23\nTotal 23\n" },
		{ "blkio.throttle.io_serviced_recursive", "8:0 Read 1\n8:0 Write 2\nTotal 3\n" },
	};
	struct usage_places places;
	struct usage usage;

	make_places(files, ARRAY_SIZE(files), false, &places);
	usage_read(&places, &usage);
	has(&usage, USAGE_CPU_NS, 30);
	has(&usage, USAGE_CPU_USER_NS, 20);
	ck_assert(!usage.known[USAGE_CPU_SYSTEM_NS]);
	has(&usage, USAGE_CPU_THROTTLED_NS, 5);
	has(&usage, USAGE_MEMORY_RSS, 400);
	has(&usage, USAGE_MEMORY_CACHE, 500);
	has(&usage, USAGE_SWAP, 8);
	has(&usage, USAGE_OOM_KILLS, 6);
	ck_assert(!usage.known[USAGE_MEMORY_LIMIT]);
	ck_assert(!usage.known[USAGE_SWAP_LIMIT]);
	ck_assert(!usage.known[USAGE_PIDS_LIMIT]);
	/* Read at another instant, the part may be more than the whole. */
	ck_assert_uint_eq(usage_working_set(&usage), 0);
	ck_assert_uint_eq(usage.block_count, 1);
	ck_assert_uint_eq(usage.blocks[0].read_bytes, 11);
	ck_assert_uint_eq(usage.blocks[0].writes, 2);
	drop_places(&places);
}
END_TEST

START_TEST(version_1_limits_memory_and_swap_together)
{
	static const struct file files[] = { { "memory.limit_in_bytes", "1000\n" },
					     { "memory.memsw.limit_in_bytes", "1500\n" } };
	struct usage_places places;
	struct usage usage;

	make_places(files, ARRAY_SIZE(files), false, &places);
	usage_read(&places, &usage);
	has(&usage, USAGE_MEMORY_LIMIT, 1000);
	has(&usage, USAGE_SWAP_LIMIT, 500);
	drop_places(&places);
}
END_TEST

START_TEST(sums_leave_limits_alone)
{
	struct usage sum = { 0 }, part = { 0 };

	part.value[USAGE_MEMORY] = 5;
	part.known[USAGE_MEMORY] = true;
	part.value[USAGE_MEMORY_LIMIT] = 9;
	part.known[USAGE_MEMORY_LIMIT] = true;
	usage_add(&sum, &part);
	usage_add(&sum, &part);
	has(&sum, USAGE_MEMORY, 10);
	ck_assert(!sum.known[USAGE_MEMORY_LIMIT]);
	ck_assert(!sum.known[USAGE_CPU_NS]);
}
END_TEST

START_TEST(interfaces_without_loopback)
{
	static const char net_dev[] =
	    "Inter-|   Receive                                                |  Transmit\n"
	    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
	    "fifo colls carrier compressed\n"
	    "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    "
	    "0     0       0          0\n"
	    " net1: 11 12 13 14 0 0 0 0 21 22 23 24 0 0 0 0\n"
	    "  eth0:1166      11    0    0    0     0          0         0      516       6    0    0    0   "
	    "  0       0          0\n";
	struct interfaces found;

	interfaces_parse(net_dev, &found);
	ck_assert_uint_eq(found.count, 2);
	ck_assert_str_eq(found.rows[0].name, "net1");
	ck_assert_uint_eq(found.rows[0].rx_bytes, 11);
	ck_assert_uint_eq(found.rows[0].rx_packets, 12);
	ck_assert_uint_eq(found.rows[0].rx_errors, 13);
	ck_assert_uint_eq(found.rows[0].rx_dropped, 14);
	ck_assert_uint_eq(found.rows[0].tx_bytes, 21);
	ck_assert_uint_eq(found.rows[0].tx_dropped, 24);
	ck_assert_str_eq(interfaces_default(&found)->name, "eth0");
	interfaces_parse("nonsense\n", &found);
	ck_assert_ptr_null(interfaces_default(&found));
}
END_TEST

Suite *test_usage(void)
{
	return UNIT_SUITE("usage", version_2, version_1, version_1_limits_memory_and_swap_together,
			  sums_leave_limits_alone, interfaces_without_loopback);
}
