/* Options of plumbline-cri: of the command line, and of a configuration file of the same names. The command line wins. */
#ifndef CRI_OPTIONS_H
#define CRI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct json;
struct text;

struct strings {
	const char **items; /* owned array of borrowed strings */
	size_t count;
};

struct options {
	const char *listen, *root, *state, *config;
	const char *cni_conf, *cni_bin, *network;
	const char *stream, *cgroup_driver;
	const char *grace; /* a number, checked */
	const char *registries, *registry_ca; /* NULL: none */
	struct strings runtimes; /* "NAME=PATH"; "=PATH" is the default handler */
	struct strings cdi_dirs; /* none: the usual ones */
	const char *missing_host_path; /* "fail" or "make" */
	struct strings imports; /* OCI layouts and archives to take in at the start */
	bool help, version;
	struct json *file; /* owned; what the strings of a configuration file borrow from */
};

/* Parses argv and the file it names, then fills in defaults. -EINVAL with a sentence. ret_first: the first operand. */
int options_read(int argc, char *const *argv, struct options *ret, int *ret_first, struct err *err);
void options_free(struct options *options);
void options_describe(struct text *out);

/* The path of a handler's runtime: "" is the default one. NULL: no such handler. Borrowed. */
const char *options_runtime(const struct options *options, const char *name);

#endif
