/* Inside of raw text: how single arguments read. Nothing outside bpf/raw*.c includes this. */
#ifndef BPF_RAW_ARGS_H
#define BPF_RAW_ARGS_H

#include <stddef.h>
#include <stdint.h>

struct decoded;
struct text;

struct raw_name {
	uint64_t value;
	const char *name;
};

enum raw_form {
	RAW_DECIMAL = 1,
	RAW_UNSIGNED,
	RAW_HEX,
	RAW_OCTAL,
	RAW_FLAGS, /* names joined by |, then what is left */
	RAW_ONE_OF, /* a name or the number */
	RAW_OPEN, /* flags of open(2): the access mode has two bits */
	RAW_MODE, /* of mknod(2): the type by name */
	RAW_DEVICE,
	RAW_SIGNAL,
	RAW_RLIMIT,
	RAW_CLONE, /* the low byte is a signal */
	RAW_STRUCT, /* spelt out by a function of the structure's name */
};

/* What is known of an argument by its call and its name. call NULL: of every call. */
struct raw_argument {
	const char *call, *argument;
	enum raw_form form;
	const struct raw_name *names;
	void (*print)(const struct decoded *event, int arg, struct text *ret);
};
const struct raw_argument *raw_argument_find(const char *call, const char *argument); /* NULL: nothing */

/* Of raw_names.c: lists that end with an empty row. */
extern const struct raw_name raw_open_flags[], raw_clone_flags[], raw_resolve_flags[], raw_attr_flags[];
/* Of raw_struct.c */
void raw_clone_args(const struct decoded *event, int arg, struct text *ret);
void raw_open_how(const struct decoded *event, int arg, struct text *ret);
void raw_mount_attr(const struct decoded *event, int arg, struct text *ret);
void raw_rlimit(const struct decoded *event, int arg, struct text *ret);
void raw_cap_data(const struct decoded *event, int arg, struct text *ret);
void raw_cap_header(const struct decoded *event, int arg, struct text *ret);
void raw_gids(const struct decoded *event, int arg, struct text *ret);
void raw_filter(const struct decoded *event, int arg, struct text *ret);
void raw_prctl(const struct decoded *event, int arg, struct text *ret);
void raw_ifreq(const struct decoded *event, int arg, struct text *ret);
void raw_address(const struct decoded *event, int arg, struct text *ret);
void raw_bpf_attr(const struct decoded *event, int arg, struct text *ret);
void raw_message(const struct decoded *event, int arg, struct text *ret);

void raw_flags(uint64_t value, const struct raw_name *names, struct text *ret);
void raw_one_of(uint64_t value, const struct raw_name *names, struct text *ret);
void raw_open(uint64_t value, struct text *ret);
void raw_clone(uint64_t value, struct text *ret);
void raw_value(uint64_t value, const struct raw_argument *how, struct text *ret);
void raw_quote(const void *bytes, size_t len, struct text *ret);
void raw_capabilities(uint64_t set, struct text *ret);

#endif
