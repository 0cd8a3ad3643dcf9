/*
 * What the streaming server reads from its clients: the first byte says which reader (h, w, s), the second in what steps. Each
 * refuses with a sentence, or gives events that lie inside what it was fed and stay within its bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/http.h"
#include "base/wire/spdy.h"
#include "base/wire/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
	if (!holds)
		abort();
}

static void try_http(const char *data, size_t size)
{
	int len = http_head_length(data, size);
	struct http_request request = { 0 };
	struct err err = { 0 };

	demand(len <= (int) size);
	if (len <= 0)
		return;
	if (http_request_parse(data, (size_t) len, &request, &err) < 0) {
		demand(err.text[0] && !request.head);
		return;
	}
	demand(request.count <= HTTP_FIELDS_MAX && request.target[0] == '/');
	for (size_t i = 0; i < request.count; i++) {
		auto_text word = { 0 };

		demand(http_field(&request, request.fields[i].name) != NULL);
		for (size_t n = 0; http_field_word(&request, request.fields[i].name, n, &word); n++)
			demand(word.len > 0);
	}
	http_request_free(&request);
}

static void try_websocket(const char *data, size_t size, size_t step)
{
	struct websocket socket = { .taken = 0 };
	struct websocket_event event;
	struct err err = { 0 };
	size_t total = 0;
	int r = 0;

	for (size_t at = 0; r >= 0 && at < size; at += step) {
		websocket_feed(&socket, data + at, size - at < step ? size - at : step);
		while ((r = websocket_next(&socket, &event, &err)) > 0) {
			demand(event.len <= WEBSOCKET_MESSAGE_MAX);
			total += event.len;
		}
		demand(socket.message.len <= WEBSOCKET_MESSAGE_MAX);
	}
	demand(r == 0 || size == 0 || err.text[0]);
	demand(total <= size);
	websocket_free(&socket);
}

static void try_spdy(const char *data, size_t size, size_t step)
{
	struct spdy *spdy = spdy_new();
	struct spdy_event event;
	struct err err = { 0 };
	size_t total = 0;
	int r = 0;

	for (size_t at = 0; r >= 0 && at < size; at += step) {
		spdy_feed(spdy, data + at, size - at < step ? size - at : step);
		while ((r = spdy_next(spdy, &event, &err)) > 0) {
			demand(event.header_count <= SPDY_HEADERS_MAX);
			for (size_t i = 0; i < event.header_count; i++)
				demand(spdy_header(&event, event.headers[i].name) != NULL);
			total += event.len;
		}
	}
	demand(r == 0 || size == 0 || err.text[0]);
	demand(total <= size);
	spdy_free(spdy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *) data + 2;
	size_t step;

	if (size < 2)
		return 0;
	size -= 2;
	step = data[1] ? data[1] : size + 1;
	if (data[0] == 'h')
		try_http(bytes, size);
	else if (data[0] == 'w')
		try_websocket(bytes, size, step);
	else
		try_spdy(bytes, size, step);
	return 0;
}
