/* Lines of the story: short names, the gutter, rules, and messages as YAML would have them. */
#include "harness/flow_show.h"

#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"
#include "reports/columns.h"

#define INDENT_MAX 12
#define DIGITS 64 /* of a SHA-256, and of an id */
#define MARK_MIN 18 /* columns of an origin */

static const struct {
	const char *symbol, *word;
} short_names[] = { { "@container-bundle", "@bundle" },
		    { "@sandbox-bundle", "@bundle" },
		    { "@container", "CONTAINER" },
		    { "@sandbox", "SANDBOX" },
		    { "@cri-state", "@state" },
		    { "@cri-root", "@root" },
		    { "@cri", "@cri" },
		    { "@run", "@run" } };

/* How much of the text a symbol's value covers; the word for it goes into *ret. */
static size_t match_symbol(const struct teller *teller, const char *text, const char **ret)
{
	const struct json *symbols = json_member(teller->head, "symbols");

	for (size_t i = 0; i < ARRAY_SIZE(short_names); i++) {
		const char *value = json_string(json_member(symbols, short_names[i].symbol));
		size_t len = value ? strlen(value) : 0;

		if (!len || strncmp(text, value, len) != 0)
			continue;
		*ret = short_names[i].word;
		return len;
	}
	return 0;
}

/* An id or a digest that has no word: enough of it to tell it from others. */
static size_t match_digits(const char *text)
{
	return strspn(text, "0123456789abcdef") == DIGITS ? DIGITS : 0;
}

char *flow_short(const struct teller *teller, const char *text)
{
	auto_text ret = { 0 };
	const char *word;

	while (text && *text) {
		size_t len = match_symbol(teller, text, &word);

		if (len) {
			text_add(&ret, word);
		} else if ((len = match_digits(text))) {
			text_addf(&ret, "%.12s...", text);
		} else {
			text_add_char(&ret, *text);
			len = 1;
		}
		text += len;
	}
	return text_take(&ret);
}

static void add_label(const struct teller *teller, const char *label, const char *sgr)
{
	columns_space(teller->out, 2);
	if (*label)
		colour_on(teller->out, sgr, &teller->style);
	columns_left(teller->out, label, FLOW_GUTTER - 2, &teller->style);
	if (*label)
		colour_off(teller->out, &teller->style);
}

void flow_label(const struct teller *teller, const char *label)
{
	add_label(teller, label, SGR_LABEL);
}

void flow_line(const struct teller *teller, const char *label, const char *text, const char *right)
{
	int room = FLOW_WIDTH - FLOW_GUTTER, mark = right && *right ? columns_of(right) + 4 : 0;
	int taken = columns_of(text);

	/* Who asked is worth less than what was done: it gives way. */
	if (mark && taken + mark > room)
		mark = room - taken > MARK_MIN ? room - taken : MARK_MIN < mark ? MARK_MIN : mark;
	flow_label(teller, label);
	if (!mark) {
		columns_cut(teller->out, text, room, &teller->style);
		text_trim_end(teller->out);
		text_add_char(teller->out, '\n');
		return;
	}
	columns_left(teller->out, text, room - mark, &teller->style);
	colour_on(teller->out, SGR_ORIGIN, &teller->style);
	text_add(teller->out, " <- ");
	columns_cut(teller->out, right, mark - 4, &teller->style);
	colour_off(teller->out, &teller->style);
	text_add_char(teller->out, '\n');
}

void flow_wrap(const struct teller *teller, const char *label, const char *text, int lines)
{
	flow_label(teller, label);
	columns_wrap(teller->out, text, FLOW_GUTTER, lines, &teller->style);
	text_add_char(teller->out, '\n');
}

void flow_add_values(const struct teller *teller, const struct json *values, int room, struct text *ret)
{
	size_t count = json_length(values);

	if (!count)
		text_add(ret, "none");
	for (size_t i = 0; i < count; i++) {
		auto_free char *value = flow_short(teller, json_string(json_at(values, i)));

		if (i && columns_of(text_str(ret)) + 1 + columns_of(value) + (i + 1 < count ? 4 : 0) > room) {
			text_addf(ret, " +%zu", count - i);
			return;
		}
		text_addf(ret, "%s%s", i ? " " : "", value);
	}
}

