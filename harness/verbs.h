/* One function a verb; each prints its own results and returns an exit code. */
#ifndef HARNESS_VERBS_H
#define HARNESS_VERBS_H

struct options;

int verb_list(const struct options *options);
int verb_explain(const struct options *options);
int verb_test(const struct options *options);
int verb_bench(const struct options *options);
int verb_prove(const struct options *options);
int verb_repro(const struct options *options);
int verb_report(const struct options *options);
int verb_trace(const struct options *options);
int verb_diff(const struct options *options);
int verb_flow(const struct options *options);
int verb_clean(const struct options *options);
int verb_doctor(const struct options *options);
int verb_help(const struct options *options);

#endif
