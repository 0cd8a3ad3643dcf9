/* process.execCPUAffinity: which CPUs what exec adds runs on. config.md#linux-process */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "base/err.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/process.h"

#define CPU_LIMIT 8192 /* the most that CONFIG_NR_CPUS allows */

/* list: "0-3,7", as the config's check has seen it. */
int process_set_affinity(const char *list, const char *field, struct err *err)
{
	cpu_set_t *set;
	size_t size = CPU_ALLOC_SIZE(CPU_LIMIT);
	int r = 0;

	if (!list || !*list || fault("exec-affinity-skipped"))
		return 0;
	set = CPU_ALLOC(CPU_LIMIT);
	if (!set)
		abort();
	CPU_ZERO_S(size, set);
	for (char *at = (char *) list; *at; at += *at == ',') {
		unsigned long from = strtoul(at, &at, 10);
		unsigned long to = *at == '-' ? strtoul(at + 1, &at, 10) : from;

		if (to >= CPU_LIMIT) {
			r = fail_text(err, -EINVAL, "process.execCPUAffinity.%s: there is no CPU %lu", field,
				      to);
			break;
		}
		for (unsigned long cpu = from; cpu <= to; cpu++)
			CPU_SET_S(cpu, size, set);
		while (*at && *at != ',')
			at++;
	}
	if (r == 0 && sched_setaffinity(0, size, set) < 0)
		r = fail(err, -errno, "process.execCPUAffinity.%s: %s", field, list);
	CPU_FREE(set);
	return r;
}
