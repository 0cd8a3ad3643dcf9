/*
 * What a client of a registry asks for, read from the head of its request: the part of the distribution specification that a
 * pull needs, and nothing that writes. Pure.
 */
#ifndef HARNESS_REGISTRY_REQUEST_H
#define HARNESS_REGISTRY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sha256.h"

#define REGISTRY_PREFIX "plumbline" /* of the first word of a repository, the run; the second is the case */
#define REGISTRY_TAG_NAME "1"
#define REGISTRY_NAME_MAX 64

enum registry_object {
	REGISTRY_BASE = 1, /* "/v2/": whether this is a registry */
	REGISTRY_TAG, /* the manifest of the one image that a repository has */
	REGISTRY_MANIFEST,
	REGISTRY_BLOB
};

struct registry_request {
	enum registry_object object;
	bool head; /* HEAD: nothing but the fields */
	char repository[REGISTRY_NAME_MAX + 1]; /* the second word: letters, digits and dashes */
	char hex[SHA256_HEX_SIZE]; /* of a manifest or blob by its digest */
};

/* head: whole, with its empty line. 0, or the HTTP status to refuse it with. */
int registry_request_parse(const char *head, size_t len, struct registry_request *ret);

#endif
