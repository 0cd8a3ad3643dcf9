/* A request in words of JSON, with ' for ", and the config.json that is made of it. */
#ifndef TESTS_CRI_SPEC_FIXTURE_H
#define TESTS_CRI_SPEC_FIXTURE_H

#include "base/err.h"
#include "base/json.h"
#include "base/wire/arena.h"
#include "runtime-under-test/cri/spec/spec.h"
#include "tests/base/scratch.h"

struct spec_fixture {
	struct arena arena;
	struct scratch scratch; /* the image's root: write_file() fills it */
	struct spec_request request;
	struct spec_result result;
	struct json *image; /* owned */
	struct err err;
};
void fixture_open(
    struct spec_fixture *fixture); /* an image without files and Cmd ["/bin/true"], an empty sandbox */
void fixture_close(struct spec_fixture *fixture);
#define auto_fixture __attribute__((cleanup(fixture_close))) struct spec_fixture

void fixture_sandbox(struct spec_fixture *fixture, const char *json);
void fixture_container(struct spec_fixture *fixture, const char *json);
void fixture_image(struct spec_fixture *fixture, const char *json); /* its "config" */
void fixture_write(struct spec_fixture *fixture, const char *path, const char *content);

/* Ends the test unless the config could be made. */
void fixture_build(struct spec_fixture *fixture);
void fixture_build_sandbox(struct spec_fixture *fixture);
/* Ends the test unless it was refused with this errno, and with a sentence that has these words. */
void fixture_refuses(struct spec_fixture *fixture, int error, const char *words);

/* The value at a path is this JSON; "null": there is none. */
void fixture_has(const struct spec_fixture *fixture, const char *path, const char *json);
void fixture_origin(const struct spec_fixture *fixture, const char *path, const char *from,
		    const char *field);
const char *fixture_unmapped(const struct spec_fixture *fixture, const char *field); /* NULL: no row */

struct json *fixture_parse(const char *json); /* owned */

#endif
