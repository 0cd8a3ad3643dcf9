/* A word for a shell, readable where it can be. */
#ifndef HARNESS_SHELL_WORD_H
#define HARNESS_SHELL_WORD_H

struct text;

/* Appends word as it stands if no shell would read anything into it, else quoted. */
void shell_word(const char *word, struct text *out);

#endif
