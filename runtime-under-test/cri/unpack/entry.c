/* One entry of a layer as one thing on disk. The process is alone in its root, so a path means the same from one call to the next. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/unpack/unpack.h"

/* How often the room on the disk is looked at. */
#define CHECK_BYTES (8u << 20)

static int check_room(struct layer *layer, uint64_t more, struct err *err)
{
	struct statvfs disk;
	uint64_t left;

	layer->unchecked += more;
	if (layer->unchecked < CHECK_BYTES)
		return 0;
	layer->unchecked = 0;
	if (statvfs(".", &disk) < 0)
		return fail(err, -errno, "look at the room on the disk");
	left = (uint64_t) disk.f_bavail * disk.f_frsize;
	if (left < layer->options->reserve)
		return fail_text(err, -ENOSPC, "the disk has %llu bytes left, and %llu are kept free",
				 (unsigned long long) left, (unsigned long long) layer->options->reserve);
	return 0;
}

static int write_block(int fd, const char *data, size_t len, la_int64_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		offset += n;
		len -= (size_t) n;
	}
	return 0;
}

static int write_data(struct layer *layer, int fd, la_int64_t size, struct err *err)
{
	struct archive *tar = stream_tar(layer->stream);
	const void *block;
	la_int64_t offset;
	size_t len;
	int r;

	while ((r = archive_read_data_block(tar, &block, &len, &offset)) == ARCHIVE_OK) {
		if (offset < 0 || offset + (la_int64_t) len > size)
			return fail_text(err, -EBADMSG, "data beyond its size");
		r = write_block(fd, block, len, offset);
		if (r < 0)
			return fail(err, r, "write");
		r = check_room(layer, len, err);
		if (r < 0)
			return r;
	}
	if (r != ARCHIVE_EOF)
		return fail_text(err, -EBADMSG, "%s",
				 *stream_error(layer->stream) ? stream_error(layer->stream)
							      : archive_error_string(tar));
	return ftruncate(fd, size) < 0 ? fail(err, -errno, "set its size") : 0;
}

/*
 * What belongs to a file everywhere. trusted.overlay.* would forge what overlay notes in its directories, security.* labels and
 * measurements are this machine's business, ACLs name this machine's users.
 */
static bool is_kept_xattr(const char *name)
{
	return text_starts(name, "user.") || !strcmp(name, "security.capability");
}

static int set_xattrs(struct archive_entry *entry, const char *path, struct err *err)
{
	const char *name;
	const void *value;
	size_t size;

	(void) archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (!is_kept_xattr(name))
			continue;
		/* A file system without them, or a symlink with user.*: engines let that pass too. */
		if (lsetxattr(path, name, value, size, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM)
			return fail(err, -errno, "set %.100s", name);
	}
	return 0;
}

static int set_time(struct archive_entry *entry, const char *path, struct err *err)
{
	struct timespec times[2];

	if (!archive_entry_mtime_is_set(entry))
		return 0;
	times[0].tv_sec = archive_entry_mtime(entry);
	times[0].tv_nsec = archive_entry_mtime_nsec(entry);
	times[1] = times[0];
	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, -errno, "set its time");
	return 0;
}

/* Owner before mode, since chown(2) takes the setuid bit away; capabilities last, since both take those. */
static int set_metadata(struct archive_entry *entry, const char *path, struct err *err)
{
	la_int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	int r;

	if (uid < 0 || gid < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return fail_text(err, -EINVAL, "owner %lld:%lld", (long long) uid, (long long) gid);
	if (lchown(path, (uid_t) uid, (gid_t) gid) < 0)
		return fail(err, -errno, "set its owner");
	if (archive_entry_filetype(entry) != AE_IFLNK && chmod(path, archive_entry_perm(entry) & 07777) < 0)
		return fail(err, -errno, "set its mode");
	r = set_xattrs(entry, path, err);
	if (r < 0 || archive_entry_filetype(entry) == AE_IFDIR)
		return r; /* what is put into a directory changes its time: later */
	return set_time(entry, path, err);
}

static int make_file(struct layer *layer, struct archive_entry *entry, const char *path, struct err *err)
{
	la_int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
	auto_fd fd = -EBADF;

	if (size < 0 || (uint64_t) size > layer->options->bytes_max - layer->bytes)
		return fail_text(err, -EFBIG, "more than %llu bytes unpacked",
				 (unsigned long long) layer->options->bytes_max);
	layer->bytes += (uint64_t) size;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(err, -errno, "create");
	return write_data(layer, fd, size, err);
}

static int make_link(struct archive_entry *entry, const char *path, struct err *err)
{
	auto_free char *target = path_clean(archive_entry_hardlink(entry));

	if (linkat(AT_FDCWD, target, AT_FDCWD, path, 0) < 0)
		return fail(err, -errno, "link to %.200s", target);
	return 0;
}

static int make_directory(const char *path, struct err *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return fail(err, -errno, "make the directory");
	return 0;
}

static int make_device(struct archive_entry *entry, const char *path, struct err *err)
{
	dev_t number =
	    makedev((unsigned) archive_entry_rdevmajor(entry), (unsigned) archive_entry_rdevminor(entry));

	if (archive_entry_filetype(entry) == AE_IFCHR && number == 0)
		return fail_text(err, -EINVAL, "character device 0:0, which overlay takes for a whiteout");
	if (mknod(path, archive_entry_filetype(entry) | 0600, number) < 0)
		return fail(err, -errno, "make the device");
	return 0;
}

static int make_symlink(struct archive_entry *entry, const char *path, struct err *err)
{
	const char *target = archive_entry_symlink(entry);

	if (!target || !*target)
		return fail_text(err, -EINVAL, "a symbolic link to nothing");
	return symlink(target, path) < 0 ? fail(err, -errno, "make the link") : 0;
}

static int make_node(struct layer *layer, struct archive_entry *entry, const char *path, struct err *err)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return make_file(layer, entry, path, err);
	case AE_IFDIR:
		return make_directory(path, err);
	case AE_IFLNK:
		return make_symlink(entry, path, err);
	case AE_IFCHR:
	case AE_IFBLK:
		return make_device(entry, path, err);
	case AE_IFIFO:
		return mkfifo(path, 0600) < 0 ? fail(err, -errno, "make the fifo") : 0;
	default:
		return fail_text(err, -EINVAL, "of a kind that no layer may have");
	}
}

int make_entry(struct layer *layer, struct archive_entry *entry, const char *path, struct err *err)
{
	int r;

	if (archive_entry_hardlink(entry))
		return make_link(entry, path, err);
	/* Inodes are room too: a million empty files fill a disk. */
	r = check_room(layer, 4096, err);
	if (r >= 0)
		r = make_node(layer, entry, path, err);
	return r < 0 ? r : set_metadata(entry, path, err);
}
