/* Downloads; no other file makes calls of libcurl. */
#include "runtime-under-test/cri/image/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime-under-test/cri/image/image.h"
#include "runtime-under-test/cri/image/transfer_internal.h"

#define CONNECT_MS 10000
#define REDIRECTS_MAX 5
#define REFUSAL_MAX 16384 /* of what a registry says with a refusal */
#define STEP_MS 100

static const struct curl_library *library_of(const struct transfer *transfer)
{
	return &transfer->transfers->library;
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
	static const char name[] = "www-authenticate:";
	struct transfer *transfer = user;
	size_t len = size * count;
	auto_free char *copy = text_format("%.*s", (int) strcspn(line, "\r\n"), line);

	/* A redirect starts anew. */
	if (text_starts(copy, "HTTP/"))
		challenge_clear(&transfer->challenge);
	if (!strncasecmp(copy, name, strlen(name)))
		challenge_read(copy + strlen(name), &transfer->challenge);
	return len;
}

static size_t on_data(char *data, size_t size, size_t count, void *user)
{
	struct transfer *transfer = user;
	size_t len = size * count;
	long status = 0;

	(void) library_of(transfer)->easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 300) {
		size_t room = REFUSAL_MAX - transfer->refusal.len;

		text_add_bytes(&transfer->refusal, data, len < room ? len : room);
		return len;
	}
	if (len > transfer->request.max - transfer->bytes) {
		transfer->r = fail_text(&transfer->err, -EBADMSG, "more than %llu bytes",
					(unsigned long long) transfer->request.max);
		return 0;
	}
	transfer->bytes += len;
	digest_add(transfer->digest, data, len);
	if (transfer->request.fd < 0) {
		text_add_bytes(&transfer->body, data, len);
		return len;
	}
	transfer->r = file_write_all(transfer->request.fd, data, len);
	if (transfer->r < 0)
		(void) fail(&transfer->err, transfer->r, "write to the store");
	return transfer->r < 0 ? 0 : len;
}

static void add_header(struct transfer *transfer, const char *header)
{
	struct curl_slist *longer = library_of(transfer)->slist_append(transfer->headers, header);

	if (!longer)
		abort();
	transfer->headers = longer;
}

/* Passwords and tokens go to the host they are meant for: libcurl leaves them out when a redirect leads elsewhere. */
static void add_credentials(struct transfer *transfer)
{
	const struct registry *registry = transfer->transfers->registry;
	const struct curl_library *library = library_of(transfer);
	CURL *curl = transfer->curl;

	if (transfer->request.form)
		return;
	if (registry->token && !transfer->request.is_token) {
		(void) library->easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		(void) library->easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, registry->token);
	} else if (registry->username && (transfer->request.is_token || registry->use_basic)) {
		(void) library->easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		(void) library->easy_setopt(curl, CURLOPT_USERNAME, registry->username);
		(void) library->easy_setopt(curl, CURLOPT_PASSWORD, registry->password);
	}
}

static void set_up(struct transfer *transfer)
{
	const struct registry *registry = transfer->transfers->registry;
	const char *protocols = registry_is_plain(registry) ? "http,https" : "https";
	const struct curl_library *library = library_of(transfer);
	CURL *curl = transfer->curl;

	(void) library->easy_setopt(curl, CURLOPT_URL, transfer->request.url);
	(void) library->easy_setopt(curl, CURLOPT_PRIVATE, transfer);
	(void) library->easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->message);
	(void) library->easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	(void) library->easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	(void) library->easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	(void) library->easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	/* Threads: no alarm(2) for the resolver. */
	(void) library->easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void) library->easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
	(void) library->easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	(void) library->easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	(void) library->easy_setopt(curl, CURLOPT_MAXREDIRS, (long) REDIRECTS_MAX);
	(void) library->easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long) CONNECT_MS);
	(void) library->easy_setopt(curl, CURLOPT_USERAGENT, "plumbline-cri/" PLUMBLINE_VERSION);
	(void) library->easy_setopt(curl, CURLOPT_BUFFERSIZE, 262144L);
	/* A file of our own comes in addition: both it and the directory of the system's authorities are read. */
	if (registry->ca)
		(void) library->easy_setopt(curl, CURLOPT_CAINFO, registry->ca);
	(void) library->easy_setopt(curl, CURLOPT_CAPATH, "/etc/ssl/certs");
	if (transfer->request.form)
		(void) library->easy_setopt(curl, CURLOPT_POSTFIELDS, transfer->request.form);
	if (transfer->request.accept) {
		auto_free char *accept = text_format("Accept: %s", transfer->request.accept);

		add_header(transfer, accept);
	}
	(void) library->easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
	add_credentials(transfer);
}

struct transfer *transfer_start(struct transfers *transfers, const struct transfer_request *request)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (!transfer)
		abort();
	transfer->transfers = transfers;
	transfer->request = *request;
	transfer->digest = digest_begin();
	transfer->moved_ms = process_now_ms();
	transfer->curl = transfers->library.easy_init();
	if (!transfer->curl)
		abort();
	set_up(transfer);
	if (transfers->library.multi_add_handle(transfers->multi, transfer->curl) != CURLM_OK)
		abort(); /* no memory: the handle is new */
	transfer->next = transfers->all;
	transfers->all = transfer;
	return transfer;
}

