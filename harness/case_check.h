/* What the compiler does not see of a case: that the names it takes from tables are in them. */
#ifndef HARNESS_CASE_CHECK_H
#define HARNESS_CASE_CHECK_H

struct err;

/* -EINVAL: a case, told with its file and line, claims a clause or names a fault that there is not. */
int cases_check(struct err *err);

#endif
