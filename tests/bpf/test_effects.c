/*
 * Golden recordings of four runtimes, read as effects without root: what is understood of them is written down beside them, and nothing
 * that is done to their bytes may do more than be refused.
 */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/recording.h"

Suite *test_effects(void);

static const char *const goldens[] = { "crun", "runc", "runsc", "plumbline-oci" };

static struct recording load(const char *name)
{
	auto_free char *path = text_format("fixtures/recordings/%s.rec", name);
	struct recording recording = { 0 };
	struct err err = { 0 };

	ck_assert_msg(recording_read_at(AT_FDCWD, path, &recording, &err) == 0, "%s", err.text);
	return recording;
}

static struct effects read_effects(const struct recording *recording)
{
	struct effects effects = { 0 };
	struct err err = { 0 };

	ck_assert_msg(effects_from(recording, &effects, &err) == 0, "%s", err.text);
	return effects;
}

/* Ids and times differ from one recording to the next and are not written down. */
static void print_effects(const struct effects *effects, struct text *out)
{
	for (size_t i = 0; i < effects->count; i++) {
		const struct effect *e = &effects->items[i];

		text_addf(out, "%s %s %s", effect_role_name(e->role), effect_phase_name(e->phase), e->text);
		if (e->field)
			text_addf(out, " <- %s", e->field);
		text_add(out, e->error ? " !\n" : "\n");
	}
}

START_TEST(recordings_are_understood_as_before)
{
	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
		auto_free char *path = text_format("tests/golden/effects/%s.txt", goldens[i]);
		struct recording recording = load(goldens[i]);
		struct effects effects = read_effects(&recording);
		auto_text found = { 0 }, wanted = { 0 };
		const char *mode = getenv("GOLDEN");

		print_effects(&effects, &found);
		effects_free(&effects);
		recording_free(&recording);
		if (mode && !strcmp(mode, "update"))
			ck_assert_int_eq(
			    file_create_at(AT_FDCWD, path, text_str(&found), found.len, 0644, NULL), 0);
		ck_assert_int_eq(file_read_at(AT_FDCWD, path, 1 << 20, &wanted, NULL), 0);
		ck_assert_msg(
		    !strcmp(text_str(&found), text_str(&wanted)),
		    "%s differs from what is understood now; after a look, `make golden` accepts it", path);
	}
}
END_TEST

START_TEST(recordings_are_whole)
{
	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
		struct recording recording = load(goldens[i]);
		struct effects effects = read_effects(&recording);

		ck_assert_uint_eq(effects.events, recording.event_count);
		ck_assert_uint_eq(effects.lost, 0);
		ck_assert(!effects.gaps);
		ck_assert_int_eq(effects.payload_visible, strcmp(goldens[i], "runsc") != 0);
		ck_assert_int_eq(effects.payload_exec != SIZE_MAX, effects.payload_visible);
		effects_free(&effects);
		recording_free(&recording);
	}
}
END_TEST

