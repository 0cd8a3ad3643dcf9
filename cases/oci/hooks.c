/* config.md, POSIX-platform Hooks, and the steps of the lifecycle: which hooks run, when, where, with what, and what a failure means. */
#include "harness/case.h"

/* A hook is the probe, which adds a line about itself to a file of the case: host.hooks and host.timeline are made of these. */
#define HOOK(name, ...)     { "path": "@probe", "args": ["probe", "--hook", "@scratch/hooks", name, ##__VA_ARGS__] }
/* Inside the container the probe lies at /probe and the file in a volume. */
#define HOOK_INSIDE(name, ...) { "path": "/probe", "args": ["probe", "--hook", "/data/hooks", name, ##__VA_ARGS__] }
#define VOLUME              ADD("mounts[]", { "destination": "/data", "type": "bind", "source": "@scratch", "options": ["bind"] })

static const struct conformance_case hooks[] = {
};
AREA(oci_hooks, "oci/hooks", hooks);
