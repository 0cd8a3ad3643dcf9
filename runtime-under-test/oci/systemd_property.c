/* The text form of GVariant, as much of it as properties of units need: numbers, strings, lists of strings. */
#include "runtime-under-test/oci/systemd_property.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/systemd_bus.h"

#define PREFIX "org.systemd.property."
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define NAME_MIN 3

static const struct number_type {
	const char *keyword;
	char type;
	int64_t min;
	uint64_t max;
} number_types[] = {
	{ "byte", 'y', 0, UINT8_MAX },    { "int16", 'n', INT16_MIN, INT16_MAX },
	{ "uint16", 'q', 0, UINT16_MAX }, { "int32", 'i', INT32_MIN, INT32_MAX },
	{ "uint32", 'u', 0, UINT32_MAX }, { "int64", 'x', INT64_MIN, INT64_MAX },
	{ "uint64", 't', 0, UINT64_MAX },
};

void systemd_property_clear(struct systemd_property *property)
{
	for (size_t i = 0; i < property->count; i++)
		free(property->strings[i]);
	free(property->strings);
	free(property->name);
	*property = (struct systemd_property){ 0 };
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* One string in quotes; *at stands behind it then. */
static int take_string(const char **at, struct systemd_property *property)
{
	auto_text text = { 0 };
	char quote = **at;

	if (quote != '\'' && quote != '"')
		return -EINVAL;
	for (const char *c = *at + 1; *c; c++) {
		if (*c == quote) {
			property->strings =
			    reallocarray(property->strings, property->count + 1, sizeof(*property->strings));
			if (!property->strings)
				abort();
			property->strings[property->count++] = text_take(&text);
			*at = c + 1;
			return 0;
		}
		if (*c == '\\' && (!c[1] || !strchr("\\'\"", *++c)))
			return -EINVAL;
		text_add_char(&text, *c);
	}
	return -EINVAL;
}

static int take_list(const char **at, struct systemd_property *property)
{
	property->type = 'a';
	*at = skip_blanks(*at + 1);
	while (**at != ']') {
		if (take_string(at, property) < 0)
			return -EINVAL;
		*at = skip_blanks(*at);
		if (**at == ',')
			*at = skip_blanks(*at + 1);
		else if (**at != ']')
			return -EINVAL;
	}
	++*at;
	return 0;
}

/* "uint64 7", or "7", which is an int32. */
static int take_number(const char **at, struct systemd_property *property)
{
	const struct number_type *type = &number_types[3];
	const char *digits = *at;
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(number_types); i++) {
		size_t length = strlen(number_types[i].keyword);

		if (text_starts(*at, number_types[i].keyword) && strchr(" \t", (*at)[length])) {
			type = &number_types[i];
			digits = skip_blanks(*at + length);
		}
	}
	if (!strchr("-0123456789", *digits) || !*digits)
		return -EINVAL;
	errno = 0;
	if (*digits == '-')
		property->number = strtoll(digits, &end, 10);
	else
		property->number = (int64_t) strtoull(digits, &end, 10);
	if (errno || end == digits || (*digits == '-' && property->number < type->min) ||
	    (*digits != '-' && (uint64_t) property->number > type->max))
		return -EINVAL;
	property->type = type->type;
	*at = end;
	return 0;
}

static int take_real(const char **at, struct systemd_property *property)
{
	const char *digits = text_starts(*at, "double ") ? skip_blanks(*at + strlen("double ")) : *at;
	char *end;

	if (strspn(digits, "-0123456789.eE+") != strcspn(digits, " \t") || !*digits)
		return -EINVAL;
	property->real = strtod(digits, &end);
	if (end == digits || !isfinite(property->real))
		return -EINVAL;
	property->type = 'd';
	*at = end;
	return 0;
}

static int take_value(const char **at, struct systemd_property *property)
{
	static const char *const words[] = { "false", "true" };

	for (int i = 0; i < 2; i++)
		if (text_starts(*at, words[i])) {
			property->type = 'b';
			property->number = i;
			*at += strlen(words[i]);
			return 0;
		}
	if (**at == '[')
		return take_list(at, property);
	if (**at == '\'' || **at == '"') {
		property->type = 's';
		return take_string(at, property);
	}
	if (text_starts(*at, "double ") || (strspn(*at, "-0123456789") && strpbrk(*at, ".eE")))
		return take_real(at, property);
	return take_number(at, property);
}

