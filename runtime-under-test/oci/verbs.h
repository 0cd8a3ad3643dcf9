/* One function a verb. argv[0] is the verb; what is returned is the exit code, or negative errno with the sentence in err. */
#ifndef OCI_VERBS_H
#define OCI_VERBS_H

#include <stdbool.h>

#include "runtime-under-test/oci/options.h"

struct err;
struct json;
struct runtime;
struct state;

struct verb {
	const char *name;
	int (*run)(const struct runtime *runtime, int argc, char **argv, struct err *err);
	const char *arguments; /* "ID [SIGNAL]" */
	const char *help;
	const struct option_row *options; /* NULL: none */
	enum {
		ROOT_NONE,
		ROOT_LOOK,
		ROOT_MAKE
	} root; /* is the state directory opened, and made when missing */
	int failure; /* exit code of an error; 0: 1 */
	bool
	    enters; /* puts a process into a container: exe_protect() first; `run` looks at its config before */
};

extern const struct option_row create_rows[], exec_rows[], run_rows[], delete_rows[], kill_rows[],
    list_rows[], ps_rows[], spec_rows[];
extern const struct option_row events_rows[], update_rows[];

int verb_create(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_run(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_start(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_state(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_kill(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_pause(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_resume(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_update(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_events(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_delete(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_list(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_spec(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_exec(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_ps(const struct runtime *runtime, int argc, char **argv, struct err *err);
int verb_features(const struct runtime *runtime, int argc, char **argv, struct err *err);

/*
 * Parses the options of a verb and demands between min and max words behind them. Returns the index of the first word
 * in argv. -EINVAL: "kill: needs a container id".
 */
int verb_arguments(const struct option_row *rows, void *target, int argc, char **argv, int min, int max,
		   struct err *err);
/* Opens and reads a container by id: a directory descriptor (owned) and *ret, which the caller clears. */
int verb_open(const struct runtime *runtime, const char *id, struct state *ret, struct err *err);
/* Pretty JSON and a newline on stdout. */
int verb_print_json(const struct json *json, struct err *err);

#endif
