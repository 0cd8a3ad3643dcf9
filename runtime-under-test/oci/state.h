/*
 * A container on disk: ROOT/ID/state.json, written by rename; ROOT/ID/lock serializes verbs on one container.
 * The status of a live container is computed, never trusted: pid and its start time decide.
 * https://github.com/opencontainers/runtime-spec/blob/v1.3.0/runtime.md#state
 */
#ifndef OCI_STATE_H
#define OCI_STATE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct json;

enum container_status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };
const char *container_status_name(enum container_status status);

struct state {
	char *id, *bundle, *spec_version; /* owned; bundle absolute */
	char *created; /* RFC 3339 with nanoseconds, UTC */
	enum container_status status; /* as stored; state_status() tells the present one */
	pid_t pid; /* of init in the runtime's pid namespace; 0: none yet */
	uint64_t start_ticks; /* field 22 of /proc/PID/stat: tells a recycled pid */
	uid_t owner;
	bool no_new_keyring; /* its processes have the session keyring of whoever calls */
	struct json *annotations; /* owned */
	struct json *cgroups; /* owned: {"pids": "/path below the mount", "": "/v2"} exactly what was made */
	struct json *config; /* owned: the config as read by create; later edits of the file have no effect */
};

int state_root_open(const char *root, bool create, struct err *err); /* descriptor; mode 0700 */
bool state_id_is_valid(const char *id); /* [A-Za-z0-9_+-.]{1,1024}, not "." or ".." */
/* Makes ROOT/ID exclusively; -EEXIST "container X already exists". Returns its directory descriptor. */
int state_create(int root, const char *id, struct err *err);
int state_open(int root, const char *id, struct err *err); /* -ENOENT: "container X does not exist" */
int state_lock(int directory, struct err *err); /* descriptor that holds the lock until closed */
int state_read(int directory, struct state *ret, struct err *err);
int state_write(int directory, const struct state *state, struct err *err);
/* The same in two steps: printed and on disk while the other side works, and in its place as soon as that has ended well. */
int state_stage(int directory, const struct state *state, struct err *err);
int state_commit(int directory, struct err *err);
void state_unstage(int directory);
int state_remove(int root, const char *id, struct err *err);
void state_clear(struct state *state);

/* A container in the hands of one verb: nobody else changes it until it is released. */
struct state_hold {
	int directory, lock;
	struct state state;
};
int state_hold(int root, const char *id, struct state_hold *ret, struct err *err);
void state_unlock(struct state_hold *hold); /* others go on with it; the rest stays */
void state_release(struct state_hold *hold);
#define STATE_HOLD_INIT                                                                                      \
	{                                                                                                    \
		.directory = -EBADF, .lock = -EBADF                                                          \
	}
#define auto_state_hold __attribute__((cleanup(state_release))) struct state_hold
enum container_status state_status(const struct state *state); /* looks at /proc and the freezer */
struct json *state_to_json(const struct state *state,
			   enum container_status status); /* owned: what `state` prints and hooks read */

#endif
