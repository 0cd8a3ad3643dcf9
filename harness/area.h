/* All areas of cases, and the registry of clauses they cite. */
#ifndef HARNESS_AREA_H
#define HARNESS_AREA_H

#include "harness/case.h"

extern const struct area *const areas[];	/* build/areas.c, NULL-terminated */

#endif
