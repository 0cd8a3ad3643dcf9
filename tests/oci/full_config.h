/* A config.json in which every field of runtime-spec 1.3.0 for Linux is set, to a value that is accepted. */
#ifndef TESTS_OCI_FULL_CONFIG_H
#define TESTS_OCI_FULL_CONFIG_H

extern const char full_config[];

#endif
