/*
 * What a monitor and the server say to each other: packets (SOCK_SEQPACKET) of one JSON object or one line of words.
 *
 * On descriptor 3, from the monitor:
 *   {"pid":N}                      create: done, nothing follows. exec: the command runs
 *   {"console":true}               exec with a terminal: the master comes with it (SCM_RIGHTS)
 *   {"error":"...","log":"..."}    it failed; log: the last line of the runtime's log, as it stands there
 *   {"code":N,"signal":N}          exec: the command has ended
 *   {"killed":true}                exec: the answer to "kill", or an error
 * The server's end of it closed while a create runs, or before an exec has ended: everything started is killed.
 *
 * On monitor.sock, requests with one answer each, {"ok":true} or {"error":"...","errno":N}:
 *   reopen-log | resize WIDTH HEIGHT | attach IN OUT ERR (1 or 0 each; the wanted ends come with the answer, in this order)
 * End-of-file there: the monitor is gone, and what it knew is in the file `exit`:
 *   {"code":N,"signal":N,"finished_at":NS,"oom_killed":BOOL,"log_lost":N}
 */
#ifndef CRI_MONITOR_PROTOCOL_H
#define CRI_MONITOR_PROTOCOL_H

#define MONITOR_SOCKET "monitor.sock"
#define MONITOR_EXIT "exit"
#define MONITOR_RUNTIME_LOG "runtime.log"
#define MONITOR_PID "pid"
#define MONITOR_PROCESS "process.json" /* of an exec, in its own folder */
#define MONITOR_CONSOLE "console.sock"
#define MONITOR_PACKET_MAX 16384
#define MONITOR_REPLY_FD 3
/* An exec's marks are 1 to this: nanoseconds of timer slack, see tree.h. */
#define MONITOR_MARKS 16384

#endif
