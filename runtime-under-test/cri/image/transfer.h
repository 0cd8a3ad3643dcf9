/* Downloads of one pull: several at once, bounded, each hashed as it comes, all of them ended by one word. libcurl behind one wall. */
#ifndef CRI_IMAGE_TRANSFER_H
#define CRI_IMAGE_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "runtime-under-test/cri/image/digest.h"
#include "runtime-under-test/cri/image/registry.h"

struct err;
struct image_patience;
struct transfer;
struct transfers;

int transfers_open(struct registry *registry, const struct image_patience *patience, int64_t stall_ms,
		   struct transfers **ret, struct err *err); /* both borrowed */
void transfers_close(struct transfers *transfers); /* and all that runs */
static inline void transfers_cleanup(struct transfers **transfers)
{
	transfers_close(*transfers);
}
#define auto_transfers __attribute__((cleanup(transfers_cleanup))) struct transfers *

/* What is asked for. Strings are borrowed until the transfer is freed. */
struct transfer_request {
	const char *url;
	const char *accept; /* NULL: anything */
	const char *form; /* NULL: GET, else POST */
	bool is_token; /* of the token service: with the password, never with the token */
	int fd; /* < 0: into memory */
	uint64_t max; /* more is refused */
};
struct transfer *transfer_start(struct transfers *transfers, const struct transfer_request *request);
/* 1: it has ended, and *ret_r says how: 0, or negative errno with err; -ENOKEY: see transfer_challenge(). */
bool transfer_is_done(const struct transfer *transfer);
int transfer_result(struct transfer *transfer, struct err *err);
const struct challenge *transfer_challenge(const struct transfer *transfer);
const struct text *transfer_body(const struct transfer *transfer); /* borrowed */
uint64_t transfer_bytes(const struct transfer *transfer);
const char *transfer_digest(struct transfer *transfer); /* of what came; borrowed */
void transfer_free(struct transfer *transfer);
static inline void transfer_cleanup(struct transfer **transfer)
{
	transfer_free(*transfer);
}
#define auto_transfer __attribute__((cleanup(transfer_cleanup))) struct transfer *

/* Moves bytes for up to a tenth of a second, or until fd (< 0: none) is readable. -ETIMEDOUT, -ECANCELED: patience is at its end. */
int transfers_step(struct transfers *transfers, int fd, struct err *err);
/* The whole of a small document, answering challenges on the way. digest may be NULL: not known before. */
int transfers_fetch(struct transfers *transfers, const char *kind, const char *name, uint64_t max,
		    const char *digest, struct text *out, char ret_digest[DIGEST_SIZE], struct err *err);
/* After -ENOKEY: gets a token, or sees that a password is sent. -EACCES: there is nothing better to send. */
int transfers_authenticate(struct transfers *transfers, const struct challenge *challenge, struct err *err);

#endif
