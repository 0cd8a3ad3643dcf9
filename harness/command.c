/* Runs one foreign command to its end or its deadline, with bounded output. */
#include "harness/command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/world.h"

/* A file that grew beyond this is cut after its command, so that the next ones have room. */
#define FILE_KEPT_MAX (4u << 20)
/* What a killed command gets to die. A frozen one does not: it is left to the world's end. */
#define DEATH_MS 500

/* The environment is the same everywhere: what a caller's shell exports must not decide a case. */
const char *const command_environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"LANG=C",
	"XDG_RUNTIME_DIR=/run",
	"PLUMBLINE_STRAY=1", /* no container may ever see it */
	NULL,
};

int64_t command_now_ns(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static int open_output(const struct world_place *place, const char *name, struct err *err)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW;

	/* What an earlier command may have put there, a fifo say, would stop us. */
	(void) unlinkat(place->output, name, 0);
	return file_open_at(place->output, name, flags, 0644, err);
}

/* O_APPEND writers go on behind the new end: no hole appears and nothing is lost but the middle. */
static void make_room(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size > (off_t) FILE_KEPT_MAX)
		(void) ftruncate(fd, FILE_KEPT_MAX);
}

/* The size before a cut is kept in a file beside it: the sentence about it is written much later. */
static void note_size(const struct world_place *place, const char *name, int fd)
{
	auto_free char *file = text_format("%s.size", name);
	auto_text text = { 0 };
	struct statfs room = { 0 };
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size <= (off_t) COMMAND_TEXT_MAX)
		return;
	(void) fstatfs(place->output, &room);
	text_addf(&text, "%" PRIu64 " %d", (uint64_t) st.st_size, room.f_bfree == 0);
	make_room(fd);
	(void) file_create_at(place->output, file, text.data, text.len, 0600, NULL);
}

static int await(struct world_place *place, const struct process *child, const struct command *command,
		 struct command_result *result)
{
	int64_t deadline = process_now_ms() + command->timeout_ms;

	if (reaper_wait_pid(&place->reaper, child->pid, deadline, &result->status) > 0)
		return 0;
	result->timed_out = true;
	(void) process_kill(child, SIGKILL);
	(void) reaper_wait_pid(&place->reaper, child->pid, process_now_ms() + DEATH_MS, &result->status);
	return 0;
}

int command_run(struct world_place *place, const struct command *command, struct command_result *ret,
		struct err *err)
{
	struct command_result result = {
		.out = text_format("%s.out", command->name),
		.errors = text_format("%s.err", command->name),
	};
	struct process child = PROCESS_INIT;
	auto_fd out = open_output(place, result.out, err);
	auto_fd errors = out < 0 ? out : open_output(place, result.errors, err);
	const struct process_options options = {
		.argv = command->argv,
		.env = command_environment,
		.stdio = { command->input, out, errors },
		.directory = command->directory,
		.death_signal = command->death_signal,
	};
	int r = errors < 0 ? errors : 0;

	result.begin_ns = command_now_ns();
	if (r >= 0)
		r = process_spawn(&options, &child, err);
	if (r < 0) {
		command_result_free(&result);
		return r;
	}
	reaper_forget(&place->reaper, child.pid);
	(void) await(place, &child, command, &result);
	result.end_ns = command_now_ns();
	result.ms = (result.end_ns - result.begin_ns) / 1000000;
	process_close(&child);
	note_size(place, result.out, out);
	note_size(place, result.errors, errors);
	*ret = result;
	return 0;
}

void command_result_free(struct command_result *result)
{
	free(result->out);
	free(result->errors);
	*result = (struct command_result){ 0 };
}

static void read_note(const struct world_place *place, const char *name, uint64_t *size, bool *full)
{
	auto_free char *file = text_format("%s.size", name);
	auto_text text = { 0 };
	char *rest;

	if (file_read_at(place->output, file, 64, &text, NULL) < 0)
		return;
	uint64_t noted = strtoull(text_str(&text), &rest, 10);
	*size = noted > *size ? noted : *size;
	*full = strtol(rest, NULL, 10) != 0;
}

int command_output(const struct world_place *place, const char *file, size_t max, struct text *out,
		   uint64_t *ret_cut, bool *ret_full, struct err *err)
{
	auto_fd fd = file_open_at(place->output, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, err);
	auto_free char *buffer = malloc(max ? max : 1);
	struct stat st;
	size_t have = 0;

	if (fd < 0)
		return fd;
	if (!buffer || fstat(fd, &st) < 0)
		return fail(err, -errno, "read %s", file);
	while (have < max) {
		ssize_t n = pread(fd, buffer + have, max - have, (off_t) have);

		if (n < 0)
			return fail(err, -errno, "read %s", file);
		if (n == 0)
			break;
		have += (size_t) n;
	}
	text_add_bytes(out, buffer, have);
	uint64_t size = (uint64_t) st.st_size;
	*ret_full = false;
	read_note(place, file, &size, ret_full);
	*ret_cut = size > have ? size - have : 0;
	return 0;
}

char *command_cut_sentence(uint64_t cut, bool full)
{
	if (!cut && !full)
		return NULL;
	if (full)
		return text_format("%" PRIu64
				   " bytes more were cut, and it wrote more than there was room for (%u MiB)",
				   cut, WORLD_OUTPUT_BYTES >> 20);
	return text_format("%" PRIu64 " bytes more were cut", cut);
}
