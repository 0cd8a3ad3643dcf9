/*
 * Container Device Interface: "vendor.com/class=name" stands for edits that a vendor's file describes. Files in later
 * directories win over earlier ones; the same device twice in one directory is nobody's to choose, so refused. SPEC.md of CDI.
 */
#include "runtime-under-test/cri/spec/cdi.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/yaml.h"
#include "runtime-under-test/oci/faults.h"

#define FILE_BYTES_MAX (4u << 20)
#define FILES_MAX 256
#define DEVICES_MAX 256
#define ANNOTATION "cdi.k8s.io/"

struct cdi_file {
	struct json *document; /* owned */
	size_t directory; /* its rank */
	bool used; /* the edits that all its devices share are done */
};

struct cdi {
	struct cdi_file files[FILES_MAX];
	size_t count;
	const char *names[DEVICES_MAX]; /* what was asked for, each once */
	const char *name_ends[DEVICES_MAX];
	size_t name_count;
	struct err broken; /* of the first file that could not be read */
};

static int read_file(struct cdi *cdi, int directory, const char *name, size_t rank, struct err *err)
{
	auto_json document = NULL;
	int r;

	if (cdi->count == FILES_MAX)
		return fail_text(err, -EINVAL, "more than %d CDI files", FILES_MAX);
	r = text_ends(name, ".json") ? json_read_at(directory, name, FILE_BYTES_MAX, &document, err)
				     : yaml_read_at(directory, name, FILE_BYTES_MAX, &document, err);
	if (r < 0)
		return fail(err, r, "CDI file %s", name);
	if (!json_get_string(document, "kind"))
		return fail_text(err, -EINVAL, "CDI file %s: no kind", name);
	cdi->files[cdi->count++] = (struct cdi_file){ TAKE(document), rank, false };
	return 0;
}

/* One vendor's mistake is not another's: a file that cannot be read is told when a device is missed. */
static int read_or_pass(struct cdi *cdi, int directory, const char *name, size_t rank, struct err *err)
{
	bool first = !*cdi->broken.text;
	int r = read_file(cdi, directory, name, rank, first ? &cdi->broken : NULL);

	return r < 0 && fault("cri-cdi-one-broken-all-broken") ? fail(err, r, "CDI file %s", name) : 0;
}

static bool is_description(const char *name)
{
	return name[0] != '.' &&
	       (text_ends(name, ".json") || text_ends(name, ".yaml") || text_ends(name, ".yml"));
}

/* A directory that is not there has no devices. */
static int read_directory(struct cdi *cdi, const char *path, size_t rank, struct err *err)
{
	auto_dir entries = opendir(path);
	int r = 0;

	if (!entries)
		return errno == ENOENT ? 0 : fail(err, -errno, "open the CDI directory %s", path);
	for (struct dirent *entry; r == 0 && (entry = readdir(entries));)
		if (is_description(entry->d_name))
			r = read_or_pass(cdi, dirfd(entries), entry->d_name, rank, err);
	return r;
}

static int read_all(struct cdi *cdi, const struct spec_request *request, struct err *err)
{
	static const char *const usual[] = { "/etc/cdi", "/var/run/cdi" };
	const char *const *paths = request->cdi_dirs ? request->cdi_dirs : usual;
	size_t count = request->cdi_dirs ? request->cdi_dir_count : ARRAY_SIZE(usual);
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = read_directory(cdi, paths[i], i, err);
	return r;
}

static int ask_for(struct cdi *cdi, const char *name, size_t length, struct err *err)
{
	for (size_t i = 0; i < cdi->name_count && !fault("cri-cdi-twice"); i++)
		if ((size_t) (cdi->name_ends[i] - cdi->names[i]) == length &&
		    strncmp(cdi->names[i], name, length) == 0)
			return 0;
	if (cdi->name_count == DEVICES_MAX)
		return fail_text(err, -EINVAL, "more than %d CDI devices", DEVICES_MAX);
	cdi->names[cdi->name_count] = name;
	cdi->name_ends[cdi->name_count++] = name + length;
	return 0;
}

