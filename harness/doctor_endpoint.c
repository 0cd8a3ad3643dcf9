/* plumbline doctor --cri: a CRI endpoint is asked what it says of itself, and pulls an image as it would for a case. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/cri_image.h"
#include "harness/doctor.h"
#include "harness/live.h"
#include "harness/options.h"
#include "harness/profile.h"
#include "harness/registry_request.h"
#include "harness/run_dir.h"
#include "harness/runtime.h"

#define PLACE "doctor"

/* Words of somebody else's, for a terminal. */
static void add_theirs(struct text *out, const char *word)
{
	text_escape_terminal(out, word, strlen(word) < 300 ? strlen(word) : 300);
}

static const char *mend_condition(const char *type)
{
	static const struct {
		const char *type, *fix;
	} rows[] = {
		{ "NetworkReady", "install CNI plugins (containernetworking-plugins) and put a network into "
				  "/etc/cni/net.d, or where the server's conf_dir points" },
		{ "RuntimeReady", "look at the log of the server" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].type, type))
			return rows[i].fix;
	return NULL;
}

static void check_conditions(struct doctor *doctor, const struct json *status)
{
	const struct json *conditions = json_get(status, "status.conditions");

	for (size_t i = 0; i < json_length(conditions); i++) {
		const struct json *row = json_at(conditions, i);
		const char *type = json_get_string(row, "type"), *why = json_get_string(row, "message");
		struct checkup checkup = { .check = type ? type : "condition" };

		if (json_bool(json_member(row, "status"), false)) {
			text_add(&checkup.detail, "yes");
		} else {
			checkup.health = HEALTH_BAD;
			checkup.fix = mend_condition(checkup.check);
			add_theirs(&checkup.detail, why && *why ? why : "no, without a reason");
		}
		doctor_show(doctor, &checkup);
	}
}

static void check_handlers(struct doctor *doctor, const struct json *status)
{
	const struct json *handlers = json_member(status, "runtime_handlers");
	struct checkup checkup = { .check = "handlers" };

	for (size_t i = 0; i < json_length(handlers); i++) {
		const char *name = json_get_string(json_at(handlers, i), "name");

		text_add(&checkup.detail, i ? ", " : "");
		add_theirs(&checkup.detail, name && *name ? name : "(default)");
	}
	if (!json_length(handlers))
		text_add(&checkup.detail, "Status tells none: its configuration has the names for --handler");
	doctor_show(doctor, &checkup);
}

static void check_processes(struct doctor *doctor, const struct live *live)
{
	struct checkup checkup = { .check = "processes" };

	if (live->pid) {
		text_addf(&checkup.detail,
			  "the server is process %d here: cgroups and namespaces can be seen",
			  (int) live->pid);
	} else {
		checkup.health = HEALTH_LIMITED;
		text_add(&checkup.detail, "the server is of another pid namespace: cases that look at its "
					  "processes are skipped");
		checkup.fix = "run plumbline where the server runs";
	}
	doctor_show(doctor, &checkup);
	checkup = (struct checkup){ .check = "cgroup parent" };
	if (*live->cgroup_parent)
		text_addf(&checkup.detail, "the driver is cgroupfs: pods lie below %s", live->cgroup_parent);
	else
		text_add(&checkup.detail,
			 "the driver is systemd or not known: pods lie where the server puts "
			 "them");
	doctor_show(doctor, &checkup);
}

/* An image of nothing but the run's name: small, and another one every time. */
static int write_image(const struct live *live, struct err *err)
{
	auto_free char *place = live_place(live, PLACE);
	auto_free char *rootfs = text_format("%s/rootfs", place);
	auto_json config = json_new_object();
	const struct cri_image image = { live->run, config };
	int r = file_make_dirs_at(AT_FDCWD, rootfs, 0755, err);
	auto_fd home = r < 0 ? r : file_open_at(AT_FDCWD, place, O_RDONLY | O_DIRECTORY, 0, err);
	auto_fd tree = home < 0 ? home : file_open_at(home, "rootfs", O_RDONLY | O_DIRECTORY, 0, err);

	if (tree < 0)
		return tree;
	r = file_create_at(tree, "name", live->run, strlen(live->run), 0644, err);
	return r < 0 ? r : cri_image_write(home, "image", tree, &image, 1, NULL, err);
}

