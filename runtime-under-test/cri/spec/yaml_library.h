/* libyaml, opened at run time and only for a device whose description may be in YAML. */
#ifndef CRI_SPEC_YAML_LIBRARY_H
#define CRI_SPEC_YAML_LIBRARY_H

#include <yaml.h>

struct err;

/* One row a function; the types come from the header, so a wrong call does not compile. */
#define YAML_FUNCTIONS(X)                                                                                    \
	X(yaml_event_delete)                                                                                 \
	X(yaml_parser_delete)                                                                                \
	X(yaml_parser_initialize)                                                                            \
	X(yaml_parser_parse)                                                                                 \
	X(yaml_parser_set_input_string)

struct yaml_library {
#define YAML_MEMBER(name) __typeof__(&name) name;
	YAML_FUNCTIONS(YAML_MEMBER)
#undef YAML_MEMBER
};

/* -ELIBACC: it is not there, and err says which package has it. It stays until the program ends. */
int yaml_library_open(struct yaml_library *ret, struct err *err);

#endif
