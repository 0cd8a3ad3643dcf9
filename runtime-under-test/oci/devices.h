/* What lies in /dev: the default nodes and links, linux.devices, the console. config-linux.md#devices */
#ifndef OCI_DEVICES_H
#define OCI_DEVICES_H

struct creation;
struct err;

int devices_make(const struct creation *creation, int root, struct err *err);
/* /dev/fd, stdin, stdout, stderr, core and ptmx: runtime-linux.md#dev-symbolic-links */
int devices_link(int root, struct err *err);

#endif
