/* Events as lines. The table of calls names the arguments, the table of raw_names.c says how each reads. */
#include "bpf/raw.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/effects.h"
#include "bpf/parts.h"
#include "bpf/raw_args.h"
#include "bpf/recording.h"
#include "bpf/uring.h"

#define TMPFILE_BIT 020000000 /* O_TMPFILE without the O_DIRECTORY that it holds */
#define BYTES_SHOWN 96 /* of what was written */

static void add_path_in(const struct decoded *event, int arg, const char *before, const char *after,
			struct text *ret)
{
	auto_text path = { 0 };

	if (!part_path(event, arg, &path))
		return;
	text_add(ret, before);
	text_escape_terminal(ret, text_str(&path), path.len);
	text_add(ret, after);
}

static void add_descriptor(const struct decoded *event, int arg, uint8_t kind, struct text *ret)
{
	int fd = (int) event->event.args[arg];

	if (kind == ARG_DIRFD && fd == AT_FDCWD)
		text_add(ret, "AT_FDCWD");
	else
		text_addf(ret, "%d", fd);
	add_path_in(event, arg, "<", ">", ret);
}

static void add_string(const struct decoded *event, int arg, struct text *ret)
{
	const struct event_slice *part = part_find(event, arg, PART_STRING);

	if (part)
		raw_quote(part->data, strnlen((const char *) part->data, part->size), ret);
	else if (event->event.args[arg])
		text_addf(ret, "%#llx", (unsigned long long) event->event.args[arg]);
	else
		text_add(ret, "NULL");
	add_path_in(event, PART_ARG_PROCFD + arg, "<", ">", ret);
	if (!part_find(event, PART_ARG_PROCFD + arg, PART_PATH))
		add_path_in(event, PART_ARG_RESOLVED + arg, "<", ">", ret);
}

static void add_bytes(const struct decoded *event, int arg, struct text *ret)
{
	const struct event_slice *part = part_find(event, arg, PART_BYTES);

	if (!part) {
		text_addf(ret, event->event.args[arg] ? "%#llx" : "NULL",
			  (unsigned long long) event->event.args[arg]);
		return;
	}
	raw_quote(part->data, part->size < BYTES_SHOWN ? part->size : BYTES_SHOWN, ret);
	if (part->size > BYTES_SHOWN)
		text_add(ret, "...");
}

/* Every string part of the argument, in order. */
static void add_vector(const struct decoded *event, int arg, struct text *ret)
{
	const char *between = "";

	text_add_char(ret, '[');
	for (size_t i = 0; i < event->part_count; i++) {
		const struct event_slice *part = &event->parts[i];

		if (part->arg != arg || part->kind != PART_STRING)
			continue;
		text_add(ret, between);
		raw_quote(part->data, strnlen((const char *) part->data, part->size), ret);
		between = ", ";
	}
	text_add_char(ret, ']');
}

static void add_argument(const struct decoded *event, const struct call_row *row, int arg, const char *name,
			 struct text *ret)
{
	const struct raw_argument *how = raw_argument_find(row->name, name);

	if (how && how->print) {
		how->print(event, arg, ret);
		return;
	}
	switch ((enum arg_kind) row->call.kind[arg]) {
	case ARG_STRING:
		add_string(event, arg, ret);
		return;
	case ARG_FD:
	case ARG_DIRFD:
	case ARG_WRITE_FD:
		add_descriptor(event, arg, row->call.kind[arg], ret);
		return;
	case ARG_CLONE:
	case ARG_BYTES_NEXT:
	case ARG_FIXED:
	case ARG_IOVEC:
	case ARG_IOCTL:
		add_bytes(event, arg, ret);
		return;
	case ARG_ARGV:
		add_vector(event, arg, ret);
		return;
	case ARG_KEYCTL:
		if (part_find(event, arg, PART_STRING)) {
			add_string(event, arg, ret);
			return;
		}
		break;
	case ARG_NONE:
	case ARG_FILTER:
	case ARG_GIDS:
	case ARG_PRCTL:
	case ARG_MESSAGE:
		break;
	}
	raw_value(event->event.args[arg], how, ret);
}

/* Registers beyond what an option reads hold whatever the caller left there. */
static int arguments_shown(const struct decoded *event, const struct call_row *row, int count)
{
	uint64_t option = event->event.args[0];

	if (row->number == SYS_prctl)
		return option == PR_CAP_AMBIENT || option == PR_SET_SECCOMP ? 3 : option == PR_SET_MM ? 5 : 2;
	if (row->number == SYS_open && !(event->event.args[1] & (O_CREAT | TMPFILE_BIT)))
		return 2;
	if (row->number == SYS_openat && !(event->event.args[2] & (O_CREAT | TMPFILE_BIT)))
		return 3;
	return count;
}

static void add_arguments(const struct decoded *event, const struct call_row *row, struct text *ret)
{
	const char *at = row->args;
	int count = *at ? 1 : 0;

	for (const char *comma = at; (comma = strchr(comma, ',')); comma++)
		count++;
	count = arguments_shown(event, row, count);
	for (int arg = 0; arg < count; arg++) {
		size_t len = strcspn(at, ",");
		auto_free char *name = text_format("%.*s", (int) len, at);

		if (arg)
			text_add(ret, ", ");
		add_argument(event, row, arg, name, ret);
		at += len + (at[len] == ',');
	}
}

static void add_result(const struct decoded *event, struct text *ret)
{
	const char *name = event->event.result < 0 ? name_of_errno((int) -event->event.result) : NULL;

	if (event->event.result < 0 && name)
		text_addf(ret, " = -%s", name);
	else
		text_addf(ret, " = %lld", (long long) event->event.result);
	if (event->event.result >= 0)
		add_path_in(event, PART_ARG_RESULT, "<", ">", ret);
	if (event->event.flags & EVENT_REREAD)
		text_add(ret, " (read again at exit)");
	if (event->event.flags & EVENT_CUT)
		text_add(ret, " (cut)");
}

