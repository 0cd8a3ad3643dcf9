/* From the words of --runtime and --cri to what is tested: a column each, with the cases that it can run. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/live.h"
#include "harness/options.h"
#include "harness/prepare_run.h"

#define DEFAULT_RUNTIME "plumbline-oci"
#define DEFAULT_SERVER "plumbline-cri"

/* Two runtimes with one name get columns and folders of their own: crun, crun-2. */
static void make_names_unique(struct prepared_run *run)
{
	struct runtime *last = &run->runtimes[run->runtime_count - 1].runtime;
	auto_free char *base = text_format("%s", last->name);
	size_t number = 1;

	for (size_t i = 0; i + 1 < run->runtime_count; i++) {
		if (strcmp(run->runtimes[i].runtime.name, last->name) != 0)
			continue;
		free(last->name);
		last->name = text_format("%s-%zu", base, ++number);
		i = (size_t) -1;
	}
}

/*
 * A file with the permission that is no program is as wrong a word as one that is not there. It was tried in a world,
 * which tells its errors in words only.
 */
static int explain_not_found(struct prepared_run *run, bool live, int r, const struct err *err)
{
	screen_say(&run->screen, "%s", err->text);
	if (text_ends(err->text, strerror(ENOEXEC)) || r == -EINVAL || r == -ENOENT || r == -ENOTSOCK)
		return EXIT_USAGE;
	if (!live)
		screen_say(&run->screen, "plumbline doctor tells what is missing here");
	return r == -EINTR ? EXIT_INTERRUPTED : EXIT_MACHINE_CANNOT;
}

/* How many of the selected cases a runtime's command line, or a CRI server, runs. */
static size_t take_share(const struct prepared_run *run, bool cri, struct selection *ret)
{
	const struct selection *all = &run->selection;

	*ret = (struct selection){ .items = calloc(all->count + 1, sizeof(*ret->items)) };
	assert(ret->items);
	for (size_t i = 0; i < all->count; i++)
		if ((all->items[i].c->cri != 0) == cri)
			ret->items[ret->count++] = all->items[i];
	return ret->count;
}

/* One server with several runtimes behind it is several columns: containerd+runc, containerd+crun. */
static void name_after_both(struct runtime *server)
{
	const char *slash = strrchr(server->handler, '/');
	char *name = text_format("%s+%s", server->name, slash ? slash + 1 : server->handler);

	free(server->name);
	server->name = name;
}

static int find_live(const struct options *options, const char *word, const struct prepared_run *run,
		     struct runtime_found *found, struct err *err)
{
	struct err ignored = { 0 };
	int r = runtime_find_live(word, options, found, err);

	if (r < 0)
		return r;
	r = live_open(found->runtime.live, run->name, options->image, err);
	if (r < 0) {
		(void) live_close(found->runtime.live, &ignored);
		runtime_free(found);
	}
	return r;
}

/* handler NULL: a runtime; else a CRI server with that runtime behind it. 0, or an exit code. */
static int add_runtime(const struct options *options, const char *word, const char *handler,
		       struct prepared_run *run)
{
	struct runtime_found *found = &run->runtimes[run->runtime_count];
	struct selection share;
	struct err err = { 0 };

	if (!take_share(run, handler != NULL, &share)) {
		free(share.items);
		return 0;
	}
	bool live = handler && live_is_endpoint(word);
	int r = live      ? find_live(options, word, run, found, &err)
		: handler ? runtime_find_server(run->name, word, handler, options, found, &err)
			  : runtime_find(run->name, word, options, found, &err);
	if (r < 0) {
		free(share.items);
		return explain_not_found(run, live, r, &err);
	}
	if (handler && !live && options->runtimes.count > 1)
		name_after_both(&found->runtime);
	run->shares[run->runtime_count++] = share;
	make_names_unique(run);
	return 0;
}

static size_t count_share(const struct prepared_run *run, bool cri)
{
	struct selection share;
	size_t n = take_share(run, cri, &share);

	free(share.items);
	return n;
}

/* Servers run the cases of the interface when they are asked for, or when nobody names a runtime and so wants everything. */
static bool wants_servers(const struct options *options, const struct prepared_run *run)
{
	return options->endpoints.count || !options->runtimes.count || !count_share(run, false);
}

/* A case that is chosen and nowhere run is told, or a reader looks for it in the report. */
static void say_left_out(const struct options *options, struct prepared_run *run)
{
	bool servers = wants_servers(options, run);
	size_t n = count_share(run, !servers);

	if (!n || (servers && !options->endpoints.count))
		return;
	screen_say(&run->screen, "%zu case%s of %s left out: %s", n, n == 1 ? "" : "s",
		   servers ? "the OCI runtime itself" : "the CRI",
		   servers ? "with --cri only those of the CRI are run" : "--cri NAME|PATH runs them");
}

int prepare_runtimes(const struct options *options, struct prepared_run *run)
{
	static const char *const own_runtime[] = { DEFAULT_RUNTIME }, *const own_server[] = {
		DEFAULT_SERVER
	};
	const char *const *runtimes = options->runtimes.count ? options->runtimes.words : own_runtime;
	const char *const *servers = options->endpoints.count ? options->endpoints.words : own_server;
	size_t n = options->runtimes.count ? options->runtimes.count : 1;
	size_t m = options->endpoints.count ? options->endpoints.count : 1;
	int code = 0;

	run->runtimes = calloc(n + n * m, sizeof(*run->runtimes));
	run->shares = calloc(n + n * m, sizeof(*run->shares));
	assert(run->runtimes && run->shares);
	for (size_t i = 0; !code && i < n && !options->endpoints.count; i++)
		code = add_runtime(options, runtimes[i], NULL, run);
	for (size_t i = 0; !code && i < n * m && wants_servers(options, run); i++)
		/* Which runtimes are behind a server that runs already, it knows itself. */
		if (i % n == 0 || !live_is_endpoint(servers[i / n]))
			code = add_runtime(options, servers[i / n], runtimes[i % n], run);
	if (!code && !run->runtime_count) {
		screen_say(&run->screen, "--cri runs cases of the CRI alone, and none of them is selected");
		return EXIT_NOTHING_SELECTED;
	}
	if (!code)
		say_left_out(options, run);
	return code;
}
