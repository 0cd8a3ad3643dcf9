/*
 * Writes one bundle: default config + profile edits + case edits, a rootfs with the probe, its tries and a
 * nonce.
 */
#ifndef HARNESS_BUNDLE_H
#define HARNESS_BUNDLE_H

#include <stdbool.h>

struct conformance_case;
struct err;
struct json;
struct profile;

struct bundle_request {
	const struct conformance_case *c;
	const struct profile *profile;
	const char *spec_version; /* ociVersion to write */
	const char *nonce; /* every line the probe prints starts with it */
	/* {"@scratch": "/run/plumbline/scratch", ...}: replaced inside string values */
	const struct json *symbols;
	bool control; /* apply c->control on top of c->given */
};

/*
 * Fills the empty directory: config.json, rootfs/ (probe, .plumbline/tries, the usual empty directories)
 * and scratch/. *ret_config, when asked for, is the config that was written (owned).
 */
int bundle_write(int directory, const struct bundle_request *request, struct json **ret_config,
		 struct err *err);

/* The edited config alone; owned. */
int bundle_config(const struct bundle_request *request, struct json **ret, struct err *err);

#endif
