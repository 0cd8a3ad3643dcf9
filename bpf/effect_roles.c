/*
 * Who is who in a recording: runtime, init, hook, payload. Found in a pass of its own before any effect, because a process is called
 * init for what it does later: it execs the payload after its root was switched.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/effect_build.h"

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

const char *build_symbol(const struct recording *recording, const char *name)
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
	const char *attached = build_symbol(b->recording, "attached");

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

struct hook_place build_hook_of(struct build *b, const struct decoded *event)
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
	return build_hook_of(b, event).kind;
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

void roles_find(struct build *b, const struct decoded *event)
{
	struct task *t = build_task(b, event->event.tgid);

	look_for_gaps(b, event->event.sequence);
	if (!t && event->event.type != EVENT_MARK)
		t = task_add_first(b, event->event.tgid);
	if (event->event.type == EVENT_FORK && !(event->event.args[2] & CLONE_THREAD)) {
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

void roles_settle(struct build *b)
{
	for (size_t i = 0; i < b->task_count; i++)
		b->tasks[i].switched = false;
}

int roles_next(const struct recording *recording, size_t *offset, struct decoded *ret, struct err *err)
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

void roles_free(struct build *b)
{
	for (size_t i = 0; i < b->task_count; i++) {
		for (size_t k = 0; k < b->tasks[i].fd_count; k++) {
			free(b->tasks[i].fds[k].type);
			free(b->tasks[i].fds[k].source);
			free(b->tasks[i].fds[k].attributes);
		}
		free(b->tasks[i].fds);
		free(b->tasks[i].into_cgroup);
	}
	free(b->tasks);
	tgids_free(&b->newest);
}