static int pull(const struct live *live, struct err *err)
{
	auto_free char *reference =
	    text_format("127.0.0.1:%d/%s/%s:%s", live->port, live->run, PLACE, REGISTRY_TAG_NAME);
	auto_json request = json_new_object();
	struct json *image = json_new_object();
	int r = write_image(live, err);

	json_put(image, "image", json_new_string(reference));
	json_put(request, "image", image);
	return r < 0 ? r : live_call(live, "PullImage", request, NULL, err);
}

static void check_images(struct doctor *doctor, const struct live *live, const struct profile *profile)
{
	const struct json *needs = json_get(profile->document, "cri.registry");
	struct checkup checkup = { .check = "images" };
	auto_text fix = { 0 };
	struct err err = { 0 };

	if (pull(live, &err) >= 0) {
		text_addf(&checkup.detail, "it pulls from our registry on 127.0.0.1:%d", live->port);
	} else {
		checkup.health = HEALTH_BAD;
		add_theirs(&checkup.detail, err.text);
		for (size_t i = 0; i < json_length(needs); i++)
			text_addf(&fix, "%s%s", i ? " " : "", json_string(json_at(needs, i)));
		if (!fix.len)
			text_add(&fix, "let it pull from 127.0.0.1 over plain HTTP, or name an image that is "
				       "there by --image");
		checkup.fix = text_str(&fix);
	}
	doctor_show(doctor, &checkup);
}

static void check_server(struct doctor *doctor, const struct runtime_found *found)
{
	const struct live *live = found->runtime.live;
	struct checkup checkup = { .check = "endpoint" };
	auto_json request = json_new_object();
	auto_json status = NULL;
	struct err err = { 0 };

	text_addf(&checkup.detail, "%s at %s, profile %s", found->version, live->address,
		  found->runtime.profile->name);
	doctor_show(doctor, &checkup);
	if (live_call(live, "Status", request, &status, &err) < 0) {
		checkup = (struct checkup){ .check = "status", .health = HEALTH_BAD };
		add_theirs(&checkup.detail, err.text);
		doctor_show(doctor, &checkup);
		return;
	}
	check_conditions(doctor, status);
	check_handlers(doctor, status);
	check_processes(doctor, live);
	check_images(doctor, live, found->runtime.profile);
}

static void refuse(struct doctor *doctor, const char *check, const struct err *err)
{
	struct checkup checkup = { .check = check, .health = HEALTH_BAD };

	add_theirs(&checkup.detail, err->text);
	doctor_show(doctor, &checkup);
}

/* 0, or -errno when the word was no endpoint. */
static int check_endpoint(struct doctor *doctor, const struct options *options, const char *word)
{
	struct runtime_found found;
	auto_free char *run = run_name_new();
	struct err err = { 0 };
	int r = runtime_find_live(word, options, &found, &err);

	if (r < 0) {
		refuse(doctor, "endpoint", &err);
		return r == -EINVAL || r == -ENOENT || r == -ENOTSOCK ? r : 0;
	}
	if (live_open(found.runtime.live, run, NULL, &err) < 0)
		refuse(doctor, "endpoint", &err);
	else
		check_server(doctor, &found);
	if (live_close(found.runtime.live, &err) < 0)
		refuse(doctor, "clean-up", &err);
	runtime_free(&found);
	return 0;
}

int doctor_endpoints(struct doctor *doctor, const struct options *options)
{
	for (size_t i = 0; i < options->endpoints.count; i++)
		if (check_endpoint(doctor, options, options->endpoints.words[i]) < 0)
			return EXIT_USAGE;
	return doctor->able ? EXIT_AS_EXPECTED : EXIT_MACHINE_CANNOT;
}
