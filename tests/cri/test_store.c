/* The store: names are reserved once, ids are found by prefix, filters are joined by AND, and a new server finds what the last one knew. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/store.h"

static char root[] = "/tmp/plumbline-store-XXXXXX";
static struct store *store;

static void open_store(void)
{
	struct err err = { 0 };

	ck_assert_msg(store_open(root, &store, &err) == 0, "%s", err.text);
}

static void setup(void)
{
	(void) strcpy(root + strlen(root) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	open_store();
}

static void teardown(void)
{
	store_close(store);
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, root, NULL), 0);
}

static int run(const char *name, uint32_t attempt, struct sandbox **ret, struct err *err)
{
	Runtime__V1__RunPodSandboxRequest request = RUNTIME__V1__RUN_POD_SANDBOX_REQUEST__INIT;
	Runtime__V1__PodSandboxConfig config = RUNTIME__V1__POD_SANDBOX_CONFIG__INIT;
	Runtime__V1__PodSandboxMetadata metadata = RUNTIME__V1__POD_SANDBOX_METADATA__INIT;
	Runtime__V1__PodSandboxConfig__LabelsEntry app = RUNTIME__V1__POD_SANDBOX_CONFIG__LABELS_ENTRY__INIT;
	Runtime__V1__PodSandboxConfig__LabelsEntry *labels[] = { &app };

	app.key = (char *) "app";
	app.value = (char *) name;
	metadata.name = (char *) name;
	metadata.uid = (char *) "u1";
	metadata.namespace_ = (char *) "default";
	metadata.attempt = attempt;
	config.metadata = &metadata;
	config.n_labels = 1;
	config.labels = labels;
	request.config = &config;
	return store_sandbox_new(store, &request, ret, err);
}

static int create(struct sandbox *sandbox, const char *name, struct container **ret, struct err *err)
{
	Runtime__V1__CreateContainerRequest request = RUNTIME__V1__CREATE_CONTAINER_REQUEST__INIT;
	Runtime__V1__ContainerConfig config = RUNTIME__V1__CONTAINER_CONFIG__INIT;
	Runtime__V1__ContainerMetadata metadata = RUNTIME__V1__CONTAINER_METADATA__INIT;

	metadata.name = (char *) name;
	config.metadata = &metadata;
	request.config = &config;
	request.pod_sandbox_id = sandbox->object.id;
	return store_container_new(store, sandbox, &request, ret, err);
}

static struct sandbox *ready(const char *name)
{
	struct sandbox *sandbox = NULL;

	ck_assert_int_eq(run(name, 0, &sandbox, NULL), 0);
	sandbox->status.phase = PHASE_READY;
	store_reveal(store, &sandbox->object);
	ck_assert_int_eq(store_sandbox_save(store, sandbox, NULL), 0);
	return sandbox;
}

START_TEST(test_a_name_is_reserved_until_dropped)
{
	struct sandbox *first = NULL, *second = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(run("web", 0, &first, NULL), 0);
	ck_assert_int_eq(run("web", 0, &second, &err), -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.text, "web_default_u1_0 is reserved for "));
	ck_assert_ptr_nonnull(strstr(err.text, first->object.id));
	ck_assert_int_eq(run("web", 1, &second, NULL), 0); /* another attempt is another name */
	store_unref(store, second);
	ck_assert_int_eq(store_drop(store, &first->object, NULL), 0);
	ck_assert_int_eq(store_drop(store, &first->object, NULL), 0); /* idempotent */
	store_unref(store, first);
	ck_assert_int_eq(run("web", 0, &first, NULL), 0);
	store_unref(store, first);
}
END_TEST

START_TEST(test_metadata_is_demanded)
{
	Runtime__V1__RunPodSandboxRequest request = RUNTIME__V1__RUN_POD_SANDBOX_REQUEST__INIT;
	Runtime__V1__PodSandboxConfig config = RUNTIME__V1__POD_SANDBOX_CONFIG__INIT;
	struct sandbox *sandbox = NULL;

	ck_assert_int_eq(store_sandbox_new(store, &request, &sandbox, NULL), -EINVAL);
	request.config = &config;
	ck_assert_int_eq(store_sandbox_new(store, &request, &sandbox, NULL), -EINVAL);
	ck_assert_int_eq(run("", 0, &sandbox, NULL), -EINVAL);
	ck_assert_ptr_null(sandbox);
	ck_assert_uint_eq(store_count(store, OBJECT_SANDBOX), 0);
}
END_TEST