static int seconds_to_micros(struct systemd_property *property, struct err *err)
{
	double seconds = property->type == 'd'   ? property->real
			 : property->type == 't' ? (double) (uint64_t) property->number
						 : (double) property->number;
	auto_free char *name =
	    text_format("%.*sUSec", (int) (strlen(property->name) - strlen("Sec")), property->name);

	if (strchr("bsa", property->type) || seconds < 0 || seconds * 1e6 >= 0x1p63)
		return fail_text(err, -EINVAL, "%s takes seconds", property->name);
	free(property->name);
	property->name = TAKE(name);
	property->type = 't';
	property->number = (int64_t) (seconds * 1e6);
	return 0;
}

int systemd_property_parse(const char *name, const char *value, struct systemd_property *ret, struct err *err)
{
	struct systemd_property property = { .name = text_format("%s", name) };
	const char *at = skip_blanks(value);
	int r = 0;

	if (strspn(name, LETTERS) != strlen(name) || strlen(name) < NAME_MIN)
		r = fail_text(err, -EINVAL, "\"%s\" is no name of a property", name);
	else if (take_value(&at, &property) < 0 || *skip_blanks(at))
		r = fail_text(err, -EINVAL, "%s is no number, string or list of strings: %s", name, value);
	else if (text_ends(name, "Sec") && !text_ends(name, "USec"))
		r = seconds_to_micros(&property, err);
	if (r < 0)
		systemd_property_clear(&property);
	else
		*ret = property;
	return r;
}

/* NULL: another annotation. */
static const char *property_of(const struct spec_pair *annotation)
{
	return text_starts(annotation->key, PREFIX) ? annotation->key + strlen(PREFIX) : NULL;
}

int systemd_check_properties(const struct spec_pairs *annotations, struct err *err)
{
	for (size_t i = 0; i < annotations->count; i++) {
		const char *name = property_of(&annotations->items[i]);
		struct systemd_property property = { 0 };
		int r = name ? systemd_property_parse(name, annotations->items[i].value, &property, err) : 0;

		systemd_property_clear(&property);
		if (r < 0)
			return fail(err, r, "annotations[%s]", annotations->items[i].key);
	}
	return 0;
}

/* sd-bus takes arguments of the size that the type has after C's promotions. */
static int append_one(const struct systemd_bus *bus, const struct systemd_property *property,
		      sd_bus_message *message)
{
	const char type[] = { property->type, '\0' };

	switch (property->type) {
	case 'x':
	case 't':
		return bus->sd_bus_message_append(message, type, property->number);
	case 'd':
		return bus->sd_bus_message_append(message, type, property->real);
	case 's':
		return bus->sd_bus_message_append(message, type, property->strings[0]);
	default:
		return bus->sd_bus_message_append(message, type, (int) property->number);
	}
}

static int append_list(const struct systemd_bus *bus, const struct systemd_property *property,
		       sd_bus_message *message)
{
	int r = bus->sd_bus_message_open_container(message, 'a', "s");

	for (size_t i = 0; i < property->count && r >= 0; i++)
		r = bus->sd_bus_message_append(message, "s", property->strings[i]);
	return r < 0 ? r : bus->sd_bus_message_close_container(message);
}

static int append_property(const struct systemd_bus *bus, const struct systemd_property *property,
			   sd_bus_message *message)
{
	const char single[] = { property->type, '\0' };
	bool list = property->type == 'a';
	int r = bus->sd_bus_message_open_container(message, 'r', "sv");

	if (r >= 0)
		r = bus->sd_bus_message_append(message, "s", property->name);
	if (r >= 0)
		r = bus->sd_bus_message_open_container(message, 'v', list ? "as" : single);
	if (r >= 0)
		r = (list ? append_list : append_one)(bus, property, message);
	for (int level = 0; level < 2 && r >= 0; level++)
		r = bus->sd_bus_message_close_container(message);
	return r;
}

int systemd_append_properties(const struct systemd_bus *bus, const struct spec_pairs *annotations,
			      sd_bus_message *message)
{
	int r = 0;

	for (size_t i = 0; i < annotations->count && r >= 0; i++) {
		const char *name = property_of(&annotations->items[i]);
		struct systemd_property property = { 0 };

		if (!name)
			continue;
		r = systemd_property_parse(name, annotations->items[i].value, &property, NULL);
		if (r >= 0)
			r = append_property(bus, &property, message);
		systemd_property_clear(&property);
	}
	return r;
}
