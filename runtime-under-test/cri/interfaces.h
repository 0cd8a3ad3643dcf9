/* Counters of the network devices of a namespace, seen through a process in it: nobody has to enter it. */
#ifndef CRI_INTERFACES_H
#define CRI_INTERFACES_H

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct interface {
	char name[IFNAMSIZ];
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
	uint64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
};

enum { INTERFACES_MAX = 32 };
struct interfaces {
	struct interface rows[INTERFACES_MAX]; /* without the loopback device */
	size_t count;
};

void interfaces_read(pid_t pid, struct interfaces *ret); /* none when the process has gone */
void interfaces_parse(const char *net_dev, struct interfaces *ret);
/* eth0, or the first there is; NULL: none. */
const struct interface *interfaces_default(const struct interfaces *interfaces);

#endif
