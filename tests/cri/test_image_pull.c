/* A registry that takes the connection and says nothing: whose patience ends, and what is left. */
#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/image.h"
#include "tests/cri/image_fixture.h"

/* Listens and never accepts: the kernel does, and nobody answers. */
static int listen_silently(int *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *) &address, len), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static bool asked_twice(void *user)
{
	return ++*(int *) user >= 2;
}

static int pull_from_silence(const struct image_patience *patience, int64_t stall_ms, struct err *err)
{
	struct image_store_options options = { .root = IMAGE_PLACE "/root", .stall_ms = stall_ms };
	struct image_store *store = NULL;
	auto_free char *name = NULL, *id = NULL;
	auto_fd silent = -EBADF;
	int port, r;

	silent = listen_silently(&port);
	name = text_format("127.0.0.1:%d/a", port);
	ck_assert_int_eq(image_store_open(&options, &store, err), 0);
	r = image_pull(store, name, NULL, patience, &id, err);
	ck_assert_ptr_null(id);
	image_store_close(store);
	image_shell(
	    "test -z \"$(ls -A root/images/layers root/images/tmp root/images/blobs/sha256 | grep -v :)\"");
	return r;
}

START_TEST(silence_is_given_up)
{
	struct err err = { 0 };

	if (!image_fixture_open())
		return;
	ck_assert_int_eq(pull_from_silence(NULL, 300, &err), -EHOSTDOWN);
	ck_assert(text_starts(err.text, "RegistryUnavailable: pull 127.0.0.1:"));
	ck_assert_msg(text_ends(err.text, ": nothing came for 300 ms"), "%s", err.text);
}
END_TEST

START_TEST(a_deadline_ends_it_before)
{
	struct image_patience patience = { .deadline = process_now_ms() + 50 };
	struct err err = { 0 };

	if (!image_fixture_open())
		return;
	ck_assert_int_eq(pull_from_silence(&patience, 60000, &err), -ETIMEDOUT);
	ck_assert_msg(text_ends(err.text, ": the deadline has passed"), "%s", err.text);
}
END_TEST

START_TEST(so_does_a_caller_that_has_gone)
{
	int asked = 0;
	struct image_patience patience = { .deadline = -1, .is_cancelled = asked_twice, .user = &asked };
	struct err err = { 0 };

	if (!image_fixture_open())
		return;
	ck_assert_int_eq(pull_from_silence(&patience, 60000, &err), -ECANCELED);
	ck_assert_int_eq(asked, 2);
	ck_assert_msg(text_ends(err.text, ": cancelled"), "%s", err.text);
}
END_TEST

Suite *test_image_pull(void)
{
	return UNIT_SUITE("image_pull", silence_is_given_up, a_deadline_ends_it_before,
			  so_does_a_caller_that_has_gone);
}
