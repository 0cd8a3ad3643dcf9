/* sd-bus, opened at run time: what the driver needs of it, and the three calls it makes. */
#ifndef OCI_SYSTEMD_BUS_H
#define OCI_SYSTEMD_BUS_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct err;

/* One row a function; the types come from the header, so a wrong call does not compile. */
#define SYSTEMD_FUNCTIONS(X)                                                                                 \
	X(sd_bus_open_system)                                                                                \
	X(sd_bus_open_user)                                                                                  \
	X(sd_bus_flush_close_unref)                                                                          \
	X(sd_bus_message_new_method_call)                                                                    \
	X(sd_bus_message_append)                                                                             \
	X(sd_bus_message_append_array)                                                                       \
	X(sd_bus_message_open_container)                                                                     \
	X(sd_bus_message_close_container)                                                                    \
	X(sd_bus_message_read)                                                                               \
	X(sd_bus_message_unref)                                                                              \
	X(sd_bus_call)                                                                                       \
	X(sd_bus_call_method)                                                                                \
	X(sd_bus_error_free)                                                                                 \
	X(sd_bus_match_signal)                                                                               \
	X(sd_bus_process)                                                                                    \
	X(sd_bus_wait)                                                                                       \
	X(sd_bus_get_property_string)

struct systemd_bus {
	void *library;
	sd_bus *bus;
	void (*release)(
	    void *); /* the free(3) of the C library that it brings along: this program has one of its own */
#define SYSTEMD_MEMBER(name) __typeof__(&name) name;
	SYSTEMD_FUNCTIONS(SYSTEMD_MEMBER)
#undef SYSTEMD_MEMBER
};

int systemd_bus_open(bool user, struct systemd_bus *ret, struct err *err);
void systemd_bus_close(struct systemd_bus *bus);
#define auto_systemd_bus __attribute__((cleanup(systemd_bus_close))) struct systemd_bus

/* A method of the manager whose arguments the caller appends. */
int systemd_method(const struct systemd_bus *bus, const char *method, sd_bus_message **ret, struct err *err);
/* Sends it and takes it. */
int systemd_call(const struct systemd_bus *bus, const char *what, sd_bus_message *taken, struct err *err);
/* The same for a method that starts a job: comes back when the job is done. */
int systemd_call_job(const struct systemd_bus *bus, const char *what, sd_bus_message *taken, struct err *err);
/* Where the manager itself is: "" or "/user.slice/...". *ret owned. */
int systemd_manager_cgroup(const struct systemd_bus *bus, char **ret, struct err *err);

#endif
