/* One escaper per output language. What is not valid UTF-8 becomes U+FFFD, one for each bad byte. */
#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* The forms of RFC 3629 section 4: shortest only, no surrogates, nothing above U+10FFFF. */
static const struct utf8_form {
	uint8_t first_low, first_high, second_low, second_high, length;
} utf8_forms[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t text_utf8_length(const char *bytes, size_t len)
{
	const uint8_t *b = (const uint8_t *) bytes;

	for (size_t i = 0; len && i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++) {
		const struct utf8_form *form = &utf8_forms[i];

		if (b[0] < form->first_low || b[0] > form->first_high)
			continue;
		if (form->length > len)
			return 0;
		if (form->length > 1 && (b[1] < form->second_low || b[1] > form->second_high))
			return 0;
		for (size_t k = 2; k < form->length; k++)
			if ((b[k] & 0xc0) != 0x80)
				return 0;
		return form->length;
	}
	return 0;
}

static uint32_t code_point(const char *bytes, size_t len)
{
	const uint8_t *b = (const uint8_t *) bytes;

	switch (len) {
	case 2:
		return (b[0] & 0x1fu) << 6 | (b[1] & 0x3fu);
	case 3:
		return (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
	case 4:
		return (b[0] & 0x07u) << 18 | (b[1] & 0x3fu) << 12 | (b[2] & 0x3fu) << 6 | (b[3] & 0x3fu);
	default:
		return b[0];
	}
}

/* Writes one character in the target language; raw is its valid UTF-8. */
typedef void escape_one(struct text *out, uint32_t c, const char *raw, size_t len);

static void escape_all(struct text *out, const char *bytes, size_t len, escape_one *one)
{
	while (len) {
		size_t n = text_utf8_length(bytes, len);

		if (n)
			one(out, code_point(bytes, n), bytes, n);
		else
			text_add(out, REPLACEMENT);
		n = n ? n : 1;
		bytes += n;
		len -= n;
	}
}

static void json_one(struct text *out, uint32_t c, const char *raw, size_t len)
{
	static const char shorts[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *found = c && c < 0x80 ? strchr(shorts, (int) c) : NULL;

	if (found)
		text_addf(out, "\\%c", letters[found - shorts]);
	else if (c < 0x20 || c == 0x7f)
		text_addf(out, "\\u%04x", c);
	else
		text_add_bytes(out, raw, len);
}

/* White space other than the blank is written as a reference: attribute values would lose it (XML 1.0, 3.3.3). */
static void xml_one(struct text *out, uint32_t c, const char *raw, size_t len)
{
	if (c && c < 0x80 && strchr("\t\n\r&<>\"'", (int) c))
		text_addf(out, "&#%u;", c);
	else if (c < 0x20 || c == 0xfffe || c == 0xffff)
		text_add(out, REPLACEMENT); /* no XML 1.0 character, not even as a reference */
	else
		text_add_bytes(out, raw, len);
}

/* Bidirectional overrides can make a path read as another one: CVE-2021-42574. */
static bool is_bidi_control(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f;
}

static void terminal_one(struct text *out, uint32_t c, const char *raw, size_t len)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		for (size_t i = 0; i < len; i++)
			text_addf(out, "\\x%02x", (uint8_t) raw[i]);
	else if (is_bidi_control(c))
		text_addf(out, "\\u%04x", c);
	else
		text_add_bytes(out, raw, len);
}

static void markdown_one(struct text *out, uint32_t c, const char *raw, size_t len)
{
	if (c < 0x20 || c == 0x7f)
		text_add_char(out, ' '); /* a cell is one line */
	else if (c == '<' || c == '>' || c == '&')
		text_addf(out, "&#%u;", c);
	else if (c < 0x80 && strchr("\\|`*_[]#~!", (int) c))
		text_addf(out, "\\%c", (char) c);
	else
		text_add_bytes(out, raw, len);
}

/* How many bytes stand for themselves in JSON without a second look: nearly all there are. */
static size_t plain_in_json(const char *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && bytes[n] >= 0x20 && bytes[n] < 0x7f && bytes[n] != '"' && bytes[n] != '\\')
		n++;
	return n;
}

void text_escape_json(struct text *out, const char *bytes, size_t len)
{
	size_t plain = plain_in_json(bytes, len);

	text_add_bytes(out, bytes, plain);
	escape_all(out, bytes + plain, len - plain, json_one);
}

void text_escape_xml(struct text *out, const char *bytes, size_t len)
{
	escape_all(out, bytes, len, xml_one);
}

void text_escape_terminal(struct text *out, const char *bytes, size_t len)
{
	escape_all(out, bytes, len, terminal_one);
}

void text_escape_markdown(struct text *out, const char *bytes, size_t len)
{
	escape_all(out, bytes, len, markdown_one);
}

void text_escape_shell(struct text *out, const char *string)
{
	text_add_char(out, '\'');
	for (; *string; string++) {
		if (*string == '\'')
			text_add(out, "'\\''");
		else
			text_add_char(out, *string);
	}
	text_add_char(out, '\'');
}
