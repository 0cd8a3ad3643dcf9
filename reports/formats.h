/* The writers behind the table of formats: runs in, the whole file out. */
#ifndef REPORTS_FORMATS_H
#define REPORTS_FORMATS_H

#include <stddef.h>

struct run_record;
struct text;

void text_write(const struct run_record *runs, size_t count, struct text *out);
void junit_write(const struct run_record *runs, size_t count, struct text *out);
void tap_write(const struct run_record *runs, size_t count, struct text *out);
void markdown_write(const struct run_record *runs, size_t count, struct text *out);
void html_write(const struct run_record *runs, size_t count, struct text *out);
void badge_write(const struct run_record *runs, size_t count, struct text *out);

#endif
