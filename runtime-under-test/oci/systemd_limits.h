/* Resources as properties of a unit: systemd.resource-control(5). */
#ifndef OCI_SYSTEMD_LIMITS_H
#define OCI_SYSTEMD_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

struct cgroups;
struct spec_resources;
struct systemd_bus;

/* Whether resources have anything that systemd has a property for. */
bool systemd_has_limits(const struct spec_resources *resources);
/* Those properties, with the values that the kernel's files have now. */
int systemd_append_limits(const struct systemd_bus *bus, const struct cgroups *cgroups,
			  const struct spec_resources *resources, sd_bus_message *message);
/* DevicePolicy and DeviceAllow where they can say the same as the rules; nothing where they cannot. */
int systemd_append_devices(const struct systemd_bus *bus, const struct spec_resources *resources,
			   sd_bus_message *message);

/* Pure: quota and period in microseconds as CPU time in a second, such that systemd's rounding down gives the quota again. */
uint64_t systemd_cpu_per_second(uint64_t quota, uint64_t period);
/* Pure: "0-2,8" as bits, the lowest byte first. Owned; *ret_size bytes. */
uint8_t *systemd_cpu_mask(const char *list, size_t *ret_size);

#endif
