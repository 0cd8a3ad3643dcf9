/*
 * One recorded event as a line for people: the call with its arguments by name, descriptors with the file behind them, structures
 * spelt out, the result or the errno's name. Pure. Strings of the traced process are quoted and escaped.
 */
#ifndef BPF_RAW_H
#define BPF_RAW_H

struct decoded;
struct text;

/* Appends "mount(\"proc\", \"/proc\", \"proc\", MS_NOSUID|MS_NODEV, NULL) = 0"; no newline. */
void raw_text(const struct decoded *event, struct text *ret);

#endif
