/*
 * plumbline flow in three parts: a pod is run as a case is (flow_case.c, verb_flow.c), what was observed and recorded becomes
 * a list of facts (flow_facts.c and its parts), and the list is told (flow_story.c) or printed as it is. The last two are pure.
 *
 * The facts are JSON, fixtures/schema/flow.schema.json: {"type": "flow"}, a {"type": "call"} each, {"type": "value"} for what
 * can be followed down the ladder, {"type": "summary"}.
 */
#ifndef HARNESS_FLOW_H
#define HARNESS_FLOW_H

#include <stddef.h>

struct area;
struct json;
struct recording;
struct report_style;
struct text;

extern const struct area flow_area; /* the pod that is told of when nobody names a case */

struct flow_source {
	const struct json *observation;
	const struct recording *recording; /* NULL: nothing was recorded */
	const char *fault, *fault_says; /* a mistake made on purpose, and its sentence; NULL: none */
	const char *not_recorded; /* why; NULL: nobody knows */
	const char *server, *server_path,
	    *runtime; /* name and version, where it is, and the OCI runtime behind it */
};

struct json *flow_facts(const struct flow_source *source); /* an array; owned */
void flow_story(const struct json *facts, const struct report_style *style, struct text *ret);

#endif
