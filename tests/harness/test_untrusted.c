/* What a container, a server or a guest hands over and wants more room or right with than it should have. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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
#include "harness/agent.h"
#include "harness/case_run.h"
#include "harness/case_watch.h"
#include "harness/cri.h"
#include "harness/guest.h"
#include "harness/live.h"
#include "harness/observe.h"
#include "harness/options.h"
#include "harness/prepare_run.h"
#include "harness/reaper.h"
#include "harness/tar.h"

Suite *test_untrusted(void);

static char directory[64];

static void make_directory(void)
{
	(void) strcpy(directory, "/tmp/plumbline-untrusted-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void)
{
	struct err err = { 0 };

	ck_assert_msg(file_remove_tree_at(AT_FDCWD, directory, &err) == 0, "%s", err.text);
}

static void write_file(const char *name, const void *data, size_t len, mode_t mode)
{
	auto_free char *path = text_format("%s/%s", directory, name);
	struct err err = { 0 };

	ck_assert_msg(file_create_at(AT_FDCWD, path, data, len, mode, &err) == 0, "%s", err.text);
}

/* Holes cost a world nothing; written out they would fill the machine's disk. */
START_TEST(what_is_kept_has_an_end)
{
	off_t kept = 0;

	make_directory();
	auto_fd top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(top, "bundle", 0755), 0);
	write_file("bundle/config.json", "{}", 2, 04755);
	for (int i = 0; i < 9; i++) {
		auto_free char *path = text_format("bundle/hole-%d", i);
		auto_fd hole = openat(top, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		ck_assert_int_eq(ftruncate(hole, 32 << 20), 0);
	}
	case_keep_home(top, top, "a/case");
	for (int i = 0; i < 9; i++) {
		auto_free char *path = text_format("kept/a/case/bundle/hole-%d", i);
		struct stat st;

		if (fstatat(top, path, &st, 0) == 0)
			kept += st.st_size;
	}
	ck_assert_int_gt(kept, 0);
	ck_assert_int_le(kept, 192 << 20);
	remove_directory();
}
END_TEST

START_TEST(what_is_kept_is_whole)
{
	struct stat st;
	auto_text text = { 0 };

	make_directory();
	auto_fd top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(top, "bundle", 0755), 0);
	ck_assert_int_eq(mkdirat(top, "bundle/rootfs", 0755), 0);
	write_file("bundle/rootfs/x", "abc", 3, 0640);
	ck_assert_int_eq(symlinkat("/etc/shadow", top, "bundle/link"), 0);
	case_keep_home(top, top, "a/case");
	ck_assert_int_eq(file_read_at(top, "kept/a/case/bundle/rootfs/x", 10, &text, NULL), 0);
	ck_assert_str_eq(text_str(&text), "abc");
	ck_assert_int_eq(fstatat(top, "kept/a/case/bundle/rootfs/x", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(fstatat(top, "kept/a/case/bundle/link", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert(S_ISLNK(st.st_mode));
	remove_directory();
}
END_TEST

static _Noreturn void flood(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const char zeros[65536];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void) strcpy(address.sun_path, path);
	(void) signal(SIGPIPE, SIG_IGN);
	if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
		_exit(1);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	_exit(errno == EPIPE || errno == ECONNRESET ? 0 : 1);
}

START_TEST(an_agent_hears_so_much_and_no_more)
{
	struct reaper reaper = { .signal_fd = -EBADF };
	struct agent agent = AGENT_INIT;
	struct err err = { 0 };
	int status;

	make_directory();
	auto_free char *path = text_format("%s/agent", directory);
	ck_assert_msg(agent_listen(&agent, &reaper, path, &err) == 0, "%s", err.text);
	const struct reaper_watch *watch = &reaper.watches[4];
	pid_t child = fork();
	if (child == 0)
		flood(path);
	/* Until it has been cut off; each round comes to an end, whatever it still sends. */
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct pollfd ready = { .fd = watch->fd, .events = POLLIN };

		if (poll(&ready, 1, 10) > 0)
			watch->ready(watch->argument);
	}
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(json_length(agent.messages), 64);
	agent_close(&agent);
	remove_directory();
}
END_TEST

/* A plain file's header, made that of a block device: the first disk, writable by all. */
static void turn_into_device(char *header)
{
	char sum[8];

	header[156] = '4';
	(void) memcpy(&header[329], "0000010", 8);
	(void) memcpy(&header[337], "0000000", 8);
	(void) memset(&header[148], ' ', 8);
	unsigned total = 0;
	for (size_t i = 0; i < 512; i++)
		total += (unsigned char) header[i];
	(void) snprintf(sum, sizeof(sum), "%06o", total);
	(void) memcpy(&header[148], sum, 7);
}

START_TEST(a_guest_brings_no_rights)
{
	struct err err = { 0 };
	auto_text archive = { 0 };
	struct stat st;

	make_directory();
	auto_free char *path = text_format("%s/archive", directory), *file = text_format("%s/x", directory);
	ck_assert_int_eq(tar_add_file("x", "abc", 3, 06777, &archive, &err), 0);
	tar_end(&archive);
	write_file("archive", archive.data, archive.len, 0644);
	(void) umask(022);
	ck_assert_msg(guest_unpack(directory, path, &err) == 0, "%s", err.text);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0755);
	ck_assert_int_lt(access(path, F_OK), 0);
	remove_directory();
}
END_TEST

