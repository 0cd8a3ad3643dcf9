/* A container on disk: ids, exclusive creation, the lock, writes that readers never see half, recycled pids. */
#include <check.h>
#undef fail

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/state.h"

static char path[] = "/tmp/plumbline-state-XXXXXX";
static int root = -1;

static void make_root(void)
{
	ck_assert_ptr_nonnull(mkdtemp(path));
	root = state_root_open(path, false, NULL);
	ck_assert_int_ge(root, 0);
}

static void remove_root(void)
{
	(void) close(root);
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, path, NULL), 0);
}

START_TEST(test_ids)
{
	static const char *const good[] = { "a", "A-b_c.d+e", "0", "..a", "-x" };
	static const char *const bad[] = { "",    ".",   "..",       "a/b", "../x",
					   "a b", "a\n", "\xc3\xa9", "a:b", "a\x01" };
	char longest[1026];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_assert_msg(state_id_is_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { 0 };

		ck_assert_msg(!state_id_is_valid(bad[i]), "%s", bad[i]);
		ck_assert_int_eq(state_create(root, bad[i], &err), -EINVAL);
		ck_assert_int_eq(state_open(root, bad[i], NULL), -EINVAL);
		ck_assert_int_eq(state_remove(root, bad[i], NULL), -EINVAL);
		ck_assert(text_starts(err.text, "invalid container id"));
	}
	memset(longest, 'a', sizeof(longest));
	longest[1024] = '\0';
	ck_assert(state_id_is_valid(longest));
	longest[1024] = 'a';
	longest[1025] = '\0';
	ck_assert(!state_id_is_valid(longest));
}
END_TEST

