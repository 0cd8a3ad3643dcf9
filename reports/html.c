/*
 * One self-contained page: what ran, then runtimes x cases with the evidence folded into each row. No byte
 * comes from elsewhere: the page's policy forbids it, so a reason that slipped an escaper cannot call home.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reports/formats.h"
#include "reports/html_page.h"
#include "reports/matrix.h"
#include "reports/safe.h"
#include "reports/words.h"

#define VALUE_MAX 4096 /* bytes of one value: a page of a thousand cases must stay readable */

static void add_html(struct text *out, const char *string)
{
	safe_add(out, string, VALUE_MAX, text_escape_xml);
}

static void add_area(struct text *out, const char *id)
{
	auto_text area = { 0 };

	text_add_bytes(&area, id, area_length(id));
	add_html(out, text_str(&area));
}

static void add_element(struct text *out, const char *open, const char *value, const char *close)
{
	text_add(out, open);
	add_html(out, value ? value : "unknown");
	text_add(out, close);
}

static void add_verdict(struct text *out, enum verdict verdict)
{
	const struct verdict_look *look = verdict_look(verdict);

	text_addf(out, "<span class=\"v %s\"><span aria-hidden=\"true\">%s</span> %s</span>",
		  verdict_name(verdict), look->mark, look->word);
}

static void add_runtime_row(struct text *out, const struct run_record *run)
{
	struct run_summary sum = { 0 };
	auto_text version = { 0 };

	run_summarize(run, &sum);
	add_version(run, &version);
	add_element(out, "<tr><th scope=\"row\">", runtime_name(run), "</th>");
	add_element(out, "<td>", text_str(&version), "</td>");
	add_element(out, "<td>", run->runtime.spec_version, "</td>");
	for (size_t v = 0; v < VERDICTS_BY_WEIGHT; v++) {
		size_t n = sum.by_verdict[verdicts_by_weight[v]];

		text_addf(out, "<td class=\"n%s%s\">%zu</td>", n ? " " : "",
			  n ? verdict_name(verdicts_by_weight[v]) : "", n);
	}
	text_addf(out,
		  "<td class=\"n\">%zu</td><td class=\"n\">%zu</td><td class=\"n\">%.1f&nbsp;s</td></tr>\n",
		  sum.leaks, sum.unexpected, run_seconds(run));
}

static void add_fact(struct text *out, const char *label, const char *value)
{
	if (!value || !value[0])
		return;
	text_addf(out, "<dt>%s</dt>", label);
	add_element(out, "<dd>", value, "</dd>\n");
}

static void add_machine(struct text *out, const struct run_record *run)
{
	add_element(out, "<div class=\"evidence\"><h3>", runtime_name(run), "</h3><dl>\n");
	add_fact(out, "program", run->runtime.path);
	add_fact(out, "sha256", run->runtime.sha256);
	add_fact(out, "profile", run->runtime.profile);
	add_fact(out, "behind it", run->runtime.behind);
	add_fact(out, "kernel", run->kernel);
	add_fact(out, "machine", run->machine);
	add_fact(out, "cgroups", run->cgroup_mode);
	add_fact(out, "distribution", run->distribution);
	add_fact(out, "run", run->run);
	add_fact(out, "started", run->started);
	add_fact(out, "ended", run->interrupted ? "interrupted" : NULL);
	text_addf(out, "<dt>seed</dt><dd>%llu</dd><dt>lost events</dt><dd>%llu</dd></dl></div>\n",
		  (unsigned long long) run->seed, (unsigned long long) run->lost_events);
}

