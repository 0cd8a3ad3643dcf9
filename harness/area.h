/* All areas of cases, their ids, and the steps of a case. */
#ifndef HARNESS_AREA_H
#define HARNESS_AREA_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/case.h"

struct text;

extern const struct area *const areas[]; /* build/areas.c, NULL-terminated */

size_t area_case_count(void);
/* The index-th case in the order of areas and tables; NULL past the last. *ret_area may be NULL. */
const struct conformance_case *area_case_at(size_t index, const struct area **ret_area);
/* NULL: unknown */
const struct conformance_case *area_case_find(const char *id, const struct area **ret_area);

/* "oci/mounts/..." */
void case_id(const struct area *area, const struct conformance_case *c, struct text *out);
/* The steps of `.when`, or the default ones: create, start, wait, delete. Returns how many. */
size_t case_steps(const struct conformance_case *c, const struct step *const **ret);
size_t case_rows(const struct conformance_case *c);
size_t case_clauses(const struct conformance_case *c);
bool case_is_rule(
    const struct conformance_case *c); /* one of the kernel/... cases: judged on every recording of a run */
/* A SHOULD, a MAY, or a rule that no clause demands: its failure is a warning. */
bool case_needs_recording(const struct conformance_case *c); /* it speaks of kernel calls */
bool case_can_only_warn(const struct conformance_case *c);
/* The strongest level the case claims: a case that claims a MUST and a SHOULD is a MUST. */
enum level case_level(const struct conformance_case *c);
const char *level_name(enum level level); /* "MUST" */
bool case_refuses(const struct conformance_case *c); /* has a REFUSES step */

#endif
