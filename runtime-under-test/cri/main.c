/* plumbline-cri: options in, one server until a signal ends it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/runtime_features.h"
#include "runtime-under-test/cri/server.h"
#include "runtime-under-test/oci/faults.h"

static int print_help(void)
{
	auto_text out = { 0 };

	text_add(
	    &out,
	    "usage: plumbline-cri [OPTION...]\n\n"
	    "Serves the Container Runtime Interface on a unix socket until SIGTERM or SIGINT.\n\noptions:\n");
	options_describe(&out);
	return file_write_all(STDOUT_FILENO, text_str(&out), out.len) < 0;
}

static int open_directory(const char *path, int *ret, struct err *err)
{
	int fd, r;

	r = file_make_dirs_at(AT_FDCWD, path, 0700, err);
	if (r < 0)
		return r;
	fd = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
	if (fd < 0)
		return fd;
	*ret = fd;
	return 0;
}

/* Two servers with one memory would each take the other's containers for lost. */
static int lock_state(const struct server *server, struct err *err)
{
	if (flock(server->state_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return fail(err, -errno, "lock %s", server->options.state);
	return fail_text(err, -EBUSY, "%s is used by another server", server->options.state);
}

static char *own_directory(void)
{
	auto_text path = { 0 };
	char *slash;

	if (file_read_link_at(AT_FDCWD, "/proc/self/exe", &path, NULL) < 0)
		return text_format("/usr/bin");
	slash = strrchr(path.data, '/');
	text_cut(&path, (size_t) (slash - path.data));
	return text_take(&path);
}

static int start(struct server *server, struct err *err)
{
	struct rpc_options options = {
		.message_max = 16 << 20, .workers_max = 256, .streams_max = 64, .user = server
	};
	int r;

	r = open_directory(server->options.root, &server->root_fd, err);
	if (r == 0)
		r = open_directory(server->options.state, &server->state_fd, err);
	if (r == 0)
		r = lock_state(server, err);
	if (r == 0)
		r = rpc_server_new(&options, &server->rpc, err);
	if (r == 0)
		r = services_bind(server->rpc, err);
	/* The name is ours before anything of an earlier server is touched. */
	if (r == 0)
		r = rpc_server_listen(server->rpc, server->options.listen, err);
	if (r == 0)
		r = services_open(server, err);
	if (r == 0)
		r = rpc_server_start(server->rpc, err);
	return r;
}

/* Exit status. A handler that does not return must not keep the process: its descriptors and locks go with it. */
static int serve(struct server *server, const sigset_t *signals)
{
	struct err err = { 0 };
	int signal;

	server_log("serving on %s", server->options.listen);
	while (sigwait(signals, &signal) != 0)
		;
	server_log("%s: stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT");
	if (rpc_server_stop(server->rpc, atoi(server->options.grace), &err) < 0) {
		server_log("%s", err.text);
		_exit(1);
	}
	return fault("cri-end-fails");
}

static int run(struct server *server)
{
	struct err err = { 0 };
	sigset_t signals;
	int status = 1;

	/* Before the first thread, so that all inherit it. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void) signal(SIGPIPE, SIG_IGN);
	(void) umask(0077);
	if (start(server, &err) < 0)
		server_log("%s", err.text);
	else
		status = serve(server, &signals);
	services_close(server);
	rpc_server_free(server->rpc);
	return status;
}

int main(int argc, char **argv)
{
	struct server server = { .root_fd = -EBADF,
				 .state_fd = -EBADF,
				 .config_lock = PTHREAD_MUTEX_INITIALIZER };
	struct err err = { 0 };
	int first, status;

	if (options_read(argc, argv, &server.options, &first, &err) < 0 ||
	    (first < argc && fail_text(&err, -EINVAL, "unexpected argument %s", argv[first]))) {
		(void) fprintf(stderr, "plumbline-cri: %s (see --help)\n", err.text);
		options_free(&server.options);
		return 2;
	}
	if (server.options.help) {
		status = print_help();
	} else if (server.options.version) {
		status = printf("plumbline-cri %s\n", PLUMBLINE_VERSION) < 0;
	} else {
		server.programs = own_directory();
		status = run(&server);
	}
	cleanup_fd(&server.root_fd);
	cleanup_fd(&server.state_fd);
	free(server.programs);
	free(server.pod_cidr);
	runtime_features_free(server.features);
	options_free(&server.options);
	return status;
}
