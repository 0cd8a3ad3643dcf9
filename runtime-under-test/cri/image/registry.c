/* One registry: its address, its rules and its challenges. OCI distribution-spec 1.1; tokens: distribution/docs/spec/auth. */
#include "runtime-under-test/cri/image/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/image.h"
#include "runtime-under-test/cri/image/reference.h"

#define DOCKER_HOST "registry-1.docker.io"
#define EXPLANATION_MAX 200

/* What lets others in is not left behind in memory that is handed out again. */
static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void registry_clear(struct registry *registry)
{
	free(registry->base);
	free(registry->repository);
	free(registry->ca);
	free(registry->username);
	forget(registry->token);
	forget(registry->password);
	forget(registry->identity_token);
	*registry = (struct registry){ 0 };
}

/* 127.0.0.1.example is a name like others, and may be anybody's. */
static bool is_loopback(const char *host)
{
	size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

	return (len == 9 && !strncmp(host, "localhost", len)) ||
	       (!strncmp(host, "127.", 4) && strspn(host, "0123456789.") == len) ||
	       (len == 5 && !strncmp(host, "[::1]", len));
}

static int base64_value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int) (at - digits) : -1;
}

/* Owned text; NULL: no base64. RFC 4648; padding may be missing. */
static char *base64_decode(const char *string)
{
	size_t len = strlen(string);
	auto_text out = { 0 };
	unsigned bits = 0, have = 0;

	while (len && string[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		int value = base64_value(string[i]);

		if (value < 0)
			return NULL;
		bits = bits << 6 | (unsigned) value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			text_add_char(&out, (char) (bits >> have & 0xff));
		}
	}
	return strlen(text_str(&out)) == out.len ? text_take(&out) : NULL;
}

static bool has_value(const char *string)
{
	return string && *string;
}

/* Credentials for another host are nobody's business here. An address may be a URL, as docker's file has it. */
static bool is_for_host(const char *address, const char *host)
{
	const char *slashes = strstr(address, "://"), *from = slashes ? slashes + 3 : address;
	size_t len = strcspn(from, "/");

	if (!strcmp(host, "docker.io") && len > 10 && !strncmp(from + len - 10, ".docker.io", 10))
		return true;
	return strlen(host) == len && !strncmp(from, host, len);
}

static int split_credentials(struct registry *registry, const char *base64, struct err *err)
{
	auto_free char *both = base64_decode(base64);
	char *colon = both ? strchr(both, ':') : NULL;

	if (!colon)
		return fail_text(err, -EINVAL,
				 "the auth of the request is not \"username:password\" in base64");
	*colon = '\0';
	registry->username = text_format("%s", both);
	registry->password = text_format("%s", colon + 1);
	explicit_bzero(colon + 1, strlen(colon + 1));
	return 0;
}

static int take_auth(struct registry *registry, const struct image_auth *auth, const char *host,
		     struct err *err)
{
	if (!auth || (has_value(auth->server_address) && !is_for_host(auth->server_address, host)))
		return 0;
	if (has_value(auth->registry_token))
		registry->token = text_format("%s", auth->registry_token);
	else if (has_value(auth->identity_token))
		registry->identity_token = text_format("%s", auth->identity_token);
	else if (has_value(auth->username)) {
		registry->username = text_format("%s", auth->username);
		registry->password = text_format("%s", auth->password ? auth->password : "");
	} else if (has_value(auth->base64)) {
		return split_credentials(registry, auth->base64, err);
	}
	return 0;
}

int registry_open(struct registry *registry, const struct image_reference *reference,
		  const struct json *registries, const char *ca, const struct image_auth *auth,
		  struct err *err)
{
	const struct json *row = json_member(registries, reference->host);
	const char *endpoint = json_get_string(row, "endpoint"), *own_ca = json_get_string(row, "ca");
	bool plain = json_bool(json_member(row, "http"), false);
	const char *host = strcmp(reference->host, "docker.io") ? reference->host : DOCKER_HOST;

	if (endpoint && !text_starts(endpoint, "https://") && !(plain && text_starts(endpoint, "http://")))
		return fail_text(
		    err, -EINVAL,
		    "registries: %s: the endpoint is neither https:// nor, with \"http\", http://",
		    reference->host);
	registry->base =
	    endpoint ? text_format("%s", endpoint) : text_format("%s://%s", plain ? "http" : "https", host);
	registry->repository = text_format("%s", reference->repository);
	own_ca = own_ca ? own_ca : ca;
	registry->ca = own_ca ? text_format("%s", own_ca) : NULL;
	registry->may_be_plain = !endpoint && !json_has(row, "http") && is_loopback(host);
	return take_auth(registry, auth, reference->host, err);
}

