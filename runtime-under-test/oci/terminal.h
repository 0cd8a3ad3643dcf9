/* process.terminal: a pseudoterminal out of the container's own devpts. config.md#process */
#ifndef OCI_TERMINAL_H
#define OCI_TERMINAL_H

struct creation;
struct err;

struct terminal {
	int master, slave;
	int number; /* of /dev/pts/N in the container */
};

/* Before the root is switched: opens the pair inside root and binds the slave over /dev/console. */
int terminal_open(const struct creation *creation, int root, struct terminal *ret, struct err *err);
/* The master goes to the console socket, or to the parent's half; then this side has it no more. */
int terminal_hand_over(const struct creation *creation, struct terminal *terminal, struct err *err);
/* The slave becomes 0, 1, 2 and the controlling terminal; the caller leads its session. */
int terminal_take(struct terminal *terminal, struct err *err);

#endif
