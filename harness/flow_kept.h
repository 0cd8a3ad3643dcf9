/* Where the facts of plumbline flow come from: the files of a run, just made or kept for long. */
#ifndef HARNESS_FLOW_KEPT_H
#define HARNESS_FLOW_KEPT_H

struct err;
struct fault_entry;
struct json;
struct run_record;

/* folder: of one server in a run; id: of the case whose pod it was; fault: NULL, or behind which it ran. *ret is owned. -EBADMSG: the recording is none. */
int flow_kept_facts(int folder, const char *id, const struct run_record *record,
		    const struct fault_entry *fault, struct json **ret, struct err *err);
/* The same by paths: a run, or a server's folder in it. -ENOENT, -EINVAL: the user's word. */
int flow_kept_read(const char *run, const char *id, struct json **ret, struct err *err);

#endif
