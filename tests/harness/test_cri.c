/* The CRI half of a case: requests, logs, images and the judgement of calls, all without a server. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/sha256.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/cri_image.h"
#include "harness/cri_part.h"
#include "harness/engine.h"
#include "harness/judge.h"
#include "harness/live.h"
#include "harness/record.h"
#include "harness/world.h"

Suite *test_cri(void);

static struct json *parse(const char *text)
{
	struct err err = { 0 };
	struct json *ret = NULL;

	ck_assert_msg(json_parse(text, strlen(text), &ret, &err) == 0, "%s: %s", text, err.text);
	return ret;
}

static void check_request(const char *method, const char *argument, const char *expected)
{
	auto_json config =
	    parse("{\"sandbox\": {\"metadata\": {\"name\": \"pod\", \"uid\": \"u\"}}, "
		  "\"container\": {\"metadata\": {\"name\": \"probe\"}, \"log_path\": \"probe.log\"}}");
	auto_json symbols = parse(
	    "{\"@sandbox\": \"s1\", \"@sandbox-b\": \"s2\", \"@container\": \"c1\", \"@handler\": \"\"}");
	auto_json given = argument ? parse(argument) : NULL;
	auto_json wanted = parse(expected);
	const struct bench bench = { .config = config, .symbols = symbols };
	auto_json request = cri_request(&bench, method, given);
	auto_text seen = { 0 };

	json_print(request, 0, &seen);
	ck_assert_msg(json_equal(request, wanted), "%s %s gave %s", method, argument ? argument : "",
		      text_str(&seen));
}

START_TEST(requests_are_the_usual_ones_with_the_step_laid_over)
{
	check_request("StopContainer", NULL, "{\"container_id\": \"c1\", \"timeout\": 2}");
	check_request("StopContainer", "{\"timeout\": 0}", "{\"container_id\": \"c1\", \"timeout\": 0}");
	check_request("StopContainer", "{\"container_id\": null, \"$deadline_ms\": 5}", "{\"timeout\": 2}");
	check_request(
	    "RunPodSandbox", NULL,
	    "{\"config\": {\"metadata\": {\"name\": \"pod\", \"uid\": \"u\"}}, \"runtime_handler\": \"\"}");
	check_request("RunPodSandbox", "{\"$as\": \"b\", \"config\": {\"metadata\": {\"uid\": null}}}",
		      "{\"config\": {\"metadata\": {\"name\": \"pod-b\"}}, \"runtime_handler\": \"\"}");
	check_request("CreateContainer", "{\"$as\": \"c\", \"$in\": \"b\"}",
		      "{\"pod_sandbox_id\": \"s2\", \"config\": {\"metadata\": {\"name\": \"probe-c\"}, "
		      "\"log_path\": \"probe-c.log\"}, \"sandbox_config\": {\"metadata\": {\"name\": "
		      "\"pod-b\", \"uid\": \"u-b\"}}}");
}
END_TEST

START_TEST(logs_are_read_line_by_line)
{
	static const char log[] = "2026-01-02T03:04:05.000000006Z stdout F one\n"
				  "2026-01-02T03:04:05.1Z stderr P:x  two\n"
				  "nonsense\n"
				  "2026-01-02T03:04:05.2Z stdout F \n"
				  "2026-01-02T03:04:05.3Z stdout F cut off";
	auto_json lines = cri_log_lines(log, strlen(log));
	auto_json wanted = parse("[{\"time\": \"2026-01-02T03:04:05.000000006Z\", \"stream\": \"stdout\", "
				 "\"tag\": \"F\", \"content\": \"one\"},"
				 "{\"time\": \"2026-01-02T03:04:05.1Z\", \"stream\": \"stderr\", \"tag\": "
				 "\"P:x\", \"content\": \" two\"},"
				 "{}, {\"time\": \"2026-01-02T03:04:05.2Z\", \"stream\": \"stdout\", "
				 "\"tag\": \"F\", \"content\": \"\"}]");
	auto_text seen = { 0 };

	json_print(lines, 0, &seen);
	ck_assert_msg(json_equal(lines, wanted), "%s", text_str(&seen));
}
END_TEST

static const struct conformance_case life = {
	POD_CASE(life),
	.title = "t",
	.clause = { MUST("x") },
	.when = { DO(RunPodSandbox), DO(CreateContainer) },
};

static enum verdict judged(const char *document)
{
	auto_json observation = parse(document);
	struct judgement judgement;

	judge(&life, observation, false, &judgement);
	enum verdict ret = judgement.verdict;
	judgement_free(&judgement);
	return ret;
}

#define STEP "{\"verb\": \"x\", \"code\": 0, \"status\": \"OK\"}"
#define RUN_STATE "{\"exists\": false, \"sandbox\": {\"state\": \"SANDBOX_READY\"}}"

/* An answer OK proves nothing: the status after it must say the same. */
START_TEST(a_call_must_have_done_what_it_says)
{
	ck_assert_int_eq(judged("{\"exit\": {\"step\": [" STEP ", " STEP
				"]}, \"state\": {\"step\": [" RUN_STATE
				", {\"exists\": true, \"container\": {\"state\": \"CONTAINER_CREATED\"}}]}}"),
			 VERDICT_PASS);
	ck_assert_int_eq(judged("{\"exit\": {\"step\": [" STEP ", " STEP
				"]}, \"state\": {\"step\": [" RUN_STATE
				", {\"exists\": true, \"container\": {\"state\": \"CONTAINER_RUNNING\"}}]}}"),
			 VERDICT_FAIL);
	ck_assert_int_eq(judged("{\"exit\": {\"step\": [" STEP ", " STEP
				"]}, \"state\": {\"step\": [" RUN_STATE ", {\"exists\": false}]}}"),
			 VERDICT_FAIL);
	ck_assert_int_eq(
	    judged("{\"exit\": {\"step\": [" STEP "]}, \"state\": {\"step\": [{\"exists\": false}]}}"),
	    VERDICT_FAIL);
}
END_TEST

