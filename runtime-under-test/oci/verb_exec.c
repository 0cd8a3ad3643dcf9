/* exec: a command in a container, by its words or by a process object. Every failure of ours ends with 255, as callers know it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "runtime-under-test/oci/exec.h"
#include "runtime-under-test/oci/verbs.h"

#define AT(member) offsetof(struct exec_options, member)
const struct option_row exec_rows[] = {
	{ "process", 'p', OPTION_STRING, AT(process), "file with the process object, - for stdin" },
	{ "cwd", 0, OPTION_STRING, AT(cwd), "working directory in the container" },
	{ "user", 'u', OPTION_STRING, AT(user), "UID[:GID]" },
	{ "additional-gids", 'g', OPTION_LIST, AT(groups), "one more group; may be repeated" },
	{ "env", 'e', OPTION_LIST, AT(env), "NAME=VALUE; may be repeated" },
	{ "cap", 'c', OPTION_LIST, AT(caps), "one more capability; may be repeated" },
	{ "tty", 't', OPTION_FLAG, AT(tty), "give the command a terminal" },
	{ "no-new-privs", 0, OPTION_FLAG, AT(no_new_privileges), "set no_new_privs" },
	{ "apparmor", 0, OPTION_STRING, AT(apparmor), "AppArmor profile of the command" },
	{ "process-label", 0, OPTION_STRING, AT(label), "SELinux label of the command" },
	{ "cgroup", 0, OPTION_LIST, AT(cgroups),
	  "[CONTROLLER[,CONTROLLER...]:]PATH below the container's cgroup" },
	{ "detach", 'd', OPTION_FLAG, AT(detach), "return when the command runs" },
	{ "pid-file", 0, OPTION_STRING, AT(pid_file), "write the command's pid there" },
	{ "console-socket", 0, OPTION_STRING, AT(console_socket), "send the terminal's master there" },
	{ "pidfd-socket", 0, OPTION_STRING, AT(pidfd_socket), "send a pidfd of the command there" },
	{ "preserve-fds", 0, OPTION_NUMBER, AT(preserve_fds), "let 3 .. 3+N-1 into the container" },
	{ "ignore-paused", 0, OPTION_FLAG, AT(ignore_paused), "also in a paused container" },
	{ NULL },
};

static int parse(int argc, char **argv, struct exec_options *options, struct err *err)
{
	int first = options_parse(exec_rows, options, argc, argv, err);

	if (first < 0)
		return first;
	if (first >= argc)
		return fail_text(err, -EINVAL, "needs a container id");
	options->id = argv[first++];
	/* "exec ID -- COMMAND" is in manuals of other runtimes. */
	if (first < argc && strcmp(argv[first], "--") == 0)
		first++;
	options->args = argv + first;
	if (!options->process && first >= argc)
		return fail_text(err, -EINVAL, "needs a command, or --process");
	return 0;
}

int verb_exec(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct option_list *lists[4];
	struct exec_options options = { 0 };
	int code = 0, r = parse(argc, argv, &options, err);

	if (r == 0)
		r = container_exec(runtime, &options, &code, err);
	lists[0] = &options.env;
	lists[1] = &options.caps;
	lists[2] = &options.groups;
	lists[3] = &options.cgroups;
	for (size_t i = 0; i < 4; i++)
		option_list_clear(lists[i]);
	return r < 0 ? fail_text(err, r, "exec failed") : code;
}
