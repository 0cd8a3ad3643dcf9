/* Where a mount lands is where the kernel found its target, when the recording says so. */
#include "tests/unit.h"

#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/raw.h"
#include "bpf/recording.h"

Suite *test_effect_mount(void);

static void add_part(struct text *out, struct event *event, int arg, int kind, const char *data, size_t size)
{
	struct event_part part = { .arg = (__u8) arg, .kind = (__u8) kind, .size = (__u16) size };

	text_add_bytes(out, &part, sizeof(part));
	text_add_bytes(out, data, size);
	event->part_count++;
	event->size += (__u32) (sizeof(part) + size);
}

/* mount(NULL, given, "tmpfs") and, unless NULL, the path that was found there, leaf first: its effect, and the call as text. */
static void mount_at(const char *given, const char *found, size_t found_size, struct text *effect,
		     struct text *raw)
{
	struct event event = { .type = EVENT_CALL, .call = SYS_mount };
	auto_text parts = { 0 }, bytes = { 0 };
	auto_json symbols = json_new_object();
	struct effects effects = { 0 };
	struct decoded decoded;
	size_t offset = 0;

	add_part(&parts, &event, 1, PART_STRING, given, strlen(given) + 1);
	add_part(&parts, &event, 2, PART_STRING, "tmpfs", sizeof("tmpfs"));
	if (found)
		add_part(&parts, &event, PART_ARG_RESOLVED + 1, PART_PATH, found, found_size);
	text_add_bytes(&bytes, &event, sizeof(event));
	text_add_bytes(&bytes, parts.data, parts.len);
	const struct recording recording = {
		.symbols = symbols, .bytes = (unsigned char *) bytes.data, .size = bytes.len, .event_count = 1
	};
	ck_assert_int_eq(effects_from(&recording, &effects, NULL), 0);
	ck_assert_uint_eq(effects.count, 1);
	text_add(effect, effects.items[0].text);
	effects_free(&effects);
	ck_assert_int_eq(recording_next(&recording, &offset, &decoded, NULL), 1);
	raw_text(&decoded, raw);
}

static void check(const char *given, const char *found, size_t found_size, const char *effect,
		  const char *call)
{
	auto_text seen = { 0 }, raw = { 0 };

	mount_at(given, found, found_size, &seen, &raw);
	ck_assert_str_eq(text_str(&seen), effect);
	ck_assert_msg(strstr(text_str(&raw), call), "%s is not in %s", call, text_str(&raw));
}

START_TEST(what_the_kernel_found_counts)
{
	static const char real[] = "real\0tmp";

	check("/tmp/link", real, sizeof(real), "mnt.new:/tmp/real:tmpfs", "\"/tmp/link\"</tmp/real>");
	check("link/../link", real, sizeof(real), "mnt.new:/tmp/real:tmpfs", "\"link/../link\"</tmp/real>");
	check("/tmp/link", NULL, 0, "mnt.new:/tmp/link:tmpfs", "\"/tmp/link\", ");
}
END_TEST

/* pivot_root(".", ".") leaves the old root on top of the new one: where it lies says nothing, that it was "." does. */
START_TEST(a_dot_stays_a_dot)
{
	check(".", "", 0, "mnt.new:.:tmpfs", "\".\"</>");
}
END_TEST

Suite *test_effect_mount(void)
{
	return UNIT_SUITE("effect mount", what_the_kernel_found_counts, a_dot_stays_a_dot);
}
