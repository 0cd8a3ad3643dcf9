/* One layer by plumbline-unpack: started, watched from outside, and believed only when its digest is right. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/copy.h"
#include "runtime-under-test/cri/image/manifest.h"
#include "runtime-under-test/cri/image/store.h"
#include "runtime-under-test/oci/faults.h"

#define OUTPUT_MAX 8192
/* A tree takes up what its files do, and a block for each thing in it. */
#define ENTRY_BYTES 4096

struct unpacking {
	struct image_store *store; /* borrowed */
	struct process process;
	char *tmp; /* owned */
	const char *tree; /* "upper" or "merged", below tmp */
	int out, errors; /* memory files */
};

static int memory_file(const char *name, int *ret, struct err *err)
{
	*ret = memfd_create(name, MFD_CLOEXEC);
	return *ret < 0 ? fail(err, -errno, "make a file in memory") : 0;
}

struct arguments {
	const char **items; /* owned */
	struct names kept; /* what they point into */
	size_t count;
};

static void arguments_clear(struct arguments *arguments)
{
	free(arguments->items);
	names_clear(&arguments->kept);
}
#define auto_arguments __attribute__((cleanup(arguments_clear))) struct arguments

static void add_argument(struct arguments *arguments, const char *name, const char *value)
{
	names_add(&arguments->kept, name);
	names_add(&arguments->kept, value);
}

static void add_number(struct arguments *arguments, const char *name, uint64_t value)
{
	auto_free char *text = text_format("%llu", (unsigned long long) value);

	add_argument(arguments, name, text);
}

static const char *const *arguments_end(struct arguments *arguments, const char *program)
{
	arguments->items = calloc(arguments->kept.count + 2, sizeof(*arguments->items));
	if (!arguments->items)
		abort();
	arguments->items[0] = program;
	for (size_t i = 0; i < arguments->kept.count; i++)
		arguments->items[i + 1] = arguments->kept.items[i];
	return arguments->items;
}

static void add_limits(const struct image_store *store, struct arguments *arguments)
{
	add_number(arguments, "--bytes", store->layer_bytes_max);
	add_number(arguments, "--entries", store->layer_entries_max);
	add_number(arguments, "--reserve", store->reserve_bytes);
}

static int start(struct unpacking *unpacking, struct arguments *arguments, int blob, struct err *err)
{
	/* Nothing of the server's environment is a stranger's business. */
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;

	options.argv = arguments_end(arguments, unpacking->store->unpacker);
	options.env = env;
	options.stdio[0] = blob;
	options.stdio[1] = unpacking->out;
	options.stdio[2] = unpacking->errors;
	/* It is waited for by the thread that starts it, so that thread's end is ours. */
	options.death_signal = SIGKILL;
	return process_spawn(&options, &unpacking->process, err);
}

static int make_place(struct unpacking *unpacking, const char *name, struct err *err)
{
	auto_free char *path = text_format("%s/%s", unpacking->tmp, name);

	/* The mode is that of the root of an image whose layers say nothing about it. */
	/* The container's root where the image says nothing of it, and then everybody's to enter: not by our umask. */
	if (mkdirat(unpacking->store->dir, path, 0755) < 0 ||
	    fchmodat(unpacking->store->dir, path, 0755, 0) < 0)
		return fail(err, -errno, "make directory %s", path);
	return 0;
}

static void add_place(const struct unpacking *unpacking, struct arguments *arguments, const char *option,
		      const char *name)
{
	auto_free char *path = text_format("%s/%s/%s", unpacking->store->path, unpacking->tmp, name);

	add_argument(arguments, option, path);
}

