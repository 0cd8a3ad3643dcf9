/*
 * Annotations "org.systemd.property.NAME": properties of the container's scope that its config asks for, as runc and crun take
 * them: the value is a GVariant in text form. Without the systemd driver they mean nothing.
 */
#ifndef OCI_SYSTEMD_PROPERTY_H
#define OCI_SYSTEMD_PROPERTY_H

#include <stdint.h>
#include <systemd/sd-bus.h>

struct err;
struct spec_pairs;
struct systemd_bus;

struct systemd_property {
	char *name; /* owned: "TimeoutStopUSec" */
	char type; /* of D-Bus: b y n q i u x t d s; 'a': an array of strings */
	int64_t number; /* t: its bits */
	double real;
	char **strings; /* owned: those of s and a */
	size_t count;
};
void systemd_property_clear(struct systemd_property *property);

/*
 * Pure. NAMESec is for people: seconds, and sent as NAMEUSec. -EINVAL: no name of a property, or a value of none of
 * true, 7, uint64 7, 0.5, 'text', ['text', 'more'].
 */
int systemd_property_parse(const char *name, const char *value, struct systemd_property *ret,
			   struct err *err);

/* Whether all of them can be read: before anything is made. */
int systemd_check_properties(const struct spec_pairs *annotations, struct err *err);
/* (sv) for each. */
int systemd_append_properties(const struct systemd_bus *bus, const struct spec_pairs *annotations,
			      sd_bus_message *message);

#endif
