/* Inside of downloads. */
#ifndef CRI_IMAGE_TRANSFER_INTERNAL_H
#define CRI_IMAGE_TRANSFER_INTERNAL_H

#include "base/err.h"
#include "runtime-under-test/cri/image/curl_library.h"
#include "runtime-under-test/cri/image/transfer.h"

struct transfers {
	struct curl_library library;
	CURLM *multi;
	struct registry *registry; /* borrowed */
	const struct image_patience *patience; /* borrowed; may be NULL */
	int64_t stall_ms;
	struct transfer *all;
};

struct transfer {
	struct transfers *transfers;
	struct transfer *next;
	struct transfer_request request;
	CURL *curl;
	struct curl_slist *headers;
	struct digest *digest;
	struct challenge challenge;
	struct text body, refusal;
	uint64_t bytes;
	uint64_t moved; /* bytes when it was last looked at */
	int64_t moved_ms;
	bool is_done, is_seen, speaks_no_tls;
	long status;
	int r;
	struct err err;
	char message[CURL_ERROR_SIZE];
	char hex[DIGEST_SIZE];
};

#endif
