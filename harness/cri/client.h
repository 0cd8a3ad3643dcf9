/*
 * Calls to a CRI server, any number at once, over one connection. Whoever runs cri_client_serve() gets what comes back by
 * the callbacks, on that thread. Requests and replies are bytes here: what they mean is the caller's affair.
 */
#ifndef HARNESS_CRI_CLIENT_H
#define HARNESS_CRI_CLIENT_H

#include <stddef.h>
#include <stdint.h>

struct cri_call;
struct cri_client;
struct err;

struct cri_callbacks {
	/* The server has accepted the call; a stream's subscriber hears from now on. Not called when the call ends first. */
	void (*headers)(struct cri_call *call, void *user);
	void (*message)(struct cri_call *call, const void *bytes, size_t len, void *user);
	/* Once for each call, last. The call is gone afterwards. code: a gRPC status. */
	void (*ended)(struct cri_call *call, int code, const char *sentence, double ms, void *user);
};

/* endpoint: "unix:///path" or a path. Nothing is connected before the first call. */
int cri_client_new(const char *endpoint, const struct cri_callbacks *callbacks, struct cri_client **ret,
		   struct err *err);
void cri_client_free(struct cri_client *client);

/* path: "/runtime.v1.RuntimeService/Version". deadline_ms < 0: none. Borrowed; valid until ended() returns. */
struct cri_call *cri_call_start(struct cri_client *client, const char *path, const void *request, size_t len,
				int64_t deadline_ms, void *user);
void cri_call_cancel(struct cri_call *call);

/* Returns after cri_client_stop(), once every call has ended. */
void cri_client_serve(struct cri_client *client);
void cri_client_stop(struct cri_client *client);
/* Returns when a call has ended. */
void cri_client_serve_one(struct cri_client *client);

const char *cri_status_name(int code); /* "NOT_FOUND" */

#endif