START_TEST(test_root_is_made_private)
{
	auto_free char *below = text_format("%s/a/b", path);
	auto_fd fd = -EBADF;
	struct stat st;

	ck_assert_int_eq(state_root_open(below, false, NULL), -ENOENT);
	fd = state_root_open(below, true, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(test_an_id_is_taken_once)
{
	struct err err = { 0 };
	auto_fd first = state_create(root, "c1", &err);

	ck_assert_int_ge(first, 0);
	ck_assert_int_eq(state_create(root, "c1", &err), -EEXIST);
	ck_assert_str_eq(err.text, "container c1 already exists");
	ck_assert_int_eq(state_remove(root, "c1", &err), 0);
	ck_assert_int_ge(close(state_create(root, "c1", &err)), 0);
}
END_TEST

START_TEST(test_absent_containers_do_not_exist)
{
	struct err err = { 0 };

	ck_assert_int_eq(state_open(root, "c1", &err), -ENOENT);
	ck_assert_str_eq(err.text, "container c1 does not exist");
	err.text[0] = '\0';
	ck_assert_int_eq(state_open(-EBADF, "c1", &err), -ENOENT);
	ck_assert_str_eq(err.text, "container c1 does not exist");
	ck_assert_int_eq(state_remove(root, "c1", NULL), 0);
}
END_TEST

/* ROOT/ID as a symbolic link would let somebody name a directory of theirs. */
START_TEST(test_links_are_not_followed)
{
	ck_assert_int_eq(symlinkat("/tmp", root, "c1"), 0);
	ck_assert_int_lt(state_open(root, "c1", NULL), 0);
	ck_assert_int_eq(state_create(root, "c1", NULL), -EEXIST);
}
END_TEST

static struct json *parse(const char *text)
{
	struct json *json = NULL;

	ck_assert_int_eq(json_parse(text, strlen(text), &json, NULL), 0);
	return json;
}

static void fill(struct state *state)
{
	*state = (struct state){
		.id = text_format("c1"),
		.bundle = text_format("/b \"x\""),
		.spec_version = text_format("1.3.0"),
		.created = text_format("2026-11-24T00:00:00.123456789Z"),
		.status = STATUS_CREATED,
		.pid = 4711,
		.start_ticks = UINT64_MAX,
		.owner = 1000,
		.annotations = parse("{\"a\": \"b\"}"),
		.cgroups = parse("{\"pids\": \"/x\", \"\": \"/y\"}"),
		.config = parse("{\"root\": {\"path\": \"rootfs\"}}"),
	};
}

START_TEST(test_what_is_written_is_read)
{
	auto_fd directory = state_create(root, "c1", NULL);
	struct state written = { 0 }, read = { 0 };
	struct err err = { 0 };
	struct stat st;

	fill(&written);
	ck_assert_msg(state_write(directory, &written, &err) == 0, "%s", err.text);
	ck_assert_msg(state_read(directory, &read, &err) == 0, "%s", err.text);
	ck_assert_str_eq(read.id, "c1");
	ck_assert_str_eq(read.bundle, "/b \"x\"");
	ck_assert_str_eq(read.spec_version, "1.3.0");
	ck_assert_str_eq(read.created, written.created);
	ck_assert_int_eq(read.status, STATUS_CREATED);
	ck_assert_int_eq(read.pid, 4711);
	ck_assert_uint_eq(read.start_ticks, UINT64_MAX);
	ck_assert_uint_eq(read.owner, 1000);
	ck_assert(json_equal(read.annotations, written.annotations));
	ck_assert(json_equal(read.cgroups, written.cgroups));
	ck_assert(json_equal(read.config, written.config));
	ck_assert_int_eq(fstatat(directory, "state.json", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	state_clear(&read);
	state_clear(&written);
	ck_assert_ptr_null(written.id);
}
END_TEST

START_TEST(test_broken_states_are_refused)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"id\": \"a\", \"bundle\": \"/b\", \"ociVersion\": \"1\", \"created\": \"x\", \"status\": "
		"\"asleep\","
		" \"pid\": 1, \"startTicks\": 1, \"owner\": 0}",
		"{\"id\": \"a\", \"bundle\": \"/b\", \"ociVersion\": \"1\", \"created\": \"x\", \"status\": "
		"\"created\","
		" \"pid\": -1, \"startTicks\": 1, \"owner\": 0}",
		"{\"id\": \"a\", \"bundle\": \"/b\", \"ociVersion\": \"1\", \"created\": \"x\", \"status\": "
		"\"created\","
		" \"pid\": 1, \"startTicks\": 1, \"owner\": 0, \"cgroups\": \"/\"}",
		"{\"id\": \"a\", \"bundle\": \"/b\", \"ociVersion\": \"1\", \"created\": \"x\", \"status\": "
		"\"created\","
		" \"pid\": 1, \"startTicks\": 1, \"owner\": 0, \"config\": []}",
		"{\"id\": \"a\", \"bundle\": 5, \"ociVersion\": \"1\", \"created\": \"x\", \"status\": "
		"\"created\","
		" \"pid\": 1, \"startTicks\": 1, \"owner\": 0}",
	};
	auto_fd directory = state_create(root, "c1", NULL);

	ck_assert_int_eq(state_read(directory, &(struct state){ 0 }, NULL), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct state state = { 0 };
		struct err err = { 0 };

		ck_assert_int_eq(
		    file_create_at(directory, "state.json", texts[i], strlen(texts[i]), 0600, NULL), 0);
		ck_assert_msg(state_read(directory, &state, &err) < 0, "%s", texts[i]);
		ck_assert_msg(strstr(err.text, "state.json") != NULL, "%s", err.text);
		ck_assert_ptr_null(state.id);
	}
}
END_TEST

/* Writes for ever, with contents of very different sizes. */
static void write_for_ever(int directory)
{
	struct state state = { 0 };

	fill(&state);
	for (int i = 0;; i++) {
		free(state.bundle);
		state.bundle = text_format("/%0*d", i % 2 ? 10 : 200000, i);
		if (state_write(directory, &state, NULL) < 0)
			_exit(1);
	}
}

/* A writer that is killed at any instant leaves the state before or after. */
START_TEST(test_a_killed_writer_leaves_a_whole_state)
{
	auto_fd directory = state_create(root, "c1", NULL);
	struct state first = { 0 };

	fill(&first);
	ck_assert_int_eq(state_write(directory, &first, NULL), 0);
	state_clear(&first);
	for (int round = 0; round < 20; round++) {
		pid_t writer = fork();
		struct err err = { 0 };
		int status;

		if (writer == 0)
			write_for_ever(directory);
		for (int i = 0; i < 20 + round; i++) {
			struct state state = { 0 };

			ck_assert_msg(state_read(directory, &state, &err) == 0, "%s", err.text);
			state_clear(&state);
		}
		ck_assert_int_eq(kill(writer, SIGKILL), 0);
		ck_assert_int_eq(waitpid(writer, &status, 0), writer);
		ck_assert(WIFSIGNALED(status));
		ck_assert_msg(state_read(directory, &first, &err) == 0, "%s", err.text);
		state_clear(&first);
	}
	/* Nor does what it left behind stop the removal. */
	ck_assert_int_eq(state_remove(root, "c1", NULL), 0);
	ck_assert_int_eq(state_open(root, "c1", NULL), -ENOENT);
}
END_TEST

START_TEST(test_the_lock_holds_others_off)
{
	auto_fd directory = state_create(root, "c1", NULL);
	int lock = state_lock(directory, NULL);
	auto_fd other = openat(directory, "lock", O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(lock, 0);
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	ck_assert_int_eq(close(lock), 0);
	ck_assert_int_eq(flock(other, LOCK_EX | LOCK_NB), 0);
}
END_TEST

/* Who waits for the lock while the container is deleted must not get one on a file that is gone. */
START_TEST(test_a_lock_outlived_by_its_container)
{
	auto_fd directory = state_create(root, "c1", NULL);
	auto_fd lock = state_lock(directory, NULL);
	pid_t waiter = fork();
	int status;

	if (waiter == 0) {
		struct err err = { 0 };

		(void) close(lock);
		_exit(state_lock(directory, &err) == -ENOENT && strstr(err.text, "does not exist") ? 0 : 1);
	}
	/* The waiter sits in flock(2) when the kernel lists it there. */
	for (;;) {
		auto_text locks = { 0 };

		ck_assert_int_eq(file_read_at(AT_FDCWD, "/proc/locks", 1u << 20, &locks, NULL), 0);
		if (strstr(text_str(&locks), "-> FLOCK"))
			break;
	}
	ck_assert_int_eq(state_remove(root, "c1", NULL), 0);
	ck_assert_int_eq(close(TAKE_FD(lock)), 0);
	ck_assert_int_eq(waitpid(waiter, &status, 0), waiter);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(state_lock(directory, NULL), -ENOENT);
}
END_TEST

/* Field 22, read here in another way than the code does: the name of this program has no blanks. */
static uint64_t start_ticks_of(pid_t pid)
{
	auto_free char *name = text_format("/proc/%d/stat", (int) pid);
	auto_text stat = { 0 };
	char *word;

	ck_assert_int_eq(file_read_at(AT_FDCWD, name, 4096, &stat, NULL), 0);
	word = strtok(stat.data, " ");
	for (int field = 1; field < 22; field++)
		word = strtok(NULL, " ");
	return strtoull(word, NULL, 10);
}

START_TEST(test_the_pid_and_its_start_decide)
{
	struct state state = { .status = STATUS_RUNNING,
			       .pid = getpid(),
			       .start_ticks = start_ticks_of(getpid()) };
	pid_t child;

	ck_assert_int_eq(state_status(&state), STATUS_RUNNING);
	state.status = STATUS_CREATED;
	ck_assert_int_eq(state_status(&state), STATUS_CREATED);
	state.start_ticks++;
	ck_assert_int_eq(state_status(&state), STATUS_STOPPED);
	state.pid = 0;
	ck_assert_int_eq(state_status(&state), STATUS_CREATING);

	child = fork();
	if (child == 0)
		_exit(0);
	state =
	    (struct state){ .status = STATUS_RUNNING, .pid = child, .start_ticks = start_ticks_of(child) };
	ck_assert_int_eq(waitid(P_PID, (id_t) child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(state_status(&state), STATUS_STOPPED); /* a zombie */
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(state_status(&state), STATUS_STOPPED);
}
END_TEST

START_TEST(test_state_as_callers_see_it)
{
	struct state state = { 0 };
	auto_json running = NULL;
	auto_json stopped = NULL;

	fill(&state);
	running = state_to_json(&state, STATUS_PAUSED);
	stopped = state_to_json(&state, STATUS_STOPPED);
	ck_assert_str_eq(json_get_string(running, "ociVersion"), "1.3.0");
	ck_assert_str_eq(json_get_string(running, "id"), "c1");
	ck_assert_str_eq(json_get_string(running, "status"), "paused");
	ck_assert_int_eq(json_int(json_get(running, "pid"), -1), 4711);
	ck_assert_str_eq(json_get_string(running, "bundle"), "/b \"x\"");
	ck_assert_str_eq(json_get_string(running, "rootfs"), "/b \"x\"/rootfs");
	ck_assert_str_eq(json_get_string(running, "annotations.a"), "b");
	ck_assert_str_eq(json_get_string(running, "owner"), "1000");
	ck_assert_str_eq(json_get_string(stopped, "status"), "stopped");
	ck_assert_int_eq(json_int(json_get(stopped, "pid"), -1), 0);
	ck_assert(!json_has(running, "config") && !json_has(running, "cgroups"));
	state_clear(&state);
}
END_TEST

Suite *test_state(void);
Suite *test_state(void)
{
	Suite *suite = suite_create("oci/state");
	TCase *tcase = tcase_create("state");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, make_root, remove_root);
	tcase_add_test(tcase, test_ids);
	tcase_add_test(tcase, test_root_is_made_private);
	tcase_add_test(tcase, test_an_id_is_taken_once);
	tcase_add_test(tcase, test_absent_containers_do_not_exist);
	tcase_add_test(tcase, test_links_are_not_followed);
	tcase_add_test(tcase, test_what_is_written_is_read);
	tcase_add_test(tcase, test_broken_states_are_refused);
	tcase_add_test(tcase, test_a_killed_writer_leaves_a_whole_state);
	tcase_add_test(tcase, test_the_lock_holds_others_off);
	tcase_add_test(tcase, test_a_lock_outlived_by_its_container);
	tcase_add_test(tcase, test_the_pid_and_its_start_decide);
	tcase_add_test(tcase, test_state_as_callers_see_it);
	suite_add_tcase(suite, tcase);
	return suite;
}
