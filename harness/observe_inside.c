/* What the probe printed, told apart from everything else on the same descriptor by the nonce. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/observe.h"

struct lines {
	const char *at, *end;
	const char *nonce;
	size_t nonce_len;
};

/* The JSON of the next probe line; a terminal ends lines with "\r\n". false: no more. */
static bool next_line(struct lines *lines, const char **ret, size_t *ret_len)
{
	while (lines->at < lines->end) {
		const char *start = lines->at;
		const char *newline = memchr(start, '\n', lines->end - start);
		const char *stop = newline ? newline : lines->end;

		lines->at = newline ? newline + 1 : lines->end;
		if (stop > start && stop[-1] == '\r')
			stop--;
		/* What was printed without a newline before the probe's line must not hide it. */
		start = memmem(start, stop - start, lines->nonce, lines->nonce_len);
		if (!start || !newline)
			continue;
		*ret = start + lines->nonce_len;
		*ret_len = stop - *ret;
		return true;
	}
	return false;
}

static void add_try(struct json *tries, const char *name, const struct json *result)
{
	auto_text key = { 0 };

	text_add(&key, name);
	for (int n = 2; json_has(tries, text_str(&key)); n++) {
		/* The probe says twice about a try that waits: first that it does, then how it ended. */
		if (json_has(json_member(tries, text_str(&key)), "waiting"))
			break;
		text_cut(&key, 0);
		text_addf(&key, "%s #%d", name, n);
	}
	json_put(tries, text_str(&key), json_copy(result));
}

static void add_line(struct json *inside, struct json *tries, const struct json *line)
{
	const struct json *census = json_member(line, "census");
	const char *name = json_get_string(line, "try");

	for (size_t i = 0; i < json_length(census); i++)
		json_put(inside, json_key_at(census, i), json_copy(json_value_at(census, i)));
	if (name)
		add_try(tries, name, line);
	if (json_has(line, "end") || json_has(line, "hold"))
		json_put(inside, "complete", json_new_bool(true));
}

struct json *observe_inside(const char *output, size_t len, const char *nonce)
{
	struct lines lines = {
		.at = output, .end = output + len, .nonce = nonce, .nonce_len = strlen(nonce)
	};
	struct json *inside = NULL, *tries = NULL;
	const char *at;
	size_t n;

	while (next_line(&lines, &at, &n)) {
		auto_json line = NULL;

		if (json_parse(at, n, &line, NULL) < 0)
			continue;
		if (!inside) {
			inside = json_new_object();
			tries = json_new_object();
			json_put(inside, "complete", json_new_bool(false));
		}
		add_line(inside, tries, line);
	}
	if (inside)
		json_put(inside, "try", tries);
	return inside;
}

bool observe_is_ready(const char *output, size_t len, const char *nonce)
{
	struct lines lines = {
		.at = output, .end = output + len, .nonce = nonce, .nonce_len = strlen(nonce)
	};
	const char *at;
	size_t n;

	while (next_line(&lines, &at, &n)) {
		auto_json line = NULL;

		/* The census is long and says nothing about this. */
		if (n > 4096 || json_parse(at, n, &line, NULL) < 0)
			continue;
		if (json_has(line, "end") || json_has(line, "hold") || json_has(line, "waiting"))
			return true;
	}
	return false;
}
