/* For json.c: is this text one JSON value, within our bounds? */
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H

#include <stddef.h>

struct err;

#define JSON_DEPTH_MAX 64

/* 0, or -EINVAL with "line L, column C: ..."; columns count bytes from 1. */
int json_check(const char *data, size_t len, struct err *err);

#endif
