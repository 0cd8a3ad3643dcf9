/* What plumbline trace prints, from recordings of real containers: widths, columns, lanes, and nothing that a terminal obeys. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/raw.h"
#include "bpf/recording.h"
#include "harness/trace.h"
#include "harness/trace_group.h"

Suite *test_trace(void);

static const char *const names[] = { "rules-hooks", "rules-user", "rules-exec" };

struct loaded {
	struct recording recording;
	struct effects effects;
};

static void load(const char *name, struct loaded *ret)
{
	auto_free char *path = text_format("fixtures/recordings/%s.rec", name);
	struct err err = { 0 };

	*ret = (struct loaded){ 0 };
	ck_assert_msg(recording_read_at(AT_FDCWD, path, &ret->recording, &err) == 0, "%s", err.text);
	ck_assert_msg(effects_from(&ret->recording, &ret->effects, &err) == 0, "%s", err.text);
}

static void unload(struct loaded *loaded)
{
	effects_free(&loaded->effects);
	recording_free(&loaded->recording);
}

static size_t count_lines(const char *text, size_t *ret_widest)
{
	size_t lines = 0;

	*ret_widest = 0;
	for (; *text; lines++) {
		size_t width = strcspn(text, "\n");

		if (width > *ret_widest)
			*ret_widest = width;
		text += width + (text[width] == '\n');
	}
	return lines;
}

START_TEST(a_story_fits_on_a_page)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct loaded loaded;
		auto_text story = { 0 };
		size_t widest, lines;

		load(names[i], &loaded);
		trace_story(&loaded.recording, &loaded.effects, &story);
		lines = count_lines(text_str(&story), &widest);
		ck_assert_msg(lines <= 40, "%s: %zu lines", names[i], lines);
		ck_assert_msg(lines > 15, "%s: %zu lines", names[i], lines);
		ck_assert_msg(widest <= 80, "%s: %zu columns", names[i], widest);
		unload(&loaded);
	}
}
END_TEST

START_TEST(a_story_names_phases_and_fields)
{
	static const char *const words[] = {
		"plumbline-oci run --bundle /run/bundle x\n",
		"\ncreate\n",
		"\nstart\n",
		"\ndelete\n",
		"mounts /proc /dev /dev/pts",
		"<- mounts\n",
		"<- linux.maskedPaths\n",
		"makes namespaces user mount pid network",
		"<- linux.namespaces\n",
		"executes /true",
		"<- process.args\n",
		"removes cgroups @cgroup x10",
		"calls about isolation are tied to config.json\n",
	};
	struct loaded loaded;
	auto_text story = { 0 };

	load("rules-user", &loaded);
	trace_story(&loaded.recording, &loaded.effects, &story);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		ck_assert_msg(strstr(text_str(&story), words[i]) != NULL, "no \"%s\" in:\n%s", words[i],
			      text_str(&story));
	unload(&loaded);
}
END_TEST

START_TEST(nearly_every_call_about_isolation_is_tied)
{
	for (size_t i = 0; i < 2; i++) { /* the third has no config of its own */
		struct loaded loaded;
		uint64_t tied, tieable;

		load(names[i], &loaded);
		effects_count_ties(&loaded.effects, &tied, &tieable);
		ck_assert_uint_gt(tieable, 100);
		ck_assert_uint_le(tied, tieable);
		ck_assert_msg(tied * 100 >= tieable * 95, "%s: %llu of %llu", names[i],
			      (unsigned long long) tied, (unsigned long long) tieable);
		unload(&loaded);
	}
}
END_TEST

START_TEST(what_has_no_cause_in_the_config_is_not_tied)
{
	struct loaded loaded;
	size_t untied = 0;

	load("rules-user", &loaded);
	for (size_t i = 0; i < loaded.effects.count; i++) {
		const struct effect *e = &loaded.effects.items[i];

		if (e->kind == EXE_PROTECT || e->kind == PROC_SESSION || e->kind == PROC_EXIT) {
			ck_assert_ptr_null(e->field);
			untied++;
		}
	}
	ck_assert_uint_gt(untied, 2);
	unload(&loaded);
}
END_TEST

START_TEST(raw_has_a_line_for_every_event)
{
	static const char *const lines[] = {
		"sethostname(\"plumbline\", 9) = 0\n",
		"setresuid(1000, 1000, 1000) = 0\n",
		"prctl(PR_SET_NO_NEW_PRIVS, 1) = 0\n",
		"fsopen(\"proc\", FSOPEN_CLOEXEC)",
		"move_mount(",
		"MOVE_MOUNT_F_EMPTY_PATH",
		"{flags=CLONE_PIDFD|CLONE_NEWNS|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWUSER|CLONE_NEWPID|CLONE_"
		"NEWNET|",
		"capset({version=0x20080522, pid=0}, {effective=",
		"resolve=RESOLVE_NO_MAGICLINKS|RESOLVE_IN_ROOT}",
		"-- end of the recording --\n",
	};
	struct loaded loaded;
	auto_text raw = { 0 };
	size_t widest;

	load("rules-user", &loaded);
	trace_raw(&loaded.recording, &loaded.effects, &raw);
	ck_assert_uint_eq(count_lines(text_str(&raw), &widest), loaded.recording.event_count);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		ck_assert_msg(strstr(text_str(&raw), lines[i]) != NULL, "no \"%s\"", lines[i]);
	unload(&loaded);
}
END_TEST

static bool has_control(const struct text *text)
{
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char) text->data[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			return true;
	}
	return false;
}

