/* process.capabilities: the default set, ALL, what is added, what is dropped; in this order, so dropping wins. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"
#include "runtime-under-test/oci/faults.h"

#define FIELD "linux.security_context.capabilities."
#define CAPABILITIES_MAX 64

/* containerd's fourteen: CRI-O leaves out five of them, but images are built against these. */
static const char *const defaults[] = {
	"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
	"CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
	"CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
	"CAP_KILL",    "CAP_AUDIT_WRITE",
};

struct capability {
	bool has, ambient;
	enum spec_from from;
	char *field; /* owned */
};

/* One row a number: whether it is in, and who put it there. */
struct set {
	struct capability rows[CAPABILITIES_MAX];
};

static void set_add(struct set *set, int number, enum spec_from from, const char *field)
{
	struct capability *row = &set->rows[number];

	if (row->has)
		return;
	row->has = true;
	row->from = from;
	free(row->field);
	row->field = text_format("%s", field);
}

static void set_free(struct set *set)
{
	for (size_t i = 0; i < CAPABILITIES_MAX; i++)
		free(set->rows[i].field);
}

/* The highest that this kernel has; what it does not know nobody can hold. */
static int last_capability(void)
{
	auto_text text = { 0 };
	long long last = -1;

	if (file_read_at(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 32, &text, NULL) == 0)
		text_trim_end(&text);
	if (text_to_i64(text_str(&text), &last) < 0 || last < 0 || last >= CAPABILITIES_MAX)
		last = name_to_capability("CAP_CHECKPOINT_RESTORE");
	while (last > 0 && !name_of_capability((int) last))
		last--;
	return (int) last;
}

/* What the server's own children can have at most: no runtime can give more, and some refuse to try. */
static uint64_t own_bounds(void)
{
	auto_text status = { 0 };
	const char *line = NULL;

	if (file_read_at(AT_FDCWD, "/proc/thread-self/status", 65536, &status, NULL) == 0)
		line = strstr(text_str(&status), "\nCapBnd:");
	return line ? strtoull(line + strlen("\nCapBnd:"), NULL, 16) : UINT64_MAX;
}

/* In a user namespace every one is to be had: user_namespaces(7). */
static void set_add_all(struct spec_build *build, struct set *set, enum spec_from from, const char *field)
{
	uint64_t bounds = spec_has_user_namespace(build) ? UINT64_MAX : own_bounds();

	for (int i = 0, last = last_capability(); i <= last; i++)
		if (bounds >> i & 1)
			set_add(set, i, from, field);
}

static bool is_all(const char *name)
{
	return strcasecmp(name, "ALL") == 0;
}

/* Pod specs say NET_ADMIN, people also write CAP_NET_ADMIN. A name that nobody knows would be lost in silence: refused. */
static int number_of(const char *name, const char *field, struct err *err)
{
	auto_free char *full = text_format("%s%s", strncasecmp(name, "CAP_", 4) == 0 ? "" : "CAP_", name);
	int number;

	for (char *c = full; *c; c++)
		*c = (char) toupper((unsigned char) *c);
	number = name_to_capability(full);
	if ((number < 0 || number >= CAPABILITIES_MAX) && fault("cri-unknown-capability-ignored"))
		return 0;
	if (number < 0 || number >= CAPABILITIES_MAX)
		return fail_text(err, -EINVAL, "%s: no capability is named %s", field, name);
	return number;
}

static int change(struct set *set, char *const *names, size_t count, const char *list, bool add,
		  struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		auto_free char *field = text_format(FIELD "%s[%zu]", list, i);
		int number = is_all(names[i]) ? 0 : number_of(names[i], field, err);

		if (number < 0)
			return number;
		if (is_all(names[i]))
			continue;
		if (add)
			set_add(set, number, FROM_CRI, field);
		else
			set->rows[number].has = false;
	}
	return 0;
}

