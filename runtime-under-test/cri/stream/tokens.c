/* A table under one lock: a thousand rows are looked through in no time beside a connection's set-up. */
#include "runtime-under-test/cri/stream/tokens.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"

struct row {
	char token[TOKEN_LENGTH + 1];
	int64_t expires_ms;
	struct stream_request *request; /* owned; NULL: the row is free */
};

struct tokens {
	pthread_mutex_t lock;
	int64_t lifetime_ms;
	struct row rows[TOKENS_MAX];
};

static void *need(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static struct stream_request *copy(const struct stream_request *request)
{
	struct stream_request *ret = need(calloc(1, sizeof(*ret)));
	char **command = need(calloc(request->command_count + 1, sizeof(*command)));
	int32_t *ports = need(calloc(request->port_count + 1, sizeof(*ports)));

	*ret = *request;
	ret->id = text_format("%s", request->id);
	for (size_t i = 0; i < request->command_count; i++)
		command[i] = text_format("%s", request->command[i]);
	if (request->port_count)
		memcpy(ports, request->ports, request->port_count * sizeof(*ports));
	ret->command = (const char *const *) command;
	ret->ports = ports;
	return ret;
}

void stream_request_free(struct stream_request *request)
{
	if (!request)
		return;
	for (size_t i = 0; i < request->command_count; i++)
		free((char *) request->command[i]);
	free((void *) request->command);
	free((void *) request->ports);
	free((char *) request->id);
	free(request);
}

struct tokens *tokens_new(int64_t lifetime_ms)
{
	struct tokens *tokens = need(calloc(1, sizeof(*tokens)));

	(void) pthread_mutex_init(&tokens->lock, NULL);
	tokens->lifetime_ms = lifetime_ms;
	return tokens;
}

void tokens_free(struct tokens *tokens)
{
	if (!tokens)
		return;
	for (size_t i = 0; i < TOKENS_MAX; i++)
		stream_request_free(tokens->rows[i].request);
	(void) pthread_mutex_destroy(&tokens->lock);
	free(tokens);
}

/* With the lock held. A row whose time has passed is as good as free. */
static struct row *free_row(struct tokens *tokens, int64_t now)
{
	struct row *found = NULL;

	for (size_t i = 0; i < TOKENS_MAX; i++) {
		struct row *row = &tokens->rows[i];

		if (row->request && now >= row->expires_ms && !fault("stream-token-lives-on")) {
			stream_request_free(row->request);
			row->request = NULL;
		}
		if (!row->request && !found)
			found = row;
	}
	return found;
}

int tokens_add(struct tokens *tokens, const struct stream_request *request, char ret[TOKEN_LENGTH + 1],
	       struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char random[TOKEN_LENGTH / 2];
	struct row *row;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return fail(err, -errno, "get random bytes");
	for (size_t i = 0; i < TOKEN_LENGTH; i++)
		ret[i] = digits[random[i / 2] >> (i % 2 ? 0 : 4) & 15];
	ret[TOKEN_LENGTH] = '\0';
	(void) pthread_mutex_lock(&tokens->lock);
	row = free_row(tokens, process_now_ms());
	if (row) {
		memcpy(row->token, ret, TOKEN_LENGTH + 1);
		row->expires_ms = process_now_ms() + tokens->lifetime_ms;
		row->request = copy(request);
	}
	(void) pthread_mutex_unlock(&tokens->lock);
	return row ? 0
		   : fail_text(err, -ENOSPC, "%d requests for streams wait for their clients already",
			       TOKENS_MAX);
}

struct stream_request *tokens_take(struct tokens *tokens, enum stream_kind kind, const char *token)
{
	struct stream_request *found = NULL;

	if (strlen(token) != TOKEN_LENGTH)
		return NULL;
	(void) pthread_mutex_lock(&tokens->lock);
	(void) free_row(tokens, process_now_ms());
	for (size_t i = 0; i < TOKENS_MAX && !found; i++) {
		struct row *row = &tokens->rows[i];

		if (!row->request || strcmp(row->token, token) != 0)
			continue;
		if (fault("stream-token-lives-on")) {
			found = copy(row->request);
			break;
		}
		found = row->request;
		row->request = NULL;
	}
	(void) pthread_mutex_unlock(&tokens->lock);
	if (found && found->kind != kind) {
		stream_request_free(found);
		found = NULL;
	}
	return found;
}
