/*
 * The CRI half of a case: an endpoint in the world (its server started there), the requests that steps make of it, and what
 * it says of sandbox and container afterwards. Hangs on a bench, which has everything else.
 */
#ifndef HARNESS_CRI_H
#define HARNESS_CRI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/process.h"
#include "harness/cri_helper.h"

struct bench;
struct err;
struct json;
struct runtime;
struct step_result;
struct text;

struct cri {
	struct cri_helper helper;
	struct process server;
	char *log; /* owned: path of the first container's log */
	struct json *made; /* owned: ids of sandboxes that nobody removed, as members */
	struct json *streams; /* owned: URL -> what it was asked for: {"stdin", "stdout", "stderr", "tty"} */
	int64_t sandbox_pid; /* as a status last told it; 0: none has */
	struct json *ours; /* owned: ids of every sandbox and container that was made, as members */
	struct json *running; /* owned: name -> id of calls that no step has awaited yet */
	int go_on; /* owned: as long as it is open the runtime behind the server is held by nothing */
};

bool runtime_is_cri(const struct runtime *runtime); /* its profile says how an endpoint is started */

/* Before the case's document is edited: paths of the endpoint, which it names. control: beside those of the case itself. */
int cri_prepare_symbols(struct bench *bench, bool control);

/*
 * Writes the image, starts the server and the helper, and waits for the first answer. bench has its symbols and
 * its config, which is the document of fixtures/default-cri.json, edited.
 */
int cri_open(struct bench *bench, struct err *err);
void cri_close(struct bench *bench);

/* The steps of a case that are calls: any method of the interface. */
bool cri_has_method(const char *verb);
bool cri_has_step(const char *verb); /* that, or await, cancel, together */
/* The method's usual request with `argument` laid over it, sent and answered; fills exit, begin, end and timed_out. */
int cri_step_run(struct bench *bench, const char *verb, const struct json *argument,
		 struct step_result *result, struct err *err);
/* The request alone; owned. docs/OBSERVATION.md, "Steps of a CRI case". */
struct json *cri_request(const struct bench *bench, const char *method, const struct json *argument);
/* A copy to be kept: what authenticates to a registry reads "(redacted)" in it. Owned. */
struct json *cri_without_secrets(const struct json *request);

/*
 * {"exists", "status", "pid", "container": {...}, "info": {...}, "sandbox": {...}, "sandbox_info": {...}} of @container and
 * @sandbox, as ContainerStatus and PodSandboxStatus tell them; status in the words of the OCI state. Owned.
 */
int cri_state(struct bench *bench, struct json **ret, struct err *err);

/* Until @container has ended, or @sandbox is not ready, as the status tells. Errors are ours. */
int cri_wait(struct bench *bench, bool sandbox, int64_t deadline, bool *ret_timed_out, struct err *err);

/* Stops and removes every sandbox that is left. */
int cri_clean_up(struct bench *bench, bool *ret_timed_out, struct err *err);

/* Takes out what the server's profile says it makes once and keeps: {"cri": {"lasting": ["directory /run/x", ...]}}. */
void cri_drop_lasting(const struct bench *bench, struct json *leftovers);

/* Appends what the container has written to its log, without the log's own words. */
void cri_log_output(const struct bench *bench, struct text *out);
/* [{"time", "stream", "tag", "content"}, ...] of a log; owned. */
struct json *cri_log_lines(const char *text, size_t len);
/* `log`, `log_streams`, `log_last`, `log_partial` and `log_longest` of docs/OBSERVATION.md. */
void cri_log_facts(const char *text, size_t len, struct json *host);
/* Of the first container: what is in its log, and what kind of files the pod's logs are. */
void cri_log_observe(const struct bench *bench, struct json *host);

#endif
