/*
 * Every rule holds on a recording of the reference runtime and is broken by the one thing that is changed in it. rules-hooks: all hooks,
 * sysctls, another user; rules-user: a user namespace; rules-exec: exec into a container that runs.
 */
#include "tests/unit.h"

#include <linux/capability.h>
#include <linux/prctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/json.h"
#include "tests/bpf/tape.h"

Suite *test_invariants(void);

static void expect(const struct tape *tape, int number, enum invariant_verdict verdict,
		   const struct json *observation)
{
	struct invariant_result result = tape_judge(tape, number, observation);

	ck_assert_msg(result.verdict == verdict, "rule %d is %s, expected %s: %s", number,
		      invariant_verdict_name(result.verdict), invariant_verdict_name(verdict), result.reason);
	ck_assert_msg((verdict == INVARIANT_HOLDS) == (result.reason[0] == '\0'), "rule %d: '%s'", number,
		      result.reason);
}

static void holds(const struct tape *tape, int number)
{
	expect(tape, number, INVARIANT_HOLDS, NULL);
}

static void broken(struct tape *tape, int number)
{
	expect(tape, number, INVARIANT_BROKEN, NULL);
	tape_free(tape);
}

static void load(const char *name, int number, struct tape *ret)
{
	tape_load(name, ret);
	holds(ret, number);
}

static uint32_t init_of(const struct tape *tape)
{
	return tape->events[tape_exec(tape)].event.tgid;
}

START_TEST(rules_are_numbered_and_named)
{
	for (int i = 0; i < INVARIANT_COUNT; i++) {
		ck_assert_int_eq(invariants[i].number, i + 1);
		ck_assert_ptr_eq(invariant_find(invariants[i].id), &invariants[i]);
	}
	ck_assert_ptr_null(invariant_find("kernel/no_such_rule"));
}
END_TEST

START_TEST(a_gap_decides_nothing)
{
	struct tape tape;

	load("rules-hooks.rec", 1, &tape);
	tape_drop(&tape, tape.count / 2);
	ck_assert_int_eq(tape_judge_as_is(&tape, 1).verdict, INVARIANT_INCONCLUSIVE);
	/* What held before holds no more. */
	ck_assert_int_eq(tape_judge_as_is(&tape, 12).verdict, INVARIANT_INCONCLUSIVE);
	tape_free(&tape);
}
END_TEST

/* A call that is not decoded: of the runtime it is a fault, of the payload its own affair; neither way it can be judged by. */
START_TEST(hidden_calls_decide_nothing)
{
	struct tape tape;
	size_t call;

	load("rules-hooks.rec", 1, &tape);
	call = tape_find(&tape, 0, EVENT_CALL, "write", init_of(&tape));
	ck_assert_uint_lt(call, tape_exec(&tape));
	tape.events[call].event.flags |= EVENT_COMPAT;
	expect(&tape, 1, INVARIANT_BROKEN, NULL);
	expect(&tape, 12, INVARIANT_INCONCLUSIVE, NULL);
	tape.events[call].event.flags &= (__u8) ~EVENT_COMPAT;
	call = tape_find(&tape, tape_exec(&tape), EVENT_EXIT, NULL, init_of(&tape));
	ck_assert_uint_ne(call, TAPE_NONE);
	tape.events[call].event.type = EVENT_URING;
	expect(&tape, 1, INVARIANT_INCONCLUSIVE, NULL);
	tape_free(&tape);
}
END_TEST

/* What the list of effects has no room for may be what breaks a rule. */
START_TEST(more_than_is_looked_at_decides_nothing)
{
	enum { MORE = 70000 };
	struct tape tape;
	size_t last;

	load("rules-hooks.rec", 1, &tape);
	last = tape_find(&tape, 0, EVENT_EXIT, NULL, 0);
	ck_assert_uint_ne(last, TAPE_NONE);
	tape.events = reallocarray(tape.events, tape.count + MORE, sizeof(*tape.events));
	ck_assert_ptr_nonnull(tape.events);
	for (size_t i = 0; i < MORE; i++) {
		struct tape_event *added = &tape.events[tape.count + i];

		*added = (struct tape_event){ .event = tape.events[last].event };
		added->event.time_ns = tape.events[tape.count - 1].event.time_ns + i;
		added->event.size = 0;
		added->event.part_count = 0;
	}
	tape.count += MORE;
	expect(&tape, 1, INVARIANT_INCONCLUSIVE, NULL);
	expect(&tape, 12, INVARIANT_INCONCLUSIVE, NULL);
	tape_free(&tape);
}
END_TEST

