/* One recorder serves all workers: a recorder per command would lose init between `create` and `start`. */
#include "harness/engine_recording.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/recorder.h"
#include "harness/channel.h"
#include "harness/workers.h"

/* 16 MiB hold some 60,000 events: more than the busiest machine makes in this time without a storm, whose loss is counted. */
#define DRAIN_MS 10
/* The mark that closes a tag may itself have been lost; then this is when we stop waiting for it. */
#define CLOSE_MS 1000

int recordings_poll_ms(const struct recorder *recorder, size_t running)
{
	return recorder && running ? DRAIN_MS : -1;
}

void recordings_want(struct worker *worker)
{
	worker->wait_until = process_now_ms() + CLOSE_MS;
}

static int send_recording(const struct worker *worker, const struct recording *recording, struct err *err)
{
	const struct channel_message message = { .word = CHANNEL_RECORDING, .item = worker->item };
	auto_fd fd = memfd_create("plumbline-recording", MFD_CLOEXEC);
	auto_text bytes = { 0 };
	int r = fd < 0 ? -errno : 0;

	recording_print(recording, false, &bytes);
	if (r >= 0)
		r = file_write_all(fd, bytes.data, bytes.len);
	if (r < 0)
		return fail(err, r, "hand over a recording");
	/* A worker that is gone shows by its pidfd. */
	(void) channel_send(worker->channel, &message, fd);
	return 0;
}

static int deliver(struct recorder *recorder, uint32_t tag, struct worker *worker, struct err *err)
{
	struct recording recording;
	int r = recorder_take(recorder, tag, json_new_object(), &recording, err);

	worker->wait_until = 0;
	if (r < 0)
		return r;
	r = send_recording(worker, &recording, err);
	recording_free(&recording);
	return r;
}

int recordings_deliver(struct recorder *recorder, uint32_t first_tag, struct worker *workers, size_t count,
		       struct err *err)
{
	int r = recorder ? recorder_drain(recorder, err) : 0;

	for (size_t i = 0; recorder && r >= 0 && i < count; i++) {
		struct worker *worker = &workers[i];
		uint32_t tag = first_tag + (uint32_t) worker->item;

		if (!worker->wait_until)
			continue;
		if (recorder_is_closed(recorder, tag) || process_now_ms() > worker->wait_until)
			r = deliver(recorder, tag, worker, err);
	}
	return r;
}

void recordings_forget(struct recorder *recorder, uint32_t first_tag, struct worker *worker, size_t item)
{
	worker->wait_until = 0;
	if (recorder)
		recorder_forget(recorder, first_tag + (uint32_t) item);
}
