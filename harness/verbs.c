/* The table of verbs: what plumbline can be asked, with the words that --help and the manual print. */
#include "harness/verbs.h"

#include <string.h>

#include "base/text.h"
#include "harness/option_table.h"
#include "harness/options.h"

const struct verb verbs[] = {
	{ "test", VERB_TEST, "[SELECTOR...]", "run cases against one or more runtimes",
	  { "plumbline test --runtime crun", "plumbline test 'oci/mounts/*' --runtime ./build/runc --fail-fast",
	    "plumbline test profile:smoke --runtime runc --runtime crun --json" },
	  "Every case runs in a world of its own: new namespaces, own cgroups, a read-only view of the machine. Results "
	  "go to standard output, everything else to standard error. The run directory holds run.json, one observation "
	  "a case, and the reports.",
	  verb_test },
	{ "clean", VERB_CLEAN, "[RUN]", "remove what earlier runs left behind",
	  { "plumbline clean", "plumbline clean plumbline-20261123-153000-1a2b", "plumbline clean --json" },
	  "Removes cgroups, processes and files of runs whose plumbline has ended. Runs that are alive are not touched.",
	  verb_clean },
	{ "help", VERB_HELP, "[VERB | manual]", "this overview, the help of a verb, or the manual page's source",
	  { "plumbline help", "plumbline help test", "plumbline help manual | man -l -" }, NULL, verb_help },
	{ 0 },
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}