/* ALL in one of the lists is the ground on which single names stand, wherever it stands itself. */
static void change_all(struct spec_build *build, struct set *set, const Runtime__V1__Capability *wishes)
{
	for (size_t i = 0; i < wishes->n_add_capabilities; i++)
		if (is_all(wishes->add_capabilities[i]) && !fault("cri-capabilities-not-added"))
			set_add_all(build, set, FROM_CRI, FIELD "add_capabilities");
	for (size_t i = 0; i < wishes->n_drop_capabilities; i++)
		for (size_t j = 0; is_all(wishes->drop_capabilities[i]) && j < CAPABILITIES_MAX; j++)
			set->rows[j].has = false;
}

/* Ambient ones outlive the exec of a user other than root; the kernel wants them permitted and inheritable for that. */
static int add_ambient(struct set *set, const Runtime__V1__Capability *wishes, struct err *err)
{
	for (size_t i = 0; i < wishes->n_add_ambient_capabilities; i++) {
		auto_free char *field = text_format(FIELD "add_ambient_capabilities[%zu]", i);
		const char *name = wishes->add_ambient_capabilities[i];
		int number = is_all(name) ? 0 : number_of(name, field, err);

		if (number < 0)
			return number;
		for (int j = 0, last = last_capability(); j <= last; j++) {
			if (!is_all(name) && j != number)
				continue;
			set_add(set, j, FROM_CRI, field);
			set->rows[j].ambient = true;
		}
	}
	return 0;
}

static void put_list(struct spec_build *build, const struct set *set, const char *name, bool ambient_only)
{
	auto_free char *path = text_format("process.capabilities.%s", name);

	for (int i = 0; i < CAPABILITIES_MAX; i++)
		if (set->rows[i].has && (set->rows[i].ambient || !ambient_only))
			(void) spec_append(build, path, json_new_string(name_of_capability(i)),
					   set->rows[i].from, set->rows[i].field);
	if (json_get(build->result.config, path) || ambient_only)
		return;
	if (build->container)
		spec_put(build, path, json_new_array(), FROM_CRI, FIELD "drop_capabilities");
	else
		spec_put(build, path, json_new_array(), FROM_DEFAULT, "a pause needs none");
}

static int plan(struct spec_build *build, struct set *set, struct err *err)
{
	const Runtime__V1__Capability *wishes = build->security ? build->security->capabilities : NULL;
	int r = 0;

	if (build->privileged) {
		set_add_all(build, set, FROM_CRI, "linux.security_context.privileged");
		return wishes ? add_ambient(set, wishes, err) : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		set_add(set, name_to_capability(defaults[i]), FROM_DEFAULT, "capabilities");
	if (!wishes)
		return 0;
	change_all(build, set, wishes);
	if (!fault("cri-capabilities-not-added"))
		r = change(set, wishes->add_capabilities, wishes->n_add_capabilities, "add_capabilities",
			   true, err);
	if (r == 0)
		r = add_ambient(set, wishes, err);
	if (r == 0 && !fault("cri-capabilities-not-dropped"))
		r = change(set, wishes->drop_capabilities, wishes->n_drop_capabilities, "drop_capabilities",
			   false, err);
	return r;
}

static void note_unmapped(struct spec_build *build)
{
	const Runtime__V1__Capability *wishes = build->security ? build->security->capabilities : NULL;

	if (!wishes)
		return;
	if (build->privileged && wishes->n_add_capabilities)
		spec_unmapped(build, FIELD "add_capabilities", "privileged: it has every one");
	if (build->privileged && wishes->n_drop_capabilities)
		spec_unmapped(build, FIELD "drop_capabilities", "privileged: nothing is dropped");
	else if (wishes->n_drop_capabilities)
		spec_unmapped(build, FIELD "drop_capabilities", "what is dropped is absent from every set");
}

/*
 * Inheritable stays empty but for ambient ones: with defaults in it, files with inheritable capabilities would raise any user
 * (CVE-2022-24769).
 */
int spec_capabilities(struct spec_build *build, struct err *err)
{
	struct set set = { 0 };
	int r = build->container ? plan(build, &set, err) : 0;

	if (r == 0) {
		put_list(build, &set, "bounding", false);
		put_list(build, &set, "effective", false);
		put_list(build, &set, "permitted", false);
		put_list(build, &set, "inheritable", true);
		put_list(build, &set, "ambient", true);
		note_unmapped(build);
	}
	set_free(&set);
	return r;
}
