/* Errors as sentences: a negative errno for the code, one growing line for the human. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_MAX 1024

/* Zero-initialise: struct err err = {0}. The text is empty until something failed. */
struct err {
	char text[ERR_MAX];
};

/*
 * Put the thing attempted to the left of what err already says and return r unchanged.
 * With an empty err, strerror(-r) ends the sentence; r == -EINVAL with a text that needs no errno word
 * uses fail_text(). err may be NULL: then only r counts (the form for plan-B calls).
 *   "container c1: apply limits: open pids.max: No such file or directory"
 */
int fail(struct err *err, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, but the sentence stands alone: no strerror() is appended. For input errors: fail_text(err, -EINVAL, ...). */
int fail_text(struct err *err, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
