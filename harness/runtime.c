/*
 * What the user calls "crun" becomes a path, a hash and facts. The program itself only ever runs in a
 * world.
 */
#include "harness/runtime.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/sha256.h"
#include "base/text.h"
#include "harness/clauses.h"
#include "harness/cri.h"
#include "harness/live.h"
#include "harness/options.h"
#include "harness/profile.h"

#define SPEC_VERSION "1.3.0" /* the newest that cases and fixtures/clauses know */

static int check_executable(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail(err, -errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return fail(err, -EACCES, "%s: is a directory", path);
	return access(path, X_OK) < 0 ? fail_text(err, -EACCES, "%s: is not executable", path) : 0;
}

/* Appends the directory this program lies in, with its slash. */
static void add_own_directory(struct text *out)
{
	if (file_read_link_at(AT_FDCWD, "/proc/self/exe", out, NULL) < 0)
		return;
	char *slash = memrchr(out->data, '/', out->len);
	text_cut(out, slash ? (size_t) (slash + 1 - out->data) : 0);
}

static bool try_directory(const char *directory, size_t len, const char *word, struct text *ret)
{
	text_cut(ret, 0);
	text_add_bytes(ret, directory, len);
	if (len && directory[len - 1] != '/')
		text_add_char(ret, '/');
	text_add(ret, word);
	return len && directory[0] == '/' && !check_executable(text_str(ret), NULL);
}

static bool search(const char *word, struct text *ret)
{
	const char *path = getenv("PATH");
	auto_text own = { 0 };

	add_own_directory(&own);
	if (try_directory(text_str(&own), own.len, word, ret))
		return true;
	for (path = path ? path : "/usr/bin:/bin"; *path; path += strspn(path, ":")) {
		size_t n = strcspn(path, ":");

		if (try_directory(path, n, word, ret))
			return true;
		path += n;
	}
	return false;
}

int runtime_locate(const char *word, char **ret, struct err *err)
{
	auto_text path = { 0 };
	int r;

	if (!strchr(word, '/')) {
		if (!*word || !search(word, &path))
			return fail_text(err, -ENOENT, "runtime %s: not found beside plumbline or in PATH",
					 word);
		*ret = text_take(&path);
		return 0;
	}
	if (word[0] != '/') {
		auto_free char *here = getcwd(NULL, 0);

		if (!here)
			return fail(err, -errno, "working directory");
		text_addf(&path, "%s/", here);
	}
	while (text_starts(word, "./"))
		word += 2 + strspn(word + 2, "/");
	text_add(&path, word);
	r = check_executable(text_str(&path), err);
	if (r < 0)
		return fail(err, r, "runtime");
	*ret = text_take(&path);
	return 0;
}

static int hash_file(const char *path, char **ret, struct err *err)
{
	char hex[SHA256_HEX_SIZE];
	auto_fd fd = file_open_at(AT_FDCWD, path, O_RDONLY, 0, err);
	int r = fd < 0 ? fd : sha256_fd(fd, hex, err);

	if (r < 0)
		return r;
	*ret = text_format("%s", hex);
	return 0;
}

/*
 * A runtime that hangs, dies or knows no such command is a runtime without an answer; a world that fails is
 * an error.
 */
static int ask(const char *run, const char *path, const char *word, struct text *out, struct err *err)
{
	const char *const argv[] = { path, word, NULL };
	struct process_status status = { 0 };
	auto_text errors = { 0 };
	int r = engine_query(run, argv, out, &errors, &status, err);

	if (r == -ETIMEDOUT) {
		if (err)
			err->text[0] = '\0';
		text_cut(out, 0);
		return 0;
	}
	if (r < 0)
		return fail(err, r, "%s %s", path, word);
	if (!status.exited || status.code)
		text_cut(out, 0);
	return 0;
}

static int ask_version(const char *run, struct runtime_found *found, struct err *err)
{
	auto_text out = { 0 }, clean = { 0 };
	int r = ask(run, found->runtime.path, "--version", &out, err);

	if (r < 0 || !out.len)
		return r;
	size_t line = strcspn(text_str(&out), "\n");
	/* It is printed on terminals and in reports: no control characters of somebody else's. */
	text_escape_terminal(&clean, text_str(&out), line < 200 ? line : 200);
	found->version = text_take(&clean);
	return 0;
}

static int ask_features(const char *run, struct runtime_found *found, struct err *err)
{
	auto_text out = { 0 };
	int r;

	if (profile_lacks(found->runtime.profile, "features"))
		return 0;
	r = ask(run, found->runtime.path, "features", &out, err);
	if (r < 0 || !out.len)
		return r;
	struct json *features = NULL;
	if (json_parse(out.data, out.len, &features, NULL) < 0 || json_kind(features) != JSON_OBJECT) {
		json_free(features);
		return 0;
	}
	found->runtime.features = features;
	return 0;
}

char *runtime_spec_version(const struct json *features, const char *profile_version)
{
	const char *said = json_string(json_member(features, "ociVersionMax"));

	if (!said)
		said = profile_version;
	if (!said || version_compare(said, SPEC_VERSION) >= 0)
		return text_format("%s", SPEC_VERSION);
	/* "1.0.2-dev" is how runtimes call a 1.0.2 that they vendor from between releases. */
	return text_format("%.*s", (int) strcspn(said, "-+"), said);
}

static int choose_profile(const struct options *options, struct runtime_found *found, struct err *err)
{
	found->runtime.profile =
	    options->profile ? profile_find(options->profile) : profile_for_version(found->version);
	if (found->runtime.profile)
		return 0;
	return fail_text(err, -EINVAL,
			 "profile %s: there is none of that name; plumbline list runtimes shows them",
			 options->profile);
}

static char **copy_words(const struct words *words)
{
	char **ret = calloc(words->count + 1, sizeof(*ret));

	assert(ret);
	for (size_t i = 0; i < words->count; i++)
		ret[i] = text_format("%s", words->words[i]);
	return ret;
}

int runtime_find(const char *run, const char *word, const struct options *options, struct runtime_found *ret,
		 struct err *err)
{
	const char *slash = strrchr(word, '/');
	struct runtime_found found = { 0 };
	int r;

	found.runtime.name = text_format("%s", slash ? slash + 1 : word);
	found.runtime.extra_args = copy_words(&options->runtime_args);
	r = runtime_locate(word, &found.runtime.path, err);
	if (r >= 0)
		r = hash_file(found.runtime.path, &found.sha256, err);
	if (r >= 0)
		r = ask_version(run, &found, err);
	if (r >= 0)
		r = choose_profile(options, &found, err);
	if (r >= 0)
		r = ask_features(run, &found, err);
	if (r < 0) {
		runtime_free(&found);
		return r;
	}
	found.runtime.spec_version =
	    runtime_spec_version(found.runtime.features, found.runtime.profile->spec_version);
	*ret = found;
	return 0;
}

int runtime_find_server(const char *run, const char *word, const char *handler, const struct options *options,
			struct runtime_found *ret, struct err *err)
{
	struct runtime_found found, behind = { 0 };
	int r = runtime_find(run, word, options, &found, err);

	if (r < 0)
		return r;
	found.runtime.pod_handler = options->handler;
	if (!runtime_is_cri(&found.runtime))
		r = fail_text(err, -EINVAL, "%s: no profile says how this CRI server is started", word);
	if (r >= 0)
		r = runtime_locate(handler, &behind.runtime.path, err);
	if (r >= 0)
		r = ask_version(run, &behind, err);
	found.runtime.handler = TAKE(behind.runtime.path);
	found.behind_version = TAKE(behind.version);
	if (r < 0) {
		runtime_free(&found);
		return r;
	}
	*ret = found;
	return 0;
}

/* "containerd 1.7.2" for the screen: no control characters of somebody else's. */
static char *name_and_version(const struct live *live)
{
	auto_text said = { 0 }, clean = { 0 };

	text_addf(&said, "%.60s %.100s", live->name, live->version);
	text_escape_terminal(&clean, text_str(&said), said.len);
	return text_take(&clean);
}

int runtime_find_live(const char *word, const struct options *options, struct runtime_found *ret,
		      struct err *err)
{
	struct runtime_found found = { 0 };
	int r = live_find(word, &found.runtime.live, err);

	if (r < 0)
		return r;
	found.version = name_and_version(found.runtime.live);
	found.runtime.name = live_column(found.version);
	found.runtime.path = text_format("%s", found.runtime.live->address);
	found.runtime.extra_args = copy_words(&options->runtime_args);
	found.runtime.profile =
	    options->profile ? profile_find(options->profile) : profile_for_endpoint(found.version);
	found.runtime.pod_handler = options->handler;
	found.runtime.spec_version = runtime_spec_version(NULL, found.runtime.profile->spec_version);
	*ret = found;
	return 0;
}

void runtime_free(struct runtime_found *found)
{
	live_free(found->runtime.live);
	free(found->runtime.handler);
	for (char **arg = found->runtime.extra_args; arg && *arg; arg++)
		free(*arg);
	free(found->runtime.extra_args);
	free(found->runtime.name);
	free(found->runtime.path);
	free(found->runtime.spec_version);
	json_free(found->runtime.features);
	free(found->sha256);
	free(found->version);
	free(found->behind_version);
	*found = (struct runtime_found){ 0 };
}

static char *copy(const char *string)
{
	return string ? text_format("%s", string) : NULL;
}

void runtime_facts(const struct runtime_found *found, struct run_record *ret)
{
	ret->runtime = (struct runtime_facts){
		.name = copy(found->runtime.name),
		.path = copy(found->runtime.path),
		.sha256 = copy(found->sha256),
		.version = copy(found->version),
		.spec_version = copy(found->runtime.spec_version),
		.profile = copy(found->runtime.profile->name),
		.behind = copy(found->runtime.handler),
		.behind_version = copy(found->behind_version),
		.features = json_copy(found->runtime.features),
	};
}
