/* Base64, RFC 4648 section 4, with padding: how JSON carries bytes. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

struct text;

void base64_encode(const void *bytes, size_t len, struct text *out);
/* Appends; -EINVAL on anything but whole groups of four from the alphabet, and then nothing is appended. */
int base64_decode(const char *encoded, struct text *out);

#endif
