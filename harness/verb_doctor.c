/*
 * plumbline doctor: what this machine can test, and the command that mends each gap. It changes and runs
 * nothing foreign.
 */
#include "harness/verbs.h"

#include <string.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/recorder.h"
#include "harness/area.h"
#include "harness/clauses.h"
#include "harness/doctor.h"
#include "harness/engine.h"
#include "harness/needs.h"
#include "harness/options.h"
#include "harness/profile.h"
#include "harness/runtime.h"
#include "harness/screen.h"

static const char *const health_words[] = {
	[HEALTH_GOOD] = "ok", [HEALTH_LIMITED] = "limited", [HEALTH_BAD] = "missing"
};

void doctor_show(struct doctor *doctor, struct checkup *checkup)
{
	if (checkup->health == HEALTH_BAD)
		doctor->able = false;
	if (doctor->screen.json) {
		struct json *row = json_new_object();

		json_put(row, "type", json_new_string("doctor"));
		json_put(row, "check", json_new_string(checkup->check));
		json_put(row, "health", json_new_string(health_words[checkup->health]));
		json_put(row, "detail", json_new_bytes(text_str(&checkup->detail), checkup->detail.len));
		if (checkup->fix)
			json_put(row, "fix", json_new_string(checkup->fix));
		screen_print_json(&doctor->screen, row);
	} else {
		auto_text out = { 0 };

		text_addf(&out, "%-8s %-16s %s\n", health_words[checkup->health], checkup->check,
			  text_str(&checkup->detail));
		if (checkup->fix)
			text_addf(&out, "%25s mend: %s\n", "", checkup->fix);
		screen_print(&doctor->screen, &out);
	}
	text_free(&checkup->detail);
}

static void check_root(struct doctor *doctor)
{
	struct checkup checkup = { .check = "root" };

	if (doctor->machine.root) {
		text_add(&checkup.detail, "worlds can be made");
	} else {
		checkup.health = HEALTH_BAD;
		checkup.fix = "sudo plumbline doctor";
		text_add(&checkup.detail,
			 "this user cannot make worlds; list, explain, report and repro work");
	}
	doctor_show(doctor, &checkup);
}

static void check_kernel(struct doctor *doctor)
{
	struct checkup checkup = { .check = "kernel" };

	text_add(&checkup.detail, doctor->machine.kernel);
	/* clone3, pidfds, openat2 and the mount API of worlds: mount_setattr is the youngest, kernel 5.12. */
	if (version_compare(doctor->machine.kernel, "5.12") < 0) {
		checkup.health = HEALTH_BAD;
		checkup.fix = "boot a kernel of 5.12 or newer";
		text_add(&checkup.detail, ": worlds need mount_setattr(2) of 5.12");
	}
	doctor_show(doctor, &checkup);
}

static void check_cgroups(struct doctor *doctor)
{
	struct checkup checkup = { .check = "cgroups" };
	auto_cgroup_layout layout = { 0 };

	(void) cgroup_layout_read(&layout, NULL);
	text_addf(&checkup.detail, "%s; controllers%s", cgroup_mode_name(layout.mode),
		  doctor->machine.controllers[0] ? doctor->machine.controllers : " none");
	text_trim_end(&checkup.detail);
	if (layout.mode == CGROUP_NONE) {
		checkup.health = HEALTH_BAD;
		checkup.fix = "mount -t cgroup2 none /sys/fs/cgroup";
	} else if (!doctor->machine.controllers[0]) {
		checkup.health = HEALTH_LIMITED;
		checkup.fix = "echo +cpu +memory +pids > cgroup.subtree_control, above this process's cgroup";
	}
	doctor_show(doctor, &checkup);
}

static void check_userns(struct doctor *doctor)
{
	struct checkup checkup = { .check = "user namespaces" };

	text_add(&checkup.detail, doctor->machine.userns ? "can be made" : "this kernel lets us make none");
	if (!doctor->machine.userns) {
		checkup.health = HEALTH_LIMITED;
		checkup.fix = "sysctl -w user.max_user_namespaces=15000";
	}
	doctor_show(doctor, &checkup);
}

