/* process.terminal: a pseudoterminal out of the container's own devpts. config.md#process */
#ifndef OCI_TERMINAL_H
#define OCI_TERMINAL_H

struct err;
struct spec_process;

struct terminal {
	int master, slave;
	int number; /* of /dev/pts/N in the container */
};

/* Opens the pair inside root. */
int terminal_open(const struct spec_process *process, int root, struct terminal *ret, struct err *err);
/* The slave over /dev/console of root: for init, before the root is switched. */
int terminal_bind_console(const struct terminal *terminal, int root, struct err *err);
/* The master goes to the console socket, or where there is none (-EBADF) to the parent's half; then this side has it no more. */
int terminal_hand_over(struct terminal *terminal, int console, int sync, struct err *err);
/* The slave becomes 0, 1, 2 and the controlling terminal; the caller leads its session. */
int terminal_take(struct terminal *terminal, struct err *err);

#endif
