/* A manager, a container's program and the runtime between them, over real sockets. */
#include <check.h>
#undef fail

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/notify.h"
#include "runtime-under-test/oci/spec.h"

static char path[] = "/tmp/plumbline-notify-XXXXXX";
static int directory = -1, manager = -1;

static struct sockaddr_un address_of(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", path, name);
	return address;
}

static void set_up(void)
{
	struct sockaddr_un address;

	ck_assert_ptr_nonnull(mkdtemp(path));
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	address = address_of("manager");
	ck_assert_int_eq(bind(manager, (struct sockaddr *) &address, sizeof(address)), 0);
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
}

static void tear_down(void)
{
	(void) close(manager);
	(void) close(directory);
	(void) unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, path, NULL), 0);
}

/* The program's side. */
static void say(const char *message)
{
	struct sockaddr_un address = address_of("notify/notify.sock");
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(
	    sendto(fd, message, strlen(message), 0, (struct sockaddr *) &address, sizeof(address)),
	    (int) strlen(message));
}

/* The next message, and whether a descriptor came with it, which is closed. */
static bool hear(char *message, size_t size)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { .iov_base = message, .iov_len = size - 1 };
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(manager, &header, MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
	int fd;

	ck_assert_int_ge(n, 0);
	message[n] = '\0';
	if (!cmsg)
		return false;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	(void) close(fd);
	return true;
}

static void parse_spec(const char *text, struct spec **ret)
{
	auto_json config = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(json_parse(text, strlen(text), &config, &err), 0);
	ck_assert_msg(spec_parse(config, ret, &err) == 0, "%s", err.text);
}

static const char config_text[] = "{\"ociVersion\": \"1.0.2\", \"root\": {\"path\": \"rootfs\"},"
				  " \"process\": {\"args\": [\"/x\"], \"cwd\": \"/\", \"env\": [\"A=1\"]},"
				  " \"linux\": {\"namespaces\": [{\"type\": \"mount\"}]}}";

START_TEST(test_the_container_gets_a_socket_of_its_own)
{
	struct spec *spec = NULL;
	struct stat st;

	parse_spec(config_text, &spec);
	ck_assert_int_eq(notify_prepare(directory, path, spec, NULL), 0);
	ck_assert_uint_eq(spec->mount_count, 1);
	ck_assert_str_eq(spec->mounts[0].destination, "/run/notify");
	ck_assert_str_eq(spec->mounts[0].options.items[1], "ro");
	ck_assert_uint_eq(spec->process.env.count, 2);
	ck_assert_str_eq(spec->process.env.items[1], "NOTIFY_SOCKET=/run/notify/notify.sock");
	spec_free(spec);
	auto_fd fd = notify_listen(directory, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstatat(directory, "notify/notify.sock", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0777);
}
END_TEST

START_TEST(test_without_a_manager_nothing_is_added)
{
	struct spec *spec = NULL;

	(void) unsetenv("NOTIFY_SOCKET");
	parse_spec(config_text, &spec);
	ck_assert_int_eq(notify_prepare(directory, path, spec, NULL), 0);
	ck_assert_uint_eq(spec->mount_count, 0);
	ck_assert_uint_eq(spec->process.env.count, 1);
	ck_assert_int_eq(notify_listen(directory, NULL), -EBADF);
	spec_free(spec);
}
END_TEST

/* What a container says of itself beside that could name a process of the host as the service. */
START_TEST(test_only_that_it_is_ready_is_passed_on)
{
	struct log log = { .fd = -EBADF };
	char message[256];
	pid_t runtime;
	int status;

	ck_assert_int_eq(mkdirat(directory, "notify", 0755), 0);
	auto_fd fd = notify_listen(directory, NULL);
	say("STATUS=nearly\nMAINPID=1");
	say("READY=10");
	ck_assert_int_eq(notify_pass_on(fd, 77, &log), 0);
	say("MAINPID=1\nREADY=1\nSTATUS=there");
	runtime = fork();
	if (runtime == 0)
		_exit(notify_pass_on(fd, 77, &log));
	ck_assert(!hear(message, sizeof(message)));
	ck_assert_str_eq(message, "MAINPID=77\nREADY=1\n");
	/* It lives until the manager has understood. */
	ck_assert_int_eq(waitpid(runtime, &status, WNOHANG), 0);
	ck_assert(hear(message, sizeof(message)));
	ck_assert_str_eq(message, "BARRIER=1");
	ck_assert_int_eq(waitpid(runtime, &status, 0), runtime);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}
END_TEST

Suite *test_notify(void);
Suite *test_notify(void)
{
	Suite *suite = suite_create("oci/notify");
	TCase *tcase = tcase_create("notify");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_the_container_gets_a_socket_of_its_own);
	tcase_add_test(tcase, test_without_a_manager_nothing_is_added);
	tcase_add_test(tcase, test_only_that_it_is_ready_is_passed_on);
	suite_add_tcase(suite, tcase);
	return suite;
}
