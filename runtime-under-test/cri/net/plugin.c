/* One run of one plugin: the protocol of CNI.md#section-2. A plugin is a stranger: its time and its output are bounded. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/network.h"
#include "runtime-under-test/oci/faults.h"

#define OUTPUT_MAX (1u << 20)
/* Where the caller set no deadline: DHCP takes its time, but not for ever. */
#define PLUGIN_MS 120000

enum { ENV_COUNT = 8 };

static int make_input(const struct json *config, struct err *err)
{
	auto_fd fd = memfd_create("cni-config", MFD_CLOEXEC);
	auto_text text = { 0 };
	int r;

	json_print(config, 0, &text);
	if (fd < 0)
		return fail(err, -errno, "make a file for the plugin's input");
	r = file_write_all(fd, text.data, text.len);
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return fail(err, r < 0 ? r : -errno, "write the plugin's input");
	return TAKE_FD(fd);
}

static void make_environment(const struct plugin_call *call, char *env[ENV_COUNT])
{
	const char *path = getenv("PATH");

	env[0] = text_format("CNI_COMMAND=%s", call->command);
	env[1] = text_format("CNI_CONTAINERID=%s", call->id);
	env[2] = text_format("CNI_NETNS=%s", call->netns ? call->netns : "");
	env[3] = text_format("CNI_IFNAME=" NET_INTERFACE);
	env[4] = text_format("CNI_ARGS=%s", call->args);
	env[5] = text_format("CNI_PATH=%s", call->bin_dir);
	env[6] = text_format("PATH=%s", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	env[7] = NULL;
}

/* CNI.md#error: {"code", "msg", "details"} on standard output; else what it said last. */
static int read_failure(const struct process_status *status, const struct text *out, struct text *said,
			struct err *err)
{
	auto_json answer = NULL;
	const char *message, *details, *last;

	(void) json_parse(text_str(out), out->len, &answer, NULL);
	message = json_get_string(answer, "msg");
	details = json_get_string(answer, "details");
	if (message && *message)
		return fail_text(err, -EIO, "%s%s%s", message, details && *details ? "; " : "",
				 details ? details : "");
	text_trim_end(said);
	last = strrchr(text_str(said), '\n');
	last = last ? last + 1 : text_str(said);
	if (status->exited)
		return fail_text(err, -EIO, "exit code %d%s%s", status->code, *last ? ": " : "", last);
	return fail_text(err, -EIO, "killed by signal %d%s%s", status->signal, *last ? ": " : "", last);
}

static int read_answer(const struct process_status *status, const struct text *out, struct text *said,
		       struct json **ret, struct err *err)
{
	int r;

	if (!status->exited || status->code != 0)
		return read_failure(status, out, said, err);
	*ret = NULL;
	if (!out->len)
		return 0;
	r = json_parse(out->data, out->len, ret, err);
	return r < 0 ? fail(err, -EIO, "its answer is no JSON") : 0;
}

static int run(const struct plugin_call *call, const char *program, int input, struct json **ret,
	       struct err *err)
{
	int64_t left = call->deadline < 0 ? PLUGIN_MS : call->deadline - process_now_ms();
	const char *argv[] = { program, NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process_status status = { 0 };
	auto_text out = { 0 }, said = { 0 };
	uint64_t dropped = 0;
	struct process_capture capture = { .out = &out,
					   .err = &said,
					   .max = OUTPUT_MAX,
					   .timeout_ms = left < 0 ? 0 : left,
					   .ret_dropped = &dropped };
	char *env[ENV_COUNT];
	int r;

	if (fault("cri-cni-without-deadline"))
		capture.timeout_ms = PLUGIN_MS;
	make_environment(call, env);
	options.argv = argv;
	options.env = (const char *const *) env;
	options.stdio[0] = input;
	options.new_group = true; /* what it started ends with it when the time is over */
	r = process_run(&options, &capture, &status, err);
	for (size_t i = 0; env[i]; i++)
		free(env[i]);
	if (r < 0)
		return r;
	if (dropped)
		return fail_text(err, -EIO, "it printed more than %u bytes", OUTPUT_MAX);
	return read_answer(&status, &out, &said, ret, err);
}

int plugin_run(const struct plugin_call *call, struct json **ret_result, struct err *err)
{
	const char *type = json_get_string(call->config, "type");
	auto_free char *program = text_format("%s/%s", call->bin_dir, type);
	auto_fd input = make_input(call->config, err);
	int r = input;

	if (r >= 0)
		r = run(call, program, input, ret_result, err);
	return r < 0 ? fail(err, r, "CNI plugin %s: %s", type, call->command) : 0;
}