START_TEST(test_an_object_is_hidden_while_it_is_made)
{
	struct sandbox *sandbox = NULL, *found;
	auto_object_list list = { 0 };

	ck_assert_int_eq(run("web", 0, &sandbox, NULL), 0);
	ck_assert_ptr_null(store_sandbox(store, sandbox->object.id));
	store_sandboxes(store, NULL, &list);
	ck_assert_uint_eq(list.count, 0);
	store_reveal(store, &sandbox->object);
	found = store_sandbox(store, sandbox->object.id);
	ck_assert_ptr_eq(found, sandbox);
	store_unref(store, found);
	store_unref(store, sandbox);
}
END_TEST

START_TEST(test_a_prefix_finds_what_alone_has_it)
{
	struct sandbox *boxes[17], *found;
	size_t twin = 0, other = 0;
	char digit[2] = { 0 };

	/* Seventeen ids, sixteen digits: two begin alike. */
	for (size_t i = 0; i < ARRAY_SIZE(boxes); i++) {
		boxes[i] = ready((char[]){ (char) ('a' + i), '\0' });
		for (size_t j = 0; j < i; j++)
			if (boxes[j]->object.id[0] == boxes[i]->object.id[0])
				twin = j, other = i;
	}
	digit[0] = boxes[other]->object.id[0];
	ck_assert_ptr_ne(boxes[twin], boxes[other]);
	ck_assert_ptr_null(store_sandbox(store, digit));
	ck_assert_ptr_null(store_sandbox(store, ""));
	for (size_t i = 0; i < ARRAY_SIZE(boxes); i++) {
		auto_free char *prefix = text_format("%.12s", boxes[i]->object.id);

		found = store_sandbox(store, prefix);
		ck_assert_ptr_eq(found, boxes[i]);
		ck_assert_ptr_null(store_container(store, prefix));
		store_unref(store, found);
	}
	for (size_t i = 0; i < ARRAY_SIZE(boxes); i++)
		store_unref(store, boxes[i]);
}
END_TEST

static size_t count(const Runtime__V1__PodSandboxFilter *filter)
{
	auto_object_list list = { 0 };

	store_sandboxes(store, filter, &list);
	return list.count;
}

START_TEST(test_filters_are_joined_by_and)
{
	struct sandbox *one = ready("one"), *two = ready("two");
	Runtime__V1__PodSandboxFilter filter = RUNTIME__V1__POD_SANDBOX_FILTER__INIT;
	Runtime__V1__PodSandboxStateValue state = RUNTIME__V1__POD_SANDBOX_STATE_VALUE__INIT;
	Runtime__V1__PodSandboxFilter__LabelSelectorEntry app =
	    RUNTIME__V1__POD_SANDBOX_FILTER__LABEL_SELECTOR_ENTRY__INIT;
	Runtime__V1__PodSandboxFilter__LabelSelectorEntry *labels[] = { &app };

	two->status.phase = PHASE_NOTREADY;
	ck_assert_uint_eq(count(&filter), 2);
	filter.state = &state;
	state.state = RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_NOTREADY;
	ck_assert_uint_eq(count(&filter), 1);
	filter.id = one->object.id;
	ck_assert_uint_eq(count(&filter), 0);
	filter.state = NULL;
	ck_assert_uint_eq(count(&filter), 1);
	filter.n_label_selector = 1;
	filter.label_selector = labels;
	app.key = (char *) "app";
	app.value = (char *) "two";
	ck_assert_uint_eq(count(&filter), 0);
	filter.id = (char *) "";
	ck_assert_uint_eq(count(&filter), 1);
	store_unref(store, one);
	store_unref(store, two);
}
END_TEST

static void fill(struct container *container)
{
	container->status.phase = PHASE_EXITED;
	container->status.started_at = 7;
	container->status.finished_at = 9;
	container->status.exit_code = 137;
	container->status.reason = strdup("OOMKilled");
	container->facts.image_id = strdup("sha256:1");
	container->facts.mount_images = json_new_array();
	json_append(container->facts.mount_images, json_new_string("sha256:2"));
	container->facts.gid = 5;
	container->facts.groups = calloc(2, sizeof(int64_t));
	container->facts.groups[1] = 6;
	container->facts.group_count = 2;
	container->facts.stop_signal = 15;
	container->resources = calloc(1, sizeof(*container->resources));
	runtime__v1__linux_container_resources__init(container->resources);
	container->resources->cpu_shares = 512;
}

static void reopen(struct store_garbage *garbage)
{
	struct err err = { 0 };

	store_close(store);
	open_store();
	ck_assert_msg(store_load(store, garbage, &err) == 0, "%s", err.text);
}