static void call_text(const struct decoded *event, struct text *ret)
{
	const struct call_row *row = event->event.flags & EVENT_COMPAT ? NULL : call_find(event->event.call);

	if (row) {
		text_addf(ret, "%s(", row->name);
		add_arguments(event, row, ret);
		text_add_char(ret, ')');
	} else {
		text_addf(ret, "%scall_%u(", event->event.flags & EVENT_COMPAT ? "i386_" : "",
			  event->event.call);
		for (int i = 0; i < 6; i++)
			text_addf(ret, "%s%#llx", i ? ", " : "", (unsigned long long) event->event.args[i]);
		text_add_char(ret, ')');
	}
	add_result(event, ret);
}

static void denied_text(const struct decoded *event, struct text *ret)
{
	text_add(ret, "refused by seccomp: ");
	call_text(event, ret);
}

static void fork_text(const struct decoded *event, struct text *ret)
{
	text_add(ret, event->event.args[2] & 0x10000 ? "thread " : "child ");
	text_addf(ret, "%llu, flags ", (unsigned long long) event->event.args[1]);
	raw_clone(event->event.args[2], ret);
}

/* The arguments lie one behind the other, as in /proc/PID/cmdline. */
static void exec_text(const struct decoded *event, struct text *ret)
{
	const struct event_slice *argv = part_find(event, 2, PART_BYTES);
	struct event_state s;

	text_add(ret, "executes");
	add_path_in(event, 1, " ", " [", ret);
	for (size_t at = 0; argv && at < argv->size;) {
		size_t len = strnlen((const char *) argv->data + at, argv->size - at);

		text_add(ret, at ? ", " : "");
		raw_quote(argv->data + at, len, ret);
		at += len + 1;
	}
	text_add_char(ret, ']');
	if (!part_state(event, &s))
		return;
	text_addf(ret, ", uid %u, gid %u, capabilities ", s.euid, s.egid);
	raw_capabilities(s.effective, ret);
	text_addf(ret, ", no_new_privs %u, seccomp %u", s.no_new_privs, s.seccomp_mode);
	add_path_in(event, PART_ARG_ROOT, ", root ", "", ret);
	add_path_in(event, PART_ARG_CWD, ", cwd ", "", ret);
}

static void exit_text(const struct decoded *event, struct text *ret)
{
	int status = (int) event->event.args[0];

	if (WIFSIGNALED(status))
		text_addf(ret, "is ended by %s", name_of_signal(WTERMSIG(status)) ?: "a signal");
	else
		text_addf(ret, "exits with %d", WEXITSTATUS(status));
}

static void fd_text(const struct decoded *event, struct text *ret)
{
	text_addf(ret, "descriptor %llu is open", (unsigned long long) event->event.args[0]);
	add_path_in(event, 0, ": ", "", ret);
}

static void cgroup_text(const struct decoded *event, struct text *ret)
{
	const struct event_slice *path = part_find(event, 0, PART_STRING);

	if (event->event.type == EVENT_CGROUP_ATTACH)
		text_addf(ret, "process %llu moves to the cgroup ",
			  (unsigned long long) event->event.args[0]);
	else
		text_add(ret, event->event.type == EVENT_CGROUP_MKDIR ? "makes the cgroup "
								      : "removes the cgroup ");
	raw_quote(path ? path->data : (const unsigned char *) "",
		  path ? strnlen((const char *) path->data, path->size) : 0, ret);
	text_addf(ret, " of hierarchy %llu", (unsigned long long) event->event.args[1]);
}

static void capability_text(const struct decoded *event, struct text *ret)
{
	text_addf(ret, "has no %s",
		  name_of_capability((int) event->event.args[0]) ?: "capability of that number");
}

static void signal_text(const struct decoded *event, struct text *ret)
{
	text_addf(ret, "signal %s to %llu", name_of_signal((int) event->event.args[0]) ?: "?",
		  (unsigned long long) event->event.args[1]);
}

static void uring_text(const struct decoded *event, struct text *ret)
{
	const char *name = uring_operation_name(event->event.args[0]);

	if (name)
		text_addf(ret, "io_uring: %s", name);
	else
		text_addf(ret, "io_uring: operation %llu", (unsigned long long) event->event.args[0]);
}

static void mark_text(const struct decoded *event, struct text *ret)
{
	if (event->event.args[0] == MARK_PHASE)
		text_addf(ret, "-- %s --", effect_phase_name((enum event_phase) event->event.args[1]));
	else
		text_add(ret, "-- end of the recording --");
}

static void (*const texts[EVENT_TYPE_END])(const struct decoded *event, struct text *ret) = {
	[EVENT_CALL] = call_text,
	[EVENT_CALL_DENIED] = denied_text,
	[EVENT_FORK] = fork_text,
	[EVENT_EXEC] = exec_text,
	[EVENT_EXIT] = exit_text,
	[EVENT_FD] = fd_text,
	[EVENT_CGROUP_ATTACH] = cgroup_text,
	[EVENT_CGROUP_MKDIR] = cgroup_text,
	[EVENT_CGROUP_RMDIR] = cgroup_text,
	[EVENT_CAPABILITY] = capability_text,
	[EVENT_SIGNAL] = signal_text,
	[EVENT_URING] = uring_text,
	[EVENT_MARK] = mark_text,
};

void raw_text(const struct decoded *event, struct text *ret)
{
	if (event->event.type < EVENT_TYPE_END && texts[event->event.type])
		texts[event->event.type](event, ret);
}
