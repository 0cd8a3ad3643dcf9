/* The generated interface against the table of the published one: services, messages, enums, field by field. */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/wire/message.h"
#include "base/wire/methods.h"
#include "tests/wire/interface.h"

enum { COLUMNS = 6 };

/* One line of a table at a time, cut into its columns in place; missing ones are "". */
struct table {
	struct text content;
	char *at;
};

static void table_open(struct table *table, const char *path)
{
	*table = (struct table){ 0 };
	ck_assert_int_eq(file_read_at(AT_FDCWD, path, 1 << 20, &table->content, NULL), 0);
	table->at = strchr(table->content.data, '\n') + 1; /* the heading */
}

static bool table_next(struct table *table, char **columns)
{
	char *end;

	if (!*table->at)
		return false;
	end = table->at + strcspn(table->at, "\n");
	if (*end)
		*end++ = '\0';
	for (int i = 0; i < COLUMNS; i++) {
		columns[i] = table->at;
		table->at += strcspn(table->at, "\t");
		if (*table->at)
			*table->at++ = '\0';
	}
	table->at = end;
	return true;
}

START_TEST(services_are_the_published_ones)
{
	const ProtobufCServiceDescriptor *service;
	const ProtobufCMethodDescriptor *method;
	char *columns[COLUMNS];
	struct table table;
	size_t count, rows = 0, methods = 0;
	const ProtobufCServiceDescriptor *const *services = method_services(&count);

	table_open(&table, "fixtures/cri/services.tsv");
	for (; table_next(&table, columns); rows++) {
		method = method_find(columns[1], &service);
		ck_assert_msg(method != NULL, "%s is missing", columns[1]);
		ck_assert_str_eq(service->short_name, columns[0]);
		ck_assert_str_eq(service->package, "runtime.v1");
		ck_assert_str_eq(method->input->short_name, columns[2]);
		ck_assert_str_eq(method->output->short_name, columns[4]);
		ck_assert_msg(method_streams(columns[1]) == (strcmp(columns[3], "stream") == 0),
			      "%s: is it %s?", columns[1], columns[3]);
	}
	for (size_t i = 0; i < count; i++)
		methods += services[i]->n_methods;
	ck_assert_uint_eq(rows, 43);
	ck_assert_uint_eq(methods, rows);
	text_free(&table.content);
}
END_TEST

START_TEST(methods_are_found_with_and_without_their_service)
{
	const ProtobufCServiceDescriptor *service;

	ck_assert_ptr_nonnull(method_find("runtime.v1.ImageService/PullImage", &service));
	ck_assert_str_eq(service->short_name, "ImageService");
	ck_assert_ptr_null(method_find("runtime.v1.ImageService/Version", &service));
	ck_assert_ptr_null(method_find("version", &service));
	ck_assert(!method_streams("Version"));
}
END_TEST

static const char *scalar_name(ProtobufCType type)
{
	static const char *const names[] = {
		[PROTOBUF_C_TYPE_INT32] = "int32",   [PROTOBUF_C_TYPE_INT64] = "int64",
		[PROTOBUF_C_TYPE_UINT32] = "uint32", [PROTOBUF_C_TYPE_UINT64] = "uint64",
		[PROTOBUF_C_TYPE_FLOAT] = "float",   [PROTOBUF_C_TYPE_DOUBLE] = "double",
		[PROTOBUF_C_TYPE_BOOL] = "bool",     [PROTOBUF_C_TYPE_STRING] = "string",
		[PROTOBUF_C_TYPE_BYTES] = "bytes",   [PROTOBUF_C_TYPE_MESSAGE] = NULL,
	};

	return names[type] ? names[type] : "a kind that the interface does not use";
}

static const char *type_name(const ProtobufCFieldDescriptor *field)
{
	if (message_field_is_map(field))
		return "map<string,string>";
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return ((const ProtobufCMessageDescriptor *) field->descriptor)->short_name;
	if (field->type == PROTOBUF_C_TYPE_ENUM)
		return ((const ProtobufCEnumDescriptor *) field->descriptor)->short_name;
	return scalar_name(field->type);
}