START_TEST(test_a_new_server_finds_what_the_last_one_knew)
{
	struct sandbox *sandbox = ready("web");
	struct container *container = NULL;
	struct store_garbage garbage = { 0 };
	auto_free char *id = NULL;

	sandbox->status.ips = calloc(1, sizeof(char *));
	sandbox->status.ips[sandbox->status.ip_count++] = strdup("10.0.0.2");
	ck_assert_int_eq(store_sandbox_save(store, sandbox, NULL), 0);
	ck_assert_int_eq(create(sandbox, "c", &container, NULL), 0);
	fill(container);
	store_reveal(store, &container->object);
	ck_assert_int_eq(store_container_save(store, container, NULL), 0);
	id = strdup(container->object.id);
	store_unref(store, container);
	store_unref(store, sandbox);
	reopen(&garbage);
	ck_assert_uint_eq(garbage.sandbox_count + garbage.container_count, 0);
	container = store_container(store, id);
	ck_assert_ptr_nonnull(container);
	ck_assert_int_eq(container_state(container), RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED);
	ck_assert_int_eq(container->status.exit_code, 137);
	ck_assert_int_eq(container->status.finished_at, 9);
	ck_assert_str_eq(container->status.reason, "OOMKilled");
	ck_assert_str_eq(container->facts.image_id, "sha256:1");
	ck_assert_str_eq(json_string(json_at(container->facts.mount_images, 0)), "sha256:2");
	ck_assert_uint_eq(container->facts.group_count, 2);
	ck_assert_int_eq(container->facts.groups[1], 6);
	ck_assert_int_eq(container->resources->cpu_shares, 512);
	ck_assert_str_eq(container->sandbox->config->labels[0]->value, "web");
	ck_assert_str_eq(container->sandbox->status.ips[0], "10.0.0.2");
	ck_assert_int_eq(run("web", 0, &sandbox, NULL), -EEXIST); /* the name is reserved still */
	store_unref(store, container);
	store_garbage_free(&garbage);
}
END_TEST

static void damage(const char *id, const char *file, const char *content)
{
	auto_free char *path = text_format("%s/sandboxes/%s/%s", root, id, file);

	if (content)
		ck_assert_int_eq(file_create_at(AT_FDCWD, path, content, strlen(content), 0600, NULL), 0);
	else
		ck_assert_int_eq(unlink(path), 0);
}

START_TEST(test_half_records_are_garbage)
{
	static const struct {
		const char *file, *content;
	} rows[] = { { "status", NULL },
		     { "status", "{\"phase\": \"re" },
		     { "status", "{\"phase\": \"gone\"}" },
		     { "request", NULL },
		     { "request", "\xff" },
		     { "update", "\xff" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sandbox *sandbox = ready("web");
		struct store_garbage garbage = { 0 };

		damage(sandbox->object.id, rows[i].file, rows[i].content);
		store_unref(store, sandbox);
		reopen(&garbage);
		ck_assert_msg(garbage.sandbox_count == 1, "row %zu", i);
		ck_assert_uint_eq(store_count(store, OBJECT_SANDBOX), 0);
		ck_assert_int_eq(store_purge(store, OBJECT_SANDBOX, garbage.sandboxes[0], NULL), 0);
		store_garbage_free(&garbage);
	}
}
END_TEST

START_TEST(test_what_was_being_made_is_hidden_after_a_restart)
{
	struct sandbox *sandbox = NULL;
	struct store_garbage garbage = { 0 };
	auto_object_list all = { 0 };

	ck_assert_int_eq(run("web", 0, &sandbox, NULL), 0);
	store_unref(store, sandbox);
	reopen(&garbage);
	ck_assert_uint_eq(garbage.sandbox_count, 0);
	ck_assert_uint_eq(count(NULL), 0);
	store_all(store, OBJECT_SANDBOX, &all);
	ck_assert_uint_eq(all.count, 1);
	ck_assert_int_eq(((struct sandbox *) all.items[0])->status.phase, PHASE_MAKING);
}
END_TEST

START_TEST(test_a_full_disk_reserves_nothing)
{
	auto_free char *folder = text_format("%s/sandboxes", root);
	auto_free char *aside = text_format("%s/aside", root);
	struct sandbox *sandbox = NULL;

	/* The store holds the folder open: removed, it takes no entries. */
	ck_assert_int_eq(rename(folder, aside), 0);
	ck_assert_int_eq(rmdir(aside), 0);
	ck_assert_int_lt(run("web", 0, &sandbox, NULL), 0);
	ck_assert_uint_eq(store_count(store, OBJECT_SANDBOX), 0);
}
END_TEST

Suite *test_store(void);
Suite *test_store(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("store");
	const TTest *const tests[] = {
		test_a_name_is_reserved_until_dropped,
		test_metadata_is_demanded,
		test_an_object_is_hidden_while_it_is_made,
		test_a_prefix_finds_what_alone_has_it,
		test_filters_are_joined_by_and,
		test_a_new_server_finds_what_the_last_one_knew,
		test_half_records_are_garbage,
		test_what_was_being_made_is_hidden_after_a_restart,
		test_a_full_disk_reserves_nothing,
	};

	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}