static void check_rung(const struct expect *row, const char *rung)
{
	struct conformance_case c = { POD_CASE(told), .when = { DO(Version) }, .then = { row } };
	auto_json observation = parse("{\"exit\": {\"step\": [" STEP "]}, \"state\": {}, \"host\": {}}");
	struct judgement judgement;

	judge(&c, observation, false, &judgement);
	ck_assert_int_eq(judgement.verdict, VERDICT_FAIL);
	ck_assert_str_eq(judgement.rung, rung);
	judgement_free(&judgement);
}

/* A wrong answer is wrong at the interface, before any config.json. */
START_TEST(answers_are_of_the_interface)
{
	check_rung(EXIT("Version.response.version", equals, "1"), "L2 CRI");
	check_rung(STATE("after.StartContainer.container.state", equals, "1"), "L2 CRI");
	check_rung(STATE("after.StartContainer.info.info.runtimeSpec.hostname", equals, "a"), "L3 OCI");
	check_rung(HOST("init.pid", equals, 1), "L5 kernel now");
	check_rung(HOST("log_last", equals, "x"), "L2 CRI");
}
END_TEST

static char *scratch(void)
{
	char *path = text_format("%s/plumbline-cri-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");

	ck_assert_ptr_nonnull(mkdtemp(path));
	return path;
}

static void make_tree(int directory)
{
	struct err err = { 0 };

	ck_assert_int_eq(mkdirat(directory, "rootfs", 0755), 0);
	ck_assert_int_eq(mkdirat(directory, "rootfs/tmp", 0755), 0);
	ck_assert_int_eq(fchmodat(directory, "rootfs/tmp", 01777, 0), 0);
	ck_assert_int_eq(symlinkat("tmp", directory, "rootfs/link"), 0);
	ck_assert_int_eq(file_create_at(directory, "rootfs/file", "hello", 5, 0640, &err), 0);
	ck_assert_int_eq(fchmodat(directory, "rootfs/file", 0640, 0), 0);
}

