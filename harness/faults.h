/* The registry of faults: every mistake a case may be refuted by, embedded from fixtures/faults.tsv. */
#ifndef HARNESS_FAULTS_H
#define HARNESS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/table.h"

struct err;

struct fault_registry {
	struct table table;
};

struct fault_entry {
	const char *name;
	/* "shim": made by plumbline-faulty; "inner": compiled into plumbline-oci-faulty */
	const char *where;
	const char *area, *sentence;
	bool built;
	const char
	    *witness; /* a further case that must fail under it, for faults that no case names; "": none */
};

int faults_load(struct fault_registry *ret, struct err *err);
void faults_free(struct fault_registry *registry);
#define auto_faults __attribute__((cleanup(faults_free))) struct fault_registry
size_t faults_count(const struct fault_registry *registry);
struct fault_entry fault_at(const struct fault_registry *registry, size_t index);
bool fault_find(const struct fault_registry *registry, const char *name, struct fault_entry *ret);

#endif
