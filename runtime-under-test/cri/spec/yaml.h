/*
 * YAML as JSON: what a vendor's file may say in either. Plain words are what YAML 1.2's core schema makes of them, but that a number
 * with a leading 0 is octal, as in YAML 1.1: the modes of files are written so. Bounded and strict: one document, no aliases (a few
 * lines of them are a gigabyte), no key twice, 64 levels, no NUL.
 */
#ifndef CRI_SPEC_YAML_H
#define CRI_SPEC_YAML_H

#include <stddef.h>

struct err;
struct json;

/* -EINVAL with "line L, column C: ..."; -ELIBACC: there is no libyaml. */
int yaml_parse(const char *data, size_t len, struct json **ret, struct err *err);
/* Reads at most max bytes (-EFBIG beyond). */
int yaml_read_at(int dirfd, const char *path, size_t max, struct json **ret, struct err *err);

#endif
