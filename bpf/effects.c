/* Two passes over a recording: the first finds who is who (effect_roles.c), the second turns events into effects. */
#include "bpf/effects.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/names.h"
#include "bpf/calls.h"
#include "bpf/effect_build.h"
#include "bpf/uring.h"

static const char *const role_names[] = {
	[ROLE_RUNTIME] = "runtime", [ROLE_INIT] = "init",       [ROLE_HOOK] = "hook",
	[ROLE_PAYLOAD] = "payload", [ROLE_SANDBOX] = "sandbox",
};
static const char *const phase_names[] = {
	[PHASE_NONE] = "none",   [PHASE_CREATE] = "create", [PHASE_START] = "start",
	[PHASE_EXEC] = "exec",   [PHASE_KILL] = "kill",     [PHASE_DELETE] = "delete",
	[PHASE_STATE] = "state", [PHASE_WAIT] = "wait",     [PHASE_OTHER] = "other",
};

const char *effect_role_name(enum effect_role role)
{
	return role && (size_t) role < ARRAY_SIZE(role_names) ? role_names[role] : "host";
}

const char *effect_phase_name(enum event_phase phase)
{
	return (size_t) phase < ARRAY_SIZE(phase_names) ? phase_names[phase] : "other";
}

static const struct call_effect *const call_tables[] = {
	mount_call_effects, privilege_call_effects, process_call_effects, net_call_effects, file_call_effects,
};

/* Once a recording: thousands of calls are then told by their number. */
static void fill_by_call(struct build *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(call_tables); i++)
		for (const struct call_effect *row = call_tables[i]; row->build; row++)
			b->by_call[row->call] = row->build;
}

/* The lists of config.json that hundreds of effects are looked up in. */
static void find_lists(struct build *b)
{
	b->mounts = json_get(b->config, "mounts");
	b->masked = json_get(b->config, "linux.maskedPaths");
	b->readonly = json_get(b->config, "linux.readonlyPaths");
	b->devices = json_get(b->config, "linux.devices");
	b->resources = json_get(b->config, "linux.resources");
}

static void count_undecoded(struct build *b)
{
	b->effects->undecoded++;
	if (b->task && (b->task->role == ROLE_RUNTIME || b->task->role == ROLE_INIT))
		b->effects->hidden++;
}

static void build_call(struct build *b)
{
	uint16_t call = b->now->event.call;

	if (b->now->event.flags & EVENT_COMPAT)
		count_undecoded(b);
	else if (call < EVENT_CALLS && b->by_call[call])
		b->by_call[call](b);
}

static void build_fork(struct build *b)
{
	struct task *child;

	if (b->now->event.args[2] & CLONE_THREAD)
		return;
	child = build_task(b, (uint32_t) b->now->event.args[0]);
	if (child && b->task)
		child->switched = b->task->switched;
	(void) effect_add(b, PROC_SPAWN, NULL, "%s", child ? effect_role_name(child->role) : "?");
	if (b->task && b->task->into_cgroup)
		(void) effect_add(b, CG_ATTACH, "clone3(CLONE_INTO_CGROUP)", "%s:%s",
				  child ? effect_role_name(child->role) : "?", b->task->into_cgroup);
	if (b->task)
		free(TAKE(b->task->into_cgroup));
}

static void build_exec(struct build *b)
{
	auto_text name = { 0 }, path = { 0 };
	struct hook_place hook = build_hook_of(b, b->now);
	struct effect *effect;

	(void) part_string(b->now, 0, &name);
	if (hook.kind) {
		effect = effect_add(b, HOOK_RUN, text_str(&name), "%s", hook.kind);
		if (effect) {
			auto_free char *field = text_format("hooks.%s[%zu]", hook.kind, hook.index);

			effect->field = effect_keep(b, field, strlen(field));
		}
		return;
	}
	if (b->task && b->now->event.time_ns == b->task->payload_from) {
		b->task->role = ROLE_PAYLOAD;
		b->task->init = true;
		if (b->effects->payload_exec == SIZE_MAX)
			b->effects->payload_exec = b->effects->count;
	}
	if (b->task && b->now->event.time_ns == b->task->payload_from)
		phase_of_payload(b, true);
	else
		phase_of_exec(b);
	(void) part_path(b->now, 1, &path);
	(void) effect_add(b, PROC_EXEC, text_str(&path), "%s",
			  b->task ? effect_role_name(b->task->role) : "host");
}

static void build_exit(struct build *b)
{
	int status = (int) b->now->event.args[0];
	const char *signal = WIFSIGNALED(status) ? name_of_signal(WTERMSIG(status)) : NULL;
	const char *role = b->task ? effect_role_name(b->task->role) : "host";

	if (signal)
		(void) effect_add(b, PROC_EXIT, NULL, "%s:%s", role, signal);
	else
		(void) effect_add(b, PROC_EXIT, NULL, "%s:%d", role, WEXITSTATUS(status));
	if (b->task && b->task->role == ROLE_PAYLOAD && b->task->init)
		phase_of_payload(b, false);
}

static void build_fd(struct build *b)
{
	struct event_file file;
	auto_text path = { 0 };

	/* Only what the payload starts with; programs that the runtime runs have descriptors of their own. */
	if (!part_file(b->now, 0, &file) || !b->task || b->task->role != ROLE_PAYLOAD)
		return;
	(void) part_path(b->now, 0, &path);
	(void) effect_add(b, FD_SURVIVE, text_str(&path), "%d", file.fd);
}

