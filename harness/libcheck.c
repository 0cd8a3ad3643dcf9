/* The only file that includes check.h. One SRunner with one TCase a case: name, time-out and clean-up are the case's. */
#include <check.h>
#undef fail /* check.h's; ours is a function */

#include "harness/libcheck.h"

#include <stdio.h>
#include <stdlib.h>

/* The exception to "no globals": libcheck calls back without an argument. */
static const struct libcheck_job *current;

static void run_current(int unused)
{
	(void) unused;
	current->run(current->argument);
}

static void clean_current(void)
{
	current->clean(current->argument);
}

void libcheck_clear_environment(void)
{
	/* A user's CK_FORK=no would run cases in this process, CK_RUN_CASE would drop them silently. */
	static const char *const names[] = {
		"CK_FORK",
		"CK_VERBOSITY",
		"CK_RUN_SUITE",
		"CK_RUN_CASE",
		"CK_INCLUDE_TAGS",
		"CK_EXCLUDE_TAGS",
		"CK_LOG_FILE_NAME",
		"CK_XML_LOG_FILE_NAME",
		"CK_TAP_LOG_FILE_NAME",
		"CK_DEFAULT_TIMEOUT",
		"CK_MAX_MSG_SIZE",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void) unsetenv(names[i]);
}

void libcheck_run(const struct libcheck_job *job, struct libcheck_result *ret)
{
	const TTest test = { .name = job->name, .fn = run_current, .file = job->file, .line = job->line };
	Suite *suite = suite_create(job->suite);
	TCase *tcase = tcase_create(job->name);
	SRunner *runner;

	current = job;
	tcase_set_timeout(tcase, job->timeout_s);
	/* Unchecked: it runs in this process, and does so after a crash and a time-out as well. It must not assert. */
	tcase_add_unchecked_fixture(tcase, NULL, clean_current);
	_tcase_add_test(tcase, &test, 0, 0, 0, 1);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_SILENT);

	*ret = (struct libcheck_result){ .ended_well = srunner_ntests_run(runner) == 1 &&
						       srunner_ntests_failed(runner) == 0 };
	if (!ret->ended_well) {
		TestResult **results = srunner_results(runner);

		(void) snprintf(ret->message, sizeof(ret->message), "%s",
				srunner_ntests_run(runner) ? tr_msg(results[0]) : "libcheck ran nothing");
		free(results);
	}
	srunner_free(runner);
	current = NULL;
}
