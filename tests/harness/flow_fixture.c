/* The recorded pod of the tests of plumbline flow. */
#include "tests/harness/flow_fixture.h"

#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow.h"
#include "reports/columns.h"
#include "tests/unit.h"

#define OBSERVATION_MAX (1u << 20)

const struct report_style flow_fixture_style = { .width = 80, .unicode = true };

void flow_fixture_load(struct flow_fixture *ret)
{
	struct err err = { 0 };

	*ret = (struct flow_fixture){ 0 };
	ck_assert_msg(json_read_at(AT_FDCWD, "fixtures/recordings/flow.json", OBSERVATION_MAX,
				   &ret->observation, &err) == 0,
		      "%s", err.text);
	ck_assert_msg(recording_read_at(AT_FDCWD, "fixtures/recordings/flow.rec", &ret->recording, &err) == 0,
		      "%s", err.text);
}

void flow_fixture_free(struct flow_fixture *pod)
{
	json_free(pod->observation);
	recording_free(&pod->recording);
}

struct json *flow_fixture_facts(const struct flow_fixture *pod, bool recorded)
{
	return flow_facts(&(struct flow_source){
	    .observation = pod->observation,
	    .recording = recorded ? &pod->recording : NULL,
	    .not_recorded = recorded ? NULL : "off: it may not",
	    .server = "plumbline-cri 0.1.0",
	    .server_path = "/opt/plumbline-cri",
	    .runtime = "/opt/plumbline-oci",
	});
}

void flow_fixture_set(struct flow_fixture *pod, const char *path, const char *value)
{
	struct json *parsed = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(json_parse(value, strlen(value), &parsed, NULL), 0);
	ck_assert_msg(json_set(pod->observation, path, parsed, &err) == 0, "%s: %s", path, err.text);
}

const struct json *flow_fixture_value(const struct json *facts, const char *name)
{
	for (size_t i = 0; i < json_length(facts); i++) {
		const char *is = json_get_string(json_at(facts, i), "name");

		if (is && !strcmp(is, name))
			return json_at(facts, i);
	}
	return NULL;
}

void flow_fixture_check_width(const char *story)
{
	while (*story) {
		size_t len = strcspn(story, "\n");
		auto_free char *line = text_format("%.*s", (int) len, story);

		ck_assert_msg(columns_of(line) <= 80, "%d columns: %s", columns_of(line), line);
		ck_assert_msg(!len || line[len - 1] != ' ', "ends with a space: %s", line);
		story += len + (story[len] == '\n');
	}
}
