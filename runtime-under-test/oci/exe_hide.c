/* The program goes on in memory that belongs to no file, and its link /proc/PID/exe leads to an empty, sealed one. */
#include "runtime-under-test/oci/exe_hide.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/prctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define PARTS_MAX 16
#define STAT_MAX 4096
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* A stretch of the program's memory that is mapped from its file, with one protection. */
struct part {
	uintptr_t from, until;
	int protection;
};

struct parts {
	struct part items[PARTS_MAX];
	size_t count;
};

static uintptr_t page_begin(uintptr_t address)
{
	return address & ~((uintptr_t) sysconf(_SC_PAGESIZE) - 1);
}

static uintptr_t page_end(uintptr_t address)
{
	return page_begin(address + (uintptr_t) sysconf(_SC_PAGESIZE) - 1);
}

static void add_part(struct parts *parts, uintptr_t from, uintptr_t until, int protection)
{
	if (from < until && parts->count < PARTS_MAX)
		parts->items[parts->count++] = (struct part){ from, until, protection };
}

static int protection_of(ElfW(Word) flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
	       (flags & PF_X ? PROT_EXEC : 0);
}

/* The first object is the program itself. What the linker protects after relocation is a part of its own. */
static int collect_parts(struct dl_phdr_info *info, size_t size, void *argument)
{
	uintptr_t relro = 0, relro_end = 0;

	(void) size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
			relro = page_begin(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
			relro_end = page_begin(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
					       info->dlpi_phdr[i].p_memsz);
		}
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t from = page_begin(info->dlpi_addr + header->p_vaddr);
		uintptr_t until = page_end(info->dlpi_addr + header->p_vaddr + header->p_filesz);
		int protection = protection_of(header->p_flags);

		if (header->p_type != PT_LOAD)
			continue;
		if (from <= relro && relro_end <= until && relro < relro_end) {
			add_part(argument, from, relro, protection);
			add_part(argument, relro, relro_end, PROT_READ);
			from = relro_end;
		}
		add_part(argument, from, until, protection);
	}
	return 1;
}

/* The same bytes at the same place, but of no file. What runs here meanwhile runs on, whichever of the two it sees. */
static int replace_parts(const struct parts *parts)
{
	uintptr_t low = parts->items[0].from;
	size_t span = parts->items[parts->count - 1].until - low;
	char *copy =
	    mmap(NULL, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int r = copy == MAP_FAILED ? -errno : 0;

	for (size_t i = 0; i < parts->count && r == 0; i++) {
		const struct part *part = &parts->items[i];
		char *at = copy + (part->from - low);

		memcpy(at, (const void *) part->from, part->until - part->from);
		__builtin___clear_cache(at, at + (part->until - part->from));
		if (mprotect(at, part->until - part->from, part->protection) < 0)
			r = -errno;
	}
	for (size_t i = 0; i < parts->count && r == 0; i++) {
		const struct part *part = &parts->items[i];
		size_t length = part->until - part->from;

		if (mremap(copy + (part->from - low), length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
			   (void *) part->from) == MAP_FAILED)
			r = -errno;
	}
	return r;
}

/* Opened for reading only: what is open for writing cannot be a program. */
static int open_nothing(void)
{
	auto_fd writable = memfd_create("plumbline-oci", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	auto_free char *path = text_format("/proc/self/fd/%d", writable);
	int fd;

	if (writable < 0 || fcntl(writable, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* proc_pid_stat(5), fields 26 and on, as prctl(2) wants all of them back with the one that changes. */
static int read_map(struct prctl_mm_map *map)
{
	auto_text stat = { 0 };
	unsigned long long field[52] = { 0 };
	int r = file_read_at(AT_FDCWD, "/proc/self/stat", STAT_MAX, &stat, NULL);
	char *at = r < 0 ? NULL : strrchr(text_str(&stat), ')');

	if (!at || strlen(at) < 4)
		return -EIO;
	at += 3; /* ") R" */
	for (size_t i = 4; i < ARRAY_SIZE(field); i++)
		field[i] = strtoull(at, &at, 10);
	*map = (struct prctl_mm_map){
		.start_code = field[26],
		.end_code = field[27],
		.start_stack = field[28],
		.start_data = field[45],
		.end_data = field[46],
		.start_brk = field[47],
		.brk = (uintptr_t) sbrk(0),
		.arg_start = field[48],
		.arg_end = field[49],
		.env_start = field[50],
		.env_end = field[51],
	};
	return 0;
}

static int change_link(int file)
{
	struct prctl_mm_map map;
	int r;

	if (prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, file, 0, 0) == 0)
		return 0;
	r = read_map(&map);
	if (r < 0)
		return r;
	map.exe_fd = (unsigned) file;
	return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0 ? -errno : 0;
}

#ifdef __SANITIZE_ADDRESS__
/* The gaps between globals are guarded there, and copying them ends the program. */
static const bool copies_whole = false;
#else
static const bool copies_whole = true;
#endif

int exe_hide(void)
{
	struct parts parts = { .count = 0 };
	auto_fd file = open_nothing();
	int r;

	if (!copies_whole)
		return -EOPNOTSUPP;
	if (file < 0)
		return file;
	(void) dl_iterate_phdr(collect_parts, &parts);
	if (parts.count == 0 || parts.count == PARTS_MAX)
		return -ENOEXEC;
	r = replace_parts(&parts);
	return r < 0 ? r : change_link(file);
}
