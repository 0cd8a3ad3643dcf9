/* Names of images: the grammar of github.com/distribution/reference, and docker's rules for what is left out. */
#include "runtime-under-test/cri/image/reference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

#define NAME_MAX_LEN 255 /* host and repository together */
#define TAG_MAX_LEN 128
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

bool image_is_digest(const char *string)
{
	size_t prefix = strlen(IMAGE_ID_PREFIX);

	return strlen(string) == IMAGE_ID_LEN && !strncmp(string, IMAGE_ID_PREFIX, prefix) &&
	       strspn(string + prefix, DIGIT "abcdef") == IMAGE_ID_LEN - prefix;
}

void image_reference_clear(struct image_reference *reference)
{
	free(reference->host);
	free(reference->repository);
	free(reference->tag);
	free(reference->digest);
	*reference = (struct image_reference){ 0 };
}

/* The part before the first slash is a host if it cannot be a repository's word. */
static bool is_host(const char *word, size_t len)
{
	return memchr(word, '.', len) || memchr(word, ':', len) ||
	       (len == 9 && !memcmp(word, "localhost", 9)) || strcspn(word, UPPER) < len;
}

/* A name or an address in brackets, and a port. What curl would read as something else, an '@' say, is not among the characters. */
static bool is_valid_host(const char *host)
{
	const char *rest;

	if (*host == '[') {
		rest = host + 1 + strspn(host + 1, DIGIT "abcdefABCDEF:");
		if (*rest++ != ']')
			return false;
	} else {
		size_t len = strspn(host, LOWER UPPER DIGIT ".-");

		if (!len || host[0] == '-' || host[0] == '.' || host[len - 1] == '-' || strstr(host, ".."))
			return false;
		rest = host + len;
	}
	if (!*rest)
		return true;
	return *rest == ':' && rest[1] && strspn(rest + 1, DIGIT) == strlen(rest + 1) &&
	       strlen(rest + 1) <= 5;
}

/* Words of small letters and digits, joined by one '.', one or two '_', or any number of '-'. */
static bool is_valid_word(const char *word, size_t len)
{
	const char *end = word + len;

	for (;;) {
		size_t letters = strspn(word, LOWER DIGIT), joint;

		if (!letters || word + letters > end)
			return false;
		word += letters;
		if (word == end)
			return true;
		joint = strspn(word, "-");
		if (!joint)
			joint = *word == '.' ? 1 : strspn(word, "_");
		if (!joint || (*word == '_' && joint > 2))
			return false;
		word += joint;
	}
}

static bool is_valid_repository(const char *repository)
{
	for (;;) {
		size_t len = strcspn(repository, "/");

		if (!len || !is_valid_word(repository, len))
			return false;
		if (!repository[len])
			return true;
		repository += len + 1;
	}
}

static bool is_valid_tag(const char *tag)
{
	size_t len = strlen(tag);

	return len && len <= TAG_MAX_LEN && *tag != '.' && *tag != '-' &&
	       strspn(tag, LOWER UPPER DIGIT "._-") == len;
}

/* Cuts "@digest" and ":tag" off the name. */
static void cut_ends(char *name, struct image_reference *reference)
{
	char *at = strchr(name, '@'), *slash, *colon;

	if (at) {
		reference->digest = text_format("%s", at + 1);
		*at = '\0';
	}
	slash = strrchr(name, '/');
	colon = strrchr(slash ? slash : name, ':');
	if (colon) {
		reference->tag = text_format("%s", colon + 1);
		*colon = '\0';
	}
}

static void split_host(const char *name, struct image_reference *reference)
{
	const char *slash = strchr(name, '/');

	if (slash && is_host(name, (size_t) (slash - name))) {
		reference->host = text_format("%.*s", (int) (slash - name), name);
		reference->repository = text_format("%s", slash + 1);
	} else {
		reference->host = text_format("docker.io");
		reference->repository = text_format("%s", name);
	}
	if (!strcmp(reference->host, "index.docker.io")) {
		free(reference->host);
		reference->host = text_format("docker.io");
	}
	if (!strcmp(reference->host, "docker.io") && !strchr(reference->repository, '/')) {
		char *full = text_format("library/%s", reference->repository);

		free(reference->repository);
		reference->repository = full;
	}
}

static const char *find_fault(const struct image_reference *reference)
{
	if (strlen(reference->host) + 1 + strlen(reference->repository) > NAME_MAX_LEN)
		return "is longer than 255 characters";
	if (!is_valid_host(reference->host))
		return "has no valid host";
	if (!is_valid_repository(reference->repository))
		return "has no valid repository: small letters and digits, joined by . _ __ or -";
	if (reference->tag && !is_valid_tag(reference->tag))
		return "has no valid tag";
	if (reference->digest && !image_is_digest(reference->digest))
		return "has no valid digest: only sha256 and 64 digits are known";
	return NULL;
}

int image_reference_parse(const char *name, struct image_reference *ret, struct err *err)
{
	auto_image_reference reference = { 0 };
	auto_free char *copy = text_format("%s", name);
	const char *wrong;

	if (!*name)
		return fail_text(err, -EINVAL, "an image without a name");
	cut_ends(copy, &reference);
	split_host(copy, &reference);
	wrong = find_fault(&reference);
	if (wrong)
		return fail_text(err, -EINVAL, "image \"%.300s\" %s", name, wrong);
	if (!reference.tag && !reference.digest)
		reference.tag = text_format("latest");
	*ret = reference;
	reference = (struct image_reference){ 0 };
	return 0;
}

char *image_reference_tagged(const struct image_reference *reference)
{
	if (!reference->tag)
		return NULL;
	return text_format("%s/%s:%s", reference->host, reference->repository, reference->tag);
}

char *image_reference_digested(const struct image_reference *reference, const char *digest)
{
	return text_format("%s/%s@%s", reference->host, reference->repository, digest);
}
