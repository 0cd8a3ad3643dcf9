/*
 * The head of an HTTP/1.1 request that asks for another protocol, RFC 9112 and 9110 section 7.8. Pure: bytes in, fields out.
 * No body is read: what follows the empty line is the other protocol already.
 */
#ifndef BASE_WIRE_HTTP_H
#define BASE_WIRE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct text;

#define HTTP_HEAD_MAX 16384
#define HTTP_FIELDS_MAX 100

struct http_field {
	const char *name, *value; /* borrowed from the request */
};

struct http_request {
	char *head; /* owned; the strings lie in it */
	const char *method, *target;
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t count;
};
void http_request_free(struct http_request *request);
#define auto_http_request __attribute__((cleanup(http_request_free))) struct http_request

/* Bytes of the head with its empty line; 0: it goes on; -EMSGSIZE: more than HTTP_HEAD_MAX. */
int http_head_length(const char *data, size_t len);
/* A whole head. -EBADMSG with a sentence. */
int http_request_parse(const char *head, size_t len, struct http_request *ret, struct err *err);

const char *http_field(const struct http_request *request, const char *name); /* the first; NULL: none */
/* The nth word of all fields of that name, which are comma-separated lists; false: there are not so many. */
bool http_field_word(const struct http_request *request, const char *name, size_t nth, struct text *ret);
bool http_field_lists(const struct http_request *request, const char *name, const char *word); /* any case */

#endif
