/* From breaches, which each record carries, to the rule that they are of. */
#include "harness/session_rules.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "harness/area.h"
#include "harness/case.h"
#include "harness/record.h"

static bool was_judged(const struct case_record *record)
{
	return record->verdict == VERDICT_PASS || record->verdict == VERDICT_FAIL ||
	       record->verdict == VERDICT_WARN || record->verdict == VERDICT_FLAKY;
}

/* "kernel/x: why": NULL when the record does not break it, else why. */
static const char *breach_of(const struct case_record *record, const char *rule)
{
	size_t len = strlen(rule);

	for (size_t i = 0; i < record->breach_count; i++)
		if (strncmp(record->breaches[i], rule, len) == 0 && record->breaches[i][len] == ':')
			return record->breaches[i] + len + 2;
	return NULL;
}

static void explain(struct case_record *rule, size_t judged)
{
	free(rule->reason);
	rule->reason =
	    text_format("broken in %zu of %zu cases; %s", rule->offender_count, judged, rule->offenders[0]);
	free(rule->expected);
	rule->expected = text_format("the rule to be kept in every recorded case");
	free(rule->observed);
	rule->observed = text_format("%zu offenders", rule->offender_count);
}

void rule_take_offenders(const struct conformance_case *c, struct case_record *rule,
			 const struct case_record *records, size_t count)
{
	size_t judged = 0;

	rule->offenders = calloc(count + 1, sizeof(*rule->offenders));
	assert(rule->offenders);
	for (size_t i = 0; i < count; i++) {
		const char *why = &records[i] == rule ? NULL : breach_of(&records[i], rule->id);

		judged += was_judged(&records[i]);
		if (why)
			rule->offenders[rule->offender_count++] = text_format("%s: %s", records[i].id, why);
	}
	if (!rule->offender_count || rule->verdict != VERDICT_PASS)
		return;
	rule->verdict = case_can_only_warn(c) ? VERDICT_WARN : VERDICT_FAIL;
	explain(rule, judged);
}
