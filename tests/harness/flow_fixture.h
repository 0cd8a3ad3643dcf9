/* The recorded pod of the tests of plumbline flow (tests/golden/flow.sh makes it), to be changed and told. */
#ifndef TESTS_HARNESS_FLOW_FIXTURE_H
#define TESTS_HARNESS_FLOW_FIXTURE_H

#include <stdbool.h>

#include "bpf/recording.h"
#include "reports/report.h"

struct json;

struct flow_fixture {
	struct json *observation; /* owned */
	struct recording recording;
};

#define FLOW_FIXTURE_SPEC "state.after.CreateContainer.info.info.runtimeSpec."
extern const struct report_style flow_fixture_style;

void flow_fixture_load(struct flow_fixture *ret);
void flow_fixture_free(struct flow_fixture *pod);
/* Sets a fact; value is JSON. */
void flow_fixture_set(struct flow_fixture *pod, const char *path, const char *value);
struct json *flow_fixture_facts(const struct flow_fixture *pod, bool recorded); /* owned */
/* The value of that name on the plumb line; NULL: nobody follows it. Borrowed. */
const struct json *flow_fixture_value(const struct json *facts, const char *name);
/* Fails the test unless each line has 80 columns at most, and no blank at its end. */
void flow_fixture_check_width(const char *story);

#endif
