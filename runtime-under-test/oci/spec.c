/* config.json as a whole: version, root, mounts, hooks, annotations; the entry points of spec.h. */
#include "runtime-under-test/oci/spec.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec_fields.h"
#include "runtime-under-test/oci/spec_tables.h"

#define CONFIG_MAX (16u << 20)
/* The newest minor version whose fields are all known here. */
#define MINOR_SUPPORTED 3

/* A dotted row of identifiers of SemVer 2.0.0, items 9 and 10; returns what follows, NULL when it is none. */
static const char *skip_identifiers(const char *s, bool leading_zero_allowed)
{
	for (;;) {
		size_t length = strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");

		if (length == 0)
			return NULL;
		if (!leading_zero_allowed && length > 1 && s[0] == '0' && strspn(s, "0123456789") == length)
			return NULL;
		s += length;
		if (*s != '.')
			return s;
		s++;
	}
}

static const char *skip_number(const char *s, unsigned long *ret)
{
	char *end;

	if (!isdigit((unsigned char) *s) || (s[0] == '0' && isdigit((unsigned char) s[1])))
		return NULL;
	*ret = strtoul(s, &end, 10);
	return end;
}

static bool parse_version(const char *s, unsigned long version[3])
{
	for (int i = 0; i < 3; i++) {
		s = skip_number(s, &version[i]);
		if (!s || (i < 2 && *s++ != '.'))
			return false;
	}
	if (*s == '-')
		s = skip_identifiers(s + 1, false);
	if (s && *s == '+')
		s = skip_identifiers(s + 1, true);
	return s && *s == '\0';
}

/*
 * "If a configuration is compliant with version 1.1 [...] it is not compatible with a runtime that supports 1.0 and not
 * 1.1": a newer minor version may hold fields that would be ignored here. config.md#specification-version
 */
static int check_version(const struct place *place, void *pointer, struct err *err)
{
	const char *string = *(char **) pointer;
	unsigned long version[3];

	if (!parse_version(string, version))
		return place_fail(place, err, "\"%s\" is no SemVer 2.0.0 version", string);
	if (version[0] != 1 || version[1] > MINOR_SUPPORTED)
		return place_fail(place, err, "%s is not supported, only 1.0.0 to 1.%d", string,
				  MINOR_SUPPORTED);
	return 0;
}

static const struct field root_fields[] = {
	{ "path", &kind_string, offsetof(struct spec, root_path), .flags = FIELD_REQUIRED | FIELD_FILLED },
	{ "readonly", &kind_bool, offsetof(struct spec, root_readonly) },
	{ NULL },
};

/* A relative destination is deprecated, and relative to "/": config.md#mounts. */
static int make_absolute(const struct place *place, void *pointer, struct err *err)
{
	char **destination = pointer;
	char *absolute;

	(void) place;
	(void) err;
	if ((*destination)[0] == '/')
		return 0;
	absolute = text_format("/%s", *destination);
	free(*destination);
	*destination = absolute;
	return 0;
}

static const struct field mount_fields[] = {
	{ "destination", &kind_string, offsetof(struct spec_mount, destination),
	  .flags = FIELD_REQUIRED | FIELD_FILLED, .check = make_absolute },
	{ "type", &kind_string, offsetof(struct spec_mount, type) },
	{ "source", &kind_string, offsetof(struct spec_mount, source) },
	{ "options", &kind_strings, offsetof(struct spec_mount, options) },
	{ "uidMappings", &kind_list, offsetof(struct spec_mount, uid_maps.items),
	  .fields = spec_id_map_fields, .size = sizeof(struct spec_id_map),
	  .count = offsetof(struct spec_mount, uid_maps.count), .check_item = spec_id_map_check },
	{ "gidMappings", &kind_list, offsetof(struct spec_mount, gid_maps.items),
	  .fields = spec_id_map_fields, .size = sizeof(struct spec_id_map),
	  .count = offsetof(struct spec_mount, gid_maps.count), .check_item = spec_id_map_check },
	{ NULL },
};

static int check_mount(const struct place *place, void *item, struct err *err)
{
	const struct spec_mount *mount = item;

	if ((mount->uid_maps.count == 0) != (mount->gid_maps.count == 0))
		return place_fail(place, err, "uidMappings and gidMappings need each other");
	return 0;
}

/*
 * Mounts at one place, by whatever name, cost the kernel the square of their number: it walks down the pile for each. 20,000 took
 * 72 s; these take half a second.
 */
#define MOUNTS_MAX 4096

static int check_mounts(const struct place *place, void *pointer, struct err *err)
{
	const struct spec *spec = (void *) ((char *) pointer - offsetof(struct spec, mounts));

	if (spec->mount_count > MOUNTS_MAX)
		return place_fail(place, err, "%zu mounts, more than %d", spec->mount_count, MOUNTS_MAX);
	return 0;
}

static const struct field hook_fields[] = {
	{ "path", &kind_string, offsetof(struct spec_hook, path), .flags = FIELD_REQUIRED | FIELD_ABSOLUTE },
	{ "args", &kind_strings, offsetof(struct spec_hook, args) },
	{ "env", &kind_strings, offsetof(struct spec_hook, env) },
	{ "timeout", &kind_int, offsetof(struct spec_hook, timeout_s), .min = 1, .max = INT_MAX,
	  .has = offsetof(struct spec_hook, has_timeout) },
	{ NULL },
};