/* The optional second set of programs: bpf/resolve.bpf.c. */
static void check_resolving(struct doctor *doctor, const char *reason)
{
	struct checkup checkup = { .check = "mount targets" };

	if (*reason) {
		checkup.health = HEALTH_LIMITED;
		text_addf(&checkup.detail, "told by the path that was given: %s", reason);
	} else {
		text_add(&checkup.detail, "told as the kernel resolves them");
	}
	doctor_show(doctor, &checkup);
}

static void check_bpf(struct doctor *doctor)
{
	struct checkup checkup = { .check = "recording" };
	struct err err = { 0 };
	auto_text missing = { 0 };

	if (recorder_probe(&missing, &err) < 0) {
		text_addf(&checkup.detail, "%s; rows about kernel calls are unseen", err.text);
		checkup.health = HEALTH_LIMITED;
		checkup.fix = "run as root with CAP_BPF and CAP_PERFMON, on a kernel of 5.17 or newer with "
			      "CONFIG_BPF_SYSCALL and CONFIG_DEBUG_INFO_BTF";
	} else {
		text_add(&checkup.detail, "kernel calls can be recorded");
	}
	doctor_show(doctor, &checkup);
	if (checkup.health == HEALTH_GOOD)
		check_resolving(doctor, text_str(&missing));
}

static void check_runtimes(struct doctor *doctor)
{
	const struct profile *profile;

	for (size_t i = 0; (profile = profile_at(i)); i++) {
		const char *install = json_get_string(profile->document, "install");
		struct checkup checkup = { .check = profile->name };
		auto_free char *path = NULL;

		if (!profile->match)
			continue;
		if (runtime_locate(profile->name, &path, NULL) >= 0) {
			text_add(&checkup.detail, path);
		} else {
			checkup.health = HEALTH_LIMITED;
			checkup.fix = install;
			text_add(&checkup.detail, "not found beside plumbline or in PATH");
		}
		doctor_show(doctor, &checkup);
	}
}

/* How many cases could run here against a runtime of which nothing bad is known. */
static void check_cases(struct doctor *doctor, const struct clause_registry *clauses)
{
	const struct runtime runtime = { .name = (char *) "any",
					 .profile = profile_find("generic"),
					 .spec_version = (char *) "1.3.0",
					 .features = json_new_object() };
	const struct needs_context context = { &doctor->machine, &runtime, clauses };
	struct checkup checkup = { .check = "cases" };
	const struct conformance_case *c;
	auto_text first = { 0 };
	size_t able = 0, all = 0;

	for (; (c = area_case_at(all, NULL)); all++) {
		auto_text why = { 0 };

		if (needs_met(&context, c, &why))
			able++;
		else if (!first.len)
			text_add(&first, text_str(&why));
	}
	json_free(runtime.features);
	text_addf(&checkup.detail, "%zu of %zu can run here", able, all);
	if (able < all) {
		checkup.health = HEALTH_LIMITED;
		text_addf(&checkup.detail, "; the first that cannot %s", text_str(&first));
		/* A guest has the other kind of cgroups, whatever runs here. */
		if (!doctor->machine.cgroup_v2)
			checkup.fix = "plumbline test --in vm:v2 needs:cgroup2";
		else if (!doctor->machine.cgroup_v1)
			checkup.fix = "plumbline test --in vm:v1 needs:cgroup1";
	}
	doctor_show(doctor, &checkup);
}

int verb_doctor(const struct options *options)
{
	struct doctor doctor = { .able = true };
	auto_clauses clauses = { 0 };
	struct err err = { 0 };

	if (screen_init(options, &doctor.screen, &err) < 0 || options->words.count) {
		screen_say(&doctor.screen, "%s", err.text[0] ? err.text : "doctor takes no words");
		return EXIT_USAGE;
	}
	if (options->endpoints.count)
		return doctor_endpoints(&doctor, options);
	if (clauses_load(&clauses, &err) < 0) {
		screen_say(&doctor.screen, "%s", err.text);
		return EXIT_BROKEN;
	}
	machine_read(&doctor.machine);
	check_root(&doctor);
	check_kernel(&doctor);
	check_cgroups(&doctor);
	check_userns(&doctor);
	check_bpf(&doctor);
	check_runtimes(&doctor);
	check_cases(&doctor, &clauses);
	return doctor.able ? EXIT_AS_EXPECTED : EXIT_MACHINE_CANNOT;
}
