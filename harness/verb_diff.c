/* plumbline diff: what two recordings have in common is left out. */
#include "harness/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effect_diff.h"
#include "bpf/raw.h"
#include "bpf/recording.h"
#include "harness/diff.h"
#include "harness/options.h"
#include "harness/screen.h"

static int load(const char *path, struct diff_side *ret, struct err *err)
{
	int r = recording_read_at(AT_FDCWD, path, &ret->recording, err);

	if (r < 0)
		return r;
	ret->name = path;
	return effects_from(&ret->recording, &ret->effects, err);
}

static void side_free(struct diff_side *side)
{
	effects_free(&side->effects);
	recording_free(&side->recording);
}

static int exit_of(int r)
{
	return r == -EBADMSG                                  ? EXIT_INVALID_INPUT
	       : r == -ENOENT || r == -EACCES || r == -EISDIR ? EXIT_USAGE
							      : EXIT_BROKEN;
}

static int compare(const struct diff_side sides[DIFF_SIDES], struct screen *screen)
{
	const struct effects *effects[DIFF_SIDES] = { &sides[DIFF_A].effects, &sides[DIFF_B].effects };
	const char *ids[DIFF_SIDES] = { json_get_string(sides[DIFF_A].recording.symbols, "id"),
					json_get_string(sides[DIFF_B].recording.symbols, "id") };
	struct effects_diff diff = { 0 };
	auto_text out = { 0 };
	int code;

	effects_compare(effects, ids, &diff);
	if (screen->json)
		diff_json(sides, &diff, &out);
	else
		diff_text(sides, &diff, &out);
	screen_print(screen, &out);
	code = diff.count || diff.order_count ? EXIT_UNEXPECTED_FAILURE : EXIT_AS_EXPECTED;
	for (int side = 0; side < DIFF_SIDES; side++)
		if (effects[side]->lost || effects[side]->gaps) {
			screen_say(screen, "%s has lost events: what differs may be them", sides[side].name);
			code = EXIT_BROKEN;
		}
	effects_diff_free(&diff);
	return code;
}

int verb_diff(const struct options *options)
{
	struct diff_side sides[DIFF_SIDES] = { 0 };
	struct screen screen = { 0 };
	struct err err = { 0 };
	int r;

	if (screen_init(options, &screen, &err) < 0 || options->words.count != 2) {
		screen_say(&screen, "%s",
			   err.text[0] ? err.text : "expected: plumbline diff RECORDING RECORDING");
		return EXIT_USAGE;
	}
	r = load(options->words.words[0], &sides[DIFF_A], &err);
	if (r >= 0)
		r = load(options->words.words[1], &sides[DIFF_B], &err);
	if (r < 0) {
		screen_say(&screen, "%s", err.text);
		r = exit_of(r);
	} else {
		r = compare(sides, &screen);
	}
	side_free(&sides[DIFF_A]);
	side_free(&sides[DIFF_B]);
	return r;
}
