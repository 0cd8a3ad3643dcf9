/*
 * Named mistakes of an insider, for proving that cases notice them. Only plumbline-oci-faulty has any: it is built with
 * PLUMBLINE_FAULTS and takes one name from the environment. Elsewhere the question costs nothing.
 */
#ifndef OCI_FAULTS_H
#define OCI_FAULTS_H

#include <stdbool.h>

#ifdef PLUMBLINE_FAULTS
/* True when $PLUMBLINE_FAULT is this name. The names are rows of fixtures/faults.tsv with where=inner. */
bool fault(const char *name);
#else
static inline bool fault(const char *name)
{
	(void) name;
	return false;
}
#endif

#endif
