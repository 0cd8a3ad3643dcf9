/* A config.json: it is refused with a sentence that names a place in it, or it is a spec that can be freed. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "runtime-under-test/oci/spec.h"
#include "tests/fuzz/fuzz.h"

static void demand(int holds)
{
	if (!holds)
		abort();
}

/* Of what is read alone by exec and update. */
static void parts(const struct json *config)
{
	struct spec_process process = { 0 };
	struct spec_resources resources = { 0 };
	struct err err = { 0 };

	if (spec_parse_process(json_get(config, "process"), "process", &process, &err) == 0)
		spec_process_clear(&process);
	else
		demand(err.text[0] != '\0');
	err = (struct err){ 0 };
	if (spec_parse_resources(json_get(config, "linux.resources"), "resources", &resources, &err) == 0)
		spec_resources_clear(&resources);
	else
		demand(err.text[0] != '\0');
}

int fuzz_config(const uint8_t *data, size_t size)
{
	struct json *config = NULL;
	struct spec *spec = NULL;
	struct err err = { 0 };
	int r = json_parse((const char *) data, size, &config, &err);

	if (r < 0) {
		demand(!config && strstr(err.text, "line ") != NULL);
		return 0;
	}
	r = spec_parse(config, &spec, &err);
	/* "FIELD: what is wrong with it"; the document itself has no name. */
	demand(r < 0 || (spec && !err.text[0]));
	demand(r == 0 || (!spec && err.text[0]));
	demand(r == 0 || json_kind(config) != JSON_OBJECT || strchr(err.text, ':'));
	spec_free(spec);
	parts(config);
	json_free(config);
	return 0;
}
