/* From a field of the request to what is looked for on every rung: one thing, or one for each element. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"
#include "harness/flow_row.h"

void flow_want_add(struct flow_wants *wants, const char *key, const char *value)
{
	struct flow_want *items = realloc(wants->items, (wants->count + 1) * sizeof(*items));

	if (!items)
		abort();
	wants->items = items;
	wants->items[wants->count++] = (struct flow_want){
		.key = key ? text_format("%s", key) : NULL,
		.value = value ? text_format("%s", value) : NULL,
	};
}

void flow_wants_free(struct flow_wants *wants)
{
	for (size_t i = 0; i < wants->count; i++) {
		free(wants->items[i].key);
		free(wants->items[i].value);
		free(wants->items[i].place);
	}
	free(wants->items);
	*wants = (struct flow_wants){ 0 };
}

/* A privileged container is given what it did not ask for: its lists say nothing. */
bool flow_is_privileged(const struct flow_pod *pod)
{
	return json_bool(flow_asked_of_container(pod, "linux.security_context.privileged"), false);
}

/* With the node's network a pod has the node's name as well. */
void flow_asks_hostname(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	const char *network =
	    json_string(flow_asked_of_pod(pod, "linux.security_context.namespace_options.network"));

	if (json_string(field) && !(network && !strcmp(network, "NODE")))
		flow_want_add(ret, NULL, json_string(field));
}

void flow_asks_each(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	(void) pod;
	for (size_t i = 0; i < json_length(field); i++) {
		auto_free char *value = flow_value_text(json_at(field, i));

		flow_want_add(ret, NULL, value);
	}
}

void flow_asks_paths(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	for (size_t i = 0; i < json_length(field) && !flow_is_privileged(pod); i++)
		if (json_string(json_at(field, i)))
			flow_want_add(ret, json_string(json_at(field, i)), NULL);
}

void flow_asks_members(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	(void) pod;
	for (size_t i = 0; i < json_length(field) && json_kind(field) == JSON_OBJECT; i++) {
		auto_free char *value = flow_value_text(json_value_at(field, i));

		flow_want_add(ret, json_key_at(field, i), value);
	}
}

/* Their values are bytes in the interface, and so base64 in its JSON. */
void flow_asks_envs(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	(void) pod;
	for (size_t i = 0; i < json_length(field); i++) {
		const char *key = json_get_string(json_at(field, i), "key"),
			   *encoded = json_get_string(json_at(field, i), "value");
		auto_text bytes = { 0 };

		if (!key || (encoded && base64_decode(encoded, &bytes) < 0))
			continue;
		auto_free char *pair = text_format("%s=%s", key, text_str(&bytes));
		flow_want_add(ret, NULL, pair);
	}
}

void flow_asks_command(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	const struct json *lists[] = { field, flow_asked_of_container(pod, "args") };
	auto_text words = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t k = 0; k < json_length(lists[i]); k++)
			text_addf(&words, "%s%s", words.len ? " " : "",
				  json_string(json_at(lists[i], k)) ? json_string(json_at(lists[i], k))
								    : "?");
	flow_want_add(ret, NULL, text_str(&words));
}

void flow_asks_pages(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	(void) pod;
	for (size_t i = 0; i < json_length(field); i++) {
		const char *size = json_get_string(json_at(field, i), "page_size");
		const struct json *limit = json_member(json_at(field, i), "limit");
		auto_free char *value = limit ? flow_value_text(limit) : text_format("0");

		if (size)
			flow_want_add(ret, size, value);
	}
}

static bool is_unconfined(const struct json *field)
{
	return json_string(field) && !strcmp(json_string(field), "Unconfined");
}

void flow_asks_filter(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	if (json_string(field) && !is_unconfined(field) && !flow_is_privileged(pod))
		flow_want_add(ret, NULL, json_string(field));
}

void flow_asks_no_filter(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	(void) pod;
	if (is_unconfined(field))
		flow_want_add(ret, NULL, json_string(field));
}

static void asks_capabilities(const struct flow_pod *pod, const struct json *field, bool all,
			      struct flow_wants *ret)
{
	for (size_t i = 0; i < json_length(field) && !flow_is_privileged(pod); i++) {
		const char *name = json_string(json_at(field, i));

		if (!name || (!all && strcasecmp(name, "ALL") == 0))
			continue;
		auto_free char *upper =
		    text_format("%s", strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name);
		for (char *c = upper; *c; c++)
			*c = (char) toupper((unsigned char) *c);
		flow_want_add(ret, NULL, upper);
	}
}

void flow_asks_added(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	asks_capabilities(pod, field, false, ret);
}

void flow_asks_dropped(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	asks_capabilities(pod, field, true, ret);
}

