/* Frames are unmasked in place; a message in one frame is never copied. */
#include "base/wire/websocket.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"

#define FIN 0x80u
#define RESERVED 0x70u
#define OPCODE 0x0fu
#define MASKED 0x80u
#define CONTROL_MAX 125

void websocket_free(struct websocket *socket)
{
	text_free(&socket->input);
	text_free(&socket->message);
	*socket = (struct websocket){ 0 };
}

void websocket_feed(struct websocket *socket, const char *data, size_t len)
{
	struct text *input = &socket->input;

	if (socket->taken) {
		memmove(input->data, input->data + socket->taken, input->len - socket->taken);
		text_cut(input, input->len - socket->taken);
		socket->taken = 0;
	}
	text_add_bytes(input, data, len);
}

struct frame {
	bool fin;
	int opcode;
	uint64_t len;
	size_t head; /* bytes before the payload, the mask's four included */
	const unsigned char *mask;
};

/* 1: the head is there. */
static int read_head(const struct websocket *socket, struct frame *frame, struct err *err)
{
	const unsigned char *at = (const unsigned char *) text_str(&socket->input) + socket->taken;
	size_t left = socket->input.len - socket->taken;
	size_t extra;

	if (left < 2)
		return 0;
	if (at[0] & RESERVED)
		return fail_text(err, -EPROTO, "a frame has bits of an extension");
	if (!(at[1] & MASKED) != socket->client)
		return fail_text(err, -EPROTO,
				 socket->client ? "a server's frame is masked"
						: "a client's frame is not masked");
	frame->fin = at[0] & FIN;
	frame->opcode = at[0] & OPCODE;
	frame->len = at[1] & ~MASKED & 0xff;
	extra = frame->len == 126 ? 2 : frame->len == 127 ? 8 : 0;
	frame->head = 2 + extra + (socket->client ? 0 : 4);
	if (left < frame->head)
		return 0;
	if (extra)
		frame->len = 0;
	for (size_t i = 0; i < extra; i++)
		frame->len = frame->len << 8 | at[2 + i];
	frame->mask = at + 2 + extra;
	return 1;
}

static int check_frame(const struct websocket *socket, const struct frame *frame, struct err *err)
{
	if (frame->opcode >= WEBSOCKET_CLOSE) {
		if (frame->opcode > WEBSOCKET_PONG)
			return fail_text(err, -EPROTO, "a frame has the unknown opcode %d", frame->opcode);
		if (!frame->fin || frame->len > CONTROL_MAX)
			return fail_text(err, -EPROTO, "a control frame is in parts or too long");
		return 0;
	}
	if (frame->opcode > WEBSOCKET_BINARY)
		return fail_text(err, -EPROTO, "a frame has the unknown opcode %d", frame->opcode);
	if ((frame->opcode == 0) != (socket->kind != 0))
		return fail_text(err, -EPROTO,
				 frame->opcode ? "a message begins inside another"
					       : "a message goes on that never began");
	if (frame->len > WEBSOCKET_MESSAGE_MAX - socket->message.len)
		return fail_text(err, -EMSGSIZE, "a message has more than %u bytes", WEBSOCKET_MESSAGE_MAX);
	return 0;
}

static void unmask(unsigned char *data, size_t len, const unsigned char *mask)
{
	for (size_t i = 0; i < len; i++)
		data[i] ^= mask[i & 3];
}

/* True: the message is complete. */
static bool take_part(struct websocket *socket, const struct frame *frame, const char *payload,
		      struct websocket_event *ret)
{
	if (frame->opcode)
		socket->kind = frame->opcode;
	ret->kind = (enum websocket_kind) socket->kind;
	ret->data = payload;
	ret->len = (size_t) frame->len;
	if (!frame->fin || !frame->opcode) {
		text_add_bytes(&socket->message, payload, (size_t) frame->len);
		ret->data = text_str(&socket->message);
		ret->len = socket->message.len;
	}
	if (frame->fin)
		socket->kind = 0;
	return frame->fin;
}

int websocket_next(struct websocket *socket, struct websocket_event *ret, struct err *err)
{
	if (!socket->kind)
		text_cut(&socket->message, 0);
	for (;;) {
		struct frame frame = { .opcode = 0 };
		char *payload;
		int r = read_head(socket, &frame, err);

		if (r <= 0)
			return r;
		r = check_frame(socket, &frame, err);
		if (r < 0)
			return r;
		if (socket->input.len - socket->taken - frame.head < frame.len)
			return 0;
		payload = socket->input.data + socket->taken + frame.head;
		if (!socket->client)
			unmask((unsigned char *) payload, (size_t) frame.len, frame.mask);
		socket->taken += frame.head + (size_t) frame.len;
		if (frame.opcode >= WEBSOCKET_CLOSE) {
			*ret = (struct websocket_event){ (enum websocket_kind) frame.opcode, payload,
							 (size_t) frame.len };
			return 1;
		}
		if (take_part(socket, &frame, payload, ret))
			return 1;
	}
}

static void put_head(struct text *out, enum websocket_kind kind, unsigned masked, size_t len)
{
	text_add_char(out, (char) (FIN | kind));
	if (len < 126) {
		text_add_char(out, (char) (masked | len));
	} else if (len <= 0xffff) {
		text_add_char(out, (char) (masked | 126));
		text_add_char(out, (char) (len >> 8));
		text_add_char(out, (char) len);
	} else {
		text_add_char(out, (char) (masked | 127));
		for (int shift = 56; shift >= 0; shift -= 8)
			text_add_char(out, (char) ((uint64_t) len >> shift));
	}
}

void websocket_put(struct text *out, enum websocket_kind kind, const void *data, size_t len)
{
	put_head(out, kind, 0, len);
	text_add_bytes(out, data, len);
}

void websocket_put_masked(struct text *out, enum websocket_kind kind, const unsigned char mask[4],
			  const void *data, size_t len)
{
	size_t begin;

	put_head(out, kind, MASKED, len);
	text_add_bytes(out, mask, 4);
	begin = out->len;
	text_add_bytes(out, data, len);
	unmask((unsigned char *) out->data + begin, len, mask);
}

void websocket_put_close(struct text *out, enum websocket_code code)
{
	unsigned char payload[2] = { (unsigned char) (code >> 8), (unsigned char) code };

	websocket_put(out, WEBSOCKET_CLOSE, payload, sizeof(payload));
}

int websocket_accept(const char *key, struct text *out)
{
	/* RFC 6455 section 1.3 */
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char digest[EVP_MAX_MD_SIZE];
	auto_text raw = { 0 }, joined = { 0 };
	unsigned len;

	if (base64_decode(key, &raw) < 0 || raw.len != 16)
		return -EBADMSG;
	text_addf(&joined, "%s%s", key, guid);
	if (!EVP_Digest(joined.data, joined.len, digest, &len, EVP_sha1(), NULL))
		return -EIO;
	base64_encode(digest, len, out);
	return 0;
}
