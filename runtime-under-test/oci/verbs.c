/* What verbs have in common: counting their words, finding the container, printing JSON. */
#include "runtime-under-test/oci/verbs.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/options.h"
#include "runtime-under-test/oci/state.h"

int verb_arguments(const struct option_row *rows, void *target, int argc, char **argv, int min, int max,
		   struct err *err)
{
	static const struct option_row none[] = { { NULL } };
	int first = options_parse(rows ? rows : none, target, argc, argv, err);

	if (first < 0)
		return fail_text(err, first, "%s", argv[0]);
	if (argc - first < min)
		return fail_text(err, -EINVAL, "%s: needs a container id", argv[0]);
	if (argc - first > max)
		return fail_text(err, -EINVAL, "%s: unexpected argument \"%s\"", argv[0], argv[first + max]);
	return first;
}

int verb_open(const struct runtime *runtime, const char *id, struct state *ret, struct err *err)
{
	auto_fd directory = state_open(runtime->root, id, err);
	int r;

	if (directory < 0)
		return directory;
	r = state_read(directory, ret, err);
	if (r < 0)
		return fail(err, r, "container %s", id);
	return TAKE_FD(directory);
}

int verb_print_json(const struct json *json, struct err *err)
{
	auto_text out = { 0 };
	int r;

	json_print(json, JSON_PRETTY, &out);
	text_add_char(&out, '\n');
	r = file_write_all(STDOUT_FILENO, text_str(&out), out.len);
	if (r < 0)
		return fail(err, r, "write to standard output");
	return 0;
}
