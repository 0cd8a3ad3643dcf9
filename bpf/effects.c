/*
 * Two passes over a recording: the first finds who is who (runtime, init, hook, payload), the second turns events into effects.
 * Roles come first because a process is called init for what it does later: it execs the payload after its root was switched.
 */
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

#define CLONE_THREAD_FLAG 0x10000

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

struct task *build_task(struct build *b, uint32_t tgid)
{
	size_t at = tgids_get(&b->newest, tgid);

	return at == TGIDS_NONE ? NULL : &b->tasks[at];
}

const char *build_role_of(struct build *b, uint32_t tgid)
{
	struct task *t = build_task(b, tgid);

	return t ? effect_role_name(t->role) : "host";
}

static const char *symbol(const struct recording *recording, const char *name)
{
	const char *value = json_get_string(recording->symbols, name);

	return value ? value : "";
}

static struct task *task_add(struct build *b, uint32_t tgid, struct task *parent, uint32_t parent_tgid)
{
	struct task *grown;

	if (b->task_count >= TASKS_MAX) {
		b->effects->cut = true;
		return NULL;
	}
	if (!(b->task_count & (b->task_count + 1)) || !b->tasks) {
		ptrdiff_t index = parent ? parent - b->tasks : -1;

		grown = reallocarray(b->tasks, 2 * (b->task_count + 1), sizeof(*grown));
		if (!grown)
			abort();
		b->tasks = grown;
		parent = index >= 0 ? &grown[index] : NULL;
	}
	b->tasks[b->task_count] = (struct task){
		.tgid = tgid,
		.parent = parent_tgid,
		.role = parent ? parent->role : ROLE_RUNTIME,
		.switched = parent && parent->switched,
		.payload_from = UINT64_MAX,
		.last_effect = SIZE_MAX,
	};
	tgids_put(&b->newest, tgid, b->task_count);
	return &b->tasks[b->task_count++];
}

/* A process that was never seen to be made: the command itself, or what was attached to. */
static struct task *task_add_first(struct build *b, uint32_t tgid)
{
	struct task *t = task_add(b, tgid, NULL, 0);
	const char *attached = symbol(b->recording, "attached");

	if (t && strcmp(attached, effect_role_name(ROLE_PAYLOAD)) == 0) {
		t->role = ROLE_PAYLOAD;
		t->payload_from = 0;
	}
	return t;
}

/* argv as the kernel had it, words ended by NULs; a hook without args gets its path alone: config.md#posix-platform-hooks */
static bool args_match(const struct json *args, const char *path, const struct event_slice *argv)
{
	auto_text words = { 0 };

	if (!argv)
		return true;
	for (size_t i = 0; i < json_length(args); i++) {
		const char *word = json_string(json_at(args, i));

		text_add(&words, word ? word : "");
		text_add_char(&words, '\0');
	}
	if (!json_length(args)) {
		text_add(&words, path);
		text_add_char(&words, '\0');
	}
	/* The recorder keeps the beginning of a long one. */
	return argv->size <= words.len && memcmp(words.data, argv->data, argv->size) == 0;
}

struct hook_place {
	const char *kind; /* NULL: no hook of config.json */
	size_t index;
};

/* Which hook of config.json a program is: by its path and its words, for one program may serve several. */
static struct hook_place hook_of(struct build *b, const struct decoded *event)
{
	static const char *const kinds[] = { "prestart",       "createRuntime", "createContainer",
					     "startContainer", "poststart",     "poststop" };
	const struct json *hooks = json_get(b->config, "hooks");
	auto_text name = { 0 };

	(void) part_string(event, 0, &name);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		const struct json *list = json_member(hooks, kinds[k]);

		for (size_t i = 0; i < json_length(list); i++) {
			const char *path = json_string(json_member(json_at(list, i), "path"));

			if (path && strcmp(path, text_str(&name)) == 0 &&
			    args_match(json_member(json_at(list, i), "args"), path,
				       part_find(event, 2, PART_BYTES)))
				return (struct hook_place){ kinds[k], i };
		}
	}
	return (struct hook_place){ 0 };
}

static bool is_hook(struct build *b, const struct decoded *event)
{
	return hook_of(b, event).kind;
}

/* A runtime that never switched the root is found by what it executes: it must not get away for want of a payload. */
static bool has_words_of_payload(struct build *b, const struct decoded *event)
{
	const struct json *args = json_get(b->config, "process.args");
	const struct event_slice *argv = part_find(event, 2, PART_BYTES);

	return json_length(args) && argv && argv->size && args_match(args, "", argv);
}

