/* How to print: colour and width are decided once, progress goes to standard error and only on a terminal. */
#ifndef HARNESS_SCREEN_H
#define HARNESS_SCREEN_H

#include "reports/report.h"

struct err;
struct options;

struct screen {
	struct report_style style; /* for standard output */
	bool json;
	/* standard error is a terminal, and standard output need not be one */
	bool progress;
	bool progress_shown;
};

/* -EINVAL: --color has another word. */
int screen_init(const struct options *options, struct screen *ret, struct err *err);

void screen_progress(struct screen *screen, size_t done, size_t total, const size_t by_verdict[VERDICT_COUNT],
		     const char *id);
void screen_clear_progress(struct screen *screen);

struct json;
struct text;
void screen_print(struct screen *screen, const struct text *text); /* to standard output */
void screen_print_json(struct screen *screen, struct json *taken); /* one line */
/* chatter */
void screen_say(struct screen *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