START_TEST(a_guest_brings_no_devices)
{
	struct err err = { 0 };
	auto_text archive = { 0 };
	struct stat st;

	make_directory();
	auto_free char *path = text_format("%s/archive", directory), *file = text_format("%s/x", directory);
	ck_assert_int_eq(tar_add_file("x", "", 0, 0666, &archive, &err), 0);
	turn_into_device(archive.data);
	tar_end(&archive);
	write_file("archive", archive.data, archive.len, 0644);
	ck_assert_int_eq(guest_unpack(directory, path, &err), -EBADMSG);
	ck_assert_msg(strstr(err.text, "Cannot mknod"), "%s", err.text);
	ck_assert_int_lt(lstat(file, &st), 0);
	remove_directory();
}
END_TEST

/* Stands for plumbline-cri-call at a server that keeps the first of three pods. */
static const char stubborn[] =
    "#!/bin/sh\n"
    "echo \"$5 $6\" >> \"${0%/*}/calls\"\n"
    "case \"$5 $6\" in\n"
    "ListPod*) echo '{\"items\": [{\"id\": \"a\", \"metadata\": {\"uid\": \"plumbline-1-1\"}},"
    " {\"id\": \"b\", \"metadata\": {\"uid\": \"theirs\"}}, {\"id\": \"c\", \"metadata\": {\"uid\": "
    "\"plumbline-1-2\"}}]}' ;;\n"
    "ListImages*) echo '{\"images\": [{\"repo_tags\": [\"127.0.0.1:5/plumbline-1/w1:1\"]}]}' ;;\n"
    "RemovePodSandbox*\\\"a\\\"*) echo 'INTERNAL: it stays' >&2; exit 1 ;;\n"
    "*) echo '{}' ;;\n"
    "esac\n";

START_TEST(a_pod_that_stays_keeps_no_other)
{
	char address[] = "unix:///none", run[] = "plumbline-1";
	struct live live = { .address = address, .run = run };
	struct err err = { 0 };
	auto_text calls = { 0 };
	size_t count = 0;

	make_directory();
	write_file("call", stubborn, strlen(stubborn), 0755);
	auto_free char *program = text_format("%s/call", directory);
	auto_free char *said = text_format("%s/calls", directory);
	live.program = program;
	ck_assert_int_eq(live_sweep(&live, NULL, &count, &err), -EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "RemovePodSandbox at unix:///none: INTERNAL: it stays"));
	ck_assert_int_eq(count, 3);
	ck_assert_int_eq(file_read_at(AT_FDCWD, said, 4096, &calls, NULL), 0);
	ck_assert_ptr_nonnull(strstr(text_str(&calls), "RemovePodSandbox {\"pod_sandbox_id\":\"c\"}"));
	ck_assert_ptr_nonnull(
	    strstr(text_str(&calls), "RemoveImage {\"image\":{\"image\":\"127.0.0.1:5/plumbline-1/w1:1\"}}"));
	ck_assert_ptr_null(strstr(text_str(&calls), "\"b\""));
	remove_directory();
}
END_TEST

/* The same with pods and images of two dead runs. */
static const char two_runs[] =
    "#!/bin/sh\n"
    "echo \"$5 $6\" >> \"${0%/*}/calls\"\n"
    "case \"$5\" in\n"
    "ListPod*) echo '{\"items\": [{\"id\": \"a\", \"metadata\": {\"uid\": "
    "\"plumbline-20010101-000000-aaaa-1\"}},"
    " {\"id\": \"b\", \"metadata\": {\"uid\": \"plumbline-20010101-000000-bbbb-1\"}}]}' ;;\n"
    "ListImages*) echo '{\"images\": [{\"repo_tags\": [\"127.0.0.1:5/plumbline-20010101-000000-aaaa/w1:1\","
    " \"127.0.0.1:5/plumbline-20010101-000000-bbbb/w1:1\"]}]}' ;;\n"
    "*) echo '{}' ;;\n"
    "esac\n";

