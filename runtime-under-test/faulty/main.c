/* The one door to every fault: plumbline-faulty --fault NAME -- RUNTIME ARGUMENTS... */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

#define EXIT_USAGE 2
#define INNER_PROGRAM "plumbline-oci-faulty"

/* Programs that have mistakes built in, by the registry's second column. */
static const struct {
	const char *where, *program;
} built_in[] = { { "inner", INNER_PROGRAM }, { "cri", "plumbline-cri-faulty" } };

static const char help[] =
    "usage: plumbline-faulty --fault NAME -- RUNTIME [ARGUMENT...]\n"
    "       plumbline-faulty --list | --help | --version\n"
    "\n"
    "Stands in for an OCI runtime and makes exactly one thing wrong. RUNTIME and its arguments are those\n"
    "that the caller would have used. A fault inside the reference runtime or CRI server is passed on "
    "to\n" INNER_PROGRAM " or plumbline-cri-faulty, which is executed instead of RUNTIME.\n"
    "Run it only where the damage is welcome, as `plumbline prove` does.\n";

__attribute__((format(printf, 1, 2))) static int refuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("plumbline-faulty: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return EXIT_USAGE;
}

static int list(void)
{
	auto_text out = { 0 };

	(void) registry_print(&out);
	return fputs(text_str(&out), stdout) < 0 || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* It lies beside this program, else in PATH. */
static int run_built_in(const char *program, const char *fault, char **argv, struct err *err)
{
	auto_text self = { 0 };
	auto_free char *beside = NULL;
	char *slash;
	int r = file_read_link_at(AT_FDCWD, "/proc/self/exe", &self, err);

	if (r < 0)
		return r;
	if (setenv("PLUMBLINE_FAULT", fault, 1) < 0)
		return fail(err, -errno, "set PLUMBLINE_FAULT");
	slash = strrchr(text_str(&self), '/');
	beside =
	    text_format("%.*s/%s", slash ? (int) (slash - text_str(&self)) : 0, text_str(&self), program);
	argv[0] = beside;
	(void) execv(beside, argv);
	if (errno == ENOENT)
		(void) execvp(program, argv);
	return fail(err, -errno, "execute %s", program);
}

static int run_fault(const struct fault *fault, char **argv, struct err *err)
{
	struct call call;
	int r = call_parse(argv, &call, err);

	if (r < 0)
		return r;
	call.argument = fault->argument;
	switch (fault->hook) {
	case HOOK_EDIT:
		if (!strcmp(call.verb, "create") || !strcmp(call.verb, "run"))
			return bundle_run_edited(&call, fault, err);
		break;
	case HOOK_STATE:
		if (!strcmp(call.verb, "state"))
			return state_run_edited(&call, fault, err);
		break;
	case HOOK_VERB:
		if (!strcmp(call.verb, fault->on))
			return fault->verb(&call, err);
		break;
	case HOOK_ALWAYS:
		return fault->verb(&call, err);
	}
	return call_run(&call, err);
}

static const char *program_of(const char *where)
{
	for (size_t i = 0; i < ARRAY_SIZE(built_in); i++)
		if (!strcmp(built_in[i].where, where))
			return built_in[i].program;
	return NULL;
}

/* The registry decides what a name means; nothing is run before it said so. */
static int run(const char *name, char **argv)
{
	__attribute__((cleanup(registry_row_free))) struct registry_row row = { 0 };
	const struct fault *fault = fault_find(name);
	struct err err = { 0 };
	int r;

	if (registry_find(name, &row) < 0)
		return refuse("there is no fault %s; plumbline-faulty --list names them all", name);
	if (strcmp(row.status, "built") != 0)
		return refuse("the fault %s is planned, not built", name);
	const char *program = program_of(row.where);
	if (program)
		r = run_built_in(program, name, argv, &err);
	else if (fault)
		r = run_fault(fault, argv, &err);
	else
		r = fail_text(&err, -ENOSYS, "the registry says built, but the program has no such fault");
	if (r >= 0)
		return r;
	fprintf(stderr, "plumbline-faulty: fault %s: %s\n", name, err.text);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return puts("plumbline-faulty " PLUMBLINE_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list();
	if (argc < 2)
		return refuse("--fault NAME -- RUNTIME is missing; see plumbline-faulty --help");
	if (strcmp(argv[1], "--fault") != 0)
		return refuse("%s is not understood; the first word is --fault, --list, --help or --version",
			      argv[1]);
	if (argc < 3)
		return refuse("%s needs the name of a fault", argv[1]);
	if (argc < 4 || strcmp(argv[3], "--") != 0)
		return refuse("-- and a runtime must follow the fault %s", argv[2]);
	if (argc < 5)
		return refuse("no runtime is given after --, so the fault %s has nothing to do", argv[2]);
	return run(argv[2], argv + 4);
}
