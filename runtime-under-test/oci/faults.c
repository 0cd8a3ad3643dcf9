/* The switch behind fault(): compiled into plumbline-oci-faulty alone. */
#include "runtime-under-test/oci/faults.h"

#include <stdlib.h>
#include <string.h>

#ifdef PLUMBLINE_FAULTS
bool fault(const char *name)
{
	const char *wanted = getenv("PLUMBLINE_FAULT");

	return wanted && strcmp(wanted, name) == 0;
}
#endif
