/*
 * What is known of one registry while one image is pulled: where it is, what may be trusted, and what it was told about who asks. Pure but
 * for files named in the configuration:
 *
 *   { "registry.example:5000": { "http": true }, "other.example": { "ca": "/etc/x.pem", "endpoint": "https://mirror.example" } }
 *
 * Plain HTTP is spoken where "http" says so, and on the loopback device where nothing answers in TLS.
 */
#ifndef CRI_IMAGE_REGISTRY_H
#define CRI_IMAGE_REGISTRY_H

#include <stdbool.h>

struct err;
struct image_auth;
struct image_reference;
struct json;
struct text;

struct registry {
	char *base; /* owned: https://host[:port] */
	char *repository; /* owned */
	char *ca; /* owned: a PEM file, or NULL */
	bool may_be_plain; /* http instead, when the other side speaks no TLS */
	char *token; /* owned: sent as "Bearer"; NULL: none */
	char *username, *password; /* owned; NULL: none */
	char *identity_token; /* owned; NULL: none */
	bool use_basic; /* the registry asked for it */
};

int registry_open(struct registry *registry, const struct image_reference *reference,
		  const struct json *registries, const char *ca, const struct image_auth *auth,
		  struct err *err);
void registry_clear(struct registry *registry);
#define auto_registry __attribute__((cleanup(registry_clear))) struct registry

char *registry_url(const struct registry *registry, const char *kind,
		   const char *name); /* owned; "manifests", "latest" */
bool registry_is_plain(const struct registry *registry); /* http, now */
/* http from now on. False: it may not be. */
bool registry_turn_plain(struct registry *registry);

/* A WWW-Authenticate header. */
struct challenge {
	char *realm, *service, *scope; /* owned; NULL: not there */
	bool is_bearer, is_basic;
};
void challenge_read(const char *header, struct challenge *ret); /* adds: a response may have several */
void challenge_clear(struct challenge *challenge);

/* The query or the form for a token. Owned; -EACCES when there is nowhere to ask. */
int registry_token_url(const struct registry *registry, const struct challenge *challenge, char **ret,
		       struct err *err);
char *registry_token_form(const struct registry *registry, const struct challenge *challenge);

/* What a registry says about its refusal, as the end of a sentence; "" when it says nothing readable. */
void registry_explain(const char *body, unsigned long len, struct text *out);

#endif
