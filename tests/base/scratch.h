/* A directory of a test's own below TMPDIR, gone with its scope. */
#ifndef TESTS_BASE_SCRATCH_H
#define TESTS_BASE_SCRATCH_H

struct scratch {
	char *path;
	int fd;
};

struct scratch scratch_open(void); /* ends the test when it cannot */
void scratch_close(struct scratch *scratch);
#define auto_scratch __attribute__((cleanup(scratch_close))) struct scratch

#endif
