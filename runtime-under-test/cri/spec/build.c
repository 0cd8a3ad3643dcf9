/* Putting values with their origins. */
#include "runtime-under-test/cri/spec/build.h"

#include <assert.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"

static const char *const from_names[] = {
	[FROM_CRI] = "cri",       [FROM_IMAGE] = "image", [FROM_DEFAULT] = "default",
	[FROM_SERVER] = "server", [FROM_CDI] = "cdi",
};

void spec_origin(struct spec_build *build, const char *path, enum spec_from from, const char *field)
{
	struct json *row = json_new_object();

	json_put(row, "from", json_new_string(from_names[from]));
	json_put(row, "field", json_new_string(field));
	json_put(build->result.origins, path, row);
}

void spec_put(struct spec_build *build, const char *path, struct json *taken, enum spec_from from,
	      const char *field)
{
	int r = json_set(build->result.config, path, taken, NULL);

	assert(r == 0); /* the paths are ours */
	(void) r;
	spec_origin(build, path, from, field);
}

void spec_put_string(struct spec_build *build, const char *path, const char *value, enum spec_from from,
		     const char *field)
{
	spec_put(build, path, json_new_string(value), from, field);
}

void spec_put_int(struct spec_build *build, const char *path, int64_t value, enum spec_from from,
		  const char *field)
{
	spec_put(build, path, json_new_int(value), from, field);
}

size_t spec_append(struct spec_build *build, const char *path, struct json *taken, enum spec_from from,
		   const char *field)
{
	size_t index = json_length(json_get(build->result.config, path));
	auto_free char *end = text_format("%s[]", path);
	auto_free char *row = text_format("%s[%zu]", path, index);
	int r = json_set(build->result.config, end, taken, NULL);

	assert(r == 0);
	(void) r;
	spec_origin(build, row, from, field);
	return index;
}

void spec_put_key(struct spec_build *build, const char *path, const char *key, const char *value,
		  enum spec_from from, const char *field)
{
	auto_free char *row = text_format("%s[%s]", path, key);
	struct json *object = json_get(build->result.config, path);

	if (!object) {
		int r = json_set(build->result.config, path, json_new_object(), NULL);

		assert(r == 0);
		(void) r;
		object = json_get(build->result.config, path);
	}
	json_put(object, key, json_new_string(value));
	spec_origin(build, row, from, field);
}

void spec_unmapped(struct spec_build *build, const char *field, const char *why)
{
	struct json *rows = json_member(build->result.origins, "not mapped");

	if (!rows) {
		rows = json_new_object();
		json_put(build->result.origins, "not mapped", rows);
	}
	json_put(rows, field, json_new_string(why));
}
