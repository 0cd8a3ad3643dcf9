/*
 * A sandbox's life with CNI plugins: CNI.md#section-3. What was asked for is on disk before the first plugin runs, so DEL can
 * take back what a server that died in between had begun, with the configuration of then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/network.h"
#include "runtime-under-test/oci/faults.h"

#define RECORD_BYTES_MAX (4u << 20)
/* For taking back what a failed ADD made, when the caller's own time is over. */
#define CLEAN_UP_MS 10000

/* The record: {"list", "args", "capabilities", "netns", "result"}; the last once there is one. */
static char *record_name(const char *id)
{
	return text_format("cni/%s.json", id);
}

static int write_record(struct net *net, const char *id, const struct json *record, struct err *err)
{
	auto_free char *name = record_name(id);
	auto_text text = { 0 };
	int r;

	json_print(record, 0, &text);
	r = file_make_dirs_at(net->state, "cni", 0700, err);
	return r < 0 ? r : file_replace_at(net->state, name, text.data, text.len, 0600, err);
}

/* -ENOENT: never added, or deleted. */
static int read_record(struct net *net, const char *id, struct json **ret, struct err *err)
{
	auto_free char *name = record_name(id);

	return json_read_at(net->state, name, RECORD_BYTES_MAX, ret, err);
}

static void add_runtime_config(struct json *config, const struct json *wanted, const struct json *all)
{
	auto_json runtime = json_new_object();

	for (size_t i = 0; i < json_length(wanted); i++) {
		const char *name = json_key_at(wanted, i);

		if (json_bool(json_value_at(wanted, i), false) && json_member(all, name))
			json_put(runtime, name, json_copy(json_member(all, name)));
	}
	if (json_length(runtime))
		json_put(config, "runtimeConfig", TAKE(runtime));
	json_remove(config, "capabilities");
}

/* CNI.md#deriving-request-configuration-from-plugin-configuration */
static struct json *derive(const struct json *record, size_t index, const struct json *previous)
{
	const struct json *list = json_member(record, "list");
	struct json *config = json_copy(json_at(json_member(list, "plugins"), index));
	auto_json wanted = json_copy(json_member(config, "capabilities"));
	const char *version = json_get_string(list, "cniVersion");

	json_put(config, "cniVersion", json_new_string(version ? version : "0.1.0"));
	json_put(config, "name", json_copy(json_member(list, "name")));
	add_runtime_config(config, wanted, json_member(record, "capabilities"));
	if (previous)
		json_put(config, "prevResult", json_copy(previous));
	return config;
}

static size_t plugin_count(const struct json *record)
{
	return json_length(json_get(record, "list.plugins"));
}

/* Before 0.4.0 a plugin was told of earlier results by ADD alone. */
static bool tells_result(const struct json *record)
{
	const char *version = json_get_string(record, "list.cniVersion");

	return version && !text_starts(version, "0.1") && !text_starts(version, "0.2") &&
	       !text_starts(version, "0.3");
}

static int call(struct net *net, const struct json *record, const char *id, const char *command, size_t index,
		const struct json *previous, int64_t deadline, struct json **ret, struct err *err)
{
	auto_json config = derive(record, index, previous);
	const struct plugin_call plugin = {
		.bin_dir = net->bin_dir,
		.command = command,
		.id = id,
		.netns = json_get_string(record, "netns"),
		.args = json_get_string(record, "args"),
		.config = config,
		.deadline = deadline,
	};

	return plugin_run(&plugin, ret, err);
}

/* All are asked, also after one that failed: what the others can take back is not left behind for it. The last error counts. */
static int delete_chain(struct net *net, const struct json *record, const char *id, int64_t deadline,
			struct err *err)
{
	const struct json *result = tells_result(record) ? json_member(record, "result") : NULL;
	int worst = 0;

	for (size_t i = plugin_count(record); i-- > 0;) {
		struct err reason = { 0 };
		auto_json answer = NULL;
		int r = call(net, record, id, "DEL", i, result, deadline, &answer, &reason);

		if (r < 0 && worst == 0)
			worst = fail_text(err, r, "%s", reason.text);
	}
	return worst;
}

static void forget(struct net *net, const char *id)
{
	auto_free char *name = record_name(id);

	(void) unlinkat(net->state, name,
			0); /* a record too many means one DEL too many, which plugins bear */
}

static void take_back(struct net *net, const struct json *record, const char *id)
{
	if (fault("cri-cni-no-del-after-failure"))
		return;
	if (delete_chain(net, record, id, process_now_ms() + CLEAN_UP_MS, NULL) == 0)
		forget(net, id);
}