START_TEST(credentials)
{
	struct event_state state;
	size_t at;
	struct tape tape;

	load("rules-hooks.rec", 2, &tape);
	at = tape_exec(&tape);
	state = tape_state(&tape, at);
	state.permitted |= 1ull << CAP_SYS_ADMIN;
	tape_put_state(&tape, at, &state);
	broken(&tape, 2);
	load("rules-user.rec", 2, &tape);
	at = tape_exec(&tape);
	state = tape_state(&tape, at);
	state.euid = 0;
	tape_put_state(&tape, at, &state);
	broken(&tape, 2);
	load("rules-hooks.rec", 2, &tape);
	at = tape_exec(&tape);
	state = tape_state(&tape, at);
	state.no_new_privs = 0;
	tape_put_state(&tape, at, &state);
	broken(&tape, 2);
	load("rules-hooks.rec", 2, &tape);
	at = tape_exec(&tape);
	state = tape_state(&tape, at);
	state.seccomp_mode = 0;
	tape_put_state(&tape, at, &state);
	broken(&tape, 2);
}
END_TEST

START_TEST(no_new_privs_before_the_filter)
{
	struct tape tape;

	load("rules-hooks.rec", 3, &tape);
	tape_move(&tape, tape_find_arg(&tape, 0, "prctl", 0, PR_SET_NO_NEW_PRIVS), tape_exec(&tape));
	broken(&tape, 3);
}
END_TEST

START_TEST(nothing_after_the_filter)
{
	struct tape tape;

	load("rules-hooks.rec", 4, &tape);
	tape_move(&tape, tape_find(&tape, 0, EVENT_CALL, "pivot_root", init_of(&tape)), tape_exec(&tape));
	broken(&tape, 4);
	load("rules-hooks.rec", 4, &tape);
	tape_move(&tape, tape_find(&tape, 0, EVENT_CALL, "setresuid", init_of(&tape)), tape_exec(&tape));
	broken(&tape, 4);
}
END_TEST

START_TEST(nothing_grows)
{
	struct event_state state;
	size_t at;
	struct tape tape;
	size_t last;

	load("rules-hooks.rec", 5, &tape);
	last = tape_find_arg(&tape, 0, "prctl", 0, PR_SET_NO_NEW_PRIVS);
	at = last;
	state = tape_state(&tape, at);
	state.bounding |= 1ull << CAP_SYS_ADMIN;
	tape_put_state(&tape, at, &state);
	broken(&tape, 5);
}
END_TEST

START_TEST(ids_in_order)
{
	struct tape tape;
	uint32_t init;

	load("rules-hooks.rec", 6, &tape);
	init = init_of(&tape);
	tape_move(&tape, tape_find(&tape, 0, EVENT_CALL, "setresuid", init),
		  tape_find(&tape, 0, EVENT_CALL, "setgroups", init));
	broken(&tape, 6);
	load("rules-hooks.rec", 6, &tape);
	tape_move(&tape, tape_find(&tape, 0, EVENT_CALL, "setgroups", init), tape_exec(&tape));
	broken(&tape, 6);
}
END_TEST

START_TEST(keepcaps_cleared)
{
	struct tape tape;
	size_t last = 0, next;

	load("rules-hooks.rec", 7, &tape);
	for (size_t from = 0; (next = tape_find_arg(&tape, from, "prctl", 0, PR_SET_KEEPCAPS)) != TAPE_NONE;
	     from = next + 1)
		last = next;
	tape.events[last].event.args[1] = 1;
	broken(&tape, 7);
}
END_TEST

START_TEST(namespaces_as_configured)
{
	struct event_state state;
	size_t at;
	struct tape tape;
	size_t first;

	load("rules-hooks.rec", 8, &tape);
	first = tape_find(&tape, 0, EVENT_EXEC, NULL, 0);
	at = tape_exec(&tape);
	state = tape_state(&tape, at);
	state.ns_ipc = tape_state(&tape, first).ns_ipc;
	tape_put_state(&tape, at, &state);
	broken(&tape, 8);
	load("rules-hooks.rec", 8, &tape);
	at = tape_exec(&tape);
	state = tape_state(&tape, at);
	state.ns_user++;
	tape_put_state(&tape, at, &state);
	broken(&tape, 8);
}
END_TEST

