/* Events of sandboxes and containers, told to everyone who listens from now on. A listener who is slow is cut, not waited for. */
#ifndef CRI_EVENTS_H
#define CRI_EVENTS_H

#include <stdbool.h>

#include "cri/runtime_v1.pb-c.h"

struct server;
struct server_module;

/* Somebody listens. When nobody does, an event need not even be put together. */
bool events_wanted(struct server *server);
/*
 * Copied; never blocks. created_at 0 becomes now, and no event is older than the one before it. The kubelet's evented PLEG
 * throws away an event without pod_sandbox_status, and reads containers_statuses as all of the sandbox's containers.
 */
void events_publish(struct server *server, const Runtime__V1__ContainerEventResponse *event);

extern const struct server_module events_module;

#endif