START_TEST(who_names_a_run_means_no_other)
{
	char address[] = "unix:///none";
	struct live live = { .address = address };
	struct err err = { 0 };
	auto_text calls = { 0 };
	size_t count = 0;

	make_directory();
	write_file("call", two_runs, strlen(two_runs), 0755);
	auto_free char *program = text_format("%s/call", directory);
	auto_free char *said = text_format("%s/calls", directory);
	live.program = program;
	ck_assert_int_eq(live_sweep(&live, "plumbline-20010101-000000-aaaa", &count, &err), 0);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(file_read_at(AT_FDCWD, said, 4096, &calls, NULL), 0);
	ck_assert_ptr_nonnull(strstr(text_str(&calls), "RemovePodSandbox {\"pod_sandbox_id\":\"a\"}"));
	ck_assert_ptr_nonnull(strstr(text_str(&calls), "aaaa/w1:1\"}}"));
	ck_assert_ptr_null(strstr(text_str(&calls), "\"b\""));
	ck_assert_ptr_null(strstr(text_str(&calls), "bbbb"));
	ck_assert_int_eq(live_sweep(&live, NULL, &count, &err), 0);
	ck_assert_int_eq(count, 4);
	remove_directory();
}
END_TEST

START_TEST(what_stays_at_an_endpoint_is_no_success)
{
	char address[] = "unix:///none", run[] = "plumbline-1";
	struct live live = {
		.address = address, .run = run, .registry = PROCESS_INIT, .home = -EBADF, .cgroup = -EBADF
	};
	struct runtime_found found = { .runtime = { .live = &live } };
	struct prepared_run prepared = { .runtimes = &found, .runtime_count = 1 };

	make_directory();
	write_file("call", stubborn, strlen(stubborn), 0755);
	auto_free char *program = text_format("%s/call", directory);
	live.program = program;
	ck_assert_int_eq(prepared_run_end(&prepared, EXIT_UNEXPECTED_FAILURE), EXIT_UNEXPECTED_FAILURE);
	live.opened = true;
	ck_assert_int_eq(prepared_run_end(&prepared, EXIT_UNEXPECTED_FAILURE), EXIT_BROKEN);
	live.opened = true;
	ck_assert_int_eq(prepared_run_end(&prepared, EXIT_INTERRUPTED), EXIT_INTERRUPTED);
	remove_directory();
}
END_TEST

static void fill_lines(struct text *text, const char *line, size_t count)
{
	text_cut(text, 0);
	for (size_t i = 0; i < count; i++)
		text_add(text, line);
}

/* A value a line is dozens of bytes here for two there. What is not whole is left out: "lacks" would be true of it. */
START_TEST(lines_are_counted)
{
	auto_json facts = json_new_object();
	auto_json meta = json_new_object();
	auto_text text = { 0 };

	fill_lines(&text, "1\n\nno value\n", OBSERVE_LINES_MAX);
	observe_lines(text_str(&text), text.len, facts, "log", meta, "host.log");
	ck_assert_uint_eq(json_length(json_member(facts, "log")), OBSERVE_LINES_MAX);
	ck_assert_uint_eq(json_length(meta), 0);
	fill_lines(&text, "1\n", OBSERVE_LINES_MAX + 1);
	observe_lines(text_str(&text), text.len, facts, "hooks", meta, "host.hooks");
	ck_assert(!json_has(facts, "hooks"));
	ck_assert_str_eq(json_get_string(meta, "[host.hooks].error"), "more than 65536 lines");
}
END_TEST

START_TEST(lines_of_a_log_are_counted)
{
	static const char *const facts[] = { "log", "log_streams", "log_last", "log_partial", "log_longest" };
	auto_json host = json_new_object();
	auto_json meta = json_new_object();
	auto_json symbols = json_new_object();
	struct cri cri = { 0 };
	const struct bench bench = { .symbols = symbols, .cri = &cri, .meta = meta };
	auto_text text = { 0 };

	make_directory();
	auto_free char *log = text_format("%s/log", directory);
	cri.log = log;
	json_put(symbols, "@logs", json_new_string("/nowhere"));
	fill_lines(&text, "\n", 32768);
	write_file("log", text_str(&text), text.len, 0644);
	cri_log_observe(&bench, host);
	ck_assert_uint_eq(json_length(json_member(host, "log")), 32768);
	json_free(host);
	host = json_new_object();
	fill_lines(&text, "\n", 32769);
	write_file("log", text_str(&text), text.len, 0644);
	cri_log_observe(&bench, host);
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		auto_free char *at = text_format("[host.%s].error", facts[i]);

		ck_assert_msg(!json_has(host, facts[i]), "%s", facts[i]);
		ck_assert_str_eq(json_get_string(meta, at), "more than 32768 lines");
	}
	remove_directory();
}
END_TEST

Suite *test_untrusted(void)
{
	return UNIT_SUITE("untrusted", lines_are_counted, lines_of_a_log_are_counted, what_is_kept_has_an_end,
			  what_is_kept_is_whole, an_agent_hears_so_much_and_no_more, a_guest_brings_no_rights,
			  a_guest_brings_no_devices, a_pod_that_stays_keeps_no_other,
			  who_names_a_run_means_no_other, what_stays_at_an_endpoint_is_no_success);
}
