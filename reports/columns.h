/* Text measured in terminal columns: cut, filled, wrapped. Any bytes may go in; printable text comes out. */
#ifndef REPORTS_COLUMNS_H
#define REPORTS_COLUMNS_H

#include <stddef.h>

struct report_style;
struct text;

/* Columns that a valid UTF-8 string takes. */
int columns_of(const char *string);
/* Appends string cut to width columns, with an ellipsis when something was cut. Returns columns written. */
int columns_cut(struct text *out, const char *string, int width, const struct report_style *style);
/* The same, filled with spaces up to width; columns_right() puts the spaces before. */
void columns_left(struct text *out, const char *string, int width, const struct report_style *style);
void columns_right(struct text *out, const char *string, int width, const struct report_style *style);
/* columns_right() of what must be told apart by its end: the beginning is cut away. */
void columns_right_end(struct text *out, const char *string, int width, const struct report_style *style);
/*
 * Breaks string at spaces into at most max_lines lines between column indent and the style's width; what is
 * left over is cut with an ellipsis. The first line continues the current one; ends without newline.
 * Returns the number of lines.
 */
int columns_wrap(struct text *out, const char *string, int indent, int max_lines,
		 const struct report_style *style);
/* Appends spaces. */
void columns_space(struct text *out, int count);
/* Starts and ends a colour; nothing when the style has none. */
void colour_on(struct text *out, const char *sgr, const struct report_style *style);
void colour_off(struct text *out, const struct report_style *style);

#endif
