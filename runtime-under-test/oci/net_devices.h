/* linux.netDevices: config-linux.md#network-devices */
#ifndef OCI_NET_DEVICES_H
#define OCI_NET_DEVICES_H

struct creation;
struct err;

/*
 * By the parent, when init is in its network namespace: each device goes there under its new name, with its permanent
 * addresses, and up. Nothing is moved back, ever: the kernel does that when the namespace ends, or the device ends with it.
 */
int net_devices_move(const struct creation *creation, struct err *err);

#endif
