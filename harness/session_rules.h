/* The kernel/... cases of a run: each is judged on its own recording first, and then on all others. */
#ifndef HARNESS_SESSION_RULES_H
#define HARNESS_SESSION_RULES_H

#include <stddef.h>

struct case_record;
struct conformance_case;

/* Lists the offenders among the records; a rule that held in its own case is broken by any of them. */
void rule_take_offenders(const struct conformance_case *c, struct case_record *rule,
			 const struct case_record *records, size_t count);

#endif
