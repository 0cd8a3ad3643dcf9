/* For json.c: is this text one JSON value, within our bounds? */
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H

#include <stddef.h>

struct err;

#define JSON_DEPTH_MAX 64
/* One takes up to 800 bytes once it is built, and three as text. */
#define JSON_VALUES_MAX (1u << 20)

/* 0, or -EINVAL with "line L, column C: ..."; columns count bytes from 1. */
int json_check(const char *data, size_t len, struct err *err);

#endif