/* Three runtimes with three ways to do it: the same claims hold of all. */
START_TEST(the_same_claims_hold_of_all)
{
	static const char *const orders[][2] = {
		{ "ns.new:mount", "mnt.bind:/data" },
		{ "mnt.bind:/data", "mnt.attr:/data:ro" },
		{ "mnt.new:/proc:proc", "root.switch" },
		{ "mnt.attr:/data:ro", "proc.exec:payload" },
		{ "root.switch", "proc.exec:payload" },
		{ "sec.nnp:init", "proc.exec:payload" },
		{ "cg.attach:*:@cgroup", "proc.exec:payload" },
		{ "path.mask:/proc/keys", "proc.exec:payload" },
		{ "path.readonly:/proc/sys", "proc.exec:payload" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
		struct recording recording = load(goldens[i]);
		struct effects effects = read_effects(&recording);

		for (size_t k = 0; effects.payload_visible && k < ARRAY_SIZE(orders); k++) {
			ck_assert_msg(effects_precede(&effects, orders[k][0], orders[k][1]),
				      "%s: %s before %s", goldens[i], orders[k][0], orders[k][1]);
			ck_assert(!effects_precede(&effects, orders[k][1], orders[k][0]));
		}
		ck_assert(!effects_happen(&effects, "hook.run"));
		effects_free(&effects);
		recording_free(&recording);
	}
}
END_TEST

START_TEST(a_missing_event_is_a_gap)
{
	struct recording recording = load("crun");
	struct decoded event;
	size_t end = 0, offset = 0;

	while (recording_next(&recording, &offset, &event, NULL) == 1 && offset < recording.size)
		end = offset;
	/* Without its last event there is no gap, without its first there is. */
	recording.size = end;
	recording.event_count--;
	struct effects effects = read_effects(&recording);
	ck_assert(!effects.gaps);
	effects_free(&effects);
	offset = 0;
	ck_assert_int_eq(recording_next(&recording, &offset, &event, NULL), 1);
	memmove(recording.bytes, recording.bytes + offset, recording.size - offset);
	recording.size -= offset;
	recording.event_count--;
	effects = read_effects(&recording);
	ck_assert(effects.gaps);
	effects_free(&effects);
	recording_free(&recording);
}
END_TEST

/* A generator of one's own: the same on every machine and every C library. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Bytes changed at random behind a good checksum: refused or understood, and nothing read beyond its bounds. */
START_TEST(damaged_events_do_no_harm)
{
	uint64_t state = 20261128;
	size_t refused = 0;

	for (size_t i = 0; i < ARRAY_SIZE(goldens); i++) {
		struct recording recording = load(goldens[i]);
		auto_free unsigned char *good = malloc(recording.size);

		memcpy(good, recording.bytes, recording.size);
		for (int round = 0; round < 40; round++) {
			struct effects effects = { 0 };

			memcpy(recording.bytes, good, recording.size);
			for (int change = 0; change < 60; change++)
				recording.bytes[next_random(&state) % recording.size] =
				    (unsigned char) next_random(&state);
			int r = effects_from(&recording, &effects, NULL);
			ck_assert(r == 0 || r == -EBADMSG);
			refused += r < 0;
			if (r == 0) {
				auto_json json = effects_to_json(&effects);
				ck_assert_uint_eq(json_length(json), effects.count);
			}
			effects_free(&effects);
		}
		recording_free(&recording);
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_lt(refused, 160);
}
END_TEST

START_TEST(patterns_match_whole_fields)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} rows[] = {
		{ "mnt.bind:/data", "mnt.bind:/data", true },
		{ "mnt.bind:/data", "mnt.bind:/data:rec", true },
		{ "mnt.bind:/data", "mnt.bind:/database", false },
		{ "mnt.bind:/data:rec", "mnt.bind:/data", false },
		{ "mnt.bind:*:rec", "mnt.bind:/data:rec", true },
		{ "mnt.bind:*:ro", "mnt.bind:/a:b:ro", false },
		{ "mnt.bind:/proc/*", "mnt.bind:/proc/sys:rec", true },
		{ "*", "mnt.bind", true },
		{ "cg.set:*.max:7", "cg.set:pids.max:7", true },
		{ "", "mnt.bind", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_msg(effect_matches(rows[i].pattern, rows[i].text) == rows[i].matches, "%s on %s",
			      rows[i].pattern, rows[i].text);
}
END_TEST

static const char *field_of(const struct effects *effects, const char *text)
{
	for (size_t i = 0; i < effects->count; i++)
		if (!strcmp(effects->items[i].text, text))
			return effects->items[i].field ? effects->items[i].field : "";
	ck_abort_msg("there is no %s", text);
	return NULL;
}

/* A namespace that the config does not list is joined because somebody asked for exec. */
START_TEST(exec_is_a_cause)
{
	static const char config[] = "{\"linux\": {\"namespaces\": [{\"type\": \"ipc\"}]}}";
	struct recording recording = load("rules-exec");
	struct json *parsed = NULL;

	ck_assert_int_eq(json_parse(config, strlen(config), &parsed, NULL), 0);
	json_put(recording.symbols, "config", parsed);
	struct effects effects = read_effects(&recording);
	ck_assert_str_eq(field_of(&effects, "ns.join:uts"), "(exec)");
	ck_assert_str_eq(field_of(&effects, "ns.join:ipc"), "linux.namespaces[ipc]");
	effects_free(&effects);
	recording_free(&recording);
}
END_TEST

/* crun lifts limits of a cgroup it has made: by the config's word where it has one, else because there is to be a cgroup. */
START_TEST(an_inherited_limit_is_lifted_for_the_cgroup)
{
	static const struct {
		const char *config, *field;
	} rows[] = {
		{ "{\"linux\": {}}", "linux.cgroupsPath" },
		{ "{\"linux\": {\"resources\": {\"pids\": {\"limit\": 1}}}}", "linux.cgroupsPath" },
		{ "{\"linux\": {\"resources\": {\"memory\": {\"limit\": -1}}}}", "linux.resources.memory" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct recording recording = load("crun");
		struct json *parsed = NULL;

		ck_assert_int_eq(json_parse(rows[i].config, strlen(rows[i].config), &parsed, NULL), 0);
		json_put(recording.symbols, "config", parsed);
		struct effects effects = read_effects(&recording);
		ck_assert_str_eq(field_of(&effects, "cg.set:memory.limit_in_bytes:-1"), rows[i].field);
		ck_assert_str_eq(field_of(&effects, "cg.set:memory.kmem.limit_in_bytes:-1"), rows[i].field);
		ck_assert_str_eq(field_of(&effects, "cg.set:memory.memsw.limit_in_bytes:-1"), rows[i].field);
		effects_free(&effects);
		recording_free(&recording);
	}
}
END_TEST

START_TEST(effects_become_json)
{
	struct recording recording = load("plumbline-oci");
	struct effects effects = read_effects(&recording);
	auto_json json = effects_to_json(&effects);
	const struct json *first = json_at(json, 0);

	ck_assert_uint_eq(json_length(json), effects.count);
	ck_assert_str_eq(json_get_string(first, "kind"), "proc.exec");
	ck_assert_str_eq(json_get_string(first, "role"), "runtime");
	ck_assert_str_eq(json_get_string(first, "phase"), "create");
	ck_assert_str_eq(json_get_string(first, "text"), "proc.exec:runtime");
	ck_assert_int_eq(json_int(json_member(first, "t_us"), -1), 0);
	ck_assert(!json_has(first, "errno"));
	effects_free(&effects);
	recording_free(&recording);
}
END_TEST

Suite *test_effects(void)
{
	return UNIT_SUITE("effects", recordings_are_understood_as_before, recordings_are_whole,
			  the_same_claims_hold_of_all, a_missing_event_is_a_gap, damaged_events_do_no_harm,
			  patterns_match_whole_fields, exec_is_a_cause,
			  an_inherited_limit_is_lifted_for_the_cgroup, effects_become_json);
}
