/* Reading the parts of one decoded event. Strings are bounded by their part and always terminated in the result. */
#ifndef BPF_PARTS_H
#define BPF_PARTS_H

#include <stdbool.h>

struct decoded;
struct event_file;
struct event_slice;
struct event_state;
struct text;

const struct event_slice *part_find(const struct decoded *event, int arg, int kind); /* NULL: none */
bool part_string(const struct decoded *event, int arg, struct text *ret); /* appends; false: not there */
bool part_path(const struct decoded *event, int arg, struct text *ret); /* appends "/a/b" */
bool part_state(const struct decoded *event, struct event_state *ret);
bool part_file(const struct decoded *event, int arg, struct event_file *ret);

#endif
