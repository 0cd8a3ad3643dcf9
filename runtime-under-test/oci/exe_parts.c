/* The program's own memory, stretch by stretch: which are of its file, and the same bytes in memory of no file. */
#include "runtime-under-test/oci/exe_parts.h"

#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uintptr_t page_begin(uintptr_t address)
{
	return address & ~((uintptr_t) sysconf(_SC_PAGESIZE) - 1);
}

static uintptr_t page_end(uintptr_t address)
{
	return page_begin(address + (uintptr_t) sysconf(_SC_PAGESIZE) - 1);
}

static void add_part(struct exe_parts *parts, struct exe_part part)
{
	if (part.from < part.until && parts->count < EXE_PARTS_MAX)
		parts->items[parts->count++] = part;
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
		struct exe_part part = {
			.from = page_begin(info->dlpi_addr + header->p_vaddr),
			.until = page_end(info->dlpi_addr + header->p_vaddr + header->p_filesz),
			.protection = protection_of(header->p_flags),
			.pristine = !(header->p_flags & PF_W),
			.offset = (off_t) page_begin(header->p_offset),
		};

		if (header->p_type != PT_LOAD)
			continue;
		if (part.from <= relro && relro_end <= part.until && relro < relro_end) {
			add_part(argument, (struct exe_part){ part.from, relro, part.protection, false, 0 });
			add_part(argument, (struct exe_part){ relro, relro_end, PROT_READ, false, 0 });
			part.from = relro_end;
			part.pristine = false;
		}
		add_part(argument, part);
	}
	return 1;
}

#ifdef __SANITIZE_ADDRESS__
/* The gaps between globals are guarded there, and copying them ends the program. */
static const bool copies_whole = false;
#else
static const bool copies_whole = true;
#endif

int exe_parts_collect(struct exe_parts *ret)
{
	struct exe_parts parts = { .count = 0 };

	if (!copies_whole)
		return -EOPNOTSUPP;
	(void) dl_iterate_phdr(collect_parts, &parts);
	if (parts.count == 0 || parts.count == EXE_PARTS_MAX)
		return -ENOEXEC;
	*ret = parts;
	return 0;
}

int exe_parts_copy(const struct exe_parts *parts)
{
	uintptr_t low = parts->items[0].from;
	size_t span = parts->items[parts->count - 1].until - low;
	char *copy =
	    mmap(NULL, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int r = copy == MAP_FAILED ? -errno : 0;

	for (size_t i = 0; i < parts->count && r == 0; i++) {
		const struct exe_part *part = &parts->items[i];
		char *at = copy + (part->from - low);

		memcpy(at, (const void *) part->from, part->until - part->from);
		__builtin___clear_cache(at, at + (part->until - part->from));
		if (mprotect(at, part->until - part->from, part->protection) < 0)
			r = -errno;
	}
	for (size_t i = 0; i < parts->count && r == 0; i++) {
		const struct exe_part *part = &parts->items[i];
		size_t length = part->until - part->from;

		if (mremap(copy + (part->from - low), length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
			   (void *) part->from) == MAP_FAILED)
			r = -errno;
	}
	return r;
}

int exe_parts_map(const struct exe_parts *parts, int file)
{
	for (size_t i = 0; i < parts->count; i++) {
		const struct exe_part *part = &parts->items[i];

		if (part->pristine && mmap((void *) part->from, part->until - part->from, part->protection,
					   MAP_PRIVATE | MAP_FIXED, file, part->offset) == MAP_FAILED)
			return -errno;
	}
	return 0;
}
