/* Figures as a table and two small plots, or as JSON Lines. */
#ifndef HARNESS_MEASURE_SHOW_H
#define HARNESS_MEASURE_SHOW_H

struct measured;
struct screen;

void measure_show_text(struct screen *screen, const struct measured *measured);
void measure_show_json(struct screen *screen, const struct measured *measured);

#endif
