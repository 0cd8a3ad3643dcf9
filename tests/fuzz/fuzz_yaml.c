/* What a vendor says of devices in YAML, and what an administrator says of a network in JSON: read, or refused with a sentence. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/network.h"
#include "runtime-under-test/cri/spec/yaml.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
	if (!holds)
		abort();
}

/* What it became is JSON: it can be written, and read again as the same. */
static void read_description(const char *data, size_t size)
{
	auto_json value = NULL;
	auto_json again = NULL;
	auto_text text = { 0 };
	struct err err = { 0 };

	if (yaml_parse(data, size, &value, &err) < 0) {
		demand(err.text[0] != '\0' && !value);
		return;
	}
	json_print(value, 0, &text);
	demand(json_parse(text_str(&text), text.len, &again, NULL) == 0 && json_equal(value, again));
}

static void read_network(const char *data, size_t size)
{
	auto_free char *path = text_format("%s/1.conflist", fuzz_place());
	struct conflist list = { 0 };
	struct err err = { 0 };

	demand(file_replace_at(AT_FDCWD, path, data, size, 0600, NULL) == 0);
	if (conflist_find(fuzz_place(), &list, &err) < 0) {
		demand(err.text[0] != '\0' && !list.document);
		return;
	}
	demand(json_get_string(list.document, "name") &&
	       json_length(json_member(list.document, "plugins")) > 0);
	conflist_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_description((const char *) data, size);
	read_network((const char *) data, size);
	return 0;
}
