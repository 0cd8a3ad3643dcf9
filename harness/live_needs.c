/* Which cases an endpoint that is not ours can be asked: each reason is one row. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/live.h"

enum place {
	IN_STEP = 1, /* the verb of a step */
	IN_EDIT, /* how the path of an edit begins */
	IN_ROW, /* how a fact of the host begins, its step left out */
	IN_WORDS, /* a word anywhere in the case's JSON and tries */
};

struct obstacle {
	enum place place;
	const char *word, *why;
};

static const struct obstacle always[] = {
	{ IN_STEP, "server", "it ends and starts the server" },
	{ IN_STEP, "handler", "it brings trouble to the runtime behind the server" },
	{ IN_STEP, "held", "it brings trouble to the runtime behind the server" },
	{ IN_STEP, "mount", "it mounts what the server would have to see" },
	{ IN_STEP, "umount", "it mounts what the server would have to see" },
	{ IN_STEP, "GetContainerEvents", "it counts the events of the whole server" },
	{ IN_EDIT, "server.", "it configures the server" },
	{ IN_ROW, "mounts_added", "it looks at all mounts of the machine" },
	{ IN_ROW, "processes", "it counts all processes of the machine" },
	{ IN_ROW, "cgroups", "it lists all cgroups of the machine" },
	{ IN_WORDS, "\"to\": \"monitor\"",
	  "it ends a monitor of the server, which may be somebody's else as well" },
	{ IN_WORDS, "@shared", "it needs a mount that propagates to the server" },
	{ IN_WORDS, "@handler-path", "it needs the runtime behind the server" },
	{ IN_WORDS, "\"second\"", "it needs a second handler of a known name" },
	{ IN_WORDS, "@cri-root", "it looks into the directories of the server" },
	{ IN_WORDS, "@cri-state", "it looks into the directories of the server" },
};

static const struct obstacle far_away[] = {
	{ IN_ROW, "init", "the server's processes are not of our pid namespace" },
	{ IN_ROW, "cgroup", "the server's processes are not of our pid namespace" },
	{ IN_ROW, "leftovers", "the server's processes are not of our pid namespace" },
	{ IN_STEP, "signal", "the server's processes are not of our pid namespace" },
};

static const struct obstacle no_parent[] = {
	{ IN_WORDS, "plumbline-pods", "the server's cgroup driver is systemd, or is not known" },
};

static const struct obstacle own_image[] = {
	{ IN_WORDS, "@image-id", "it needs the id of the image, and --image names another" },
	{ IN_EDIT, "image", "it needs an image of its own, and --image names another" },
	{ IN_STEP, "RemoveImage", "it removes the image, and --image names one of yours" },
	{ IN_STEP, "PullImage", "it pulls the image, and --image names one of yours" },
	{ IN_STEP, "ImageStatus", "it looks at the image, and --image names one of yours" },
	{ IN_STEP, "ListImages", "it looks at the image, and --image names one of yours" },
};

static bool in_steps(const struct conformance_case *c, const char *word)
{
	const struct step *const *steps;
	size_t count = case_steps(c, &steps);

	auto_free char *method = text_format("\"%s\"", word);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(steps[i]->verb, word) ||
		    (!strcmp(steps[i]->verb, "together") && strstr(steps[i]->json, method)))
			return true;
	return false;
}

static bool in_edits(const struct conformance_case *c, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->given) && c->given[i]; i++)
		if (text_starts(c->given[i]->path, word))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(c->control) && c->control[i]; i++)
		if (text_starts(c->control[i]->path, word))
			return true;
	return false;
}

/* "after.StartContainer.init.pid" and "after.step[3].init.pid" are of `init`. */
static const char *fact_of(const char *path)
{
	const char *dot = text_starts(path, "after.") ? strchr(path + strlen("after."), '.') : NULL;

	return dot ? dot + 1 : path;
}

static bool in_rows(const struct conformance_case *c, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < case_rows(c); i++) {
		const char *fact = c->then[i]->from == FROM_HOST ? fact_of(c->then[i]->path) : "";

		if (!strncmp(fact, word, len) &&
		    !strchr("abcdefghijklmnopqrstuvwxyz_", fact[len] ? fact[len] : '.'))
			return true;
	}
	return false;
}