/* The field, and the annotations by which device plugins asked before there was one: names separated by commas. */
static int collect_names(struct cdi *cdi, const cri_container *container, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < container->n_cdi_devices; i++)
		r = ask_for(cdi, container->cdi_devices[i]->name, strlen(container->cdi_devices[i]->name),
			    err);
	for (size_t i = 0; i < container->n_annotations; i++) {
		const char *at = container->annotations[i]->value;

		if (!text_starts(container->annotations[i]->key, ANNOTATION))
			continue;
		for (; r == 0 && *at; at += *at == ',') {
			size_t length = strcspn(at, ",");

			r = ask_for(cdi, at, length, err);
			at += length;
		}
	}
	return r;
}

/* In YAML the first of several devices is "0" or, as easily written, 0. */
static bool is_named(const struct json *device, const char *name, size_t length)
{
	const struct json *its_name = json_member(device, "name");
	auto_text text = { 0 };

	if (json_kind(its_name) == JSON_INT)
		json_print(its_name, 0, &text);
	else if (json_kind(its_name) == JSON_STRING)
		text_add(&text, json_string(its_name));
	return text.len == length && strncmp(text_str(&text), name, length) == 0;
}

static const struct json *device_in(const struct cdi_file *file, const char *name, size_t length)
{
	const struct json *devices = json_member(file->document, "devices");
	const char *kind = json_get_string(file->document, "kind");
	size_t kind_length = strlen(kind);

	if (length <= kind_length + 1 || strncmp(name, kind, kind_length) != 0 || name[kind_length] != '=')
		return NULL;
	for (size_t i = 0; i < json_length(devices); i++)
		if (is_named(json_at(devices, i), name + kind_length + 1, length - kind_length - 1))
			return json_at(devices, i);
	return NULL;
}

static int find(struct cdi *cdi, const char *name, size_t length, struct cdi_file **ret_file,
		const struct json **ret_device, struct err *err)
{
	struct cdi_file *best = NULL;
	const struct json *device = NULL;

	for (size_t i = 0; i < cdi->count; i++) {
		struct cdi_file *file = &cdi->files[i];
		const struct json *found = device_in(file, name, length);

		if (!found || (best && !fault("cri-cdi-earlier-wins") && file->directory < best->directory) ||
		    (best && fault("cri-cdi-earlier-wins") && file->directory > best->directory))
			continue;
		if (best && file->directory == best->directory && !fault("cri-cdi-conflict-ignored"))
			return fail_text(err, -EINVAL,
					 "CDI device %.*s: two files of one directory describe it",
					 (int) length, name);
		best = file;
		device = found;
	}
	if (!best)
		return fail_text(err, -EINVAL, "CDI device %.*s: no file describes it%s%s", (int) length,
				 name, *cdi->broken.text ? "; " : "", cdi->broken.text);
	*ret_file = best;
	*ret_device = device;
	return 0;
}

static int inject(struct spec_build *build, struct cdi *cdi, const char *name, size_t length, struct err *err)
{
	auto_free char *full = text_format("%.*s", (int) length, name);
	const struct json *device = NULL;
	struct cdi_file *file = NULL;
	int r = find(cdi, name, length, &file, &device, err);

	if (!file)
		return r;
	r = cdi_apply(build, json_member(device, "containerEdits"), full, err);
	if (r == 0 && (!file->used || fault("cri-cdi-common-twice")))
		r = cdi_apply(build, json_member(file->document, "containerEdits"),
			      json_get_string(file->document, "kind"), err);
	file->used = true;
	return r < 0 ? fail(err, r, "CDI device %s", full) : 0;
}

int spec_cdi(struct spec_build *build, struct err *err)
{
	auto_free struct cdi *cdi = calloc(1, sizeof(*cdi));
	int r;

	if (!cdi)
		abort();
	r = collect_names(cdi, build->container, err);
	if (r == 0 && cdi->name_count)
		r = read_all(cdi, build->request, err);
	for (size_t i = 0; r == 0 && i < cdi->name_count && !fault("cri-cdi-ignored"); i++)
		r = inject(build, cdi, cdi->names[i], (size_t) (cdi->name_ends[i] - cdi->names[i]), err);
	for (size_t i = 0; r == 0 && i < build->container->n_cdi_devices; i++) {
		auto_free char *field = text_format("CDI_devices[%zu]", i);

		spec_unmapped(build, field, "its edits stand in config.json with the origin cdi");
	}
	for (size_t i = 0; i < cdi->count; i++)
		json_free(cdi->files[i].document);
	return r;
}
