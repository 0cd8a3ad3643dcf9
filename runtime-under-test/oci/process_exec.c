/* Finding the program and becoming it. The words of the errors are those that engines match: inventory of their callers. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/spec.h"

/* What execvp(3) uses where there is no PATH. */
#define DEFAULT_PATH "/bin:/usr/bin"

static const char *search_path(const struct spec_process *process)
{
	const char *path = DEFAULT_PATH;

	for (size_t i = 0; i < process->env.count; i++)
		if (text_starts(process->env.items[i], "PATH="))
			path = process->env.items[i] + strlen("PATH=");
	return path;
}

static bool is_executable(const char *path, bool *found)
{
	struct stat st;

	if (stat(path, &st) < 0 || S_ISDIR(st.st_mode))
		return false;
	*found = true;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

int process_find_program(const struct spec_process *process, char **ret, struct err *err)
{
	const char *name = process->args.items[0], *path = search_path(process);
	bool found = false;

	if (strchr(name, '/')) {
		*ret = text_format("%s", name);
		return 0;
	}
	for (const char *dir = path; *name;) {
		size_t len = strcspn(dir, ":");
		auto_free char *file = text_format("%.*s%s%s", (int) len, dir, len ? "/" : "./", name);

		if (is_executable(file, &found)) {
			*ret = TAKE(file);
			return 0;
		}
		if (!dir[len])
			break;
		dir += len + 1;
	}
	if (found)
		return fail_text(err, -EACCES, "exec: \"%s\": permission denied", name);
	return fail_text(err, -ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

/* A name with a slash, from the working directory the payload will have. */
static int check_file(const struct spec_process *process, const char *name, struct err *err)
{
	auto_fd cwd = open(process->cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	/* The payload's own chdir says it better. */
	if (cwd < 0)
		return 0;
	if (fstatat(cwd, name, &st, 0) < 0)
		return errno == EACCES
			   ? 0
			   : fail_text(err, -errno, "exec: \"%s\": %s", name,
				       errno == ENOENT ? "no such file or directory" : strerror(errno));
	if (S_ISDIR(st.st_mode) || faccessat(cwd, name, X_OK, AT_EACCESS) < 0)
		return fail_text(err, -EACCES, "exec: \"%s\": permission denied", name);
	return 0;
}

int process_check_program(const struct spec_process *process, struct err *err)
{
	auto_free char *program = NULL;

	if (!process->present)
		return 0;
	if (strchr(process->args.items[0], '/'))
		return check_file(process, process->args.items[0], err);
	return process_find_program(process, &program, err);
}

int process_execute(const char *program, char *const *argv, char *const *env, struct err *err)
{
	static char *const none[] = { NULL };
	int r;

	(void) execve(program, argv, env ? env : none);
	r = -errno;
	if (r == -ENOENT)
		return fail_text(err, r,
				 fault("exec-error-without-words")
				     ? "exec: \"%s\""
				     : "exec: \"%s\": no such file or directory",
				 program);
	if (r == -EACCES)
		return fail_text(err, r, "exec: \"%s\": permission denied", program);
	return fail(err, r, "exec: \"%s\"", program);
}