static void read_by_tar(const char *directory, const char *archive, struct text *out)
{
	auto_free char *path = text_format("%s/%s", directory, archive);
	const char *const argv[] = { "tar", "-tvf", path, NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process_capture capture = { .out = out, .max = 65536, .timeout_ms = 20000 };
	struct process_status status;
	struct err err = { 0 };

	options.argv = argv;
	ck_assert_msg(process_run(&options, &capture, &status, &err) == 0, "%s", err.text);
	ck_assert_msg(status.exited && status.code == 0, "tar says %s", text_str(out));
}

/* Read by a foreign tar; every blob is named by its own digest, and the names of the index lead to all of them. */
START_TEST(an_image_is_a_layout_that_others_read)
{
	auto_free char *path = scratch();
	auto_fd directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_json config = parse("{\"Cmd\": [\"/file\"]}");
	const struct cri_image images[] = { { "example.test/a:1", config }, { "example.test/b:1", config } };
	struct err err = { 0 };
	auto_free char *id = NULL;

	make_tree(directory);
	auto_fd rootfs = openat(directory, "rootfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(cri_image_write(directory, "image", rootfs, images, 2, &id, &err) == 0, "%s", err.text);
	auto_json index = NULL;
	ck_assert_int_eq(json_read_at(directory, "image/index.json", 65536, &index, &err), 0);
	ck_assert_uint_eq(json_length(json_member(index, "manifests")), 2);
	const char *digest = json_get_string(index, "manifests[0].digest");
	auto_free char *blob = text_format("image/blobs/sha256/%s", digest + strlen("sha256:"));
	auto_json manifest = NULL;
	ck_assert_int_eq(json_read_at(directory, blob, 65536, &manifest, &err), 0);
	ck_assert_str_eq(json_get_string(manifest, "config.digest"), id);
	const char *layer = json_get_string(manifest, "layers[0].digest") + strlen("sha256:");
	auto_free char *archive = text_format("image/blobs/sha256/%s", layer);
	auto_fd bytes = openat(directory, archive, O_RDONLY | O_CLOEXEC);
	char hex[SHA256_HEX_SIZE];
	ck_assert_int_eq(sha256_fd(bytes, hex, &err), 0);
	ck_assert_str_eq(hex, layer);
	auto_text listing = { 0 }, whole = { 0 };
	read_by_tar(path, archive, &listing);
	ck_assert_ptr_nonnull(strstr(text_str(&listing), "-rw-r-----"));
	ck_assert_ptr_nonnull(strstr(text_str(&listing), "drwxrwxrwt"));
	ck_assert_ptr_nonnull(strstr(text_str(&listing), "link -> tmp"));
	read_by_tar(path, "image.tar", &whole);
	ck_assert_ptr_nonnull(strstr(text_str(&whole), "oci-layout"));
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, path, &err), 0);
}
END_TEST

static void wish(struct bench *bench, const char *words)
{
	auto_json argument = words ? parse(words) : NULL;
	struct step_result result = { 0 };
	struct err err = { 0 };

	ck_assert_msg(cri_step_handler(bench, argument, &result, &err) == 0, "%s", err.text);
	json_free(result.exit);
}

/* Whether open(2) of a reader that waits for a writer returns: with none a read sees end-of-file, with one nothing yet. */
static bool lets_go_on(const char *pipe)
{
	auto_fd fd = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char byte;

	ck_assert_int_ge(fd, 0);
	return read(fd, &byte, 1) < 0 && errno == EAGAIN;
}

START_TEST(who_comes_late_to_where_it_was_held_goes_on)
{
	char directory[] = "/tmp/plumbline-test.XXXXXX";
	struct err err = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(directory));
	auto_free char *handler = text_format("%s/handler", directory);
	auto_free char *pipe = text_format("%s.pipe", handler);
	const struct runtime runtime = { .handler = (char[]){ "/bin/true" } };
	const struct case_job job = { .runtime = &runtime };
	auto_json symbols = json_new_object();
	struct world_place place = { 0 };
	struct bench bench = { .place = &place, .job = &job, .symbols = symbols };

	ck_assert_int_eq(cri_prepare_symbols(&bench, false), 0);
	json_put(symbols, "@handler-path", json_new_string(handler));
	ck_assert_msg(cri_write_handler(&bench, &err) == 0, "%s", err.text);
	wish(&bench, "[\"hold\", \"create\"]");
	ck_assert(!lets_go_on(pipe));
	wish(&bench, NULL); /* it has said that it is held, and has not opened the pipe yet */
	ck_assert(lets_go_on(pipe));
	wish(&bench, "[\"hold\", \"create\"]");
	ck_assert(!lets_go_on(pipe));
	cri_close(&bench);
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, directory, &err), 0);
}
END_TEST

/* A row that says what a log lacks would hold of any log whose beginning alone it was shown. */
START_TEST(a_log_is_seen_to_its_end)
{
	char directory[] = "/tmp/plumbline-test.XXXXXX";
	struct err err = { 0 };
	auto_text text = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(directory));
	auto_free char *log = text_format("%s/probe.log", directory);
	auto_json symbols = json_new_object();
	auto_json host = json_new_object();
	struct cri cri = { .log = log };
	const struct bench bench = { .symbols = symbols, .cri = &cri };

	json_put(symbols, "@logs", json_new_string(directory));
	text_add(&text, "2026-11-23T15:30:00.000000001Z stdout F ");
	while (text.len < 5000)
		text_add(&text, "census ");
	text_add(&text, "\n2026-11-23T15:30:00.000000002Z stdout F only-here\n");
	ck_assert_int_eq(file_create_at(AT_FDCWD, log, text_str(&text), text.len, 0644, &err), 0);
	cri_log_observe(&bench, host);
	const char *content = json_get_string(host, "logs[probe.log].content");
	ck_assert_ptr_nonnull(content);
	ck_assert_ptr_nonnull(strstr(content, "only-here"));
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, directory, &err), 0);
}
END_TEST