void flow_refusal(const struct teller *teller, const char *text)
{
	add_label(teller, "L2 refuses", SGR_BAD);
	columns_wrap(teller->out, text, FLOW_GUTTER, 6, &teller->style);
	text_add_char(teller->out, '\n');
}

void flow_rule(const struct teller *teller, const char *left, const char *right, bool bad)
{
	const char *dash = teller->style.unicode ? "\xe2\x94\x80" : "-";
	auto_text clean = { 0 }, word = { 0 };

	columns_cut(&clean, left, FLOW_WIDTH / 2, &teller->style);
	columns_cut(&word, right, FLOW_WIDTH / 2 - 8, &teller->style);
	int fill = FLOW_WIDTH - 3 - columns_of(text_str(&clean)) - 1 -
		   (word.len ? columns_of(text_str(&word)) + 2 + 2 : 0);
	colour_on(teller->out, bad ? SGR_BAD : SGR_HEAD, &teller->style);
	text_addf(teller->out, "%s%s %s ", dash, dash, text_str(&clean));
	for (int i = 0; i < fill; i++)
		text_add(teller->out, dash);
	if (word.len)
		text_addf(teller->out, " %s %s%s", text_str(&word), dash, dash);
	colour_off(teller->out, &teller->style);
	text_add_char(teller->out, '\n');
}

/* The value of a variable is bytes in the interface, and so base64 in its JSON. */
static bool add_variable(const struct json *value, struct text *ret)
{
	const char *key = json_get_string(value, "key"), *encoded = json_get_string(value, "value");
	auto_text bytes = { 0 };

	if (!key || !encoded || json_length(value) != 2 || base64_decode(encoded, &bytes) < 0)
		return false;
	text_addf(ret, "%s=%s", key, text_str(&bytes));
	return true;
}

static void add_inline(const struct json *value, struct text *ret)
{
	bool object = json_kind(value) == JSON_OBJECT, first = true;

	if (json_string(value)) {
		text_add(ret, json_string(value));
		return;
	}
	if ((object && add_variable(value, ret)) || (!object && json_kind(value) != JSON_ARRAY)) {
		if (!object)
			json_print(value, 0, ret);
		return;
	}
	text_add_char(ret, object ? '{' : '[');
	for (size_t i = 0; i < json_length(value); i++) {
		const struct json *element = object ? json_value_at(value, i) : json_at(value, i);

		if (object && json_length(value) > 1 && !flow_is_set(element))
			continue;
		text_add(ret, first ? "" : ", ");
		if (object)
			text_addf(ret, "%s: ", json_key_at(value, i));
		add_inline(element, ret);
		first = false;
	}
	text_add_char(ret, object ? '}' : ']');
}

struct message {
	const struct teller *teller;
	const char *label; /* of the next line: the first has the real one */
};

static void message_line(struct message *message, int indent, const char *key, const char *value)
{
	auto_text line = { 0 };

	columns_space(&line, indent);
	text_addf(&line, "%s:%s%s", key, *value ? " " : "", value);
	flow_line(message->teller, message->label, text_str(&line), NULL);
	message->label = "";
}

static void show_member(struct message *message, const char *key, const struct json *value, int indent)
{
	const struct teller *teller = message->teller;
	auto_text text = { 0 };
	int room = FLOW_WIDTH - FLOW_GUTTER - indent - (int) strlen(key) - 2;

	if (!flow_is_set(value))
		return;
	if (!strcmp(key, "sandbox_config") && json_equal(value, teller->sandbox_request)) {
		message_line(message, indent, key, "(that of RunPodSandbox once more)");
		return;
	}
	add_inline(value, &text);
	auto_free char *shortened = flow_short(teller, text_str(&text));
	bool object = json_kind(value) == JSON_OBJECT && json_length(value) && indent < INDENT_MAX;
	if (!object || columns_of(shortened) <= room) {
		message_line(message, indent, key, shortened);
		return;
	}
	message_line(message, indent, key, "");
	for (size_t i = 0; i < json_length(value); i++)
		show_member(message, json_key_at(value, i), json_value_at(value, i), indent + 2);
}

void flow_show_message(const struct teller *teller, const char *label, const struct json *message)
{
	struct message at = { .teller = teller, .label = label };

	for (size_t i = 0; json_kind(message) == JSON_OBJECT && i < json_length(message); i++)
		show_member(&at, json_key_at(message, i), json_value_at(message, i), 0);
	if (*at.label)
		flow_line(teller, label, "(nothing)", NULL);
}
