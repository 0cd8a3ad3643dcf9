/* Finds out who answers at an endpoint, and makes single calls of it. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/live.h"
#include "harness/runtime.h"

#define SCHEME "unix://"
#define CALL_MS 10000
#define VERSION_MS 5000 /* of the first question: who does not answer that at once will not later */
#define ANSWER_MAX (48u << 20)

bool live_is_endpoint(const char *word)
{
	struct stat st;

	return strstr(word, "://") || (strchr(word, '/') && stat(word, &st) == 0 && S_ISSOCK(st.st_mode));
}

int live_parse(const char *word, char **ret, struct err *err)
{
	struct sockaddr_un address;
	const char *path = word;

	if (strstr(word, "://")) {
		if (!text_starts(word, SCHEME))
			return fail_text(err, -EINVAL, "endpoint %s: only %s/PATH can be driven", word,
					 SCHEME);
		path = word + strlen(SCHEME);
		if (path[0] != '/')
			return fail_text(err, -EINVAL, "endpoint %s: expected an absolute path behind %s",
					 word, SCHEME);
	}
	if (strlen(path) >= sizeof(address.sun_path))
		return fail_text(err, -EINVAL, "endpoint %s: longer than the %zu bytes of a socket's path",
				 word, sizeof(address.sun_path) - 1);
	char *absolute = path[0] == '/' ? text_format("%s", path) : realpath(path, NULL);
	if (!absolute)
		return fail(err, -errno, "endpoint %s", word);
	*ret = absolute;
	return 0;
}

/* The one who listens: whoever made the socket, by the kernel's word. unix(7), SO_PEERCRED */
static int connect_to(const char *path, pid_t *ret_pid, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred credentials = { 0 };
	socklen_t size = sizeof(credentials);
	struct stat st;

	if (stat(path, &st) < 0)
		return fail(err, -errno, "endpoint %s", path);
	if (!S_ISSOCK(st.st_mode))
		return fail_text(err, -ENOTSOCK, "endpoint %s: it is no socket", path);
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(err, -errno, "socket");
	(void) memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 && errno != EAGAIN)
		return errno == ECONNREFUSED
			   ? fail_text(err, -EHOSTDOWN, "endpoint %s: nobody listens there", path)
			   : fail(err, -errno, "endpoint %s", path);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
		*ret_pid = credentials.pid;
	return 0;
}

/* "DEADLINE_EXCEEDED: sentence" as the helper prints it. */
static int fail_status(const struct live *live, const char *method, const char *said, struct err *err)
{
	static const struct {
		const char *status;
		int r;
	} rows[] = {
		{ "DEADLINE_EXCEEDED", -ETIMEDOUT },
		{ "UNIMPLEMENTED", -ENOSYS },
		{ "UNAVAILABLE", -EPROTO },
		{ "NOT_FOUND", -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_starts(said, rows[i].status))
			return fail_text(err, rows[i].r, "%s at %s: %s", method, live->address, said);
	return fail_text(err, -EIO, "%s at %s: %s", method, live->address, said);
}

static int call_within(const struct live *live, const char *method, const struct json *request, int64_t ms,
		       struct json **ret, struct err *err)
{
	auto_free char *deadline = text_format("%lld", (long long) ms);
	auto_text words = { 0 }, out = { 0 }, said = { 0 };
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process_status status;

	json_print(request, 0, &words);
	const char *const argv[] = { live->program,
				     "--endpoint",
				     live->address,
				     "--deadline",
				     deadline,
				     method,
				     request ? text_str(&words) : "{}",
				     NULL };
	const struct process_capture capture = {
		.out = &out, .err = &said, .max = ANSWER_MAX, .timeout_ms = ms + 2000
	};
	options.argv = argv;
	options.death_signal = SIGKILL;
	/* A Ctrl-C is for us alone: what is to be removed is removed by such calls. */
	options.new_group = true;
	int r = process_run(&options, &capture, &status, err);
	if (r < 0)
		return fail(err, r, "%s at %s", method, live->address);
	text_trim_end(&said);
	if (!status.exited || status.code)
		return fail_status(live, method, text_str(&said), err);
	if (!ret)
		return 0;
	r = json_parse(text_str(&out), out.len, ret, err);
	return r < 0 ? fail(err, r, "%s at %s", method, live->address) : 0;
}

int live_call(const struct live *live, const char *method, const struct json *request, struct json **ret,
	      struct err *err)
{
	return call_within(live, method, request, CALL_MS, ret, err);
}

/* Version is what every server of the interface answers, and nobody else does. */
static int ask_version(struct live *live, const char *path, struct err *err)
{
	auto_json request = json_new_object();
	auto_json answer = NULL;
	struct err own = { 0 };
	int64_t began = process_now_ms();

	json_put(request, "version", json_new_string("0.1.0"));
	int r = call_within(live, "Version", request, VERSION_MS, &answer, &own);
	/* gRPC's own wait for a server's first words may be over a moment before ours. */
	if (r == -EPROTO && process_now_ms() - began > VERSION_MS / 2)
		r = -ETIMEDOUT;
	if (r == -ETIMEDOUT)
		return fail_text(err, r, "endpoint %s: it has not answered Version within %d ms", path,
				 VERSION_MS);
	if (r == -ENOSYS || r == -EPROTO)
		return fail_text(err, -EPROTO, "endpoint %s: it is no server of the CRI: %s", path, own.text);
	if (r < 0)
		return fail_text(err, r, "endpoint %s: %s", path, own.text);
	const char *name = json_get_string(answer, "runtime_name");
	const char *version = json_get_string(answer, "runtime_version");
	live->name = text_format("%s", name ? name : "unnamed");
	live->version = text_format("%s", version ? version : "");
	return 0;
}

/*
 * The column and the folder of its results: a server's word, which may be "..". Beginning with a letter or digit it is no way
 * out of the run directory.
 */
char *live_column(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-");

	return isalnum((unsigned char) name[0]) ? text_format("%.*s", (int) len, name)
						: text_format("endpoint");
}

/* A pid of another namespace reads 0; one of ours is in /proc. */
static pid_t visible(pid_t pid)
{
	auto_free char *path = text_format("/proc/%d/ns/pid", (int) pid);
	struct stat its, ours;

	return pid > 0 && stat(path, &its) == 0 && stat("/proc/self/ns/pid", &ours) == 0 &&
		       its.st_ino == ours.st_ino
		   ? pid
		   : 0;
}

int live_find(const char *word, struct live **ret, struct err *err)
{
	struct live *live = calloc(1, sizeof(*live));
	auto_free char *path = NULL;
	pid_t pid = 0;

	if (!live)
		return -ENOMEM;
	live->registry = (struct process) PROCESS_INIT;
	live->home = live->cgroup = -EBADF;
	int r = live_parse(word, &path, err);
	if (path)
		r = connect_to(path, &pid, err);
	if (r >= 0)
		r = runtime_locate("plumbline-cri-call", &live->program, err);
	if (r >= 0) {
		live->address = text_format("%s%s", SCHEME, path);
		live->pid = visible(pid);
		r = ask_version(live, path, err);
	}
	if (r < 0) {
		live_free(live);
		return r;
	}
	*ret = live;
	return 0;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	process_close(&live->registry);
	cleanup_fd(&live->home);
	cleanup_fd(&live->cgroup);
	free(live->address);
	free(live->name);
	free(live->version);
	free(live->program);
	free(live->run);
	free(live->image);
	free(live->cgroup_parent);
	free(live);
}
