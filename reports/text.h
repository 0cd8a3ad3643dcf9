/* What the terminal's files share. */
#ifndef REPORTS_TEXT_H
#define REPORTS_TEXT_H

#include "harness/record.h"

struct report_style;
struct text;

/* Mark and word, the word filled up to width columns. */
void add_verdict(struct text *out, enum verdict verdict, int width, const struct report_style *style);

#endif
