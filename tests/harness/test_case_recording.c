/* A case gets its own recording, whatever else lies in the channel. */
#include "tests/unit.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/recording.h"
#include "harness/case.h"
#include "harness/case_recording.h"
#include "harness/case_watch.h"
#include "harness/channel.h"
#include "harness/engine.h"

Suite *test_case_recording(void);

/* The engine's answer for an item: a recording of so many marks. */
static void answer(int channel, size_t item, size_t events)
{
	const struct channel_message message = { .word = CHANNEL_RECORDING, .item = item };
	auto_fd fd = memfd_create("recording", MFD_CLOEXEC);
	auto_json symbols = json_new_object();
	auto_text bytes = { 0 }, file = { 0 };

	for (size_t i = 0; i < events; i++) {
		struct event mark = { .type = EVENT_MARK,
				      .sequence = i,
				      .args = { MARK_PHASE, PHASE_CREATE } };

		text_add_bytes(&bytes, &mark, sizeof(mark));
	}
	struct recording recording = { symbols, (unsigned char *) bytes.data, bytes.len, events, 0 };
	recording_print(&recording, false, &file);
	ck_assert_int_eq(file_write_all(fd, file.data, file.len), 0);
	ck_assert_int_eq(channel_send(channel, &message, fd), 0);
}

/* What a case's observation becomes with an answer of five marks, beside one to another case. */
static struct json *joined(const struct conformance_case *c)
{
	char name[] = "none", path[] = "/nowhere/none";
	struct runtime runtime = { .name = name, .path = path };
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	auto_fd engine = pair[0], worker = pair[1];
	const struct case_watch watch = {
		.job = { .c = c, .id = "a/b", .number = 4, .runtime = &runtime, .secret = 1 },
		.channel = worker,
		.out = -1,
	};
	struct json *observation = json_new_object();
	struct err err = { 0 };
	answer(engine, 3, 2);
	answer(engine, 4, 5);
	ck_assert_msg(case_recording_join(&watch, observation, &err) == 0, "%s", err.text);
	return observation;
}

START_TEST(an_answer_to_another_case_is_passed_over)
{
	static const struct conformance_case none;
	auto_json observation = joined(&none);

	ck_assert_int_eq(json_int(json_get(observation, "recording.events"), -1), 5);
}
END_TEST

/* A server's recording has several containers, and the case no config.json: a rule that it seems to break is none. */
START_TEST(rules_are_for_runtimes)
{
	static const struct conformance_case runtime, server = { .cri = 1 };
	auto_json one = joined(&runtime);
	auto_json other = joined(&server);

	ck_assert_uint_eq(json_length(json_member(one, "rules")), 25);
	ck_assert_ptr_nonnull(json_member(other, "kernel"));
	ck_assert_ptr_null(json_member(other, "rules"));
}
END_TEST

START_TEST(an_engine_that_is_gone_is_told)
{
	struct err err = { 0 };
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	auto_fd worker = pair[1];
	const struct case_watch watch = { .job = { .number = 4, .secret = 1 }, .channel = worker, .out = -1 };
	ck_assert_int_eq(close(pair[0]), 0);
	ck_assert_int_lt(case_recording_join(&watch, NULL, &err), 0);
	ck_assert_str_eq(err.text, "recording: ask the recorder: Broken pipe");
}
END_TEST

Suite *test_case_recording(void)
{
	return UNIT_SUITE("case recording", an_answer_to_another_case_is_passed_over, rules_are_for_runtimes,
			  an_engine_that_is_gone_is_told);
}
