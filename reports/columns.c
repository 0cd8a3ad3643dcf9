/* Display columns of UTF-8 text without a locale: with wcwidth(3) LC_CTYPE would have a say in a report. */
#include "reports/columns.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reports/report.h"
#include "reports/safe.h"

/* More bytes than any line shows: a longer string is cut first, so that a megabyte costs nothing. */
#define STRING_MAX 4096

struct range {
	uint32_t first, last;
};

/* Combining marks and joiners take no column: Unicode general categories Mn, Me and Cf, condensed. */
static const struct range zero_width[] = {
	{ 0x00ad, 0x00ad },   { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },
	{ 0x05bf, 0x05c7 },   { 0x0610, 0x061a }, { 0x064b, 0x065f }, { 0x0670, 0x0670 },
	{ 0x06d6, 0x06dc },   { 0x06df, 0x06e4 }, { 0x0900, 0x0902 }, { 0x093a, 0x093a },
	{ 0x093c, 0x093c },   { 0x0941, 0x0948 }, { 0x094d, 0x094d }, { 0x0e31, 0x0e31 },
	{ 0x0e34, 0x0e3a },   { 0x0e47, 0x0e4e }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x200b, 0x200d },   { 0x20d0, 0x20ff }, { 0x302a, 0x302d }, { 0x3099, 0x309a },
	{ 0xfe00, 0xfe0f },   { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0x1f3fb, 0x1f3ff },
	{ 0xe0100, 0xe01ef },
};

/* East Asian wide and full width, and the emoji blocks. */
static const struct range double_width[] = {
	{ 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a },   { 0x23e9, 0x23ec },
	{ 0x25fd, 0x25fe },   { 0x2614, 0x2615 },   { 0x2648, 0x2653 },   { 0x26a1, 0x26a1 },
	{ 0x26bd, 0x26be },   { 0x2705, 0x2705 },   { 0x270a, 0x270b },   { 0x2728, 0x2728 },
	{ 0x274c, 0x274c },   { 0x2753, 0x2755 },   { 0x2795, 0x2797 },   { 0x2e80, 0x303e },
	{ 0x3041, 0x33ff },   { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },
	{ 0xa960, 0xa97f },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },
	{ 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x17000, 0x18cff }, { 0x1b000, 0x1b2ff },
	{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1faff }, { 0x20000, 0x3fffd },
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static int columns_of_character(uint32_t c)
{
	if (c < 0x300)
		return c != 0xad;
	if (in_ranges(c, zero_width, ARRAY_SIZE(zero_width)))
		return 0;
	return in_ranges(c, double_width, ARRAY_SIZE(double_width)) ? 2 : 1;
}

/* The escaper left valid UTF-8 only. Bytes of the character at s, which is not the end. */
static size_t next_character(const char *s, uint32_t *ret)
{
	const unsigned char *u = (const unsigned char *) s;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? u[0] : u[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80) {
			*ret = 0xfffd;
			return i;
		}
		c = c << 6 | (u[i] & 0x3f);
	}
	*ret = c;
	return n;
}

int columns_of(const char *string)
{
	int columns = 0;
	uint32_t c;

	for (; *string; string += next_character(string, &c), columns += columns_of_character(c))
		;
	return columns;
}

/* One line, printable, valid, nothing that reorders; ASCII only when the terminal has no more. */
static void add_printable(struct text *out, const char *string, const struct report_style *style)
{
	auto_text blank = { 0 }, escaped = { 0 };
	uint32_t c;
	size_t n;

	text_add_bytes(&blank, string, clip_length(string, STRING_MAX));
	for (char *s = blank.data; s && s < blank.data + blank.len; s++)
		if (*s == '\n' || *s == '\t')
			*s = ' ';
	text_escape_terminal(&escaped, text_str(&blank), blank.len);
	text_cut(&blank, 0);
	safe_add_bytes(&blank, text_str(&escaped), escaped.len);
	for (const char *s = text_str(&blank); *s; s += n) {
		n = next_character(s, &c);
		if (c > 0x7e && !style->unicode)
			text_add_char(out, '?');
		else
			text_add_bytes(out, s, n);
	}
}

