/* One table for both versions: kernel Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst. */
#include "runtime-under-test/cri/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"

enum { STAT_MAX = 1 << 16 };
/* v1 says "no limit" with the largest multiple of a page. */
#define UNLIMITED (UINT64_C(1) << 62)

/* A number is the whole file, or follows a word at the beginning of a line. */
struct source {
	const char *file, *word;
	unsigned scale;
};

static const struct {
	enum usage_controller by;
	struct source v1, v2;
} rows[USAGE_KEYS] = {
	[USAGE_CPU_NS] = { BY_CPUACCT, { "cpuacct.usage", "", 1 }, { "cpu.stat", "usage_usec", 1000 } },
	[USAGE_CPU_USER_NS] = { BY_CPUACCT,
				{ "cpuacct.usage_user", "", 1 },
				{ "cpu.stat", "user_usec", 1000 } },
	[USAGE_CPU_SYSTEM_NS] = { BY_CPUACCT,
				  { "cpuacct.usage_sys", "", 1 },
				  { "cpu.stat", "system_usec", 1000 } },
	[USAGE_CPU_PERIODS] = { BY_CPU, { "cpu.stat", "nr_periods", 1 }, { "cpu.stat", "nr_periods", 1 } },
	[USAGE_CPU_THROTTLED] = { BY_CPU,
				  { "cpu.stat", "nr_throttled", 1 },
				  { "cpu.stat", "nr_throttled", 1 } },
	[USAGE_CPU_THROTTLED_NS] = { BY_CPU,
				     { "cpu.stat", "throttled_time", 1 },
				     { "cpu.stat", "throttled_usec", 1000 } },
	[USAGE_MEMORY] = { BY_MEMORY, { "memory.usage_in_bytes", "", 1 }, { "memory.current", "", 1 } },
	[USAGE_MEMORY_LIMIT] = { BY_MEMORY, { "memory.limit_in_bytes", "", 1 }, { "memory.max", "", 1 } },
	[USAGE_MEMORY_LOW] = { BY_MEMORY, { "memory.soft_limit_in_bytes", "", 1 }, { "memory.low", "", 1 } },
	[USAGE_MEMORY_PEAK] = { BY_MEMORY, { "memory.max_usage_in_bytes", "", 1 }, { "memory.peak", "", 1 } },
	[USAGE_MEMORY_FAILED] = { BY_MEMORY, { "memory.failcnt", "", 1 }, { "memory.events", "max", 1 } },
	[USAGE_MEMORY_RSS] = { BY_MEMORY, { "memory.stat", "total_rss", 1 }, { "memory.stat", "anon", 1 } },
	[USAGE_MEMORY_CACHE] = { BY_MEMORY,
				 { "memory.stat", "total_cache", 1 },
				 { "memory.stat", "file", 1 } },
	[USAGE_MEMORY_MAPPED] = { BY_MEMORY,
				  { "memory.stat", "total_mapped_file", 1 },
				  { "memory.stat", "file_mapped", 1 } },
	[USAGE_MEMORY_INACTIVE_FILE] = { BY_MEMORY,
					 { "memory.stat", "total_inactive_file", 1 },
					 { "memory.stat", "inactive_file", 1 } },
	[USAGE_MEMORY_KERNEL] = { BY_MEMORY,
				  { "memory.kmem.usage_in_bytes", "", 1 },
				  { "memory.stat", "kernel", 1 } },
	[USAGE_FAULTS] = { BY_MEMORY,
			   { "memory.stat", "total_pgfault", 1 },
			   { "memory.stat", "pgfault", 1 } },
	[USAGE_MAJOR_FAULTS] = { BY_MEMORY,
				 { "memory.stat", "total_pgmajfault", 1 },
				 { "memory.stat", "pgmajfault", 1 } },
	[USAGE_OOM_KILLS] = { BY_MEMORY,
			      { "memory.oom_control", "oom_kill", 1 },
			      { "memory.events", "oom_kill", 1 } },
	[USAGE_SWAP] = { BY_MEMORY, { "memory.stat", "total_swap", 1 }, { "memory.swap.current", "", 1 } },
	[USAGE_SWAP_LIMIT] = { BY_MEMORY,
			       { "memory.memsw.limit_in_bytes", "", 1 },
			       { "memory.swap.max", "", 1 } },
	[USAGE_PIDS] = { BY_PIDS, { "pids.current", "", 1 }, { "pids.current", "", 1 } },
	[USAGE_PIDS_LIMIT] = { BY_PIDS, { "pids.max", "", 1 }, { "pids.max", "", 1 } },
};

