/* Every option of every verb, once. */
#include "harness/option_table.h"

#include "base/cleanup.h"
#include "harness/options.h"

#define AT(member) offsetof(struct options, member)
#define RUNS (VERB_TEST | VERB_PROVE)

const struct option_row option_table[] = {
	{ "runtime", 0, OPTION_WORDS, RUNS | VERB_REPRO | VERB_BENCH, "NAME|PATH",
	  "the runtime to test, by name or path; may be given several times (default: plumbline-oci)",
	  AT(runtimes) },
	{ "runtime-arg", 0, OPTION_WORDS, RUNS | VERB_REPRO | VERB_BENCH, "ARG",
	  "a global argument for the runtime, after those of its profile; may be repeated",
	  AT(runtime_args) },
	{ "profile", 0, OPTION_STRING, RUNS | VERB_REPRO | VERB_BENCH, "NAME",
	  "use this profile (plumbline list runtimes) instead of the one --version suggests", AT(profile) },
	{ "out", 'o', OPTION_STRING, VERB_TEST | VERB_REPRO, "DIR", "write here (default for runs: runs/RUN)",
	  AT(out) },
	{ "jobs", 'j', OPTION_NUMBER, RUNS, "N", "cases at the same time (default: one a processor)",
	  AT(jobs), 1, 256 },
	{ "shard", 0, OPTION_STRING, RUNS, "K/N", "only the K-th of N parts, split by a hash of the id",
	  AT(shard) },
	{ "seed", 0, OPTION_NUMBER, RUNS, "N",
	  "shuffle the cases in a way that N repeats (default 0: in order)", AT(seed), 0, ~0ull },
	{ "repeat", 0, OPTION_NUMBER, VERB_TEST, "N",
	  "run every case N times; different verdicts make it flaky", AT(repeat), 1, 100000 },
	{ "retries", 0, OPTION_NUMBER, VERB_TEST, "N",
	  "run a failed case up to N times more; a pass makes it flaky", AT(retries), 0, 1000 },
	{ "timeout-scale", 0, OPTION_FACTOR, RUNS, "F", "multiply every time-out (slow machines, sanitizers)",
	  AT(timeout_scale), 0, 1000 },
	{ "expect", 0, OPTION_STRING, VERB_TEST, "FILE",
	  "verdicts that are expected; only others count as failures", AT(expect) },
	{ "update-expectations", 0, OPTION_FLAG, VERB_TEST, NULL,
	  "write what was seen to the file of --expect", AT(update_expectations) },
	{ "last-failed", 0, OPTION_FLAG, VERB_TEST, NULL, "only the cases that failed in the newest run",
	  AT(last_failed) },
	{ "fail-fast", 0, OPTION_NUMBER_OR_ONE, VERB_TEST, "N",
	  "stop after N failures (without =N: the first)", AT(fail_fast), 1, 1000000 },
	{ "rounds", 0, OPTION_NUMBER, VERB_BENCH, "N", "measure every operation N times (default: 30)",
	  AT(rounds), 1, 10000 },
	{ "keep", 0, OPTION_FLAG, VERB_TEST, NULL,
	  "keep bundle, state and output of failed cases in the run directory", AT(keep) },
	{ "junit", 0, OPTION_STRING, VERB_TEST | VERB_REPORT, "FILE",
	  "write a JUnit report (- is standard output)", AT(junit) },
	{ "tap", 0, OPTION_STRING, VERB_TEST | VERB_REPORT, "FILE", "write a TAP report", AT(tap) },
	{ "markdown", 0, OPTION_STRING, VERB_TEST | VERB_REPORT, "FILE", "write a Markdown report",
	  AT(markdown) },
	{ "html", 0, OPTION_STRING, VERB_TEST | VERB_REPORT, "FILE", "write an HTML report", AT(html) },
	{ "badge", 0, OPTION_STRING, VERB_TEST | VERB_REPORT, "FILE", "write a badge as SVG", AT(badge) },
	{ "coverage", 0, OPTION_FLAG, VERB_LIST, NULL, "with clauses: which cases cover them", AT(coverage) },
	{ "json", 0, OPTION_FLAG, VERB_ALL & ~VERB_HELP, NULL, "JSON Lines on standard output", AT(json) },
	{ "color", 0, OPTION_STRING, VERB_ALL & ~VERB_HELP, "WHEN",
	  "auto, always or never (default auto: on a terminal, unless NO_COLOR is set)", AT(colour) },
	{ "ascii", 0, OPTION_FLAG, VERB_ALL & ~VERB_HELP, NULL, "no characters beyond ASCII", AT(ascii) },
	{ "help", 'h', OPTION_FLAG, VERB_ALL, NULL, "this help", AT(help) },
};
const size_t option_table_count = ARRAY_SIZE(option_table);