/* The longest beginning of s that fits into width columns: its bytes; *ret_columns what it takes. */
static size_t fitting(const char *s, int width, int *ret_columns)
{
	size_t used = 0;
	uint32_t c;

	for (*ret_columns = 0; s[used];) {
		size_t n = next_character(s + used, &c);
		int w = columns_of_character(c);

		if (*ret_columns + w > width)
			break;
		*ret_columns += w;
		used += n;
	}
	return used;
}

static int cut_printable(struct text *out, const char *s, int width, const struct report_style *style)
{
	const char *ellipsis = style->unicode ? "\u2026" : "...";
	int columns, room = width - columns_of(ellipsis);
	size_t n = fitting(s, width, &columns);

	if (width <= 0)
		return 0;
	if (!s[n] || room < 0) {
		text_add_bytes(out, s, n);
		return columns;
	}
	n = fitting(s, room, &columns);
	text_add_bytes(out, s, n);
	text_add(out, ellipsis);
	return columns + columns_of(ellipsis);
}

int columns_cut(struct text *out, const char *string, int width, const struct report_style *style)
{
	auto_text clean = { 0 };

	add_printable(&clean, string, style);
	return cut_printable(out, text_str(&clean), width, style);
}

void columns_space(struct text *out, int count)
{
	for (; count > 0; count--)
		text_add_char(out, ' ');
}

void columns_left(struct text *out, const char *string, int width, const struct report_style *style)
{
	columns_space(out, width - columns_cut(out, string, width, style));
}

void columns_right(struct text *out, const char *string, int width, const struct report_style *style)
{
	auto_text cut = { 0 };

	columns_space(out, width - columns_cut(&cut, string, width, style));
	text_add(out, text_str(&cut));
}

void columns_right_end(struct text *out, const char *string, int width, const struct report_style *style)
{
	const char *ellipsis = style->unicode ? "\u2026" : "...";
	int room = width - columns_of(ellipsis);
	auto_text clean = { 0 };

	add_printable(&clean, string, style);
	const char *s = text_str(&clean);
	if (columns_of(s) <= width || room < 0) {
		columns_right(out, s, width, style);
		return;
	}
	while (columns_of(s) > room)
		s += next_character(s, &(uint32_t){ 0 });
	columns_space(out, room - columns_of(s));
	text_add(out, ellipsis);
	text_add(out, s);
}

/* Where a line of at most width columns that begins at s may end: after a word when there is one. */
static size_t line_end(const char *s, int width)
{
	int columns;
	size_t n = fitting(s, width, &columns), space = n;

	if (!s[n])
		return n;
	while (space && s[space] != ' ')
		space--;
	if (!n) /* narrower than one character: still go on */
		return next_character(s, &(uint32_t){ 0 });
	return space ? space : n;
}

int columns_wrap(struct text *out, const char *string, int indent, int max_lines,
		 const struct report_style *style)
{
	int width = style->width - indent > 8 ? style->width - indent : 8, lines = 1;
	auto_text clean = { 0 };

	add_printable(&clean, string, style);
	for (const char *s = text_str(&clean);; lines++) {
		size_t n = line_end(s, width);

		if (!s[n] || lines == max_lines) {
			cut_printable(out, s, width, style);
			return lines;
		}
		text_add_bytes(out, s, n);
		text_add_char(out, '\n');
		columns_space(out, indent);
		for (s += n; *s == ' '; s++)
			;
	}
}

void colour_on(struct text *out, const char *sgr, const struct report_style *style)
{
	if (style->colour)
		text_addf(out, "\033[%sm", sgr);
}

void colour_off(struct text *out, const struct report_style *style)
{
	if (style->colour)
		text_add(out, "\033[0m");
}
