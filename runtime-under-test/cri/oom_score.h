/* How low an OOM score this server may give: without CAP_SYS_RESOURCE none below its own, proc_pid_oom_score_adj(5). */
#ifndef CRI_OOM_SCORE_H
#define CRI_OOM_SCORE_H

struct spec_result;

int oom_score_lowest(void); /* -1000 to 1000 */
/* Raises process.oomScoreAdj to lowest where it is below; the origin says so. */
void oom_score_restrict(struct spec_result *spec, int lowest);

#endif
