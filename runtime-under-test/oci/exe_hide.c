/* The program goes on in memory that belongs to no file, and its link /proc/PID/exe leads to an empty, sealed one. */
#include "runtime-under-test/oci/exe_hide.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/exe_parts.h"

#define STAT_MAX 4096
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

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

int exe_decoy(void)
{
	struct exe_parts parts;
	auto_fd file = open_nothing();
	int r = file < 0 ? file : exe_parts_collect(&parts);

	if (r < 0)
		return r;
	r = change_link(file);
	/* The one reason left: what the link leads to is still mapped. prctl(2), PR_SET_MM_EXE_FILE */
	return r == -EBUSY ? TAKE_FD(file) : r < 0 ? r : -EIO;
}

int exe_hide(void)
{
	struct exe_parts parts;
	auto_fd file = open_nothing();
	int r = file < 0 ? file : exe_parts_collect(&parts);

	if (r == 0)
		r = exe_parts_copy(&parts);
	return r < 0 ? r : change_link(file);
}

/* This mount namespace's own way to the program, as it is to be a mount of its own. */
static int bind_readonly(const char *path, const struct stat *wanted)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_fd fd = -EBADF;
	struct statvfs fs;
	struct stat st;

	if (mount(path, path, NULL, MS_BIND, NULL) < 0 ||
	    mount_setattr(AT_FDCWD, path, 0, &attr, sizeof(attr)) < 0)
		return -errno;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0)
		return -errno;
	if (st.st_dev != wanted->st_dev || st.st_ino != wanted->st_ino || !(fs.f_flag & ST_RDONLY))
		return -ESTALE;
	return TAKE_FD(fd);
}

/* Owned; NULL: nowhere that could be found again, or within the container's root, where a mount would stay. */
static char *find_path(int proc, int root)
{
	auto_free char *link = text_format("self/fd/%d", root);
	auto_text exe = { 0 }, top = { 0 };

	if (file_read_link_at(proc, "self/exe", &exe, NULL) < 0 ||
	    file_read_link_at(proc, link, &top, NULL) < 0)
		return NULL;
	if (strncmp(text_str(&exe), text_str(&top), top.len) == 0)
		return NULL;
	return text_format("%s", text_str(&exe));
}

static int map_readonly(int proc, int root)
{
	auto_free char *path = find_path(proc, root);
	struct exe_parts parts, written = { .count = 0 };
	auto_fd file = -EBADF;
	struct stat st;
	int r = path ? exe_parts_collect(&parts) : -ENOENT;

	if (r < 0)
		return r;
	if (fstatat(proc, "self/exe", &st, 0) < 0)
		return -errno;
	file = bind_readonly(path, &st);
	if (file < 0)
		return file;
	for (size_t i = 0; i < parts.count; i++)
		if (!parts.items[i].pristine)
			written.items[written.count++] = parts.items[i];
	r = written.count ? exe_parts_copy(&written) : 0;
	return r < 0 ? r : exe_parts_map(&parts, file);
}

int exe_hide_behind(int decoy, int proc, int root)
{
	int r = map_readonly(proc, root);

	if (r == 0)
		r = change_link(decoy);
	return r == 0 ? 0 : exe_hide();
}
