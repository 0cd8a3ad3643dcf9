/* Targets are taken literally: nothing is decoded, so nothing can stand for a slash or a dot. */
#include "harness/registry_request.h"

#include <string.h>

#include "base/text.h"
#include "base/wire/http.h"

#define ALGORITHM "sha256:"

/* [a-z0-9-]+ up to the next slash; how long it is, 0: it is no such word. */
static size_t repository_word(const char *path)
{
	size_t len = strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len && len <= REGISTRY_NAME_MAX && path[len] == '/' ? len : 0;
}

static bool take_digest(const char *word, char *ret)
{
	const char *hex = word + strlen(ALGORITHM);

	if (!text_starts(word, ALGORITHM) || strlen(hex) != SHA256_HEX_SIZE - 1 ||
	    strspn(hex, "0123456789abcdef") != SHA256_HEX_SIZE - 1)
		return false;
	(void) memcpy(ret, hex, SHA256_HEX_SIZE);
	return true;
}

/* "manifests/REFERENCE" or "blobs/DIGEST" */
static int take_object(const char *path, struct registry_request *ret)
{
	const char *reference;

	if (text_starts(path, "blobs/")) {
		ret->object = REGISTRY_BLOB;
		return take_digest(path + strlen("blobs/"), ret->hex) ? 0 : 404;
	}
	if (!text_starts(path, "manifests/"))
		return 404;
	reference = path + strlen("manifests/");
	ret->object = take_digest(reference, ret->hex) ? REGISTRY_MANIFEST : REGISTRY_TAG;
	if (ret->object == REGISTRY_TAG && strcmp(reference, REGISTRY_TAG_NAME) != 0)
		return 404;
	return 0;
}

static int parse_target(const char *target, struct registry_request *ret)
{
	size_t len;

	if (!strcmp(target, "/v2/") || !strcmp(target, "/v2")) {
		ret->object = REGISTRY_BASE;
		return 0;
	}
	if (!text_starts(target, "/v2/" REGISTRY_PREFIX))
		return 404;
	target += strlen("/v2/");
	len = repository_word(target);
	if (!len)
		return 404;
	target += len + 1;
	len = repository_word(target);
	if (!len)
		return 404;
	(void) memcpy(ret->repository, target, len);
	return take_object(target + len + 1, ret);
}

int registry_request_parse(const char *head, size_t len, struct registry_request *ret)
{
	struct registry_request request = { 0 };
	auto_http_request http = { 0 };
	int status;

	if (http_request_parse(head, len, &http, NULL) < 0)
		return 400;
	request.head = !strcmp(http.method, "HEAD");
	if (!request.head && strcmp(http.method, "GET") != 0)
		return 405;
	/* A client adds "?ns=..." where it was told to go to a mirror; there is no other host here. */
	status = strpbrk(http.target, "?#%") ? 404 : parse_target(http.target, &request);
	if (!status)
		*ret = request;
	return status;
}