START_TEST(user_namespace_first)
{
	struct tape tape;

	load("rules-user.rec", 9, &tape);
	/* Its ids come long before somebody maps them. */
	tape_move(&tape, tape_find(&tape, 0, EVENT_CALL, "setresuid", init_of(&tape)),
		  tape_find(&tape, 0, EVENT_CALL, "clone3", 0) + 1);
	broken(&tape, 9);
}
END_TEST

START_TEST(propagation_cut)
{
	struct tape tape;
	size_t at;

	load("rules-hooks.rec", 10, &tape);
	while ((at = tape_find_arg(&tape, 0, "mount", 3, 0x4000 | 0x80000)) !=
	       TAPE_NONE) /* MS_REC, MS_SLAVE */
		tape_drop(&tape, at);
	while ((at = tape_find(&tape, 0, EVENT_CALL, "mount_setattr", init_of(&tape))) <
	       tape_find(&tape, 0, EVENT_CALL, "move_mount", init_of(&tape)))
		tape_drop(&tape, at);
	broken(&tape, 10);
}
END_TEST

START_TEST(host_mounts_stay)
{
	struct tape tape;

	load("rules-hooks.rec", 11, &tape);
	tape.events[tape_find(&tape, 0, EVENT_CALL, "move_mount", 0)].event.tgid =
	    tape.events[tape_find(&tape, 0, EVENT_EXEC, NULL, 0)].event.tgid;
	broken(&tape, 11);
}
END_TEST

START_TEST(old_root_gone)
{
	struct tape tape;

	load("rules-hooks.rec", 12, &tape);
	tape_drop(&tape, tape_find(&tape, 0, EVENT_CALL, "umount2", init_of(&tape)));
	broken(&tape, 12);
	load("rules-hooks.rec", 12, &tape);
	/* Never switched: the program is still known by its words. */
	tape_drop(&tape, tape_find(&tape, 0, EVENT_CALL, "pivot_root", init_of(&tape)));
	broken(&tape, 12);
}
END_TEST

static void parse(const char *text, struct json **ret)
{
	ck_assert_int_eq(json_parse(text, strlen(text), ret, NULL), 0);
}

START_TEST(masked_paths)
{
	static const char whole[] =
	    "{\"inside\":{\"mounts\":[{\"destination\":\"/proc/keys\",\"root\":\"/"
	    "null\",\"type\":\"tmpfs\",\"flags\":[]},"
	    "{\"destination\":\"/sys/firmware\",\"root\":\"/\",\"type\":\"tmpfs\",\"flags\":[\"ro\"]}]}}";
	static const char image_file[] = "{\"inside\":{\"mounts\":[{\"destination\":\"/proc/"
					 "keys\",\"root\":\"/etc/passwd\",\"type\":\"ext4\",\"flags\":[]}]}}";
	static const char writable[] = "{\"inside\":{\"mounts\":[{\"destination\":\"/sys/"
				       "firmware\",\"root\":\"/\",\"type\":\"tmpfs\",\"flags\":[]}]}}";
	static const char uncovered[] = "{\"inside\":{\"mounts\":[{\"destination\":\"/\",\"flags\":[]}]}}";
	struct json *observation;
	struct tape tape;

	tape_load("rules-hooks.rec", &tape);
	json_put(tape.symbols, "present", json_new_array());
	json_append(json_member(tape.symbols, "present"), json_new_string("/proc/keys"));
	expect(&tape, 13, INVARIANT_INVISIBLE, NULL);
	parse(whole, &observation);
	expect(&tape, 13, INVARIANT_HOLDS, observation);
	json_free(observation);
	for (size_t i = 0; i < 3; i++) {
		parse((const char *[]){ image_file, writable, uncovered }[i], &observation);
		expect(&tape, 13, INVARIANT_BROKEN, observation);
		json_free(observation);
	}
	tape_free(&tape);
}
END_TEST

START_TEST(readonly_paths)
{
	struct json *observation;
	struct tape tape;

	tape_load("rules-hooks.rec", &tape);
	expect(&tape, 14, INVARIANT_INVISIBLE, NULL);
	parse("{\"inside\":{\"mounts\":[{\"destination\":\"/proc/sys\",\"flags\":[\"ro\"]}]}}", &observation);
	expect(&tape, 14, INVARIANT_HOLDS, observation);
	json_free(observation);
	parse("{\"inside\":{\"mounts\":[{\"destination\":\"/proc/sys\",\"flags\":[\"nosuid\"]}]}}",
	      &observation);
	expect(&tape, 14, INVARIANT_BROKEN, observation);
	json_free(observation);
	tape_free(&tape);
}
END_TEST