void transfer_free(struct transfer *transfer)
{
	const struct curl_library *library;

	if (!transfer)
		return;
	library = library_of(transfer);
	for (struct transfer **at = &transfer->transfers->all; *at; at = &(*at)->next)
		if (*at == transfer) {
			*at = transfer->next;
			break;
		}
	(void) library->multi_remove_handle(transfer->transfers->multi, transfer->curl);
	library->easy_cleanup(transfer->curl);
	library->slist_free_all(transfer->headers);
	digest_free(transfer->digest);
	challenge_clear(&transfer->challenge);
	text_free(&transfer->body);
	text_free(&transfer->refusal);
	free(transfer);
}

int transfers_open(struct registry *registry, const struct image_patience *patience, int64_t stall_ms,
		   struct transfers **ret, struct err *err)
{
	struct curl_library library;
	struct transfers *transfers;
	int r = curl_library_open(&library, err);

	if (r < 0)
		return r;
	transfers = calloc(1, sizeof(*transfers));
	if (!transfers)
		abort();
	transfers->library = library;
	transfers->registry = registry;
	transfers->patience = patience;
	transfers->stall_ms = stall_ms;
	transfers->multi = library.multi_init();
	if (!transfers->multi) {
		free(transfers);
		return fail_text(err, -ENOMEM, "start libcurl");
	}
	*ret = transfers;
	return 0;
}

void transfers_close(struct transfers *transfers)
{
	if (!transfers)
		return;
	while (transfers->all)
		transfer_free(transfers->all);
	(void) transfers->library.multi_cleanup(transfers->multi);
	free(transfers);
}

static void finish(struct transfer *transfer, CURLcode code)
{
	const struct curl_library *library = library_of(transfer);
	const char *said = transfer->message[0] ? transfer->message : library->easy_strerror(code);

	transfer->is_done = true;
	if (transfer->r < 0)
		return; /* our own callback ended it */
	switch (code) {
	case CURLE_OK:
		(void) library->easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &transfer->status);
		return;
	case CURLE_SSL_CONNECT_ERROR:
		transfer->speaks_no_tls = true;
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		transfer->r = fail_text(&transfer->err, -EPROTO, "its certificate is not trusted: %s", said);
		return;
	case CURLE_UNSUPPORTED_PROTOCOL:
		transfer->r = fail_text(&transfer->err, -EPROTO,
					"it leads to an address that is no https://: %s", said);
		return;
	default:
		break;
	}
	transfer->r = fail_text(&transfer->err, -EHOSTDOWN, "%s", said);
}

/* libcurl's own measure of slowness counts whole seconds, and from the first byte on only. */
static void end_stalled(struct transfers *transfers)
{
	for (struct transfer *transfer = transfers->all; transfer; transfer = transfer->next) {
		if (transfer->is_done)
			continue;
		if (transfer->bytes != transfer->moved) {
			transfer->moved = transfer->bytes;
			transfer->moved_ms = process_now_ms();
		}
		if (process_now_ms() - transfer->moved_ms < transfers->stall_ms)
			continue;
		transfer->r = fail_text(&transfer->err, -EHOSTDOWN, "nothing came for %lld ms",
					(long long) transfers->stall_ms);
		(void) transfers->library.multi_remove_handle(transfers->multi, transfer->curl);
		transfer->is_done = true;
	}
}

static int check_patience(const struct transfers *transfers, struct err *err)
{
	const struct image_patience *patience = transfers->patience;

	if (!patience)
		return 0;
	if (patience->deadline >= 0 && process_now_ms() >= patience->deadline)
		return fail_text(err, -ETIMEDOUT, "the deadline has passed");
	if (patience->is_cancelled && patience->is_cancelled(patience->user))
		return fail_text(err, -ECANCELED, "cancelled");
	return 0;
}

int transfers_step(struct transfers *transfers, int fd, struct err *err)
{
	const struct curl_library *library = &transfers->library;
	struct curl_waitfd extra = { .fd = fd, .events = CURL_WAIT_POLLIN };
	CURLMsg *message;
	int running, left, r = check_patience(transfers, err);

	if (r < 0)
		return r;
	if (library->multi_perform(transfers->multi, &running) != CURLM_OK)
		return fail_text(err, -EIO, "libcurl gave up");
	while ((message = library->multi_info_read(transfers->multi, &left))) {
		struct transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void) library->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &transfer);
		finish(transfer, message->data.result);
	}
	end_stalled(transfers);
	for (const struct transfer *transfer = transfers->all; transfer; transfer = transfer->next)
		if (transfer->is_done && !transfer->is_seen)
			return 0;
	if (library->multi_poll(transfers->multi, &extra, fd >= 0 ? 1 : 0, STEP_MS, NULL) != CURLM_OK)
		return fail_text(err, -EIO, "libcurl gave up");
	return 0;
}