static int add_chain(struct net *net, struct json *record, const char *id, int64_t deadline, struct err *err)
{
	auto_json result = NULL;

	for (size_t i = 0; i < plugin_count(record); i++) {
		struct json *answer = NULL;
		int r = call(net, record, id, "ADD", i, result, deadline, &answer, err);

		if (r < 0)
			return r;
		if (json_kind(answer) != JSON_OBJECT) {
			json_free(answer);
			return fail_text(
			    err, -EIO, "CNI plugin %s: ADD: it printed no result",
			    json_string(json_member(json_at(json_get(record, "list.plugins"), i), "type")));
		}
		json_free(result);
		result = answer;
	}
	json_put(record, "result", TAKE(result));
	return 0;
}

static void add_address(struct net_result *ret, const char *address)
{
	auto_free char *ip = address ? text_format("%.*s", (int) strcspn(address, "/"), address) : NULL;

	if (ip && *ip)
		result_add_ip(ret, ip);
}

/* From 0.3.0 on "ips", before that "ip4" and "ip6". */
static int read_addresses(const struct json *result, struct net_result *ret, struct err *err)
{
	const struct json *ips = json_member(result, "ips");

	for (size_t i = 0; i < json_length(ips); i++)
		add_address(ret, json_string(json_member(json_at(ips, i), "address")));
	add_address(ret, json_get_string(result, "ip4.ip"));
	add_address(ret, json_get_string(result, "ip6.ip"));
	return ret->ip_count ? 0 : fail_text(err, -EIO, "the CNI plugins gave no address");
}

static int make_record(struct net *net, const struct net_request *request, struct json **ret, struct err *err)
{
	struct conflist list = { 0 };
	auto_free char *args = NULL;
	auto_json record = json_new_object();
	struct json *capabilities = NULL;
	int r = conflist_find(net->conf_dir, &list, err);

	if (r == 0)
		r = cni_args(request, &args, err);
	if (r == 0)
		r = cni_capabilities(request->config, &capabilities, err);
	if (r == 0) {
		json_put(record, "list", TAKE(list.document));
		json_put(record, "args", json_new_string(args));
		json_put(record, "capabilities", capabilities);
		json_put(record, "netns", json_new_string(request->netns));
		*ret = TAKE(record);
	}
	conflist_free(&list);
	return r;
}

int cni_add(struct net *net, const struct net_request *request, int64_t deadline, struct net_result *ret,
	    struct err *err)
{
	auto_net_result result = { 0 };
	auto_json record = NULL;
	int r = make_record(net, request, &record, err);

	if (r == 0)
		r = write_record(net, request->id, record, err);
	if (r < 0)
		return r;
	r = add_chain(net, record, request->id, deadline, err);
	if (r == 0)
		r = read_addresses(json_member(record, "result"), &result, err);
	if (r == 0)
		r = write_record(net, request->id, record, err);
	if (r < 0) {
		take_back(net, record, request->id);
		return r;
	}
	*ret = result;
	result = (struct net_result){ 0 };
	return 0;
}

int cni_check(struct net *net, const struct net_request *request, int64_t deadline, struct err *err)
{
	auto_json record = NULL;
	int r = read_record(net, request->id, &record, err);

	if (r == -ENOENT)
		return fail_text(err, r, "the sandbox has no network");
	if (r < 0 || !tells_result(record) || json_bool(json_get(record, "list.disableCheck"), false))
		return r < 0 ? r : 0;
	for (size_t i = 0; r == 0 && i < plugin_count(record); i++) {
		auto_json answer = NULL;

		r = call(net, record, request->id, "CHECK", i, json_member(record, "result"), deadline,
			 &answer, err);
	}
	return r;
}

int cni_del(struct net *net, const char *id, const char *netns, int64_t deadline, struct err *err)
{
	auto_json record = NULL;
	int r = read_record(net, id, &record, NULL);

	if (r == -ENOENT || fault("cri-cni-no-del"))
		return 0;
	if (r < 0)
		return fail(err, r, "read what CNI plugins were told of sandbox %s", id);
	/* Its namespace may be gone, after a reboot: the plugins then free what is kept elsewhere. */
	json_put(record, "netns", json_new_string(netns && access(netns, F_OK) == 0 ? netns : ""));
	r = delete_chain(net, record, id, deadline, err);
	if (r == 0)
		forget(net, id);
	return r;
}