/* The file read last: rows that share one stand together. */
struct reading {
	int fd;
	const char *file;
	struct text content;
	bool there;
};

static bool read_number(struct reading *reading, int fd, const struct source *source, uint64_t *ret)
{
	size_t len = strlen(source->word);
	const char *at;

	if (reading->fd != fd || !reading->file || strcmp(reading->file, source->file) != 0) {
		text_cut(&reading->content, 0);
		reading->fd = fd;
		reading->file = source->file;
		reading->there = file_read_at(fd, source->file, STAT_MAX, &reading->content, NULL) >= 0;
	}
	if (!reading->there)
		return false;
	at = text_str(&reading->content);
	while (len && (strncmp(at, source->word, len) != 0 || at[len] != ' ')) {
		at = strchr(at, '\n');
		if (!at++)
			return false;
	}
	/* "max" is no number, and no limit. */
	return sscanf(at + len, "%" SCNu64, ret) == 1;
}

static void read_numbers(const struct usage_places *places, struct usage *ret)
{
	struct reading reading = { .fd = -1 };
	const struct usage_place *place;
	uint64_t value;

	for (size_t key = 0; key < USAGE_KEYS; key++) {
		const struct source *source;

		place = &places->rows[rows[key].by];
		source = place->unified ? &rows[key].v2 : &rows[key].v1;
		if (place->fd < 0 || !read_number(&reading, place->fd, source, &value) || value >= UNLIMITED)
			continue;
		ret->value[key] = value * source->scale;
		ret->known[key] = true;
	}
	text_free(&reading.content);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", in microseconds. */
static void read_pressure(int fd, const char *file, struct pressure *ret)
{
	auto_text content = { 0 };
	struct pressure_line line;
	const char *at;
	char word[8];

	if (file_read_at(fd, file, 4096, &content, NULL) < 0)
		return;
	for (at = text_str(&content); at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
		if (sscanf(at, "%7s avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64, word, &line.avg10,
			   &line.avg60, &line.avg300, &line.total_ns) != 5)
			continue;
		line.total_ns *= 1000;
		*(strcmp(word, "full") == 0 ? &ret->full : &ret->some) = line;
		ret->known = true;
	}
}

static struct block_io *block_of(struct usage *usage, unsigned major, unsigned minor)
{
	struct block_io *block;

	for (size_t i = 0; i < usage->block_count; i++)
		if (usage->blocks[i].major == major && usage->blocks[i].minor == minor)
			return &usage->blocks[i];
	if (usage->block_count == BLOCK_MAX)
		return NULL;
	block = &usage->blocks[usage->block_count++];
	*block = (struct block_io){ .major = major, .minor = minor };
	return block;
}

/* v2: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" */
static void read_io_v2(int fd, struct usage *ret)
{
	auto_text content = { 0 };
	struct block_io line, *block;

	if (file_read_at(fd, "io.stat", STAT_MAX, &content, NULL) < 0)
		return;
	for (const char *at = text_str(&content); at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
		if (sscanf(at, "%u:%u rbytes=%" SCNu64 " wbytes=%" SCNu64 " rios=%" SCNu64 " wios=%" SCNu64,
			   &line.major, &line.minor, &line.read_bytes, &line.write_bytes, &line.reads,
			   &line.writes) != 6)
			continue;
		block = block_of(ret, line.major, line.minor);
		if (block)
			*block = line;
	}
}

/* v1: "8:0 Read 4096", once for bytes and once for operations. */
static void read_io_v1(int fd, const char *file, bool bytes, struct usage *ret)
{
	auto_text content = { 0 };
	unsigned major, minor;
	struct block_io *block;
	uint64_t value;
	char word[16];

	if (file_read_at(fd, file, STAT_MAX, &content, NULL) < 0)
		return;
	for (const char *at = text_str(&content); at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
		if (sscanf(at, "%u:%u %15s %" SCNu64, &major, &minor, word, &value) != 4)
			continue;
		block = block_of(ret, major, minor);
		if (!block)
			continue;
		if (strcmp(word, "Read") == 0)
			*(bytes ? &block->read_bytes : &block->reads) = value;
		else if (strcmp(word, "Write") == 0)
			*(bytes ? &block->write_bytes : &block->writes) = value;
	}
}

static uint64_t number_in(int fd, const char *prefix, const char *size, const char *suffix)
{
	auto_free char *file = text_format("%s%s%s", prefix, size, suffix);
	auto_text content = { 0 };

	if (file_read_at(fd, file, 64, &content, NULL) < 0)
		return 0;
	return strtoull(text_str(&content), NULL, 10);
}

/* The sizes there are have files of their own: "hugetlb.2MB.current" or "hugetlb.2MB.usage_in_bytes". */
static void read_huge_pages(const struct usage_place *place, struct usage *ret)
{
	const char *current = place->unified ? ".current" : ".usage_in_bytes";
	const char *peak = place->unified ? ".max_usage" : ".max_usage_in_bytes";
	auto_fd fd = file_open_at(place->fd, ".", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct huge_pages *pages;
	size_t len;

	if (!dir)
		return;
	fd = -EBADF;
	while ((entry = readdir(dir)) && ret->huge_count < HUGE_MAX) {
		if (!text_starts(entry->d_name, "hugetlb.") || !text_ends(entry->d_name, current) ||
		    text_ends(entry->d_name, ".rsvd.current") ||
		    text_ends(entry->d_name, ".rsvd.usage_in_bytes"))
			continue;
		pages = &ret->huge[ret->huge_count];
		len = strlen(entry->d_name) - strlen("hugetlb.") - strlen(current);
		if (len >= sizeof(pages->size))
			continue;
		ret->huge_count++;
		(void) snprintf(pages->size, sizeof(pages->size), "%.*s", (int) len,
				entry->d_name + strlen("hugetlb."));
		pages->bytes = number_in(place->fd, "hugetlb.", pages->size, current);
		pages->peak_bytes = number_in(place->fd, "hugetlb.", pages->size, peak);
	}
}

/* v1 limits memory and swap together; what is swap's alone is the difference. */
static void take_memory_from_swap(struct usage *usage)
{
	uint64_t both = usage->value[USAGE_SWAP_LIMIT], memory = usage->value[USAGE_MEMORY_LIMIT];

	usage->known[USAGE_SWAP_LIMIT] = usage->known[USAGE_SWAP_LIMIT] && usage->known[USAGE_MEMORY_LIMIT];
	usage->value[USAGE_SWAP_LIMIT] = both > memory ? both - memory : 0;
}

void usage_read(const struct usage_places *places, struct usage *ret)
{
	static const char *const files[] = { "cpu.pressure", "memory.pressure", "io.pressure" };
	const struct usage_place *io = &places->rows[BY_IO], *huge = &places->rows[BY_HUGETLB];

	*ret = (struct usage){ 0 };
	read_numbers(places, ret);
	if (!places->rows[BY_MEMORY].unified)
		take_memory_from_swap(ret);
	for (size_t i = 0; i < ARRAY_SIZE(files) && places->rows[BY_PRESSURE].fd >= 0; i++)
		read_pressure(places->rows[BY_PRESSURE].fd, files[i], &ret->pressure[i]);
	if (io->fd >= 0 && io->unified) {
		read_io_v2(io->fd, ret);
	} else if (io->fd >= 0) {
		read_io_v1(io->fd, "blkio.throttle.io_service_bytes_recursive", true, ret);
		read_io_v1(io->fd, "blkio.throttle.io_serviced_recursive", false, ret);
	}
	if (huge->fd >= 0)
		read_huge_pages(huge, ret);
}

void usage_add(struct usage *sum, const struct usage *part)
{
	static const bool stays[USAGE_KEYS] = { [USAGE_MEMORY_LIMIT] = true,
						[USAGE_SWAP_LIMIT] = true,
						[USAGE_MEMORY_LOW] = true,
						[USAGE_PIDS_LIMIT] = true };

	for (size_t key = 0; key < USAGE_KEYS; key++) {
		if (stays[key] || !part->known[key])
			continue;
		sum->value[key] += part->value[key];
		sum->known[key] = true;
	}
}

uint64_t usage_working_set(const struct usage *usage)
{
	uint64_t inactive = usage->value[USAGE_MEMORY_INACTIVE_FILE], all = usage->value[USAGE_MEMORY];

	/* Counted at different instants: the part may be more than the whole. */
	return inactive < all ? all - inactive : 0;
}
