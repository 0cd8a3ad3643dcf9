/* A badge: the result in one line, green only when nothing is wrong and something passed. */
#include <string.h>

#include "base/text.h"
#include "reports/formats.h"
#include "reports/words.h"

#define TEXT_MAX 60
#define CHARACTER_WIDTH 7 /* of 11 px Verdana, rounded up; textLength makes it exact */

struct totals {
	size_t pass, bad, unsure, warn;
};

static void add_totals(const struct run_record *run, struct totals *totals)
{
	struct run_summary sum = { 0 };

	run_summarize(run, &sum);
	totals->pass += sum.by_verdict[VERDICT_PASS];
	totals->bad += sum.by_verdict[VERDICT_FAIL];
	totals->unsure += sum.by_verdict[VERDICT_BROKEN] + sum.by_verdict[VERDICT_FLAKY];
	totals->warn += sum.by_verdict[VERDICT_WARN];
	totals->unsure += run->interrupted;
}

/* Dark enough for white text in every case. */
static const char *colour_of(const struct totals *totals)
{
	if (totals->bad)
		return "#a40e26";
	if (totals->unsure)
		return "#7a2fa0";
	if (!totals->pass)
		return "#57606a";
	return totals->warn ? "#7d4e00" : "#116329";
}

static void add_message(struct text *out, const struct run_record *runs, size_t count,
			const struct totals *totals)
{
	if (count == 1)
		text_add_bytes(out, runtime_name(runs), clip_length(runtime_name(runs), 24));
	else
		text_addf(out, "%zu runtimes", count);
	if (!totals->pass && !totals->bad && !totals->unsure) {
		text_add(out, ": nothing ran");
		return;
	}
	text_addf(out, ": %zu pass", totals->pass);
	if (totals->bad)
		text_addf(out, ", %zu fail", totals->bad);
	if (totals->unsure)
		text_addf(out, ", %zu unsure", totals->unsure);
	if (totals->warn)
		text_addf(out, ", %zu warn", totals->warn);
}

static void add_label(struct text *out, const char *string, int x, int width)
{
	text_addf(out, "<text x=\"%d\" y=\"14\" textLength=\"%d\">", x, width);
	text_escape_xml(out, string, strlen(string));
	text_add(out, "</text>");
}

void badge_write(const struct run_record *runs, size_t count, struct text *out)
{
	static const char label[] = "conformance";
	int label_width = (int) strlen(label) * CHARACTER_WIDTH, message_width;
	struct totals totals = { 0 };
	auto_text message = { 0 };

	for (size_t i = 0; i < count; i++)
		add_totals(&runs[i], &totals);
	add_message(&message, runs, count, &totals);
	text_cut(&message, clip_length(text_str(&message), TEXT_MAX));
	message_width = (int) message.len * CHARACTER_WIDTH;
	text_addf(
	    out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"20\" role=\"img\" aria-label=\"",
	    label_width + message_width + 40);
	text_addf(out, "%s: ", label);
	text_escape_xml(out, text_str(&message), message.len);
	text_add(out, "\">\n<title>");
	text_escape_xml(out, text_str(&message), message.len);
	text_addf(out, "</title>\n<rect width=\"%d\" height=\"20\" fill=\"#3d444d\"/>", label_width + 20);
	text_addf(out, "<rect x=\"%d\" width=\"%d\" height=\"20\" fill=\"%s\"/>\n", label_width + 20,
		  message_width + 20, colour_of(&totals));
	text_add(out, "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">");
	add_label(out, label, 10, label_width);
	add_label(out, text_str(&message), label_width + 30, message_width);
	text_add(out, "</g>\n</svg>\n");
}