/* The merged tree starts as the root of what is below it. */
static int copy_root_mode(struct unpacking *unpacking, const char *parent, const char *name, struct err *err)
{
	auto_free char *to = text_format("%s/%s", unpacking->tmp, name),
		       *from = layer_path(unpacking->store, parent);
	struct stat st;

	if (stat(from, &st) < 0)
		return fail(err, -errno, "look at layer %s", parent);
	if (fchownat(unpacking->store->dir, to, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(unpacking->store->dir, to, st.st_mode & 07777, 0) < 0)
		return fail(err, -errno, "set the mode of %s", to);
	return 0;
}

static int prepare_overlay(struct unpacking *unpacking, char *const *chains, size_t count,
			   struct arguments *arguments, struct err *err)
{
	int r = make_place(unpacking, "upper", err);

	if (r >= 0)
		r = make_place(unpacking, "work", err);
	if (r >= 0)
		r = make_place(unpacking, "merged", err);
	if (r >= 0)
		r = copy_root_mode(unpacking, chains[count - 1], "upper", err);
	if (r < 0)
		return r;
	unpacking->tree = "upper";
	add_place(unpacking, arguments, "--into", "merged");
	add_place(unpacking, arguments, "--upper", "upper");
	add_place(unpacking, arguments, "--work", "work");
	for (size_t i = 0; i < count; i++) {
		auto_free char *lower = layer_path(unpacking->store, chains[i]);

		add_argument(arguments, "--lower", lower);
	}
	return 0;
}

static int prepare_plain(struct unpacking *unpacking, const char *parent, struct arguments *arguments,
			 struct err *err)
{
	int r = make_place(unpacking, "merged", err);

	if (r >= 0 && parent) {
		auto_free char *from = layer_path(unpacking->store, parent);
		auto_free char *to = text_format("%s/%s/merged", unpacking->store->path, unpacking->tmp);

		r = copy_tree(from, to, NULL, err);
	}
	unpacking->tree = "merged";
	add_place(unpacking, arguments, "--into", "merged");
	return r;
}

int unpacking_begin(struct image_store *store, int blob, char *const *chains, size_t count,
		    struct unpacking **ret, struct err *err)
{
	auto_unpacking unpacking = calloc(1, sizeof(*unpacking));
	auto_arguments arguments = { 0 };
	int r;

	if (!unpacking)
		abort();
	*unpacking =
	    (struct unpacking){ .store = store, .process = PROCESS_INIT, .out = -EBADF, .errors = -EBADF };
	unpacking->tmp = images_tmp(store, err);
	if (!unpacking->tmp)
		return -EIO;
	r = memory_file("unpacked", &unpacking->out, err);
	if (r >= 0)
		r = memory_file("errors", &unpacking->errors, err);
	if (r >= 0)
		r = store->overlay && count
			? prepare_overlay(unpacking, chains, count, &arguments, err)
			: prepare_plain(unpacking, count ? chains[count - 1] : NULL, &arguments, err);
	if (r < 0)
		return r;
	add_limits(store, &arguments);
	r = start(unpacking, &arguments, blob, err);
	if (r < 0)
		return r;
	*ret = TAKE(unpacking);
	return 0;
}

int unpacking_pidfd(const struct unpacking *unpacking)
{
	return unpacking->process.pidfd;
}

static void read_output(int fd, struct text *out)
{
	if (lseek(fd, 0, SEEK_SET) == 0)
		(void) file_read_fd(fd, OUTPUT_MAX, out, NULL);
	text_trim_end(out);
}

/* plumbline-unpack ends with 3 for a full disk, and its sentence is ours. */
static int read_failure(struct unpacking *unpacking, const struct process_status *status, struct err *err)
{
	auto_text errors = { 0 };

	read_output(unpacking->errors, &errors);
	if (!status->exited)
		return fail_text(err, -EBADMSG, "the unpacker was ended by signal %d%s%s", status->signal,
				 errors.len ? ": " : "", text_str(&errors));
	return fail_text(err, status->code == 3 ? -ENOSPC : -EBADMSG, "%s",
			 errors.len ? text_str(&errors) : "the unpacker said nothing");
}

static int wait_for(struct unpacking *unpacking, struct json **ret, struct err *err)
{
	struct process_status status;
	auto_text out = { 0 };
	int r = process_wait(&unpacking->process, -1, &status, err);

	process_close(&unpacking->process);
	if (r < 0)
		return r;
	if (!status.exited || status.code != 0)
		return read_failure(unpacking, &status, err);
	read_output(unpacking->out, &out);
	return json_parse(text_str(&out), out.len, ret, err);
}

int unpacking_end(struct unpacking *unpacking, const char *diff_id, const char *chain, struct err *err)
{
	auto_free char *tree = text_format("%s/%s", unpacking->tmp, unpacking->tree);
	auto_json said = NULL;
	struct image_usage usage;
	const char *seen;
	int r = wait_for(unpacking, &said, err);

	if (r < 0)
		return r;
	seen = json_get_string(said, "diff_id");
	if (!seen || strcmp(seen, diff_id) != 0)
		return fail_text(err, -EBADMSG, "unpacked it is %s, and the configuration says %s",
				 seen ? seen : "nothing", diff_id);
	usage.inodes = json_uint(json_member(said, "entries"), 0);
	usage.bytes = json_uint(json_member(said, "bytes"), 0) + usage.inodes * ENTRY_BYTES;
	return images_add_layer(unpacking->store, tree, chain, &usage, err);
}

void unpacking_free(struct unpacking *unpacking)
{
	struct process_status status;

	if (!unpacking)
		return;
	if (unpacking->process.pidfd >= 0) {
		(void) process_kill(&unpacking->process, SIGKILL);
		(void) process_wait(&unpacking->process, -1, &status, NULL);
		process_close(&unpacking->process);
	}
	if (unpacking->tmp)
		images_tmp_drop(unpacking->store, unpacking->tmp);
	free(unpacking->tmp);
	cleanup_fd(&unpacking->out);
	cleanup_fd(&unpacking->errors);
	free(unpacking);
}

int unpack_archive(struct image_store *store, int archive, const char *into, struct err *err)
{
	auto_unpacking unpacking = calloc(1, sizeof(*unpacking));
	auto_free char *path = text_format("%s/%s", store->path, into);
	auto_arguments arguments = { 0 };
	auto_json said = NULL;
	int r;

	if (!unpacking)
		abort();
	*unpacking =
	    (struct unpacking){ .store = store, .process = PROCESS_INIT, .out = -EBADF, .errors = -EBADF };
	r = memory_file("unpacked", &unpacking->out, err);
	if (r >= 0)
		r = memory_file("errors", &unpacking->errors, err);
	if (r < 0)
		return r;
	add_argument(&arguments, "--into", path);
	add_limits(store, &arguments);
	r = start(unpacking, &arguments, archive, err);
	return r < 0 ? r : wait_for(unpacking, &said, err);
}
