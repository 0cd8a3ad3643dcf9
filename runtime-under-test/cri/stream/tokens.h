/* Requests that wait for their clients, each under a random name that is good once. */
#ifndef CRI_STREAM_TOKENS_H
#define CRI_STREAM_TOKENS_H

#include "runtime-under-test/cri/stream/stream.h"

struct tokens;

#define TOKENS_MAX 1000
#define TOKEN_LENGTH 32 /* 128 bits as hexadecimal digits */

struct tokens *tokens_new(int64_t lifetime_ms);
void tokens_free(struct tokens *tokens);
/* -ENOSPC: too many wait. ret: TOKEN_LENGTH digits and the NUL. */
int tokens_add(struct tokens *tokens, const struct stream_request *request, char ret[TOKEN_LENGTH + 1],
	       struct err *err);
/* Owned, see stream_request_free(); NULL: there is no such token any more. The wrong kind uses it up too. */
struct stream_request *tokens_take(struct tokens *tokens, enum stream_kind kind, const char *token);

void stream_request_free(struct stream_request *request); /* one that was made by tokens_take() */

#endif
