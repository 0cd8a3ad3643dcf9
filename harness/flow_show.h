/* Inside of the story of plumbline flow: how the parts of a call are laid out in 80 columns. */
#ifndef HARNESS_FLOW_SHOW_H
#define HARNESS_FLOW_SHOW_H

#include <stdbool.h>

#include "reports/report.h"

struct json;
struct text;

#define FLOW_WIDTH 80
#define FLOW_GUTTER 14 /* columns for the rung and what is told of it */

#define SGR_HEAD "1"
#define SGR_LABEL "36"
#define SGR_ORIGIN "2"
#define SGR_GOOD "32"
#define SGR_BAD "31"

struct teller {
	const struct json *head, *sandbox_request; /* borrowed; sandbox_request: NULL until it was told */
	struct report_style style;
	struct text *out;
};

const char *flow_about(const char *method); /* NULL: nothing to say */

/* Ids and long directories by their short names, controls made visible; owned. */
char *flow_short(const struct teller *teller, const char *text);
/* The gutter with its label, "L2 asks"; "": only the room of one. */
void flow_label(const struct teller *teller, const char *label);
/* One line below the label, cut to the width; `right` stands at the margin when there is one. */
void flow_line(const struct teller *teller, const char *label, const char *text, const char *right);
/* Broken at spaces into at most so many lines. */
void flow_wrap(const struct teller *teller, const char *label, const char *text, int lines);
/* As many as fit into the room, and how many did not. */
void flow_add_values(const struct teller *teller, const struct json *values, int room, struct text *ret);
void flow_refusal(const struct teller *teller, const char *text);
void flow_rule(const struct teller *teller, const char *left, const char *right, bool bad);

/* A message as YAML would have it, members that nobody set left out. */
void flow_show_message(const struct teller *teller, const char *label, const struct json *message);
void flow_show_config(const struct teller *teller, const struct json *config);
void flow_show_commands(const struct teller *teller, const struct json *commands);
void flow_show_effects(const struct teller *teller, const struct json *effects);
void flow_show_now(const struct teller *teller, const struct json *now);

#endif