char *registry_url(const struct registry *registry, const char *kind, const char *name)
{
	return text_format("%s/v2/%s/%s/%s", registry->base, registry->repository, kind, name);
}

bool registry_is_plain(const struct registry *registry)
{
	return text_starts(registry->base, "http://");
}

bool registry_turn_plain(struct registry *registry)
{
	char *plain;

	if (!registry->may_be_plain || registry_is_plain(registry))
		return false;
	plain = text_format("http://%s", registry->base + strlen("https://"));
	free(registry->base);
	registry->base = plain;
	return true;
}

void challenge_clear(struct challenge *challenge)
{
	free(challenge->realm);
	free(challenge->service);
	free(challenge->scope);
	*challenge = (struct challenge){ 0 };
}

/* One parameter, NAME="VALUE" or NAME=VALUE. Returns where the next one may begin, NULL: there is none. RFC 9110, 11.2. */
static const char *read_parameter(const char *at, struct challenge *challenge)
{
	const struct {
		const char *name;
		char **value;
	} rows[] = {
		{ "realm", &challenge->realm },
		{ "service", &challenge->service },
		{ "scope", &challenge->scope },
	};
	size_t name_len;
	auto_text value = { 0 };
	const char *name;

	name = at + strspn(at, " ,\t");
	name_len = strcspn(name, "= ,");
	if (!name_len || name[name_len] != '=')
		return NULL;
	at = name + name_len + 1;
	if (*at == '"') {
		for (at++; *at && *at != '"'; at++) {
			if (*at == '\\' && at[1])
				at++;
			text_add_char(&value, *at);
		}
		at += *at == '"';
	} else {
		size_t len = strcspn(at, ", ");

		text_add_bytes(&value, at, len);
		at += len;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].name) == name_len && !strncasecmp(rows[i].name, name, name_len) &&
		    !*rows[i].value)
			*rows[i].value = text_take(&value);
	return at;
}

void challenge_read(const char *header, struct challenge *ret)
{
	header += strspn(header, " \t");
	if (!strncasecmp(header, "Basic", 5)) {
		ret->is_basic = true;
		return;
	}
	if (strncasecmp(header, "Bearer ", 7) != 0 || ret->is_bearer)
		return;
	ret->is_bearer = true;
	for (const char *at = header + 7; at;)
		at = read_parameter(at, ret);
}

static void add_encoded(struct text *out, const char *string)
{
	for (; *string; string++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *string))
			text_add_char(out, *string);
		else
			text_addf(out, "%%%02X", (unsigned char) *string);
}

static void add_scope(const struct registry *registry, const struct challenge *challenge, struct text *out)
{
	auto_free char *scope = challenge->scope ? text_format("%s", challenge->scope)
						 : text_format("repository:%s:pull", registry->repository);

	if (challenge->service) {
		text_add(out, "service=");
		add_encoded(out, challenge->service);
		text_add_char(out, '&');
	}
	text_add(out, "scope=");
	add_encoded(out, scope);
}

int registry_token_url(const struct registry *registry, const struct challenge *challenge, char **ret,
		       struct err *err)
{
	const char *realm = challenge->realm ? challenge->realm : "";
	auto_text url = { 0 };

	/* Whoever answers in a registry's name says where passwords are to be sent: never in the clear, unless all of it is. */
	if (!text_starts(realm, "https://") &&
	    !(registry_is_plain(registry) && text_starts(realm, "http://")))
		return fail_text(err, -EACCES,
				 "it wants a token from \"%.200s\", which is no https:// address", realm);
	text_add(&url, realm);
	if (!registry->identity_token) {
		text_add_char(&url, strchr(realm, '?') ? '&' : '?');
		add_scope(registry, challenge, &url);
	}
	*ret = text_take(&url);
	return 0;
}

char *registry_token_form(const struct registry *registry, const struct challenge *challenge)
{
	auto_text form = { 0 };

	if (!registry->identity_token)
		return NULL;
	text_add(&form, "grant_type=refresh_token&client_id=plumbline-cri&");
	add_scope(registry, challenge, &form);
	text_add(&form, "&refresh_token=");
	add_encoded(&form, registry->identity_token);
	return text_take(&form);
}

void registry_explain(const char *body, unsigned long len, struct text *out)
{
	auto_json document = NULL;
	const char *message;

	if (json_parse(body, len, &document, NULL) < 0)
		return;
	message = json_get_string(document, "errors[0].message");
	if (!message)
		message = json_get_string(document, "errors[0].code");
	if (!message)
		return;
	text_add(out, ": ");
	text_escape_terminal(out, message,
			     strlen(message) < EXPLANATION_MAX ? strlen(message) : EXPLANATION_MAX);
}