static bool has(const char *json, const char *word)
{
	return json && strstr(json, word);
}

static bool in_words(const struct conformance_case *c, const char *word)
{
	const struct step *const *steps;
	size_t count = case_steps(c, &steps);
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found = found || has(steps[i]->json, word);
	for (size_t i = 0; i < ARRAY_SIZE(c->given) && c->given[i]; i++)
		found = found || has(c->given[i]->json, word);
	for (size_t i = 0; i < ARRAY_SIZE(c->control) && c->control[i]; i++)
		found = found || has(c->control[i]->json, word);
	for (size_t i = 0; i < ARRAY_SIZE(c->inside); i++)
		found = found || has(c->inside[i], word);
	for (size_t i = 0; i < case_rows(c); i++)
		found = found || has(c->then[i]->json, word);
	return found;
}

static bool stands(const struct conformance_case *c, const struct obstacle *obstacle)
{
	switch (obstacle->place) {
	case IN_STEP:
		return in_steps(c, obstacle->word);
	case IN_EDIT:
		return in_edits(c, obstacle->word);
	case IN_ROW:
		return in_rows(c, obstacle->word);
	case IN_WORDS:
		return in_words(c, obstacle->word);
	}
	return false;
}

static const char *first_obstacle(const struct conformance_case *c, const struct obstacle *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (stands(c, &rows[i]))
			return rows[i].why;
	return NULL;
}

static const char *unprepared(const struct live *live, const struct conformance_case *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->prepare) && c->prepare[i]; i++) {
		const struct prepare *prepare = c->prepare[i];

		if (prepare->kind == PREPARE_MOUNT || prepare->kind == PREPARE_NAMESPACE ||
		    prepare->kind == PREPARE_RUNTIME)
			return "it prepares mounts or namespaces that the server would have to see";
		if (live->image && text_starts(prepare->path, "rootfs/"))
			return "it needs an image of its own, and --image names another";
	}
	return NULL;
}

/* A path of the machine's own: nothing in a word is a symbol of the case. */
static bool names_host_path(const struct json *argument)
{
	const char *word = json_string(argument), *path = json_get_string(argument, "path");

	for (size_t i = 0; json_kind(argument) == JSON_ARRAY && i < json_length(argument); i++)
		if (names_host_path(json_at(argument, i)))
			return true;
	return (word && word[0] == '/') || (path && path[0] == '/');
}

/* In a world such a file ends with it; here it would be the machine's. */
static bool writes_host_files(const struct conformance_case *c)
{
	static const char *const verbs[] = { "write", "remove", "rename" };
	const struct step *const *steps;
	size_t count = case_steps(c, &steps);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(verbs); k++) {
			auto_json argument = NULL;

			if (strcmp(steps[i]->verb, verbs[k]) != 0)
				continue;
			if (json_parse(steps[i]->json, strlen(steps[i]->json), &argument, NULL) < 0 ||
			    names_host_path(argument))
				return true;
		}
	return false;
}

static bool looks_at_kernel(const struct conformance_case *c)
{
	for (size_t i = 0; i < case_rows(c); i++)
		if (c->then[i]->from == FROM_KERNEL)
			return true;
	return c->needs.bpf;
}

bool live_can_run(const struct live *live, const struct conformance_case *c, struct text *why)
{
	const char *reason = first_obstacle(c, always, ARRAY_SIZE(always));

	if (!reason)
		reason = unprepared(live, c);
	if (!reason && writes_host_files(c))
		reason = "it writes files of the machine";
	if (!reason && !live->pid)
		reason = first_obstacle(c, far_away, ARRAY_SIZE(far_away));
	if (!reason && !*live->cgroup_parent)
		reason = first_obstacle(c, no_parent, ARRAY_SIZE(no_parent));
	if (!reason && live->image)
		reason = first_obstacle(c, own_image, ARRAY_SIZE(own_image));
	if (!reason && looks_at_kernel(c))
		reason = "kernel calls are recorded of what we start alone";
	if (reason)
		text_addf(why, "needs a server of its own: %s", reason);
	return !reason;
}