START_TEST(targets_anchored)
{
	struct tape tape;
	const char *rootfs;
	size_t at;

	load("rules-hooks.rec", 15, &tape);
	rootfs = json_get_string(tape.symbols, "rootfs");
	ck_assert_ptr_nonnull(rootfs);
	at = tape_find(&tape, 0, EVENT_CALL, "move_mount", init_of(&tape));
	char path[512];
	(void) snprintf(path, sizeof(path), "%s/proc", rootfs);
	tape_set_string(&tape, at, 3, path);
	broken(&tape, 15);
}
END_TEST

START_TEST(descriptors)
{
	struct event_file file;
	struct tape tape;
	size_t at;

	load("rules-hooks.rec", 16, &tape);
	at = tape_find(&tape, tape_exec(&tape), EVENT_FD, NULL, init_of(&tape));
	file = tape_file(&tape, at, 0);
	file.fd = 7;
	tape_put_file(&tape, at, 0, &file);
	broken(&tape, 16);
}
END_TEST

START_TEST(executable_protected)
{
	struct tape tape;
	size_t at;

	load("rules-exec.rec", 17, &tape);
	while ((at = tape_find(&tape, 0, EVENT_CALL, "memfd_create", 0)) != TAPE_NONE)
		tape_drop(&tape, at);
	while ((at = tape_find(&tape, 0, EVENT_CALL, "open_tree", 0)) != TAPE_NONE)
		tape_drop(&tape, at);
	broken(&tape, 17);
}
END_TEST

START_TEST(limits_before_the_payload)
{
	struct tape tape;
	size_t at;

	load("rules-hooks.rec", 18, &tape);
	while ((at = tape_find(&tape, 0, EVENT_CGROUP_ATTACH, NULL, 0)) != TAPE_NONE)
		tape_drop(&tape, at);
	/* CLONE_INTO_CGROUP */
	at = tape_find(&tape, 0, EVENT_CALL, "clone3", 0);
	uint64_t flags;
	memcpy(&flags, tape_bytes(&tape, at, 0, PART_BYTES), sizeof(flags));
	flags &= ~(1ull << 33);
	memcpy(tape_bytes(&tape, at, 0, PART_BYTES), &flags, sizeof(flags));
	broken(&tape, 18);
}
END_TEST

START_TEST(limits_before_the_drop)
{
	struct tape tape;

	load("rules-hooks.rec", 19, &tape);
	tape_move(&tape, tape_find(&tape, 0, EVENT_CALL, "prlimit64", init_of(&tape)), tape_exec(&tape));
	broken(&tape, 19);
}
END_TEST

START_TEST(sysctls_inside)
{
	struct tape tape;

	load("rules-hooks.rec", 20, &tape);
	ck_assert_int_eq(json_drop(tape.symbols, "config.linux.namespaces[network]", NULL), 0);
	broken(&tape, 20);
}
END_TEST

START_TEST(crossing)
{
	struct event_state state;
	size_t at;
	struct tape tape;

	load("rules-exec.rec", 21, &tape);
	at = tape_find(&tape, 0, EVENT_CALL, "setns", 0);
	state = tape_state(&tape, at);
	state.dumpable = 1;
	tape_put_state(&tape, at, &state);
	broken(&tape, 21);
}
END_TEST

START_TEST(hooks)
{
	struct event_state state;
	struct tape tape;
	size_t first = 0, exec;
	uint32_t runtime_mount;

	load("rules-hooks.rec", 22, &tape);
	runtime_mount = tape_state(&tape, tape_find(&tape, 0, EVENT_EXEC, NULL, 0)).ns_mount;
	exec = tape_exec(&tape);
	/* The first program after the runtime is a createRuntime hook: behind the payload it comes too late. */
	first = tape_find(&tape, tape_find(&tape, 0, EVENT_EXEC, NULL, 0) + 1, EVENT_EXEC, NULL, 0);
	tape_move(&tape, first, exec + 1);
	broken(&tape, 22);
	load("rules-hooks.rec", 22, &tape);
	/* The second of a kind before the first. */
	size_t second = tape_find(&tape, first + 1, EVENT_EXEC, NULL, 0);
	tape_move(&tape, second, first);
	broken(&tape, 22);
	load("rules-hooks.rec", 22, &tape);
	/* A createContainer hook in the runtime's mount namespace. */
	size_t third = tape_find(&tape, second + 1, EVENT_EXEC, NULL, 0);
	state = tape_state(&tape, third);
	state.ns_mount = runtime_mount;
	tape_put_state(&tape, third, &state);
	broken(&tape, 22);
}
END_TEST

