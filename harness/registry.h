/*
 * A registry that serves images of a run to a server on this machine: a process of its own on 127.0.0.1 that reads files and
 * writes none. A repository RUN/CASE is the OCI layout CASE/image below the directory.
 */
#ifndef HARNESS_REGISTRY_H
#define HARNESS_REGISTRY_H

struct err;
struct process;

/* directory: a descriptor, borrowed; the process keeps one of its own. It ends with its parent. */
int registry_start(int directory, struct process *ret, int *ret_port, struct err *err);
void registry_end(struct process *process);

#endif
