/* Cuts and cleans hostile strings: see safe.h. */
#include "reports/safe.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define REPLACEMENT "\ufffd"

/* C1 controls, bidirectional and line controls, the tag characters: no text needs them, and they lie. */
static const struct {
	const char *first, *last; /* UTF-8 of the same length: bytes compare as code points do */
} unwanted[] = {
	/* NOLINTBEGIN(misc-misleading-bidirectional): written as escapes, for a person to see */
	{ "\xc2\x80", "\xc2\x9f" },     { "\u061c", "\u061c" }, { "\u200e", "\u200f" },
	{ "\u2028", "\u202e" },         { "\u2060", "\u206f" }, { "\ufff9", "\ufffb" },
	{ "\U000e0000", "\U000e007f" },
	/* NOLINTEND(misc-misleading-bidirectional) */
};

size_t clip_length(const char *string, size_t max)
{
	size_t n = strnlen(string, max + 1);

	if (n <= max)
		return n;
	for (n = max; n && max - n < 3 && ((unsigned char) string[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

static bool is_wanted(const char *s, size_t len)
{
	unsigned char c = (unsigned char) s[0];

	if (len == 1)
		return (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t';
	for (size_t i = 0; i < ARRAY_SIZE(unwanted); i++)
		if (strlen(unwanted[i].first) == len && memcmp(s, unwanted[i].first, len) >= 0 &&
		    memcmp(s, unwanted[i].last, len) <= 0)
			return false;
	return true;
}

void safe_add_bytes(struct text *out, const char *bytes, size_t len)
{
	while (len) {
		size_t n = text_utf8_length(bytes, len);

		if (n && is_wanted(bytes, n))
			text_add_bytes(out, bytes, n);
		else
			text_add(out, REPLACEMENT);
		n = n ? n : 1;
		bytes += n;
		len -= n;
	}
}

void safe_add(struct text *out, const char *string, size_t max,
	      void (*escape)(struct text *out, const char *bytes, size_t len))
{
	size_t len = clip_length(string, max);
	auto_text clean = { 0 };

	safe_add_bytes(&clean, string, len);
	escape(out, text_str(&clean), clean.len);
	if (string[len])
		text_addf(out, " (%zu more bytes)", strlen(string + len));
}
