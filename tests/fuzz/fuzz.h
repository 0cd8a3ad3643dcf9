/* What is fed to the readers of the reference runtime: by libFuzzer (make fuzz), and the corpus by the unit tests. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Each aborts where a promise of the reader is broken. Returns 0, as libFuzzer wants it. */
int fuzz_config(const uint8_t *data, size_t size);
int fuzz_state(const uint8_t *data, size_t size);

/* One directory a process, in memory; it is gone soon after the process, however that ends. Borrowed. */
const char *fuzz_place(void);

#endif
