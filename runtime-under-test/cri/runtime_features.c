/* `RUNTIME features`: https://github.com/opencontainers/runtime-spec/blob/main/features.md */
#include "runtime-under-test/cri/runtime_features.h"

#include <stdlib.h>
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

static bool run(const char *path, const char *word, struct text *out)
{
	const char *const argv[] = { path, word, NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process_capture capture = { .out = out, .max = ANSWER_MAX, .timeout_ms = ANSWER_MAX_MS };
	struct process_status status = { 0 };

	options.argv = argv;
	return process_run(&options, &capture, &status, NULL) >= 0 && status.exited && status.code == 0;
}

static bool ask(const char *path, struct runtime_features *ret)
{
	auto_text out = { 0 }, version = { 0 };
	auto_json features = NULL;

	ret->own_kernel =
	    run(path, "--version", &version) && text_starts(text_str(&version), "runsc version");
	if (!run(path, "features", &out) || json_parse(text_str(&out), out.len, &features, NULL) < 0)
		return ret->own_kernel;
	ret->recursive_read_only = has_word(json_get(features, "mountOptions"), "rro");
	ret->user_namespaces = has_word(json_get(features, "linux.namespaces"), "user");
	return true;
}

/* Two who ask at once both start the runtime; the list then has it twice, with the same in it. */
void runtime_features_of(struct server *server, const char *handler, struct runtime_features *ret)
{
	auto_free char *path = server_runtime_path(server, handler);
	struct runtime_features *entry;

	*ret = (struct runtime_features){ 0 };
	if (!path)
		return;
	pthread_mutex_lock(&server->config_lock);
	for (entry = server->features; entry && strcmp(entry->path, path) != 0; entry = entry->next)
		;
	pthread_mutex_unlock(&server->config_lock);
	if (entry) { /* entries never change, and live as long as the server */
		*ret = *entry;
		return;
	}
	if (!ask(path, ret))
		return;
	entry = malloc(sizeof(*entry));
	if (!entry)
		return;
	*entry = *ret;
	entry->path = TAKE(path);
	pthread_mutex_lock(&server->config_lock);
	entry->next = server->features;
	server->features = entry;
	pthread_mutex_unlock(&server->config_lock);
}

void runtime_features_free(struct runtime_features *list)
{
	struct runtime_features *next;

	for (; list; list = next) {
		next = list->next;
		free(list->path);
		free(list);
	}
}