/* Inside, outside and how many, as the files of the kernel have them. */
void flow_asks_mapping(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	(void) pod;
	for (size_t i = 0; i < json_length(field); i++) {
		const struct json *row = json_at(field, i);
		auto_free char *value = text_format(
		    "%llu %llu %llu", (unsigned long long) json_uint(json_member(row, "container_id"), 0),
		    (unsigned long long) json_uint(json_member(row, "host_id"), 0),
		    (unsigned long long) json_uint(json_member(row, "length"), 0));

		flow_want_add(ret, NULL, value);
	}
}

void flow_asks_mode(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	(void) pod;
	if (json_string(field))
		flow_want_add(ret, NULL, json_string(field));
}

/* What a pod shares that has the node's processes itself, is the node's. */
void flow_asks_pid(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	const char *mode = json_string(field),
		   *of_pod =
		       json_string(flow_asked_of_pod(pod, "linux.security_context.namespace_options.pid"));
	bool node = mode && !strcmp(mode, "POD") && of_pod && !strcmp(of_pod, "NODE");

	if (mode)
		flow_want_add(ret, NULL, node ? of_pod : mode);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * The kernel tells where a mount is in the end: /var/run/x is /run/x where the image has a link. It is known by its name, and by that
 * no other mount of config.json is meant to be there. Borrowed.
 */
static const char *place_of(const struct flow_pod *pod, const char *path)
{
	static const struct flow_row container = { .of = OF_CONTAINER };
	const struct json *mounts = json_get(pod->observation, "inside.mounts"), *config;
	const char *found = NULL;

	config = json_member(flow_config_of(pod, &container), "mounts");
	for (size_t i = 0; i < json_length(mounts); i++) {
		const char *at = json_get_string(json_at(mounts, i), "destination");
		bool others = false;

		if (at && !strcmp(at, path))
			return NULL;
		for (size_t k = 0; at && k < json_length(config); k++) {
			const char *other = json_get_string(json_at(config, k), "destination");

			others = others || (other && !strcmp(other, at));
		}
		if (at && !others && !strcmp(last_part(at), last_part(path)))
			found = at;
	}
	return found;
}

static void add_mount(const struct flow_pod *pod, const char *path, const char *value, struct flow_wants *ret)
{
	const char *place = place_of(pod, path);

	flow_want_add(ret, path, value);
	if (place)
		ret->items[ret->count - 1].place = text_format("%s", place);
}

static void asks_mounts(const struct flow_pod *pod, const struct json *field, const char *flag,
			const char *value, struct flow_wants *ret)
{
	for (size_t i = 0; i < json_length(field); i++) {
		const char *path = json_get_string(json_at(field, i), "container_path");

		if (path && (!flag || json_bool(json_member(json_at(field, i), flag), false)))
			add_mount(pod, path, value, ret);
	}
}

void flow_asks_mounts(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	asks_mounts(pod, field, NULL, NULL, ret);
}

/* What is read-only below as well has words of its own. */
void flow_asks_readonly(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	for (size_t i = 0; i < json_length(field); i++) {
		const struct json *mount = json_at(field, i);
		const char *path = json_get_string(mount, "container_path");

		if (path && json_bool(json_member(mount, "readonly"), false) &&
		    !json_bool(json_member(mount, "recursive_read_only"), false))
			add_mount(pod, path, "ro", ret);
	}
}

void flow_asks_recursive(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	asks_mounts(pod, field, "recursive_read_only", "rro", ret);
}

void flow_asks_propagation(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	static const struct {
		const char *mode, *word;
	} words[] = { { "PROPAGATION_PRIVATE", "private" },
		      { "PROPAGATION_HOST_TO_CONTAINER", "slave" },
		      { "PROPAGATION_BIDIRECTIONAL", "shared" } };

	(void) pod;
	for (size_t i = 0; i < json_length(field); i++) {
		const char *path = json_get_string(json_at(field, i), "container_path"),
			   *mode = json_get_string(json_at(field, i), "propagation");

		for (size_t k = 0; path && mode && k < ARRAY_SIZE(words); k++)
			if (!strcmp(mode, words[k].mode))
				add_mount(pod, path, words[k].word, ret);
	}
}

static void asks_devices(const struct json *field, bool access, struct flow_wants *ret)
{
	for (size_t i = 0; i < json_length(field); i++) {
		const struct json *device = json_at(field, i);
		const char *path = json_get_string(device, "container_path"),
			   *permissions = json_get_string(device, "permissions");

		if (!path || !*path)
			path = json_get_string(device, "host_path");
		if (path && (!access || permissions))
			flow_want_add(ret, path, access ? permissions : NULL);
	}
}

void flow_asks_devices(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	(void) pod;
	asks_devices(field, false, ret);
}

/* A privileged container may do anything with all of them. */
void flow_asks_access(const struct flow_pod *pod, const struct json *field, struct flow_wants *ret)
{
	if (!flow_is_privileged(pod))
		asks_devices(field, true, ret);
}
