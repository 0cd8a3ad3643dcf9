/* What doctor has looked at: one row a check, printed as it is found. */
#ifndef HARNESS_DOCTOR_H
#define HARNESS_DOCTOR_H

#include <stdbool.h>

#include "base/text.h"
#include "harness/engine.h"
#include "harness/screen.h"

struct options;

enum health { HEALTH_GOOD, HEALTH_LIMITED, HEALTH_BAD };

struct checkup {
	const char *check;
	enum health health;
	struct text detail;
	const char *fix; /* NULL: nothing to mend */
};

struct doctor {
	struct screen screen;
	struct machine machine;
	bool able; /* cases can run at all */
};

void doctor_show(struct doctor *doctor, struct checkup *checkup); /* frees the detail */
/* Each endpoint of --cri; an exit code. */
int doctor_endpoints(struct doctor *doctor, const struct options *options);

#endif
