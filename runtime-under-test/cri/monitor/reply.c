/* Who asked may have gone: an answer that nobody takes is dropped. */
#include "runtime-under-test/cri/monitor/reply.h"

#include <string.h>

#include "base/err.h"
#include "base/packet.h"
#include "base/text.h"
#include "runtime-under-test/cri/monitor/protocol.h"

void reply_pid(pid_t pid)
{
	auto_text text = { 0 };

	text_addf(&text, "{\"pid\":%d}", (int) pid);
	(void) packet_send_text(MONITOR_REPLY_FD, &text, NULL);
}

void reply_console(int master)
{
	static const char text[] = "{\"console\":true}";

	(void) packet_send(MONITOR_REPLY_FD, text, strlen(text), &master, 1, NULL);
}

void reply_error(const struct err *err, const struct text *log)
{
	auto_text text = { 0 };

	text_add(&text, "{\"error\":\"");
	text_escape_json(&text, err->text, strlen(err->text));
	text_add(&text, "\",\"log\":\"");
	text_escape_json(&text, text_str(log), log->len);
	text_add(&text, "\"}");
	(void) packet_send_text(MONITOR_REPLY_FD, &text, NULL);
}

void reply_end(int code, int signal)
{
	auto_text text = { 0 };

	text_addf(&text, "{\"code\":%d,\"signal\":%d}", code, signal);
	(void) packet_send_text(MONITOR_REPLY_FD, &text, NULL);
}

void reply_killed(void)
{
	static const char text[] = "{\"killed\":true}";

	(void) packet_send(MONITOR_REPLY_FD, text, strlen(text), NULL, 0, NULL);
}
