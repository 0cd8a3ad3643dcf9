/* The seccomp agent gets the listener and the state of the container's process. config-linux.md#containerprocessstate */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/seccomp.h"
#include "runtime-under-test/oci/sockets.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/state.h"

static void describe(const struct spec_seccomp *seccomp, const struct state *state, pid_t pid,
		     struct text *out)
{
	auto_json json = json_new_object();
	struct json *names = json_new_array();

	json_append(names, json_new_string("seccompFd"));
	json_put(json, "ociVersion", json_new_string(state->spec_version));
	json_put(json, "fds", names);
	json_put(json, "pid", json_new_int(fault("seccomp-state-of-nobody") ? 0 : pid));
	if (seccomp->listener_metadata && !fault("seccomp-metadata-lost"))
		json_put(json, "metadata", json_new_string(seccomp->listener_metadata));
	json_put(json, "state", state_to_json(state, state->status));
	json_print(json, 0, out);
}

int seccomp_send_listener(const struct spec_seccomp *seccomp, const struct state *state, pid_t pid,
			  int listener, struct err *err)
{
	auto_fd agent = socket_connect(seccomp->listener_path, err);
	auto_text message = { 0 };
	int r;

	if (agent < 0)
		return fail(err, agent, "linux.seccomp.listenerPath");
	describe(seccomp, state, pid, &message);
	if (fault("seccomp-agent-gets-no-descriptor"))
		return file_write_all(agent, text_str(&message), message.len);
	if (fault("seccomp-agent-is-told-twice")) {
		auto_fd again = socket_connect(seccomp->listener_path, NULL);

		(void) socket_send_fd(again, listener, text_str(&message), message.len, NULL);
	}
	r = socket_send_fd(agent, listener, text_str(&message), message.len, err);
	return r < 0 ? fail(err, r, "linux.seccomp.listenerPath %s", seccomp->listener_path) : 0;
}
