/* create and run: the same options, the same bundle, and then container_create() or container_run(). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/exe_hide.h"
#include "runtime-under-test/oci/exe_protect.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/options.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/verbs.h"

#define AT(member) offsetof(struct create_options, member)
#define CREATE_ROWS                                                                                          \
	{ "bundle", 'b', OPTION_STRING, AT(bundle_path),                                                     \
	  "directory of config.json; the present one if not given" },                                        \
	    { "pid-file", 0, OPTION_STRING, AT(pid_file), "write the pid of the container's init there" },   \
	    { "console-socket", 0, OPTION_STRING, AT(console_socket), "send the terminal's master there" },  \
	    { "pidfd-socket", 0, OPTION_STRING, AT(pidfd_socket), "send a pidfd of init there" },            \
	    { "preserve-fds", 0, OPTION_NUMBER, AT(preserve_fds), "let 3 .. 3+N-1 into the container" },     \
	    { "no-pivot", 0, OPTION_FLAG, AT(no_pivot), "chroot instead of pivot_root" },                    \
	{                                                                                                    \
		"no-new-keyring", 0, OPTION_FLAG, AT(no_new_keyring), "keep the caller's session keyring"    \
	}

const struct option_row create_rows[] = { CREATE_ROWS, { NULL } };
const struct option_row run_rows[] = {
	CREATE_ROWS,
	{ "detach", 'd', OPTION_FLAG, AT(detach), "return when the program runs" },
	{ "keep", 0, OPTION_FLAG, AT(keep), "do not delete the container when it has ended" },
	{ "no-subreaper", 0, OPTION_FLAG, AT(no_subreaper), "accepted for callers that send it" },
	{ NULL },
};

typedef int act_fn(const struct runtime *runtime, const struct create_options *options, struct spec *spec,
		   struct json *config, struct err *err);

/* The bundle's path is what the state tells for ever after: absolute, and resolved once. */
static int with_bundle(const struct runtime *runtime, struct create_options *options, act_fn *act,
		       struct err *err)
{
	const char *given = options->bundle_path ? options->bundle_path : ".";
	auto_free char *path = realpath(given, NULL);
	struct spec *spec = NULL;
	auto_json config = NULL;
	auto_fd bundle = -EBADF;
	int r;

	if (!state_id_is_valid(options->id))
		return fail_text(err, -EINVAL, "invalid container id \"%s\": letters, digits and _+-. only",
				 options->id);
	if (!path)
		return fail(err, -errno, "bundle %s", given);
	bundle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bundle < 0)
		return fail(err, -errno, "open bundle %s", path);
	r = spec_read(bundle, &spec, &config, err);
	if (r < 0)
		return fail(err, r, "bundle %s", path);
	options->bundle_path = path;
	options->bundle = bundle;
	r = act(runtime, options, spec, config, err);
	spec_free(spec);
	return r;
}

int verb_create(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct create_options options = { .decoy = -EBADF };
	int first = verb_arguments(create_rows, &options, argc, argv, 1, 1, err);

	if (first < 0)
		return first;
	options.id = argv[first];
	return with_bundle(runtime, &options, container_create, err);
}

/*
 * Where nobody else can see init before it has switched its root, it hides itself then, and cheaper. Only with `run`: its
 * parent has the program's file under execution until init is done with it, so that nobody writes to what is mapped
 * (ETXTBSY); behind `create` nothing would stand in the way.
 */
static bool hides_in_init(const struct create_options *options, const struct spec *spec)
{
	const struct spec_namespace *pids = spec_find_namespace(spec, CLONE_NEWPID);
	const struct spec_namespace *mounts = spec_find_namespace(spec, CLONE_NEWNS);

	return pids && !pids->path && mounts && !mounts->path && !spec_find_namespace(spec, CLONE_NEWUSER) &&
	       !spec_find_namespace(spec, CLONE_NEWTIME) && !options->no_pivot;
}

static int protect(const struct runtime *runtime, struct create_options *options, const struct spec *spec,
		   struct err *err)
{
	if (fault("exe-unprotected"))
		return 0;
	if (hides_in_init(options, spec))
		options->decoy = exe_decoy();
	return options->decoy >= 0 ? 0 : exe_protect(runtime->argv, err);
}

static int act_run(const struct runtime *runtime, const struct create_options *options, struct spec *spec,
		   struct json *config, struct err *err)
{
	struct create_options mine = *options;
	int code = 0, r = protect(runtime, &mine, spec, err);

	if (r == 0)
		r = container_run(runtime, &mine, spec, config, &code, err);
	cleanup_fd(&mine.decoy);
	return r < 0 ? r : code;
}

int verb_run(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct create_options options = { .decoy = -EBADF };
	int first = verb_arguments(run_rows, &options, argc, argv, 1, 1, err);

	if (first < 0)
		return first;
	options.id = argv[first];
	return with_bundle(runtime, &options, act_run, err);
}