/* The payload is what the first process with a switched root executes that is no hook. */
static void find_roles_of_exec(struct build *b, const struct decoded *event)
{
	struct task *t = build_task(b, event->event.tgid);

	if (!t)
		return;
	if (is_hook(b, event)) {
		t->role = ROLE_HOOK;
		return;
	}
	if (t->switched && t->role == ROLE_RUNTIME && !b->effects->payload_visible) {
		t->role = ROLE_SANDBOX;
	} else if (t->role == ROLE_RUNTIME && (t->switched || has_words_of_payload(b, event))) {
		t->role = ROLE_INIT;
		t->payload_from = event->event.time_ns;
	}
}

/* Joining a mount namespace brings its root along: how exec reaches a container. */
static bool joins_root(const struct decoded *event)
{
	auto_text file = { 0 };

	if (event->event.args[1] & CLONE_NEWNS)
		return true;
	return !event->event.args[1] && part_path(event, 0, &file) && strstr(text_str(&file), "mnt:[");
}

/* Sequence numbers are 0..n-1 of the tag, in whatever order time sorted them. */
static void look_for_gaps(struct build *b, uint64_t sequence)
{
	unsigned char bit = (unsigned char) (1u << (sequence % 8));

	if (sequence >= b->recording->event_count || b->seen[sequence / 8] & bit) {
		b->effects->gaps = true;
		return;
	}
	b->seen[sequence / 8] |= bit;
}

static void find_roles(struct build *b, const struct decoded *event)
{
	struct task *t = build_task(b, event->event.tgid);

	look_for_gaps(b, event->event.sequence);
	if (!t && event->event.type != EVENT_MARK)
		t = task_add_first(b, event->event.tgid);
	if (event->event.type == EVENT_FORK && !(event->event.args[2] & CLONE_THREAD_FLAG)) {
		bool of_payload = t && t->payload_from != UINT64_MAX; /* t may move when the list grows */
		struct task *child = task_add(b, (uint32_t) event->event.args[0], t, event->event.tgid);

		if (child && of_payload) {
			child->role = ROLE_PAYLOAD;
			child->payload_from = event->event.time_ns;
		}
	} else if (event->event.type == EVENT_CALL && event->event.result == 0 && t) {
		int call = event->event.call;

		if (call == SYS_pivot_root || call == SYS_chroot || (call == SYS_setns && joins_root(event)))
			t->switched = true;
	} else if (event->event.type == EVENT_EXEC) {
		find_roles_of_exec(b, event);
	} else if (event->event.type == EVENT_MARK && event->event.args[0] == MARK_PHASE) {
		b->marked = true;
	}
}

/* After the first pass roles stay; what the second pass learns anew is cleared. */
static void roles_settle(struct build *b)
{
	for (size_t i = 0; i < b->task_count; i++)
		b->tasks[i].switched = false;
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

	if (b->now->event.args[2] & CLONE_THREAD_FLAG)
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
	struct hook_place hook = hook_of(b, b->now);
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

/* Who is who shows in a few kinds of events: the second pass looks into all. */
static int next_of_roles(const struct recording *recording, size_t *offset, struct decoded *ret,
			 struct err *err)
{
	size_t begin = *offset;
	int r = recording_peek(recording, offset, ret, err);

	if (r == 1 && (ret->event.type == EVENT_EXEC ||
		       (ret->event.type == EVENT_CALL && ret->event.call == SYS_setns))) {
		*offset = begin;
		return recording_next(recording, offset, ret, err);
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
		.rootfs = symbol(recording, "rootfs"),
		.bundle = symbol(recording, "bundle"),
		.scratch = symbol(recording, "scratch"),
		.cgroup = symbol(recording, "cgroup"),
		.cgroup_above = symbol(recording, "cgroup_above"),
		.runtime = symbol(recording, "runtime"),
		.effects = &found,
		.seen = seen,
	};
	int r;

	found.roles = calloc(recording->event_count + 1, 1);
	if (!found.roles || !seen)
		abort();
	found.payload_visible = strcmp(symbol(recording, "payload_visible"), "sandbox") != 0;
	fill_by_call(&b);
	find_lists(&b);
	r = walk(&b, next_of_roles, find_roles, err);
	roles_settle(&b);
	if (r == 0)
		r = walk(&b, recording_next, second_pass, err);
	effect_fold_end(&b);
	if (r == 0)
		effects_tie(&b);
	for (size_t i = 0; i < b.task_count; i++) {
		for (size_t k = 0; k < b.tasks[i].fd_count; k++) {
			free(b.tasks[i].fds[k].type);
			free(b.tasks[i].fds[k].source);
			free(b.tasks[i].fds[k].attributes);
		}
		free(b.tasks[i].fds);
		free(b.tasks[i].into_cgroup);
	}
	free(b.tasks);
	tgids_free(&b.newest);
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
