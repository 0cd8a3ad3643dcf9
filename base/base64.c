/* See RFC 4648. */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *bytes, size_t len, struct text *out)
{
	const unsigned char *in = bytes;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t group = (uint32_t) in[i] << 16 | (n > 1 ? (uint32_t) in[i + 1] << 8 : 0) |
				 (n > 2 ? in[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			text_add_char(out, k <= n ? alphabet[group >> (18 - 6 * k) & 63] : '=');
	}
}

/* Value of a digit; -1: none of the alphabet. */
static int digit(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int) (at - alphabet) : -1;
}

/* One group of four into up to three bytes; how many, or -EINVAL. Bits that padding cuts off must be zero. */
static int decode_group(const char *group, bool last, unsigned char *ret)
{
	int digits = 4;
	uint32_t value = 0;

	while (last && digits > 2 && group[digits - 1] == '=')
		digits--;
	for (int i = 0; i < 4; i++) {
		int d = i < digits ? digit(group[i]) : 0;

		if (d < 0)
			return -EINVAL;
		value = value << 6 | (uint32_t) d;
	}
	for (int i = 0; i < 3; i++)
		ret[i] = (unsigned char) (value >> (16 - 8 * i));
	for (int i = digits - 1; i < 3; i++)
		if (ret[i])
			return -EINVAL;
	return digits - 1;
}

int base64_decode(const char *encoded, struct text *out)
{
	size_t len = strlen(encoded), before = out->len;

	if (len % 4)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 4) {
		unsigned char bytes[3];
		int n = decode_group(encoded + i, i + 4 == len, bytes);

		if (n < 0) {
			text_cut(out, before);
			return n;
		}
		text_add_bytes(out, bytes, (size_t) n);
	}
	return 0;
}
