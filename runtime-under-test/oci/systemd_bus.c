/* The connection to a manager and the calls over it: org.freedesktop.systemd1(5). */
#include "runtime-under-test/oci/systemd_bus.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"

#define LIBRARY "libsystemd.so.0"
#define SERVICE "org.freedesktop.systemd1"
#define MANAGER "/org/freedesktop/systemd1"
#define INTERFACE "org.freedesktop.systemd1.Manager"
#define JOB_TIMEOUT_MS 30000

static int load(struct systemd_bus *bus, struct err *err)
{
	bus->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!bus->library)
		return fail_text(err, -ENOENT, "--systemd-cgroup: open %s: %s", LIBRARY, dlerror());
		/* A pointer to an object becomes one to a function: POSIX wants dlsym used so. */
#define SYSTEMD_LOAD(name)                                                                                   \
	*(void **) &bus->name = dlsym(bus->library, #name);                                                  \
	if (!bus->name)                                                                                      \
		return fail_text(err, -ENOENT, "--systemd-cgroup: %s has no %s", LIBRARY, #name);
	SYSTEMD_FUNCTIONS(SYSTEMD_LOAD)
#undef SYSTEMD_LOAD
	*(void **) &bus->release = dlsym(bus->library, "free");
	if (!bus->release)
		return fail_text(err, -ENOENT, "--systemd-cgroup: %s has no free", LIBRARY);
	return 0;
}

int systemd_bus_open(bool user, struct systemd_bus *ret, struct err *err)
{
	int r = load(ret, err);

	if (r < 0)
		return r;
	r = user ? ret->sd_bus_open_user(&ret->bus) : ret->sd_bus_open_system(&ret->bus);
	return r < 0 ? fail(err, r, "--systemd-cgroup: connect to the %s bus", user ? "user's" : "system")
		     : 0;
}

/* The library stays: closing it would run destructors of others that it brought along. */
void systemd_bus_close(struct systemd_bus *bus)
{
	if (bus->bus)
		(void) bus->sd_bus_flush_close_unref(bus->bus);
	bus->bus = NULL;
}

int systemd_method(const struct systemd_bus *bus, const char *method, sd_bus_message **ret, struct err *err)
{
	int r = bus->sd_bus_message_new_method_call(bus->bus, ret, SERVICE, MANAGER, INTERFACE, method);

	return r < 0 ? fail(err, r, "systemd: make a call of %s", method) : 0;
}

static int call(const struct systemd_bus *bus, const char *what, sd_bus_message *taken,
		sd_bus_message **ret_reply, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = bus->sd_bus_call(bus->bus, taken, 0, &error, ret_reply);

	if (r < 0)
		(void) fail_text(err, r, "systemd: %s: %s", what,
				 error.message ? error.message : strerror(-r));
	bus->sd_bus_error_free(&error);
	(void) bus->sd_bus_message_unref(taken);
	return r < 0 ? r : 0;
}

int systemd_call(const struct systemd_bus *bus, const char *what, sd_bus_message *taken, struct err *err)
{
	return call(bus, what, taken, NULL, err);
}

/* Jobs may end before we know which one is ours: the last that ended is not enough, so all are kept as text. */
struct job_watch {
	const struct systemd_bus *bus;
	struct text ended; /* "\nPATH RESULT\n" each */
};

static int job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct job_watch *watch = userdata;
	const char *job, *unit, *result;
	uint32_t id;

	(void) error;
	if (watch->bus->sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) > 0)
		text_addf(&watch->ended, "\n%s %s\n", job, result);
	return 0;
}

static int await_job(struct job_watch *watch, const char *what, const char *job, struct err *err)
{
	auto_free char *wanted = text_format("\n%s ", job);
	int64_t deadline = process_now_ms() + JOB_TIMEOUT_MS;

	for (;;) {
		const char *at = strstr(text_str(&watch->ended), wanted);
		int64_t left = deadline - process_now_ms();
		int r;

		if (at) {
			at += strlen(wanted);
			if (text_starts(at, "done\n"))
				return 0;
			return fail_text(err, -EIO, "systemd: %s: the job ended as %.*s", what,
					 (int) strcspn(at, "\n"), at);
		}
		if (left <= 0)
			return fail_text(err, -ETIMEDOUT, "systemd: %s: the job does not end", what);
		r = watch->bus->sd_bus_process(watch->bus->bus, NULL);
		if (r == 0)
			r = watch->bus->sd_bus_wait(watch->bus->bus, (uint64_t) left * 1000);
		if (r < 0 && r != -EINTR)
			return fail(err, r, "systemd: %s: wait for the job", what);
	}
}

static int subscribe(const struct systemd_bus *bus, struct job_watch *watch, sd_bus_slot **ret_slot,
		     struct err *err)
{
	int r = bus->sd_bus_match_signal(bus->bus, ret_slot, SERVICE, MANAGER, INTERFACE, "JobRemoved",
					 job_removed, watch);

	if (r >= 0)
		r = bus->sd_bus_call_method(bus->bus, SERVICE, MANAGER, INTERFACE, "Subscribe", NULL, NULL,
					    "");
	return r < 0 ? fail(err, r, "systemd: subscribe to its jobs") : 0;
}

int systemd_call_job(const struct systemd_bus *bus, const char *what, sd_bus_message *taken, struct err *err)
{
	struct job_watch watch = { .bus = bus };
	sd_bus_message *reply = NULL;
	sd_bus_slot *slot = NULL; /* it lives as long as the connection, which is ours alone */
	const char *job;
	int r = subscribe(bus, &watch, &slot, err);

	if (r < 0) {
		(void) bus->sd_bus_message_unref(taken);
		return r;
	}
	r = call(bus, what, taken, &reply, err);
	if (r == 0)
		r = bus->sd_bus_message_read(reply, "o", &job);
	if (r > 0)
		r = await_job(&watch, what, job, err);
	if (reply)
		(void) bus->sd_bus_message_unref(reply);
	/* Signals that come after this are not asked for again: the connection is closed next. */
	text_free(&watch.ended);
	return r;
}

int systemd_manager_cgroup(const struct systemd_bus *bus, char **ret, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *path = NULL;
	int r = bus->sd_bus_get_property_string(bus->bus, SERVICE, MANAGER, INTERFACE, "ControlGroup", &error,
						&path);

	if (r < 0)
		(void) fail_text(err, r, "systemd: ask where it is: %s",
				 error.message ? error.message : strerror(-r));
	bus->sd_bus_error_free(&error);
	if (r < 0)
		return r;
	*ret = text_format("%s", strcmp(path, "/") == 0 ? "" : path);
	bus->release(path);
	return 0;
}
