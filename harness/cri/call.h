/* The ways plumbline-cri-call works, and what they share: a method by name, its request and its answer as JSON. */
#ifndef HARNESS_CRI_CALL_H
#define HARNESS_CRI_CALL_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cri_client;
struct err;
struct json;
struct text;

struct cri_method {
	char *path; /* owned */
	const ProtobufCMethodDescriptor
	    *descriptor; /* NULL: a literal path that the interface does not have */
	bool streams;
};

/* A name of the interface, or a path that begins with '/', which is called whatever it is. */
int cri_method_find(const char *name, struct cri_method *ret, struct err *err);
void cri_method_free(struct cri_method *method);
/* Appends the request's bytes. With echo, *ret_echo is the request as it was sent, secrets redacted: owned. */
int cri_request_encode(const struct cri_method *method, const struct json *request, struct text *out,
		       struct json **ret_echo, struct err *err);
/* The answer as JSON; a string of base64 when it cannot be decoded, or when nobody knows its type. Owned. */
struct json *cri_answer_decode(const struct cri_method *method, const void *bytes, size_t len);

/* Each returns an exit status: 0, or 1 when the call failed; main.c prints err when it is not empty and exits with 2. */
int cri_run_lines(const char *endpoint, struct err *err);
int cri_run_once(const char *endpoint, const char *name, const struct json *request, int64_t deadline_ms,
		 struct err *err);
/* The same call so many times, one after the other; prints how long they took. */
int cri_run_repeated(const char *endpoint, const char *name, const struct json *request, long count,
		     struct err *err);

#endif
