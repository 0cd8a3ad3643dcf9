/* One table for both verbs. */
#include "runtime-under-test/cri/monitor/options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

struct row {
	const char *name;
	bool is_flag;
	size_t offset;
};

#define AT(member) offsetof(struct monitor_options, member)
static const struct row rows[] = {
	{ "--runtime", false, AT(runtime) },
	{ "--root", false, AT(root) },
	{ "--id", false, AT(id) },
	{ "--systemd-cgroup", true, AT(systemd_cgroup) },
	{ "--directory", false, AT(directory) },
	{ "--bundle", false, AT(bundle) },
	{ "--started", true, AT(started) },
	{ "--wait", true, AT(wait) },
	{ "--log-directory", false, AT(log_directory) },
	{ "--log-path", false, AT(log_path) },
	{ "--tty", true, AT(tty) },
	{ "--stdin", true, AT(with_stdin) },
	{ "--stdin-once", true, AT(stdin_once) },
	{ "--work", false, AT(work) },
	{ "--mark", false, AT(mark) },
};

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static int check(const struct monitor_options *options, struct err *err)
{
	if (!options->runtime || !options->root || !options->id || !options->directory)
		return fail_text(err, -EINVAL, "--runtime, --root, --id and --directory are needed");
	if (!options->bundle && !options->work)
		return fail_text(err, -EINVAL, "create needs --bundle, exec --work");
	return 0;
}

int monitor_options_parse(int argc, char **argv, struct monitor_options *ret, struct err *err)
{
	struct monitor_options options = { 0 };
	int r;

	for (int i = 1; i < argc; i++) {
		const struct row *row = find(argv[i]);
		char *place = (char *) &options + (row ? row->offset : 0);

		if (!row)
			return fail_text(err, -EINVAL, "unknown option %s", argv[i]);
		if (row->is_flag)
			*(bool *) place = true;
		else if (i + 1 < argc)
			*(const char **) place = argv[++i];
		else
			return fail_text(err, -EINVAL, "option %s needs a value", argv[i]);
	}
	r = check(&options, err);
	if (r == 0)
		*ret = options;
	return r;
}