static void compare_field(const ProtobufCMessageDescriptor *type, char **columns)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(type, (unsigned) atoi(columns[1]));
	bool repeated;

	ck_assert_msg(field != NULL, "%s has no field %s", columns[0], columns[1]);
	ck_assert_msg(strcmp(field->name, columns[2]) == 0, "%s field %s is %s, not %s", columns[0],
		      columns[1], field->name, columns[2]);
	ck_assert_msg(strcmp(type_name(field), columns[4]) == 0, "%s.%s is %s, not %s", columns[0],
		      columns[2], type_name(field), columns[4]);
	repeated = field->label == PROTOBUF_C_LABEL_REPEATED && !message_field_is_map(field);
	ck_assert_msg(repeated == (strcmp(columns[3], "repeated") == 0), "%s.%s: is it repeated?", columns[0],
		      columns[2]);
	ck_assert_msg(columns[5][0] == '\0', "%s.%s: a oneof is not looked at", columns[0], columns[2]);
}

static size_t count_fields(const struct types *types)
{
	size_t fields = 0;

	for (size_t i = 0; i < types->count; i++)
		if (!text_ends(types->items[i]->short_name, "Entry"))
			fields += types->items[i]->n_fields;
	return fields;
}

START_TEST(messages_are_the_published_ones_field_by_field)
{
	const ProtobufCMessageDescriptor *type;
	char *columns[COLUMNS], *last = "";
	size_t messages = 0, fields = 0;
	struct table table;
	struct types types;

	types_collect(&types);
	table_open(&table, "fixtures/cri/messages.tsv");
	while (table_next(&table, columns)) {
		type = types_find(&types, columns[0]);
		ck_assert_msg(type != NULL, "%s is missing, or nothing leads to it", columns[0]);
		messages += strcmp(last, columns[0]) != 0;
		last = columns[0];
		if (!columns[1][0])
			continue;
		compare_field(type, columns);
		fields++;
	}
	ck_assert_uint_eq(messages, 175);
	ck_assert_uint_eq(count_fields(&types), fields);
	text_free(&table.content);
}
END_TEST

/* With the message that it is nested in. */
static const char *enum_name(const ProtobufCEnumDescriptor *type)
{
	return type->name + strlen("runtime.v1.");
}

static const ProtobufCEnumDescriptor *find_enum(const struct types *types, const char *name)
{
	const ProtobufCFieldDescriptor *field;

	for (size_t i = 0; i < types->count; i++)
		for (unsigned k = 0; k < types->items[i]->n_fields; k++) {
			field = &types->items[i]->fields[k];
			if (field->type == PROTOBUF_C_TYPE_ENUM &&
			    strcmp(enum_name(field->descriptor), name) == 0)
				return field->descriptor;
		}
	return NULL;
}

START_TEST(enums_are_the_published_ones)
{
	const ProtobufCEnumDescriptor *type = NULL;
	const ProtobufCEnumValue *value;
	char *columns[COLUMNS];
	struct table table;
	struct types types;
	unsigned left = 0;

	types_collect(&types);
	table_open(&table, "fixtures/cri/enums.tsv");
	while (table_next(&table, columns)) {
		if (!type || strcmp(enum_name(type), columns[0]) != 0) {
			ck_assert_uint_eq(left, 0);
			type = find_enum(&types, columns[0]);
			ck_assert_msg(type != NULL, "%s is missing", columns[0]);
			left = type->n_value_names;
		}
		value = protobuf_c_enum_descriptor_get_value_by_name(type, columns[2]);
		ck_assert_msg(value != NULL, "%s has no %s", columns[0], columns[2]);
		ck_assert_int_eq(value->value, atoi(columns[1]));
		left--;
	}
	ck_assert_uint_eq(left, 0);
	text_free(&table.content);
}
END_TEST

Suite *test_interface(void)
{
	return UNIT_SUITE("interface", services_are_the_published_ones,
			  methods_are_found_with_and_without_their_service,
			  messages_are_the_published_ones_field_by_field, enums_are_the_published_ones);
}
