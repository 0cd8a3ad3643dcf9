/* Answers on MONITOR_REPLY_FD: protocol.h. */
#ifndef CRI_MONITOR_REPLY_H
#define CRI_MONITOR_REPLY_H

#include <sys/types.h>

struct err;
struct text;

void reply_pid(pid_t pid);
void reply_console(int master);
void reply_error(const struct err *err, const struct text *log);
void reply_end(int code, int signal);
void reply_killed(void);

#endif
