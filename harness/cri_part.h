/* Between the parts that make a CRI endpoint: cri_files.c and cri_server.c. */
#ifndef HARNESS_CRI_PART_H
#define HARNESS_CRI_PART_H

#include <stdbool.h>
#include <stdint.h>

struct bench;
struct err;
struct json;
struct process_status;
struct step_result;

#define CRI_POD_CGROUP "/plumbline-pods" /* parent of the pods' cgroups, as the kubelet would make it */

const struct json *cri_profile_part(const struct bench *bench,
				    const char *name); /* of the profile's "cri"; borrowed */
bool cri_fault_is_of_server(const char *name); /* else it is one of the runtime behind it */

/* In this order, before the server starts. */
int cri_make_home(struct bench *bench, struct err *err);
int cri_write_handler(struct bench *bench, struct err *err);
int cri_write_files(struct bench *bench, struct err *err);
int cri_write_image(struct bench *bench, struct err *err);

/* Ends the server and waits until it is gone; starts it again on what it left, and waits for its answer: -EHOSTDOWN, there is none. */
int cri_server_end(struct bench *bench, int signal, bool *ret_timed_out, struct process_status *ret,
		   struct err *err);
int cri_server_start(struct bench *bench, struct err *err);

/* Of cri_step.c: the answer to a call or a visit, which is owned, and what a case sees of it. */
int cri_await(struct bench *bench, int64_t id, int64_t ms, struct json **ret, bool *ret_timed_out,
	      struct err *err);
struct json *cri_exit_facts(const char *method, struct json *answer);

/* Steps that are no calls; docs/OBSERVATION.md. */
int cri_step_server(struct bench *bench, const struct json *argument, struct step_result *result,
		    struct err *err);
int cri_step_signal(struct bench *bench, const struct json *argument, struct step_result *result,
		    struct err *err);
int cri_step_open(struct bench *bench, const struct json *argument, struct step_result *result,
		  struct err *err);
int cri_step_lost(struct bench *bench, const struct json *argument, struct step_result *result,
		  struct err *err);
int cri_step_handler(struct bench *bench, const struct json *argument, struct step_result *result,
		     struct err *err);
int cri_step_held(struct bench *bench, const struct json *argument, struct step_result *result,
		  struct err *err);

#endif