/*
 * The tracepoint runs in whatever task an interrupt hit: a timer of a stranger that expires meanwhile looks like a signal of ours.
 * What goes to a stranger counts only when the task was asked to send.
 */
static void build_signal(struct build *b)
{
	const char *name = name_of_signal((int) b->now->event.args[0]);
	uint32_t target = (uint32_t) b->now->event.args[1];

	if (!build_task(b, target) && (!b->task || b->task->sending_until < b->now->event.time_ns))
		return;
	(void) effect_add(b, SIGNAL_SEND, NULL, "%s:%s", name ? name : "?", build_role_of(b, target));
}

static void build_cgroup(struct build *b)
{
	auto_text raw = { 0 }, path = { 0 };

	(void) part_string(b->now, 0, &raw);
	cgroup_name(b, text_str(&raw), &path);
	if (b->now->event.type == EVENT_CGROUP_ATTACH)
		(void) effect_add(b, CG_ATTACH, "cgroup.procs", "%s:%s",
				  build_role_of(b, (uint32_t) b->now->event.args[0]), text_str(&path));
	else
		(void) effect_add(b, CG_LIFE, NULL, "%s:%s",
				  b->now->event.type == EVENT_CGROUP_MKDIR ? "mkdir" : "rmdir",
				  text_str(&path));
}

static void build_denied(struct build *b)
{
	const char *name = call_name(b->now->event.call);

	if (name)
		(void) effect_add(b, SEC_DENIED, NULL, "%s", name);
	else
		(void) effect_add(b, SEC_DENIED, NULL, "call %u", b->now->event.call);
}

static void build_mark(struct build *b)
{
	if (b->now->event.args[0] == MARK_PHASE)
		b->phase = (enum event_phase) b->now->event.args[1];
}

/* What is done is seen, to what is not: the arguments lie in shared memory and were never a call's. */
static void build_uring(struct build *b)
{
	const char *name = uring_operation_name(b->now->event.args[0]);
	struct effect *last = effect_last(b, URING_OP);
	auto_free char *text = name ? text_format("uring.op:%s", name)
				    : text_format("uring.op:operation %llu", b->now->event.args[0]);

	count_undecoded(b);
	if (last && strcmp(last->text, text) == 0)
		effect_add_raw(b, last, b->offset);
	else
		(void) effect_add(b, URING_OP, "io_uring", "%s", strchr(text, ':') + 1);
}

static void (*const builders[EVENT_TYPE_END])(struct build *b) = {
	[EVENT_CALL] = build_call,
	[EVENT_CALL_DENIED] = build_denied,
	[EVENT_FORK] = build_fork,
	[EVENT_EXEC] = build_exec,
	[EVENT_EXIT] = build_exit,
	[EVENT_FD] = build_fd,
	[EVENT_CGROUP_ATTACH] = build_cgroup,
	[EVENT_CGROUP_MKDIR] = build_cgroup,
	[EVENT_CGROUP_RMDIR] = build_cgroup,
	[EVENT_SIGNAL] = build_signal,
	[EVENT_URING] = build_uring,
	[EVENT_MARK] = build_mark,
};

static void second_pass(struct build *b, const struct decoded *event)
{
	b->now = event;
	b->task = build_task(b, event->event.tgid);
	if (builders[event->event.type])
		builders[event->event.type](b);
	if (b->task && b->effects->events < b->recording->event_count)
		b->effects->roles[b->effects->events] = (unsigned char) b->task->role;
	b->effects->events++;
}

typedef int next_event(const struct recording *recording, size_t *offset, struct decoded *ret,
		       struct err *err);

static int walk(struct build *b, next_event *next, void (*each)(struct build *b, const struct decoded *event),
		struct err *err)
{
	struct decoded event;
	size_t offset = 0;
	int r;

	b->offset = 0;
	while ((r = next(b->recording, &offset, &event, err)) == 1) {
		each(b, &event);
		b->offset = offset;
	}
	return r;
}

int effects_from(const struct recording *recording, struct effects *ret, struct err *err)
{
	auto_free unsigned char *seen = calloc(recording->event_count / 8 + 1, 1);
	struct effects found = { .payload_exec = SIZE_MAX, .lost = recording->lost };
	struct build b = {
		.recording = recording,
		.config = json_member(recording->symbols, "config"),
		.folding = SIZE_MAX,
		.rootfs = build_symbol(recording, "rootfs"),
		.bundle = build_symbol(recording, "bundle"),
		.scratch = build_symbol(recording, "scratch"),
		.cgroup = build_symbol(recording, "cgroup"),
		.cgroup_above = build_symbol(recording, "cgroup_above"),
		.runtime = build_symbol(recording, "runtime"),
		.effects = &found,
		.seen = seen,
	};
	int r;

	found.roles = calloc(recording->event_count + 1, 1);
	if (!found.roles || !seen)
		abort();
	found.payload_visible = strcmp(build_symbol(recording, "payload_visible"), "sandbox") != 0;
	fill_by_call(&b);
	find_lists(&b);
	r = walk(&b, roles_next, roles_find, err);
	roles_settle(&b);
	if (r == 0)
		r = walk(&b, recording_next, second_pass, err);
	effect_fold_end(&b);
	if (r == 0)
		effects_tie(&b);
	roles_free(&b);
	free(b.protection);
	for (size_t i = 0; i < SCRATCHES; i++)
		text_free(&b.reused[i]);
	if (r < 0) {
		effects_free(&found);
		return fail(err, r, "effects of the recording");
	}
	*ret = found;
	return 0;
}