static void add_runtimes(struct text *out, const struct run_record *runs, size_t count)
{
	text_add(out, "<div class=\"wide\"><table "
		      "class=\"runs\"><thead><tr><th>runtime</th><th>version</th><th>specification</th>");
	for (size_t v = 0; v < VERDICTS_BY_WEIGHT; v++)
		text_addf(out, "<th>%s</th>", verdict_look(verdicts_by_weight[v])->label);
	text_add(out, "<th>leaks</th><th>unexpected</th><th>time</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < count; i++)
		add_runtime_row(out, &runs[i]);
	text_add(out, "</tbody></table>\n<details><summary>programs and machines</summary>\n");
	for (size_t i = 0; i < count; i++)
		add_machine(out, &runs[i]);
	text_add(out, "</details></div>\n");
}

static void add_filter(struct text *out, size_t count)
{
	text_add(out, "<div class=\"filter\" hidden><input type=\"search\" id=\"search\" "
		      "placeholder=\"id, clause, reason\" aria-label=\"search\">\n");
	for (size_t v = 0; v < VERDICTS_BY_WEIGHT; v++) {
		text_addf(out, "<label><input type=\"checkbox\" name=\"verdict\" value=\"%s\" checked> ",
			  verdict_name(verdicts_by_weight[v]));
		add_verdict(out, verdicts_by_weight[v]);
		text_add(out, "</label>\n");
	}
	if (count > 1)
		text_add(
		    out,
		    "<label><input type=\"checkbox\" id=\"differ\"> only where runtimes differ</label>\n");
	text_add(out, "<span id=\"shown\" role=\"status\"></span></div>\n");
}

static void add_evidence(struct text *out, const struct run_record *run, const struct case_record *record)
{
	const char *expectation = case_expectation(record);

	add_element(out, "<div class=\"evidence\"><h3>", runtime_name(run), " ");
	add_verdict(out, record->verdict);
	text_addf(out, " %s</h3><dl>\n", expectation ? expectation : "");
	add_fact(out, "reason", reason_adds(record) ? record->reason : NULL);
	add_fact(out, "expected", record->expected);
	add_fact(out, "observed", record->observed);
	add_fact(out, "wrong at", record->rung);
	add_fact(out, "step", record->step);
	for (size_t i = 0; i < record->leak_count; i++)
		add_fact(out, "left over", record->leaks[i]);
	for (size_t i = 0; i < record->unseen_count; i++)
		add_fact(out, "not seen", record->unseen[i]);
	add_fact(out, "repro", record->repro);
	text_addf(out, "<dt>time</dt><dd>%lld ms</dd></dl></div>\n", (long long) record->ms);
}

static const struct case_record *first_cell(const struct matrix_row *row)
{
	size_t i = 0;

	while (!row->cells[i])
		i++;
	return row->cells[i];
}

static void add_details(struct text *out, const struct run_record *runs, size_t count,
			const struct matrix_row *row)
{
	const struct case_record *first = first_cell(row);
	auto_text clauses = { 0 };

	add_clauses(first, &clauses);
	add_element(out, "<details><summary>", row->id + area_length(row->id) + (area_length(row->id) > 0),
		    "");
	if (first->title)
		add_element(out, "<small>", first->title, "</small>");
	text_add(out, "</summary><dl>\n");
	add_fact(out, "id", row->id);
	add_fact(out, "clause", text_str(&clauses));
	add_fact(out, "case", first->file);
	text_add(out, "</dl>\n");
	for (size_t i = 0; i < count; i++)
		if (row->cells[i])
			add_evidence(out, &runs[i], row->cells[i]);
	text_add(out, "</details>");
}

static void add_row(struct text *out, const struct run_record *runs, size_t count,
		    const struct matrix_row *row)
{
	add_element(out, "<tr class=\"case\" id=\"", row->id, "\" data-area=\"");
	add_area(out, row->id);
	text_add(out, "\" data-verdicts=\"");
	for (size_t i = 0; i < count; i++)
		text_addf(out, "%s%s", i ? " " : "",
			  row->cells[i] ? verdict_name(row->cells[i]->verdict) : "absent");
	text_addf(out, "\" data-differs=\"%d\"><td>", row->differs);
	add_details(out, runs, count, row);
	text_add(out, "</td>");
	for (size_t i = 0; i < count; i++) {
		const struct case_record *cell = row->cells[i];

		text_addf(out, "<td class=\"%s\">", cell ? verdict_name(cell->verdict) : "absent");
		if (cell)
			add_verdict(out, cell->verdict);
		else
			text_add(out, "<span class=\"absent\" title=\"not in this run\">\u2013</span>");
		text_add(out, cell && cell->leak_count ? " <small>and leaks</small></td>" : "</td>");
	}
	text_add(out, "</tr>\n");
}

static bool same_area(const char *a, const char *b)
{
	return area_length(a) == area_length(b) && !strncmp(a, b, area_length(a));
}

static void add_matrix(struct text *out, const struct run_record *runs, size_t count)
{
	struct matrix matrix = { 0 };

	matrix_make(runs, count, &matrix);
	if (matrix.partial)
		text_add(
		    out,
		    "<p>A dash: not a case of that column. Those of cri/ are for CRI servers, all others "
		    "for OCI runtimes.</p>\n");
	text_add(out, "<div class=\"wide matrix\"><table><thead><tr><th>case</th>");
	for (size_t i = 0; i < count; i++)
		add_element(out, "<th>", runtime_name(&runs[i]), "</th>");
	text_add(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < matrix.row_count; i++) {
		const char *id = matrix.rows[i].id;

		if (!i || !same_area(id, matrix.rows[i - 1].id)) {
			text_add(out, "<tr class=\"area\" data-area=\"");
			add_area(out, id);
			text_addf(out, "\"><th scope=\"colgroup\" colspan=\"%zu\">", count + 1);
			add_area(out, id);
			text_add(out, "</th></tr>\n");
		}
		add_row(out, runs, count, &matrix.rows[i]);
	}
	text_add(out, "</tbody></table></div>\n");
	matrix_free(&matrix);
}

void html_write(const struct run_record *runs, size_t count, struct text *out)
{
	text_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<title>Container runtime conformance</title>\n<style>\n");
	text_add(out, html_style);
	text_add(out, "</style></head><body>\n<h1>Container runtime conformance</h1>\n");
	if (count) {
		add_element(out, "<p>plumbline ", runs[0].tool_version, "");
		add_element(out, ", ", runs[0].started, "</p>\n");
	}
	add_runtimes(out, runs, count);
	add_filter(out, count);
	add_matrix(out, runs, count);
	text_add(out, "<script>\n");
	text_add(out, html_script);
	text_add(out, "</script></body></html>\n");
}