/* Every string of the traced processes is replaced by what would move the cursor, ring or rename the window. */
static void poison(struct recording *recording)
{
	struct decoded event;
	size_t offset = 0;

	while (recording_next(recording, &offset, &event, NULL) == 1)
		for (size_t i = 0; i < event.part_count; i++) {
			unsigned char *data = (unsigned char *) event.parts[i].data;

			if (event.parts[i].kind != PART_STRING && event.parts[i].kind != PART_PATH)
				continue;
			for (size_t k = 0; k + 1 < event.parts[i].size; k++)
				if (data[k] >= 'a' && data[k] <= 'f')
					data[k] = (unsigned char) "\033\007\r\b\x7f\n"[data[k] - 'a'];
		}
}

START_TEST(a_terminal_obeys_nothing_that_was_recorded)
{
	struct loaded loaded;
	auto_text raw = { 0 }, effects = { 0 }, story = { 0 };
	size_t widest;

	load("rules-user", &loaded);
	effects_free(&loaded.effects);
	poison(&loaded.recording);
	ck_assert_int_eq(effects_from(&loaded.recording, &loaded.effects, NULL), 0);
	trace_raw(&loaded.recording, &loaded.effects, &raw);
	trace_effects(&loaded.effects, &effects);
	trace_story(&loaded.recording, &loaded.effects, &story);
	ck_assert(!has_control(&raw));
	ck_assert(!has_control(&effects));
	ck_assert(!has_control(&story));
	ck_assert_uint_eq(count_lines(text_str(&raw), &widest), loaded.recording.event_count);
	ck_assert_uint_eq(count_lines(text_str(&effects), &widest), loaded.effects.count);
	unload(&loaded);
}
END_TEST

struct slice {
	int64_t pid, tid;
	double begin, end;
};

static int compare_slices(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static size_t collect_slices(const struct json *events, struct slice *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < json_length(events); i++) {
		const struct json *row = json_at(events, i);

		if (strcmp(json_get_string(row, "ph"), "X") != 0)
			continue;
		ret[count] = (struct slice){
			.pid = json_int(json_member(row, "pid"), -1),
			.tid = json_int(json_member(row, "tid"), -1),
			.begin = json_double(json_member(row, "ts"), -1),
		};
		ret[count].end = ret[count].begin + json_double(json_member(row, "dur"), -1);
		ck_assert(ret[count].begin >= 0 && ret[count].end >= ret[count].begin);
		count++;
	}
	return count;
}

START_TEST(slices_of_a_lane_never_overlap)
{
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		struct loaded loaded;
		auto_text out = { 0 };
		auto_json document = NULL;
		auto_free struct slice *slices = NULL;
		const struct json *events;
		struct err err = { 0 };
		size_t count;

		load(names[n], &loaded);
		trace_perfetto(&loaded.recording, &loaded.effects, &out);
		ck_assert_msg(json_parse(text_str(&out), out.len, &document, &err) == 0, "%s", err.text);
		events = json_member(document, "traceEvents");
		slices = calloc(json_length(events) + 1, sizeof(*slices));
		ck_assert_ptr_nonnull(slices);
		count = collect_slices(events, slices);
		ck_assert_uint_gt(count, 100);
		for (size_t i = 0; i < json_length(events); i++) {
			const struct json *row = json_at(events, i);

			/* Readers of other projects ask for each of these in every event. */
			ck_assert(json_get_string(row, "name") && json_get_string(row, "cat"));
			ck_assert(json_has(row, "ts") && json_has(row, "pid") && json_has(row, "tid"));
		}
		qsort(slices, count, sizeof(*slices), compare_slices);
		for (size_t i = 1; i < count; i++)
			if (slices[i].pid == slices[i - 1].pid && slices[i].tid == slices[i - 1].tid)
				ck_assert_msg(
				    slices[i].begin >= slices[i - 1].end - 0.0005,
				    "%s: lane %lld: a slice begins at %f, the one before ends at %f",
				    names[n], (long long) slices[i].tid, slices[i].begin, slices[i - 1].end);
		unload(&loaded);
	}
}
END_TEST

/* More failures than there is room for their names, and then one that succeeds. */
START_TEST(names_of_failures_give_way_all_of_them)
{
	struct effect effects[NAMES_MAX + 9] = { 0 };
	char *texts[ARRAY_SIZE(effects)];
	struct story story = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(effects); i++) {
		texts[i] = text_format("mnt.new:/%zu", i);
		effects[i] = (struct effect){ .kind = MNT_NEW, .text = texts[i], .error = EPERM };
	}
	effects[ARRAY_SIZE(effects) - 1].error = 0;
	story_collect(&story, effects, ARRAY_SIZE(effects) - 1);
	ck_assert_uint_eq(story.groups[0].name_count, NAMES_MAX);
	ck_assert_uint_eq(story.groups[0].more, 8);
	story_free(&story);
	story_collect(&story, effects, ARRAY_SIZE(effects));
	ck_assert_uint_eq(story.groups[0].name_count, 1);
	ck_assert_uint_eq(story.groups[0].more, 0);
	story_free(&story);
	for (size_t i = 0; i < ARRAY_SIZE(effects); i++)
		free(texts[i]);
}
END_TEST

Suite *test_trace(void)
{
	return UNIT_SUITE("trace", names_of_failures_give_way_all_of_them, a_story_fits_on_a_page,
			  a_story_names_phases_and_fields, nearly_every_call_about_isolation_is_tied,
			  what_has_no_cause_in_the_config_is_not_tied, raw_has_a_line_for_every_event,
			  a_terminal_obeys_nothing_that_was_recorded, slices_of_a_lane_never_overlap);
}
