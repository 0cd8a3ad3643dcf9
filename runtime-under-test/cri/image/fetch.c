/* What the answers of a registry mean, and the way from a refusal to a token. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "runtime-under-test/cri/image/manifest.h"
#include "runtime-under-test/cri/image/transfer_internal.h"

#define TOKEN_MAX (1u << 20)
/* A challenge, and its token refused once: then it is no use to ask again. TLS given up counts as well. */
#define TRIES 3

bool transfer_is_done(const struct transfer *transfer)
{
	return transfer->is_done;
}

const struct challenge *transfer_challenge(const struct transfer *transfer)
{
	return &transfer->challenge;
}

const struct text *transfer_body(const struct transfer *transfer)
{
	return &transfer->body;
}

uint64_t transfer_bytes(const struct transfer *transfer)
{
	return transfer->bytes;
}

const char *transfer_digest(struct transfer *transfer)
{
	if (!transfer->hex[0])
		digest_end(transfer->digest, transfer->hex);
	return transfer->hex;
}

static int error_of(long status)
{
	static const struct {
		long status;
		int r;
	} rows[] = {
		{ 401, -ENOKEY },    { 403, -EACCES },    { 404, -ENOENT },
		{ 408, -EHOSTDOWN }, { 429, -EHOSTDOWN }, { 451, -EACCES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].status == status)
			return rows[i].r;
	return status >= 500 ? -EHOSTDOWN : -EPROTO;
}

int transfer_result(struct transfer *transfer, struct err *err)
{
	auto_text why = { 0 };

	transfer->is_seen = true;
	if (transfer->r < 0)
		return fail_text(err, transfer->r, "%s", transfer->err.text);
	if (transfer->status == 200)
		return 0;
	registry_explain(text_str(&transfer->refusal), transfer->refusal.len, &why);
	return fail_text(err, error_of(transfer->status), "status %ld%s", transfer->status, text_str(&why));
}

static int wait_for(struct transfers *transfers, struct transfer *transfer, struct err *err)
{
	while (!transfer->is_done) {
		int r = transfers_step(transfers, -1, err);

		if (r < 0)
			return r;
	}
	return transfer_result(transfer, err);
}

static int read_token(struct registry *registry, const struct text *body, struct err *err)
{
	auto_json answer = NULL;
	const char *token;
	int r = json_parse(text_str(body), body->len, &answer, err);

	if (r < 0)
		return fail(err, -EPROTO, "the answer of the token service");
	token = json_get_string(answer, "token");
	if (!token)
		token = json_get_string(answer, "access_token");
	/* It goes into a header of ours. */
	if (!token || strpbrk(token, "\r\n"))
		return fail_text(err, -EPROTO, "the token service answered without a token");
	free(registry->token);
	registry->token = text_format("%s", token);
	return 0;
}

static int fetch_token(struct transfers *transfers, const struct challenge *challenge, struct err *err)
{
	auto_free char *url = NULL, *form = registry_token_form(transfers->registry, challenge);
	struct transfer_request request = { .form = form, .is_token = true, .fd = -1, .max = TOKEN_MAX };
	auto_transfer transfer = NULL;
	int r = registry_token_url(transfers->registry, challenge, &url, err);

	if (r < 0)
		return r;
	request.url = url;
	transfer = transfer_start(transfers, &request);
	r = wait_for(transfers, transfer, err);
	if (r < 0)
		return fail(err, r == -ENOKEY ? -EACCES : r, "ask for a token");
	return read_token(transfers->registry, &transfer->body, err);
}

int transfers_authenticate(struct transfers *transfers, const struct challenge *challenge, struct err *err)
{
	struct registry *registry = transfers->registry;

	if (challenge->is_bearer)
		return fetch_token(transfers, challenge, err);
	if (challenge->is_basic && registry->username && !registry->use_basic) {
		registry->use_basic = true;
		return 0;
	}
	return fail_text(err, -EACCES,
			 registry->username ? "the credentials are wrong" : "it wants credentials");
}

static int try_once(struct transfers *transfers, const struct transfer_request *request,
		    struct transfer **ret, struct err *err)
{
	auto_transfer transfer = transfer_start(transfers, request);
	int r = wait_for(transfers, transfer, err);

	if (r < 0 && transfer->speaks_no_tls && registry_turn_plain(transfers->registry))
		r = -EAGAIN;
	if (r == -ENOKEY) {
		struct err refused = { 0 };

		r = transfers_authenticate(transfers, &transfer->challenge, &refused);
		r = r < 0 ? fail_text(err, r, "%s", refused.text) : -EAGAIN;
	}
	if (r >= 0)
		*ret = TAKE(transfer);
	return r;
}

int transfers_fetch(struct transfers *transfers, const char *kind, const char *name, uint64_t max,
		    const char *digest, struct text *out, char ret_digest[DIGEST_SIZE], struct err *err)
{
	auto_transfer transfer = NULL;
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < TRIES; i++) {
		auto_free char *url = registry_url(transfers->registry, kind, name);
		struct transfer_request request = { .url = url,
						    .accept =
							strcmp(kind, "manifests") ? NULL : manifest_accept,
						    .fd = -1,
						    .max = max };

		*err = (struct err){ 0 };
		r = try_once(transfers, &request, &transfer, err);
		if (r < 0 && r != -EAGAIN)
			return fail(err, r, "GET %s", url);
		if (transfer)
			transfer->request.url = NULL; /* it dies here */
	}
	if (r < 0)
		return fail_text(err, -EACCES, "GET %s %s: refused again with what it asked for", kind, name);
	strcpy(ret_digest, transfer_digest(transfer));
	if (digest && strcmp(digest, ret_digest) != 0)
		return fail_text(err, -EBADMSG, "GET %s %s: what came has the digest %s", kind, name,
				 ret_digest);
	text_add_bytes(out, text_str(&transfer->body), transfer->body.len);
	return 0;
}
