/*
 * One row a value that plumbline flow follows (flow_rows.c): what is asked, and where each rung keeps it. Most rungs are read by a
 * path or a pattern of effects (flow_rung.c); what is said in other words there has a reader (flow_read*.c).
 */
#ifndef HARNESS_FLOW_ROW_H
#define HARNESS_FLOW_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow_kernel;
struct flow_row;
struct json;

enum flow_rung { L2, L3, L4, L5, RUNGS };

/* What one pod is followed in; all borrowed. */
struct flow_pod {
	const struct json *observation;
	const struct flow_kernel *kernel; /* NULL: nothing was recorded */
	uint64_t end; /* of the call that starts the program: what comes later is not on the way */
	bool started;
};

/* What is looked for: {NULL, "512"}, {"/data", NULL}, {"net.ipv4.ip_forward", "1"}. Owned. */
struct flow_want {
	char *key, *value;
	char *place; /* where a link of the image leads the key; NULL: nowhere else */
};
struct flow_wants {
	struct flow_want *items; /* owned */
	size_t count;
};
/* NULL: there is none. */
void flow_want_add(struct flow_wants *wants, const char *key, const char *value);
void flow_wants_free(struct flow_wants *wants);
#define auto_wants __attribute__((cleanup(flow_wants_free))) struct flow_wants

/* What a rung says of it. */
struct flow_said {
	char *value; /* owned; NULL: nothing */
	char *text; /* owned; as it is told; NULL: the value */
	bool unread; /* it may be there: this rung cannot be asked */
	bool any; /* it is there in numbers of another kind, and that has to do */
};

typedef void flow_asks(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret);
typedef struct flow_said flow_reads(const struct flow_pod *pod, const struct flow_row *row,
				    const struct flow_want *want);

/* Whose request, and whose config.json and processes: what a pod asks for may be found in its containers. */
enum flow_of { OF_CONTAINER, OF_SANDBOX, OF_POD };

#define FLOW_ANY "*" /* it is there: which words it has does not matter */
#define FLOW_AFTER "after." /* begins a path in what the world saw once the program ran */

struct flow_row {
	const char *name; /* at most 17 characters */
	enum flow_of of;
	const char *request; /* NULL: the interface has no field for it */
	flow_asks *asks; /* NULL: the value itself */
	const char *config, *effects[2], *now[2]; /* KEY is the want's; two: cgroup versions 1 and 2 */
	flow_reads *reads[RUNGS]; /* in place of those */
	const char *says[RUNGS]; /* NULL: what was asked for */
	/* A number of version 2 as version 1 counts; owned. NULL: they count alike. */
	char *(*from_v2)(const struct flow_pod *pod, const char *number);
	int word; /* of a file with several: the first is 1; 0: all of it */
	bool list; /* a rung holds many, of which it is one */
	bool more; /* others put things into the same member of config.json */
	bool defaulted; /* followed also where nobody asked for it */
	bool quiet; /* the kernel may have had it before: no call has to be there */
	bool slashes; /* the key has slashes for its dots in the effect */
	bool pages; /* the kernel rounds it down to those */
	bool processors; /* a list of numbers: "0,1" is "0-1" */
	bool inexact; /* version 2 counts it in a way that leads nowhere back */
	bool ids; /* numbers that a call has as the node counts them: with a map of ids they are others */
	bool perhaps; /* not every kernel has the path that the key is */
	bool listed; /* not every one is looked at in the end */
};
extern const struct flow_row flow_rows[];
extern const size_t flow_row_count;

/* The configs of the requests that made the pod and the container that are looked at; NULL: they were not made. */
const struct json *flow_asked_of_pod(const struct flow_pod *pod, const char *field);
const struct json *flow_asked_of_container(const struct flow_pod *pod, const char *field);
const struct json *flow_config_of(const struct flow_pod *pod, const struct flow_row *row);
struct flow_said flow_read(const struct flow_pod *pod, const struct flow_row *row, enum flow_rung rung,
			   const struct flow_want *want);
/* The last effect on the way that matches the pattern; NULL: none. Borrowed. */
const char *flow_effect(const struct flow_pod *pod, const struct flow_row *row, const char *pattern);
/* "a,b,c" has "b"; separator: of what the list is made. */
bool flow_list_has(const char *list, char separator, const char *element);
struct flow_said flow_say(char *taken_value, const char *text); /* text NULL: the value */
bool flow_is_privileged(const struct flow_pod *pod);

/* flow_asks.c */
flow_asks flow_asks_hostname, flow_asks_each, flow_asks_paths, flow_asks_members, flow_asks_envs,
    flow_asks_command, flow_asks_pages, flow_asks_filter, flow_asks_no_filter, flow_asks_added,
    flow_asks_dropped, flow_asks_mapping, flow_asks_pid, flow_asks_mode, flow_asks_mounts, flow_asks_readonly,
    flow_asks_recursive, flow_asks_propagation, flow_asks_devices, flow_asks_access;
/* flow_read.c */
flow_reads flow_read_dropped_config, flow_read_dropped_call, flow_read_dropped_now,
    flow_read_privileged_config, flow_read_privileged_call, flow_read_privileged_now,
    flow_read_command_config, flow_read_command_call, flow_read_command_now, flow_read_pages_config,
    flow_read_unified_now, flow_read_no_filter_config, flow_read_no_filter_call, flow_read_no_filter_now,
    flow_read_log_now;
/* flow_read_place.c */
flow_reads flow_read_namespace_config, flow_read_namespace_call, flow_read_pid_now, flow_read_shared_now,
    flow_read_mapping_config, flow_read_mapping_now, flow_read_parent_config, flow_read_parent_now,
    flow_read_recursive_now, flow_read_propagation_config, flow_read_propagation_call;
/* flow_read_device.c */
flow_reads flow_read_device_config, flow_read_device_now, flow_read_access_config, flow_read_access_call,
    flow_read_access_now;

#endif
