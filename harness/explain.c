/* Turns tables into sentences. */
#include "harness/explain.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/clauses.h"
#include "harness/coverage.h"
#include "harness/faults.h"
#include "harness/judge_part.h"

static const char *const op_words[] = { [EDIT_SET] = "set", [EDIT_ADD] = "add", [EDIT_DROP] = "drop" };

static const char *const prepare_words[] = {
	[PREPARE_FILE] = "a file",          [PREPARE_DIRECTORY] = "a directory",
	[PREPARE_LINK] = "a symbolic link", [PREPARE_NODE] = "a node",
	[PREPARE_REMOVE] = "removed",       [PREPARE_NAMESPACE] = "a namespace",
	[PREPARE_MOUNT] = "a mount",        [PREPARE_RUNTIME] = "a copy of the runtime",
};

static void add_clause(const struct clause *clause, const struct clause_registry *registry, struct text *out)
{
	const struct clause_entry *entry = clause_find(registry, clause->id);

	text_addf(out, "  %s %s\n", level_name(clause->level), clause->id);
	if (!entry)
		return;
	text_addf(out, "    %s\n    %s, \"%s\"", entry->paraphrase, entry->file, entry->heading);
	if (*entry->since)
		text_addf(out, ", since %s", entry->since);
	if (*entry->until)
		text_addf(out, ", until %s", entry->until);
	text_add_char(out, '\n');
	if (*entry->disputed)
		text_addf(out, "    disputed: %s\n", entry->disputed);
}

static void add_edits(const char *heading, const struct edit *const *edits, size_t count, struct text *out)
{
	if (!edits[0])
		return;
	text_addf(out, "\n%s\n", heading);
	for (size_t i = 0; i < count && edits[i]; i++)
		text_addf(out, "  %s %s%s%s\n", op_words[edits[i]->op], edits[i]->path,
			  edits[i]->json ? " = " : "", edits[i]->json ? edits[i]->json : "");
}

static void add_prepares(const struct conformance_case *c, struct text *out)
{
	if (!c->prepare[0])
		return;
	text_add(out, "\nPrepared in the bundle:\n");
	for (size_t i = 0; i < ARRAY_SIZE(c->prepare) && c->prepare[i]; i++) {
		const struct prepare *prepare = c->prepare[i];

		text_addf(out, "  %s: %s%s%s\n", prepare_words[prepare->kind], prepare->path,
			  prepare->value ? " -> " : "", prepare->value ? prepare->value : "");
	}
}

static void add_tries(const struct conformance_case *c, struct text *out)
{
	if (!c->inside[0])
		return;
	text_add(out, "\nInside the container the probe tries:\n");
	for (size_t i = 0; i < ARRAY_SIZE(c->inside) && c->inside[i]; i++)
		text_addf(out, "  %s\n", c->inside[i]);
}

static void add_steps(const struct conformance_case *c, struct text *out)
{
	const struct step *const *steps;
	static const char *const outcomes[] = {
		[OUTCOME_OK] = "",
		[OUTCOME_REFUSED] = "   must be refused, and change nothing",
		[OUTCOME_EITHER] = "   may be refused; it must do no harm either way",
	};
	size_t n = case_steps(c, &steps);

	text_add(out, "\nSteps:\n");
	for (size_t i = 0; i < n; i++)
		text_addf(out, "  %zu. %s%s%s%s\n", i + 1, steps[i]->verb,
			  steps[i]->json && *steps[i]->json ? " " : "", steps[i]->json ? steps[i]->json : "",
			  outcomes[steps[i]->outcome]);
}

static void add_rows(const struct conformance_case *c, struct text *out)
{
	if (case_rows(c))
		text_add(out, "\nThen is expected:\n");
	for (size_t i = 0; i < case_rows(c); i++) {
		const struct expect *row = c->then[i];

		text_add(out, "  ");
		row_path(row, out);
		if (row->from == FROM_FUNCTION)
			text_add(out, " to hold");
		else
			text_addf(out, " %s%s%s", relation_phrase(row->is),
				  row->json && *row->json ? " " : "", row->json ? row->json : "");
		text_add_char(out, '\n');
	}
}

static void add_needs(const struct conformance_case *c, struct text *out)
{
	const struct needs *needs = &c->needs;
	auto_text list = { 0 };

	text_add(&list, needs->root ? "root, " : "");
	text_add(&list, needs->userns ? "user namespaces, " : "");
	text_add(&list, needs->bpf ? "a kernel recording, " : "");
	text_add(&list, needs->payload ? "a program that is a process of this kernel, " : "");
	text_add(&list, needs->alone ? "to run alone, " : "");
	if (needs->cgroup)
		text_addf(&list, "cgroup v%d, ", needs->cgroup);
	if (needs->spec)
		text_addf(&list, "specification %s, ", needs->spec);
	if (needs->kernel)
		text_addf(&list, "kernel %s, ", needs->kernel);
	if (needs->controller)
		text_addf(&list, "the cgroup controller %s, ", needs->controller);
	if (needs->runtime_feature)
		text_addf(&list, "a runtime that has %s, ", needs->runtime_feature);
	if (!list.len)
		return;
	text_cut(&list, list.len - 2);
	text_addf(out, "\nNeeds: %s\n", text_str(&list));
}

static void add_proof(const struct conformance_case *c, const struct fault_registry *faults, struct text *out)
{
	struct fault_entry fault;

	if (!c->refuted_by)
		text_add(out, "\nUnproven: no fault is named under which it must fail.\n");
	else if (!fault_find(faults, c->refuted_by, &fault))
		text_addf(out, "\nRefuted by: %s\n", c->refuted_by);
	else
		text_addf(out, "\nRefuted by: %s (%s)%s\n", fault.name, fault.sentence,
			  fault.built ? "" : "; this fault is not built yet");
}