/* What the harness says before a step; it is put in place of a call that means nothing. */
static void put_mark(struct tape *tape, size_t at, enum event_phase phase)
{
	struct event *event = &tape->events[at].event;

	*event = (struct event){
		.time_ns = event->time_ns, .tgid = event->tgid, .type = EVENT_MARK, .call = 0xffff
	};
	event->args[0] = MARK_PHASE;
	event->args[1] = phase;
}

START_TEST(payload_waits)
{
	struct tape tape;
	size_t exec;

	load("rules-hooks.rec", 23, &tape);
	put_mark(&tape, tape_find(&tape, 0, EVENT_CALL, "openat", 0), PHASE_CREATE);
	exec = tape_exec(&tape);
	for (size_t next, from = 0; (next = tape_find(&tape, from, EVENT_CALL, "chdir", 0)) < exec;
	     from = next + 1)
		put_mark(&tape, next, PHASE_START);
	holds(&tape, 23);
	for (size_t next, from = 0; (next = tape_find(&tape, from, EVENT_MARK, NULL, 0)) < exec;
	     from = next + 1)
		tape.events[next].event.args[1] = PHASE_CREATE;
	broken(&tape, 23);
}
END_TEST

START_TEST(all_undone)
{
	struct tape tape;

	load("rules-hooks.rec", 24, &tape);
	tape_drop(&tape, tape_find(&tape, 0, EVENT_CGROUP_RMDIR, NULL, 0));
	broken(&tape, 24);
	load("rules-hooks.rec", 24, &tape);
	tape_drop(&tape, tape_find(&tape, 0, EVENT_EXIT, NULL, init_of(&tape)));
	put_mark(&tape, tape_find(&tape, tape_exec(&tape), EVENT_CALL, "rmdir", 0), PHASE_DELETE);
	broken(&tape, 24);
}
END_TEST

START_TEST(signals_inside)
{
	struct tape tape;
	struct event *call, *signal;
	size_t at;

	tape_load("rules-hooks.rec", &tape);
	/* Two events of the runtime become a kill(2) and what it does. */
	at = tape_find(&tape, 0, EVENT_CALL, "mkdirat",
		       tape.events[tape_find(&tape, 0, EVENT_EXEC, NULL, 0)].event.tgid);
	call = &tape.events[at].event;
	signal = &tape.events[at + 1].event;
	call->call = SYS_kill;
	call->args[1] = SIGTERM;
	call->duration_ns = signal->time_ns - call->time_ns + 1;
	signal->type = EVENT_SIGNAL;
	signal->call = 0xffff;
	signal->tgid = call->tgid;
	signal->args[0] = SIGTERM;
	signal->args[1] = init_of(&tape);
	holds(&tape, 25);
	signal->args[1] = 1;
	expect(&tape, 25, INVARIANT_BROKEN, NULL);
	/* Without a call that sends it, it was an interrupt. */
	call->args[1] = SIGKILL;
	expect(&tape, 25, INVARIANT_UNRELATED, NULL);
	call->call = SYS_getpid;
	expect(&tape, 25, INVARIANT_UNRELATED, NULL);
	tape_free(&tape);
}
END_TEST

Suite *test_invariants(void)
{
	return UNIT_SUITE("invariants", rules_are_numbered_and_named, hidden_calls_decide_nothing,
			  a_gap_decides_nothing, more_than_is_looked_at_decides_nothing, credentials,
			  no_new_privs_before_the_filter, nothing_after_the_filter, nothing_grows,
			  ids_in_order, keepcaps_cleared, namespaces_as_configured, user_namespace_first,
			  propagation_cut, host_mounts_stay, old_root_gone, masked_paths, readonly_paths,
			  targets_anchored, descriptors, executable_protected, limits_before_the_payload,
			  limits_before_the_drop, sysctls_inside, crossing, hooks, payload_waits, all_undone,
			  signals_inside);
}
