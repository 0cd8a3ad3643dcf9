/*
 * Makes the directory a runtime is given: the edited config, a rootfs with the probe and its tries, and
 * scratch.
 */
#include "harness/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/edit.h"
#include "harness/embedded.h"
#include "harness/probe_file.h"
#include "harness/profile.h"

/* What an image would bring; mounts of the default config find their directories here. */
static const struct {
	const char *path;
	mode_t mode;
} directories[] = {
	{ "rootfs", 0755 },      { "rootfs/.plumbline", 0755 }, { "rootfs/bin", 0755 },
	{ "rootfs/dev", 0755 },  { "rootfs/etc", 0755 },        { "rootfs/proc", 0755 },
	{ "rootfs/root", 0700 }, { "rootfs/run", 0755 },        { "rootfs/sys", 0755 },
	{ "rootfs/tmp", 01777 }, { "rootfs/usr", 0755 },        { "rootfs/var", 0755 },
	{ "scratch", 0777 },
};

/* Of a container for a runtime's command line, or of sandbox, container and image for a CRI endpoint. */
static int default_config(const struct conformance_case *c, struct json **ret, struct err *err)
{
	const char *name = c->cri ? "fixtures/default-cri.json" : "fixtures/default-config.json";
	const struct embedded_file *file = embedded_find(name);

	if (!file)
		return fail_text(err, -ENOENT, "%s is not part of this program", name);
	return json_parse(file->data, file->size, ret, err);
}

int bundle_config(const struct bundle_request *request, struct json **ret, struct err *err)
{
	const struct conformance_case *c = request->c;
	const struct json *edits = request->profile ? json_member(request->profile->document, "edits") : NULL;
	bool strict = json_length(edits) == 0;
	auto_json config = NULL;
	int r;

	r = default_config(c, &config, err);
	if (r < 0)
		return fail(err, r, "default config");
	if (!c->cri)
		json_put(config, "ociVersion", json_new_string(request->spec_version));
	r = edit_apply_json(config, edits, err);
	if (r < 0)
		return fail(err, r, "edits of profile %s", request->profile->name);
	r = edit_apply(config, c->given, ARRAY_SIZE(c->given), strict, err);
	if (r < 0)
		return fail(err, r, "given of %s", c->name);
	if (request->control) {
		r = edit_apply(config, c->control, ARRAY_SIZE(c->control), strict, err);
		if (r < 0)
			return fail(err, r, "control of %s", c->name);
	}
	*ret = symbols_expand(config, request->symbols);
	return 0;
}

static int write_tries(int directory, const struct bundle_request *request, struct err *err)
{
	const struct conformance_case *c = request->c;
	auto_text text = { 0 };

	text_addf(&text, "%s\n", request->nonce);
	for (size_t i = 0; i < ARRAY_SIZE(c->inside) && c->inside[i]; i++) {
		symbols_expand_text(c->inside[i], request->symbols, &text);
		text_add_char(&text, '\n');
	}
	return file_create_at(directory, "rootfs/.plumbline/tries", text_str(&text), text.len, 0644, err);
}

static int write_rootfs(int directory, struct err *err)
{
	const struct text *probe;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		const char *path = directories[i].path;

		if (mkdirat(directory, path, 0700) < 0)
			return fail(err, -errno, "mkdir %s", path);
		/* Not by mkdir's mode: the caller's umask must not decide what a container may read. */
		if (fchmodat(directory, path, directories[i].mode, 0) < 0)
			return fail(err, -errno, "chmod %s", path);
	}
	int r = probe_file(&probe, err);
	if (r >= 0)
		r = file_create_at(directory, "rootfs/probe", probe->data, probe->len, 0755, err);
	if (r < 0)
		return r;
	return fchmodat(directory, "rootfs/probe", 0755, 0) < 0 ? fail(err, -errno, "chmod rootfs/probe") : 0;
}

int bundle_write(int directory, const struct bundle_request *request, struct json **ret_config,
		 struct err *err)
{
	auto_json config = NULL;
	auto_text text = { 0 };
	int r;

	r = bundle_config(request, &config, err);
	if (r >= 0)
		r = write_rootfs(directory, err);
	if (r >= 0)
		r = write_tries(directory, request, err);
	if (r < 0)
		return fail(err, r, "write bundle");
	json_print(config, JSON_PRETTY, &text);
	text_add_char(&text, '\n');
	r = file_create_at(directory, request->c->cri ? "cri.json" : "config.json", text_str(&text), text.len,
			   0644, err);
	if (r < 0)
		return fail(err, r, "write bundle");
	if (ret_config)
		*ret_config = TAKE(config);
	return 0;
}
