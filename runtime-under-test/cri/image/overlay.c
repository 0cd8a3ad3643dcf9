/* Mounting stacks of layers with mount(2), whose options are one page of text. */
#include "runtime-under-test/cri/image/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"

#define OPTIONS_MAX 4095 /* a page and its NUL; longer is cut without a word by mount(2) */
/* What a kernel may have as its default and what would make layers depend on each other's inodes or paths. */
#define COMMON "index=off,metacopy=off,redirect_dir=off"

/* Colons separate lower directories, commas options, and a backslash hides them: paths with any go by descriptor. */
static bool is_plain(const char *path)
{
	return strpbrk(path, ":,\\") == NULL;
}

static void add_upper(const struct overlay *overlay, const char *upper, const char *work,
		      struct text *options)
{
	if (overlay->upper)
		text_addf(options, ",upperdir=%s,workdir=%s", upper, work);
}

/* Paths as they are, which mountinfo then shows to whoever looks. False: they do not fit. */
static bool write_paths(const struct overlay *overlay, struct text *options)
{
	if (overlay->upper && (!is_plain(overlay->upper) || !is_plain(overlay->work)))
		return false;
	text_add(options, COMMON ",lowerdir=");
	for (size_t i = overlay->count; i-- > 0;) {
		if (!is_plain(overlay->lowers[i]))
			return false;
		text_addf(options, "%s%s", overlay->lowers[i], i ? ":" : "");
	}
	add_upper(overlay, overlay->upper, overlay->work, options);
	return options->len <= OPTIONS_MAX;
}

struct descriptors {
	int *fds; /* owned */
	size_t count;
};

static void close_all(struct descriptors *open)
{
	for (size_t i = 0; i < open->count; i++)
		(void) close(open->fds[i]);
	free(open->fds);
}

static char *by_descriptor(struct descriptors *open, const char *path, struct err *err)
{
	int fd = file_open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, err);

	if (fd < 0)
		return NULL;
	open->fds[open->count++] = fd;
	return text_format("/proc/self/fd/%d", fd);
}

/* Twenty bytes a layer, whatever its path is: 200 layers in a page. */
static int write_descriptors(const struct overlay *overlay, struct descriptors *open, struct text *options,
			     struct err *err)
{
	auto_free char *upper = NULL, *work = NULL;

	text_cut(options, 0);
	text_add(options, COMMON ",lowerdir=");
	for (size_t i = overlay->count; i-- > 0;) {
		auto_free char *lower = by_descriptor(open, overlay->lowers[i], err);

		if (!lower)
			return -errno;
		text_addf(options, "%s%s", lower, i ? ":" : "");
	}
	if (overlay->upper) {
		upper = by_descriptor(open, overlay->upper, err);
		work = upper ? by_descriptor(open, overlay->work, err) : NULL;
		if (!work)
			return -errno;
	}
	add_upper(overlay, upper, work, options);
	if (options->len > OPTIONS_MAX)
		return fail_text(err, -E2BIG, "%zu layers are more than one mount can name", overlay->count);
	return 0;
}

int overlay_mount(const struct overlay *overlay, const char *target, struct err *err)
{
	__attribute__((cleanup(close_all))) struct descriptors open = { 0 };
	auto_text options = { 0 };
	int r;

	if (!write_paths(overlay, &options)) {
		open.fds = calloc(overlay->count + 2, sizeof(*open.fds));
		if (!open.fds)
			abort();
		r = write_descriptors(overlay, &open, &options, err);
		if (r < 0)
			return fail(err, r, "mount an overlay on %s", target);
	}
	if (mount("overlay", target, "overlay", overlay->flags, text_str(&options)) < 0)
		return fail(err, -errno, "mount an overlay of %zu layers on %s", overlay->count, target);
	return 0;
}
