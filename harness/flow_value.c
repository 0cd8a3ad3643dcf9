/* Values of requests and config.jsons: whether anybody set them, and how they read. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"

/* Int64Value: a number that can be told from none, also when it is 0. */
static bool is_wrapper(const struct json *value)
{
	return json_length(value) == 1 && json_kind(json_member(value, "value")) == JSON_INT;
}

bool flow_is_set(const struct json *value)
{
	switch (json_kind(value)) {
	case JSON_NULL:
		return false;
	case JSON_BOOL:
		return json_bool(value, false);
	case JSON_INT:
		return json_int(value, 1) != 0;
	case JSON_STRING:
		return *json_string(value);
	case JSON_DOUBLE:
		return true;
	case JSON_ARRAY:
		return json_length(value);
	case JSON_OBJECT:
		break;
	}
	for (size_t i = 0; i < json_length(value); i++)
		if (flow_is_set(json_value_at(value, i)))
			return true;
	return is_wrapper(value);
}

char *flow_value_text(const struct json *value)
{
	const char *string = json_string(value);
	auto_text text = { 0 };

	if (string) {
		text_add(&text, text_starts(string, "CAP_") ? string + 4 : string);
	} else if (json_kind(value) == JSON_ARRAY && !json_length(value)) {
		text_add(&text, "none");
	} else if (json_kind(value) == JSON_ARRAY) {
		for (size_t i = 0; i < json_length(value); i++) {
			auto_free char *element = flow_value_text(json_at(value, i));

			text_addf(&text, "%s%s", i ? "," : "", element);
		}
	} else {
		json_print(is_wrapper(value) ? json_member(value, "value") : value, 0, &text);
	}
	return text_take(&text);
}
