/*
 * Faults that are edits of config.json: the file is replaced by an edited one, the real create or run goes, and the
 * first content is put back. A runtime reads the file once, so nobody else sees the difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

#define CONFIG "config.json"
#define CONFIG_MAX (16u << 20)

int edit_drop(struct json *document, const char *path, struct err *err)
{
	(void) err;
	return json_drop(document, path, NULL) == -EINVAL ? -EINVAL : 0;
}

static int put(int bundle, const struct text *content, struct err *err)
{
	return file_create_at(bundle, CONFIG, text_str(content), content->len, 0644, err);
}

int bundle_run_edited(const struct call *call, const struct fault *fault, struct err *err)
{
	auto_fd bundle =
	    file_open_at(AT_FDCWD, call->bundle ? call->bundle : ".", O_PATH | O_DIRECTORY, 0, NULL);
	auto_text before = { 0 }, after = { 0 };
	auto_json config = NULL;
	int r, code;

	/* A bundle that cannot be read is the runtime's to refuse: the fault has nothing to say about it. */
	if (bundle < 0 || file_read_at(bundle, CONFIG, CONFIG_MAX, &before, NULL) < 0)
		return call_run(call, err);
	if (json_parse(text_str(&before), before.len, &config, NULL) < 0)
		return call_run(call, err);
	r = fault->edit(config, fault->argument, err);
	if (r < 0)
		return fail(err, r, "edit config.json");
	json_print(config, JSON_PRETTY, &after);
	r = put(bundle, &after, err);
	if (r < 0)
		return r;
	code = call_run(call, err);
	r = put(bundle, &before, code < 0 ? NULL : err);
	return r < 0 ? r : code;
}

int state_run_edited(const struct call *call, const struct fault *fault, struct err *err)
{
	auto_json state = NULL;
	auto_text out = { 0 };
	int r = call_state(call, &state, NULL);

	if (r < 0)
		return call_run(call, err);
	r = fault->edit(state, fault->argument, err);
	if (r < 0)
		return fail(err, r, "edit the state");
	json_print(state, JSON_PRETTY, &out);
	text_add_char(&out, '\n');
	r = file_write_all(STDOUT_FILENO, text_str(&out), out.len);
	return r < 0 ? fail(err, r, "print the state") : 0;
}
