/* Version and Status: the first things every client asks, before there is any pod. */
#include "harness/case.h"

static const struct conformance_case version[] = {
{
	POD_CASE(all_four_fields_are_told),
	.title  = "Version tells the interface's and the runtime's name and versions",
	.clause = { MUST("cri.version.fields") },
	.when   = { DO(Version), DO(Version) },
	.then   = { EXIT("step[0].response.version", matches, "^[0-9]+\\.[0-9]+\\.[0-9]+"),
	            EXIT("step[0].response.runtime_name", matches, "."),
	            EXIT("step[0].response.runtime_version", matches, "^v?[0-9]+\\.[0-9]+"),
	            EXIT("step[0].response.runtime_api_version", matches, "^v1") },
	.refuted_by = "cri-version-without-api",
},
};

AREA(cri_version, "cri/version", version);
