/*
 * config.json is read by tables: one row a field, one kind a type of field. The same table reads, validates and frees,
 * so a field cannot be read and forgotten on release, and no error can leave out the path of what is wrong.
 */
#ifndef OCI_SPEC_FIELDS_H
#define OCI_SPEC_FIELDS_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct json;
struct field;

/* Where in the document we are; lives on the stack and becomes text only when something is wrong. */
struct place {
	const struct place *up;
	const char *name; /* member of up; NULL: element of up */
	size_t index;
};

/* -EINVAL and "process.rlimits[0].type: SENTENCE". */
int place_fail(const struct place *place, struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "... must be WANTED, is a number". */
int place_wrong_kind(const struct place *place, const struct json *value, const char *wanted,
		     struct err *err);

struct kind {
	/* target is the struct that field->offset counts from. */
	int (*read)(const struct place *place, const struct json *value, const struct field *field,
		    void *target, struct err *err);
	void (*clear)(const struct field *field, void *target); /* NULL: owns nothing */
	size_t size; /* integers: bytes in memory and the range */
	int64_t min;
	uint64_t max;
};

struct word {
	const char *name;
	int64_t value;
};

#define FIELD_REQUIRED (1u << 0)
#define FIELD_ABSOLUTE (1u << 1) /* a path that starts with / (every string of a list) */
#define FIELD_FILLED (1u << 2) /* not the empty string (every string of a list) */
#define FIELD_ONE_LINE (1u << 3) /* no newline */
#define FIELD_SOME (1u << 4) /* not the empty list */

struct field {
	const char *name; /* NULL ends a table */
	const struct kind *kind;
	size_t offset;
	size_t has; /* offset of a bool that becomes true when the field is there; 0: none */
	unsigned flags;
	int64_t min; /* integers: narrower than the kind when min or max is set */
	uint64_t max;
	const struct word *words; /* the only values allowed, ends with a NULL name */
	const struct field *fields; /* of an object, or of the elements of a list or map */
	size_t size; /* lists and maps: sizeof one element */
	size_t count; /* lists and maps: offset of the size_t that counts, beside the pointer at offset */
	size_t key; /* maps: offset of the char * in the element that owns the key */
	void (*prepare)(void *item); /* lists and maps: what an element is before it is read, when not zero */
	/* After an element, or after the whole field, was read; pointer is the element, or target + offset. */
	int (*check_item)(const struct place *place, void *item, struct err *err);
	int (*check)(const struct place *place, void *pointer, struct err *err);
};

extern const struct kind kind_bool; /* bool */
extern const struct kind kind_string; /* char * */
extern const struct kind kind_strings; /* struct spec_strings */
extern const struct kind kind_pairs; /* struct spec_pairs: an object of strings, keys not empty */
extern const struct kind kind_i64, kind_int, kind_u64, kind_u32, kind_u16;
extern const struct kind kind_number; /* struct spec_number */
extern const struct kind kind_unsigned; /* struct spec_unsigned, at most max when set */
extern const struct kind kind_word; /* int from field->words */
extern const struct kind kind_letter; /* char from field->words */
extern const struct kind kind_flags; /* uint64_t, values of field->words ored */
extern const struct kind kind_object; /* field->fields, at target + offset */
extern const struct kind kind_list; /* array of structs */
extern const struct kind kind_map; /* object whose keys are data: array of structs with their key */

/* Unknown members are ignored: config.md#extensibility. null is "not there". Partly read targets are left to be cleared. */
int fields_read(const struct place *place, const struct json *object, const struct field *fields,
		void *target, struct err *err);
void fields_clear(const struct field *fields, void *target);

/* "0-3,7", for .check of a string. Empty is fine, blanks between numbers too: the schema has them. */
int check_cpu_list(const struct place *place, void *pointer, struct err *err);

/* One string that may not hold a NUL byte; owned, or of value. For kinds of your own. */
int field_look(const struct place *place, const struct json *value, const char **ret, struct err *err);
int field_string(const struct place *place, const struct json *value, char **ret, struct err *err);
/* calloc that ends the program when memory is gone, as base/text.h does; count 0 gives NULL. */
void *field_allocate(size_t count, size_t size);

#endif
