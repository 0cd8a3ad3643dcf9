/* --in vm:FLAVOUR: the same command, carried out by the same program in a virtual machine of its own. */
#ifndef HARNESS_GUEST_H
#define HARNESS_GUEST_H

struct err;
struct options;
struct text;
struct verb;

/* A whole run: an exit code, with everything printed. What the guest brings back lies in the run directory. */
int guest_run(const struct verb *verb, const struct options *options);

/* Unpacks what a guest brought back; the archive goes once it is whole. */
int guest_unpack(const char *directory, const char *archive, struct err *err);

/* Appends the flavour of "vm:v2". -EINVAL with a sentence: another word, or options that no guest can fulfil. */
int guest_flavour(const struct options *options, struct text *ret, struct err *err);

/*
 * Appends the shell script of the guest, which writes its run below results (NULL: none) and brings it here, and to files what
 * must lie there under the path it has here, one a line: runtimes and the file of --expect.
 */
int guest_script(const struct verb *verb, const struct options *options, const char *results,
		 struct text *script, struct text *files, struct err *err);

#endif
