/* /proc/PID/net/dev: proc_pid_net(5). */
#include "runtime-under-test/cri/interfaces.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

enum { NET_DEV_MAX = 1 << 20 };

void interfaces_parse(const char *net_dev, struct interfaces *ret)
{
	struct interface row;

	ret->count = 0;
	for (const char *at = net_dev; at && *at && ret->count < INTERFACES_MAX;
	     at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
		/* Receive: bytes packets errs drop fifo frame compressed multicast; transmit: the same. */
		if (sscanf(at,
			   " %15[^:]: %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %*s %*s %*s %*s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
			   row.name, &row.rx_bytes, &row.rx_packets, &row.rx_errors, &row.rx_dropped,
			   &row.tx_bytes, &row.tx_packets, &row.tx_errors, &row.tx_dropped) != 9)
			continue;
		if (strcmp(row.name, "lo") != 0)
			ret->rows[ret->count++] = row;
	}
}

void interfaces_read(pid_t pid, struct interfaces *ret)
{
	auto_free char *path = text_format("/proc/%d/net/dev", (int) pid);
	auto_text content = { 0 };

	ret->count = 0;
	if (file_read_at(AT_FDCWD, path, NET_DEV_MAX, &content, NULL) >= 0)
		interfaces_parse(text_str(&content), ret);
}

const struct interface *interfaces_default(const struct interfaces *interfaces)
{
	for (size_t i = 0; i < interfaces->count; i++)
		if (strcmp(interfaces->rows[i].name, "eth0") == 0)
			return &interfaces->rows[i];
	return interfaces->count ? &interfaces->rows[0] : NULL;
}
