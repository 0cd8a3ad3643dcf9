/* Strict where leniency has been exploited: no folded lines, no blank before a colon, no controls, no bare line feed. */
#include "base/wire/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/text.h"

void http_request_free(struct http_request *request)
{
	free(request->head);
	*request = (struct http_request){ 0 };
}

int http_head_length(const char *data, size_t len)
{
	size_t looked = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX;
	const char *end = looked ? memmem(data, looked, "\r\n\r\n", 4) : NULL;

	if (end)
		return (int) (end - data) + 4;
	return len >= HTTP_HEAD_MAX ? -EMSGSIZE : 0;
}

/* RFC 9110 section 5.6.2 */
static bool is_token(const char *word)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	if (!*word)
		return false;
	for (; *word; word++)
		if (!((*word >= '0' && *word <= '9') || (*word >= 'a' && *word <= 'z') ||
		      (*word >= 'A' && *word <= 'Z') || strchr(marks, *word)))
			return false;
	return true;
}

static bool is_clean(const char *value)
{
	for (; *value; value++)
		if (((unsigned char) *value < 0x20 && *value != '\t') || *value == 0x7f)
			return false;
	return true;
}

static char *trim(char *value)
{
	char *end;

	value += strspn(value, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return value;
}

static int parse_first(char *line, struct http_request *request, struct err *err)
{
	char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;

	if (!version)
		return fail_text(err, -EBADMSG, "the request line has not three words");
	*target++ = '\0';
	*version++ = '\0';
	if (strcmp(version, "HTTP/1.1") != 0)
		return fail_text(err, -EBADMSG, "the request is not HTTP/1.1");
	if (!is_token(line) || target[0] != '/' || !is_clean(target))
		return fail_text(err, -EBADMSG, "the request line is malformed");
	request->method = line;
	request->target = target;
	return 0;
}

static int parse_field(char *line, struct http_request *request, struct err *err)
{
	char *colon = strchr(line, ':');

	if (!colon)
		return fail_text(err, -EBADMSG, "a field has no colon");
	*colon = '\0';
	if (!is_token(line) || !is_clean(colon + 1))
		return fail_text(err, -EBADMSG, "a field is malformed");
	if (request->count == HTTP_FIELDS_MAX)
		return fail_text(err, -EBADMSG, "there are more than %d fields", HTTP_FIELDS_MAX);
	request->fields[request->count++] = (struct http_field){ line, trim(colon + 1) };
	return 0;
}

static int parse(struct http_request *request, size_t len, struct err *err)
{
	char *line = request->head, *end = request->head + len - 2;
	int r = 0;

	if (memchr(request->head, '\0', len))
		return fail_text(err, -EBADMSG, "the head has a NUL");
	while (r == 0 && line < end) {
		char *stop = strstr(line, "\r\n");

		*stop = '\0';
		r = line == request->head ? parse_first(line, request, err) : parse_field(line, request, err);
		line = stop + 2;
	}
	return r;
}

int http_request_parse(const char *head, size_t len, struct http_request *ret, struct err *err)
{
	struct http_request request = { .head = NULL };
	int r;

	if (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0)
		return fail_text(err, -EBADMSG, "the head does not end");
	request.head = malloc(len + 1);
	if (!request.head)
		abort();
	memcpy(request.head, head, len);
	request.head[len] = '\0';
	r = parse(&request, len, err);
	if (r < 0)
		http_request_free(&request);
	else
		*ret = request;
	return r;
}

const char *http_field(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->count; i++)
		if (strcasecmp(request->fields[i].name, name) == 0)
			return request->fields[i].value;
	return NULL;
}

bool http_field_word(const struct http_request *request, const char *name, size_t nth, struct text *ret)
{
	for (size_t i = 0; i < request->count; i++) {
		const char *at = request->fields[i].value;

		if (strcasecmp(request->fields[i].name, name) != 0)
			continue;
		while (*at) {
			size_t len;

			at += strspn(at, ", \t");
			len = strcspn(at, ",");
			while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
				len--;
			if (len && nth-- == 0) {
				text_cut(ret, 0);
				text_add_bytes(ret, at, len);
				return true;
			}
			at += strcspn(at, ",");
		}
	}
	return false;
}

bool http_field_lists(const struct http_request *request, const char *name, const char *word)
{
	auto_text found = { 0 };

	for (size_t i = 0; http_field_word(request, name, i, &found); i++)
		if (strcasecmp(text_str(&found), word) == 0)
			return true;
	return false;
}