static const char *const hook_names[HOOK_COUNT] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

const char *spec_hook_name(enum spec_hook_kind kind)
{
	return hook_names[kind];
}

static void hook_row(enum spec_hook_kind kind, struct field *ret)
{
	size_t offset = offsetof(struct spec, hooks) + kind * sizeof(struct spec_hooks);

	*ret = (struct field){
		.name = hook_names[kind],
		.kind = &kind_list,
		.offset = offset + offsetof(struct spec_hooks, items),
		.count = offset + offsetof(struct spec_hooks, count),
		.fields = hook_fields,
		.size = sizeof(struct spec_hook),
	};
}

static int read_hooks(const struct place *place, const struct json *value, const struct field *field,
		      void *target, struct err *err)
{
	(void) field;
	if (json_kind(value) != JSON_OBJECT)
		return place_wrong_kind(place, value, "an object", err);
	for (int kind = 0; kind < HOOK_COUNT; kind++) {
		struct field rows[2] = { { NULL }, { NULL } };
		int r;

		hook_row((enum spec_hook_kind) kind, &rows[0]);
		r = fields_read(place, value, rows, target, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void clear_hooks(const struct field *field, void *target)
{
	(void) field;
	for (int kind = 0; kind < HOOK_COUNT; kind++) {
		struct field rows[2] = { { NULL }, { NULL } };

		hook_row((enum spec_hook_kind) kind, &rows[0]);
		fields_clear(rows, target);
	}
}
static const struct kind kind_hooks = { .read = read_hooks, .clear = clear_hooks };

/* __NEW_UTS_LEN: the kernel refuses a longer name, but only after half of the container is there. */
static int check_uts_name(const struct place *place, void *pointer, struct err *err)
{
	if (strlen(*(char **) pointer) > 64)
		return place_fail(place, err, "longer than 64 bytes");
	return 0;
}

static const struct field spec_fields[] = {
	{ "ociVersion", &kind_string, offsetof(struct spec, version), .flags = FIELD_REQUIRED,
	  .check = check_version },
	{ "root", &kind_object, .flags = FIELD_REQUIRED, .fields = root_fields },
	{ "hostname", &kind_string, offsetof(struct spec, hostname), .check = check_uts_name },
	{ "domainname", &kind_string, offsetof(struct spec, domainname), .check = check_uts_name },
	{ "mounts", &kind_list, offsetof(struct spec, mounts), .fields = mount_fields,
	  .size = sizeof(struct spec_mount), .count = offsetof(struct spec, mount_count),
	  .check_item = check_mount, .check = check_mounts },
	{ "process", &kind_object, offsetof(struct spec, process), .fields = spec_process_fields,
	  .has = offsetof(struct spec, process.present), .check = spec_process_check },
	{ "hooks", &kind_hooks },
	{ "annotations", &kind_pairs, offsetof(struct spec, annotations) },
	{ "linux", &kind_object, .fields = spec_linux_fields },
	{ NULL },
};

int spec_parse(const struct json *config, struct spec **ret, struct err *err)
{
	struct spec *spec;
	int r;

	if (json_kind(config) != JSON_OBJECT)
		return place_wrong_kind(NULL, config, "an object", err);
	spec = field_allocate(1, sizeof(*spec));
	r = fields_read(NULL, config, spec_fields, spec, err);
	if (r == 0)
		r = spec_linux_check(spec, err);
	if (r < 0) {
		spec_free(spec);
		return r;
	}
	*ret = spec;
	return 0;
}

/* A fifo or a device in its place would be waited for, or read, for ever. */
static int read_config(int bundle, struct text *out, struct err *err)
{
	auto_fd fd = openat(bundle, "config.json", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(err, -errno, "open config.json");
	if (!S_ISREG(st.st_mode))
		return fail_text(err, -EINVAL, "config.json is no regular file");
	return file_read_fd(fd, CONFIG_MAX, out, err);
}

int spec_read(int bundle, struct spec **ret, struct json **ret_config, struct err *err)
{
	auto_json config = NULL;
	auto_text content = { 0 };
	int r = read_config(bundle, &content, err);

	if (r < 0)
		return r == -EFBIG ? fail(err, r, "config.json") : r;
	r = json_parse(text_str(&content), content.len, &config, err);
	if (r < 0)
		return fail(err, r, "config.json");
	r = spec_parse(config, ret, err);
	if (r < 0)
		return fail_text(err, r, "config.json");
	if (ret_config)
		*ret_config = TAKE(config);
	return 0;
}

void spec_free(struct spec *spec)
{
	if (!spec)
		return;
	fields_clear(spec_fields, spec);
	free(spec);
}

const struct spec_namespace *spec_find_namespace(const struct spec *spec, uint64_t flag)
{
	for (size_t i = 0; i < spec->namespace_count; i++)
		if (spec->namespaces[i].flag == flag)
			return &spec->namespaces[i];
	return NULL;
}