static bool is_sent(struct bench *bench, int64_t pid, const char *id)
{
	auto_json argument = parse("{\"to\": \"sandbox\", \"name\": \"SIGWINCH\"}"); /* nobody minds */
	struct step_result result = { 0 };
	struct err err = { 0 };

	json_free(bench->cri->ours);
	bench->cri->ours = json_new_object();
	json_put(bench->cri->ours, id, json_new_bool(true));
	bench->cri->sandbox_pid = pid;
	ck_assert_msg(cri_step_signal(bench, argument, &result, &err) == 0, "%s", err.text);
	bool sent = json_int(json_member(result.exit, "code"), 1) == 0;
	json_free(result.exit);
	return sent;
}

START_TEST(a_signal_is_for_ours_alone)
{
	struct live live = { .address = NULL };
	struct runtime runtime = { .handler = NULL };
	const struct case_job job = { .runtime = &runtime };
	struct world_place place = { 0 };
	auto_json symbols = json_new_object();
	struct bench bench = { .place = &place, .job = &job, .symbols = symbols };
	auto_text cgroups = { 0 };

	ck_assert_int_eq(cri_prepare_symbols(&bench, false), 0);
	ck_assert(is_sent(&bench, getpid(), "no-cgroup-has-this-name"));
	/* A pid_t of -1 is everybody. */
	ck_assert(!is_sent(&bench, UINT32_MAX, "no-cgroup-has-this-name"));
	ck_assert(!is_sent(&bench, -1, "no-cgroup-has-this-name"));
	runtime.live = &live;
	ck_assert(!is_sent(&bench, getpid(), "no-cgroup-has-this-name"));
	ck_assert(!is_sent(&bench, getpid(), ""));
	ck_assert(!is_sent(&bench, getpid(), ":"));
	ck_assert_int_ge(file_read_at(AT_FDCWD, "/proc/self/cgroup", 65536, &cgroups, NULL), 0);
	if (cgroups.len > 20)
		ck_assert(is_sent(&bench, getpid(), text_str(&cgroups)));
	cri_close(&bench);
}
END_TEST

/* A helper that has a stream without an end. */
START_TEST(answers_without_end_are_too_many)
{
	static const char script[] = "#!/bin/sh\nread -r _\n"
				     "exec yes '{\"id\":1,\"item\":{\"x\":\"%0512d\"}}'\n";
	char path[] = "/tmp/plumbline-test.XXXXXX";
	auto_fd file = mkstemp(path);
	auto_free char *program = text_format(script, 0);
	struct cri_helper helper = CRI_HELPER_INIT;
	struct world_place place = { 0 };
	struct json *answer = NULL;
	struct err err = { 0 };

	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(file_write_all(file, program, strlen(program)), 0);
	ck_assert_int_eq(fchmod(file, 0700), 0);
	cleanup_fd(&file);
	ck_assert_msg(reaper_start(&place.reaper, &err) == 0, "%s", err.text);
	ck_assert_msg(cri_helper_start(&place, path, "nowhere", &helper, &err) == 0, "%s", err.text);
	ck_assert_int_eq(cri_helper_send(&helper, "GetContainerEvents", NULL, 60000, &err), 1);
	ck_assert_int_eq(cri_helper_await(&helper, 1, process_now_ms() + 60000, &answer, &err), -EFBIG);
	ck_assert_ptr_null(answer);
	cri_helper_stop(&helper);
	reaper_stop(&place.reaper);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

Suite *test_cri(void)
{
	return UNIT_SUITE("cri", requests_are_the_usual_ones_with_the_step_laid_over,
			  logs_are_read_line_by_line, a_call_must_have_done_what_it_says,
			  answers_are_of_the_interface, an_image_is_a_layout_that_others_read,
			  who_comes_late_to_where_it_was_held_goes_on, a_signal_is_for_ours_alone,
			  answers_without_end_are_too_many, a_log_is_seen_to_its_end);
}