void explain_case(const struct area *area, const struct conformance_case *c,
		  const struct clause_registry *clauses, const struct fault_registry *faults,
		  struct text *out)
{
	case_id(area, c, out);
	text_addf(out, "\n  %s\n\nClaims:\n", c->title);
	for (size_t i = 0; i < case_clauses(c); i++)
		add_clause(c->clause[i], clauses, out);
	add_needs(c, out);
	add_edits("Given these edits of the default config:", c->given, ARRAY_SIZE(c->given), out);
	add_prepares(c, out);
	add_tries(c, out);
	add_steps(c, out);
	add_rows(c, out);
	add_edits("Control, which must be accepted:", c->control, ARRAY_SIZE(c->control), out);
	if (c->why)
		text_addf(out, "\nWhy: %s\n", c->why);
	if (c->debug)
		text_addf(out, "\nWhen it fails: %s\n", c->debug);
	add_proof(c, faults, out);
	text_addf(out, "\nWritten in %s:%d\n", c->file, c->line);
}

static void add_claiming_cases(const char *clause, struct text *out)
{
	const struct conformance_case *c;
	const struct area *area;
	bool any = false;

	for (size_t i = 0; (c = area_case_at(i, &area)); i++)
		for (size_t k = 0; k < case_clauses(c); k++) {
			if (strcmp(c->clause[k]->id, clause) != 0)
				continue;
			text_add(out, any ? "  " : "\nCases:\n  ");
			case_id(area, c, out);
			text_add_char(out, '\n');
			any = true;
		}
	if (!any)
		text_add(out, "\nNo case claims it.\n");
}

void explain_clause(const struct clause_entry *clause, const struct fault_registry *faults, struct text *out)
{
	struct clause_coverage coverage = coverage_of(clause->id, faults);

	text_addf(out, "%s\n  %s: %s\n\n", clause->id, clause->level, clause->paraphrase);
	text_addf(out, "In %s, \"%s\"\n  %s%s\n", clause->file, clause->heading,
		  clause_specification(clause)->url, clause->file);
	if (*clause->since)
		text_addf(out, "Since specification %s\n", clause->since);
	if (*clause->until)
		text_addf(out, "Until specification %s\n", clause->until);
	if (*clause->disputed)
		text_addf(out, "Disputed: %s\n", clause->disputed);
	text_addf(out, "Coverage: %s\n", coverage_name(coverage.coverage));
	add_claiming_cases(clause->id, out);
}

void explain_fault(const struct fault_entry *fault, struct text *out)
{
	const struct conformance_case *c;
	const struct area *area;
	bool any = false;

	text_addf(out, "%s\n  %s\n\n", fault->name, fault->sentence);
	text_addf(out, "%s; %s\n", fault->built ? "Built" : "Planned, not built yet",
		  !strcmp(fault->where, "inner") ? "compiled into plumbline-oci-faulty"
						 : "made by plumbline-faulty in front of any runtime");
	for (size_t i = 0; (c = area_case_at(i, &area)); i++) {
		if (!c->refuted_by || strcmp(c->refuted_by, fault->name) != 0)
			continue;
		text_add(out, any ? "  " : "\nCases that must fail under it:\n  ");
		case_id(area, c, out);
		text_add_char(out, '\n');
		any = true;
	}
	if (!any)
		text_add(out, "\nNo case names it.\n");
}

static const struct {
	const char *word, *meaning;
} terms[] = {
	{ "pass",
	  "Every step came out as the case says and every expected fact was recorded and is as expected." },
	{ "fail",
	  "A MUST is broken, a step of the runtime hung, or evidence that the case needs is missing." },
	{ "warn",
	  "A SHOULD is broken, or the clause is disputed in public: explain the clause for the link." },
	{ "skip",
	  "The case did not run: something it needs is missing here. The reason says what; newer means that "
	  "the runtime's specification version is older than the clause." },
	{ "broken", "The harness cannot tell: no observation, lost events, or its own set-up went wrong." },
	{ "flaky", "Verdicts differed between repeats of the same case." },
	{ "notrun",
	  "The run ended before this case began: interrupted, fail-fast, or three hangs in a row." },
	{ "leak", "Something that a case left behind: a process, cgroup, mount, namespace or file." },
	{ "unseen", "A row about kernel calls in a run without a recording: not judged, and no proof." },
	{ "control",
	  "The corrected input of a refusal. A refusal counts only when the control is accepted: a runtime "
	  "that refuses everything refuses nothing." },
	{ "world",
	  "New PID, mount, cgroup, IPC and UTS namespaces over own cgroups with a read-only view of the "
	  "machine: every case and every foreign program runs in one." },
	{ "census", "What the probe in the container, or the harness outside, counts before it judges." },
	{ "clause", "One demand of the specification with an id of its own; plumbline list clauses." },
	{ "fault", "One named mistake that a runtime can be made to make; plumbline list faults." },
	{ "profile",
	  "What is known about a runtime as data: its version's first line, global arguments, what it "
	  "lacks; plumbline list runtimes. profile:smoke selects a small stable subset of the cases." },
	{ "rung", "A layer of the ladder from intent to kernel: L1 intent, L2 CRI, L3 OCI, L4 calls, L5 "
		  "kernel now." },
};

bool explain_term(const char *word, struct text *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(terms); i++) {
		if (strcasecmp(terms[i].word, word) != 0)
			continue;
		text_addf(out, "%s\n  %s\n", terms[i].word, terms[i].meaning);
		return true;
	}
	return false;
}

const char *explain_term_at(unsigned index)
{
	return index < ARRAY_SIZE(terms) ? terms[index].word : NULL;
}
