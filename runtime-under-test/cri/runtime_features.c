/* `RUNTIME features`: https://github.com/opencontainers/runtime-spec/blob/main/features.md */
#include "runtime-under-test/cri/runtime_features.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/server.h"

enum { ANSWER_MAX = 1 << 20, ANSWER_MAX_MS = 2000 };

static bool has_word(const struct json *array, const char *word)
{
	const char *item;

	for (size_t i = 0; i < json_length(array); i++) {
		item = json_string(json_at(array, i));
		if (item && strcmp(item, word) == 0)
			return true;
	}
	return false;
}

void runtime_features_of(const struct server *server, const char *handler, struct runtime_features *ret)
{
	auto_free char *path = server_runtime_path(server, handler);
	const char *const argv[] = { path, "features", NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_text out = { 0 };
	struct process_capture capture = { .out = &out, .max = ANSWER_MAX, .timeout_ms = ANSWER_MAX_MS };
	struct process_status status = { 0 };
	auto_json features = NULL;

	*ret = (struct runtime_features){ 0 };
	options.argv = argv;
	if (!path || process_run(&options, &capture, &status, NULL) < 0 || !status.exited || status.code != 0)
		return;
	if (json_parse(text_str(&out), out.len, &features, NULL) < 0)
		return;
	ret->recursive_read_only = has_word(json_get(features, "mountOptions"), "rro");
	ret->user_namespaces = has_word(json_get(features, "linux.namespaces"), "user");
}
