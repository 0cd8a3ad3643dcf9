/* The process object: config.md#process, read by create and by exec --process alike. */
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/spec_fields.h"
#include "runtime-under-test/oci/spec_tables.h"

/* (uid_t) -1 means "leave it" to setresuid(2): as a configured id it would keep root. */
#define ID_MAX (UINT32_MAX - 1)

/* linux/sched.h has it in a comment only: no kernel implements it, sched_setattr(2) says so. */
#define SCHED_ISO_NUMBER 4

const struct word spec_scheduler_policies[] = {
	{ "SCHED_OTHER", SCHED_OTHER },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_ISO", SCHED_ISO_NUMBER },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ NULL, 0 },
};

static const struct word scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

static const struct word io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ NULL, 0 },
};

static const struct field scheduler_fields[] = {
	{ "policy", &kind_word, offsetof(struct spec_scheduler, policy), .flags = FIELD_REQUIRED,
	  .words = spec_scheduler_policies },
	{ "nice", &kind_int, offsetof(struct spec_scheduler, nice), .min = -20, .max = 19 },
	{ "priority", &kind_int, offsetof(struct spec_scheduler, priority) },
	{ "flags", &kind_flags, offsetof(struct spec_scheduler, flags), .words = scheduler_flags },
	{ "runtime", &kind_u64, offsetof(struct spec_scheduler, runtime) },
	{ "deadline", &kind_u64, offsetof(struct spec_scheduler, deadline) },
	{ "period", &kind_u64, offsetof(struct spec_scheduler, period) },
	{ NULL },
};

/* The kernel reads eight levels (IOPRIO_NR_LEVELS); beyond them ioprio_set(2) would wrap into other bits. */
static const struct field io_priority_fields[] = {
	{ "class", &kind_word, offsetof(struct spec_process, io_class), .flags = FIELD_REQUIRED,
	  .words = io_classes },
	{ "priority", &kind_int, offsetof(struct spec_process, io_priority), .flags = FIELD_REQUIRED,
	  .max = 7 },
	{ NULL },
};

static const struct field affinity_fields[] = {
	{ "initial", &kind_string, offsetof(struct spec_process, cpu_affinity_initial),
	  .check = check_cpu_list },
	{ "final", &kind_string, offsetof(struct spec_process, cpu_affinity_final), .check = check_cpu_list },
	{ NULL },
};

static int read_rlimit(const struct place *place, const struct json *value, const struct field *field,
		       void *target, struct err *err)
{
	const char *name = NULL;
	struct spec_rlimit *limit = target;
	int r = field_look(place, value, &name, err);

	(void) field;
	if (r < 0)
		return r;
	limit->resource = name_to_rlimit(name);
	if (limit->resource < 0)
		return place_fail(place, err, "unknown limit %s", name);
	return 0;
}
static const struct kind kind_rlimit = { .read = read_rlimit };

static const struct field rlimit_fields[] = {
	{ "type", &kind_rlimit, .flags = FIELD_REQUIRED },
	{ "soft", &kind_u64, offsetof(struct spec_rlimit, soft), .flags = FIELD_REQUIRED },
	{ "hard", &kind_u64, offsetof(struct spec_rlimit, hard), .flags = FIELD_REQUIRED },
	{ NULL },
};

static int check_rlimit(const struct place *place, void *item, struct err *err)
{
	const struct spec_rlimit *limit = item;

	if (limit->soft > limit->hard)
		return place_fail(place, err, "soft limit %ju is above the hard one, %ju",
				  (uintmax_t) limit->soft, (uintmax_t) limit->hard);
	return 0;
}

static int read_groups(const struct place *place, const struct json *value, const struct field *field,
		       void *target, struct err *err)
{
	struct spec_process *process = target;
	size_t count = json_length(value);

	(void) field;
	if (json_kind(value) != JSON_ARRAY)
		return place_wrong_kind(place, value, "an array of group ids", err);
	process->groups = field_allocate(count, sizeof(*process->groups));
	process->group_count = count;
	for (size_t i = 0; i < count; i++) {
		const struct field row = { .kind = &kind_u32, .offset = i * sizeof(gid_t), .max = ID_MAX };
		const struct place here = { .up = place, .index = i };
		int r = kind_u32.read(&here, json_at(value, i), &row, process->groups, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static void clear_groups(const struct field *field, void *target)
{
	struct spec_process *process = target;

	(void) field;
	free(TAKE(process->groups));
	process->group_count = 0;
}
static const struct kind kind_groups = { .read = read_groups, .clear = clear_groups };

/* uid and gid are REQUIRED where there is a user; without one other runtimes run as 0:0, and so does this one. */
static const struct field user_fields[] = {
	{ "uid", &kind_u32, offsetof(struct spec_process, uid), .flags = FIELD_REQUIRED, .max = ID_MAX },
	{ "gid", &kind_u32, offsetof(struct spec_process, gid), .flags = FIELD_REQUIRED, .max = ID_MAX },
	{ "umask", &kind_u32, offsetof(struct spec_process, umask), .max = 0777,
	  .has = offsetof(struct spec_process, has_umask) },
	{ "additionalGids", &kind_groups },
	{ NULL },
};

static const struct word capability_sets[] = {
	{ "effective", CAPS_EFFECTIVE }, { "permitted", CAPS_PERMITTED }, { "inheritable", CAPS_INHERITABLE },
	{ "bounding", CAPS_BOUNDING },   { "ambient", CAPS_AMBIENT },     { NULL, 0 },
};

static void remember_unknown(struct spec_strings *unknown, const char *name)
{
	for (size_t i = 0; i < unknown->count; i++)
		if (strcmp(unknown->items[i], name) == 0)
			return;
	unknown->items = reallocarray(unknown->items, unknown->count + 2, sizeof(*unknown->items));
	if (!unknown->items)
		abort();
	unknown->items[unknown->count++] = text_format("%s", name);
	unknown->items[unknown->count] = NULL;
}

static int read_capability_set(const struct place *place, const struct json *value, uint64_t *ret,
			       struct spec_strings *unknown, struct err *err)
{
	if (json_kind(value) != JSON_ARRAY)
		return place_wrong_kind(place, value, "an array of strings", err);
	for (size_t i = 0; i < json_length(value); i++) {
		const struct place here = { .up = place, .index = i };
		auto_free char *name = NULL;
		int number, r = field_string(&here, json_at(value, i), &name, err);

		if (r < 0)
			return r;
		number = name_to_capability(name);
		if (number < 0)
			remember_unknown(unknown, name);
		else
			*ret |= UINT64_C(1) << number;
	}
	return 0;
}

static int read_capabilities(const struct place *place, const struct json *value, const struct field *field,
			     void *target, struct err *err)
{
	struct spec_process *process = target;

	(void) field;
	if (json_kind(value) != JSON_OBJECT)
		return place_wrong_kind(place, value, "an object", err);
	for (const struct word *set = capability_sets; set->name; set++) {
		const struct place here = { .up = place, .name = set->name };
		const struct json *names = json_member(value, set->name);
		int r = 0;

		if (names)
			r = read_capability_set(&here, names, &process->capabilities[set->value],
						&process->unknown_capabilities, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void clear_capabilities(const struct field *field, void *target)
{
	kind_strings.clear(field, target);
}
static const struct kind kind_capabilities = { .read = read_capabilities, .clear = clear_capabilities };

static int read_console_size(const struct place *place, const struct json *value, const struct field *field,
			     void *target, struct err *err)
{
	static const struct field fields[] = {
		{ "height", &kind_u16, offsetof(struct spec_process, console_height),
		  .flags = FIELD_REQUIRED },
		{ "width", &kind_u16, offsetof(struct spec_process, console_width), .flags = FIELD_REQUIRED },
		{ NULL },
	};
	struct spec_process *process = target;

	(void) field;
	/* "Runtimes MUST ignore consoleSize if terminal is false": a wrong one too. terminal is an earlier row. */
	if (!process->terminal)
		return 0;
	if (json_kind(value) != JSON_OBJECT)
		return place_wrong_kind(place, value, "an object", err);
	process->has_console_size = true;
	return fields_read(place, value, fields, process, err);
}
static const struct kind kind_console_size = { .read = read_console_size };

const struct field spec_process_fields[] = {
	{ "terminal", &kind_bool, offsetof(struct spec_process, terminal) },
	{ "consoleSize", &kind_console_size },
	{ "cwd", &kind_string, offsetof(struct spec_process, cwd), .flags = FIELD_REQUIRED | FIELD_ABSOLUTE },
	{ "env", &kind_strings, offsetof(struct spec_process, env) },
	{ "args", &kind_strings, offsetof(struct spec_process, args), .flags = FIELD_REQUIRED | FIELD_SOME },
	{ "user", &kind_object, .fields = user_fields },
	{ "capabilities", &kind_capabilities, offsetof(struct spec_process, unknown_capabilities),
	  .has = offsetof(struct spec_process, has_capabilities) },
	{ "rlimits", &kind_list, offsetof(struct spec_process, rlimits), .fields = rlimit_fields,
	  .size = sizeof(struct spec_rlimit), .count = offsetof(struct spec_process, rlimit_count),
	  .check_item = check_rlimit },
	{ "noNewPrivileges", &kind_bool, offsetof(struct spec_process, no_new_privileges) },
	{ "oomScoreAdj", &kind_int, offsetof(struct spec_process, oom_score_adj), .min = -1000, .max = 1000,
	  .has = offsetof(struct spec_process, has_oom_score_adj) },
	{ "apparmorProfile", &kind_string, offsetof(struct spec_process, apparmor_profile) },
	{ "selinuxLabel", &kind_string, offsetof(struct spec_process, selinux_label) },
	{ "scheduler", &kind_object, offsetof(struct spec_process, scheduler), .fields = scheduler_fields,
	  .has = offsetof(struct spec_process, scheduler.present) },
	{ "ioPriority", &kind_object, .fields = io_priority_fields,
	  .has = offsetof(struct spec_process, has_io_priority) },
	{ "execCPUAffinity", &kind_object, .fields = affinity_fields },
	{ NULL },
};

int spec_process_check(const struct place *place, void *pointer, struct err *err)
{
	const struct spec_process *process = pointer;
	const struct place rlimits = { .up = place, .name = "rlimits" };

	for (size_t i = 0; i < process->rlimit_count; i++)
		for (size_t j = 0; j < i; j++)
			if (process->rlimits[i].resource == process->rlimits[j].resource) {
				const struct place here = { .up = &rlimits, .index = i };

				return place_fail(&here, err, "%s is there twice",
						  name_of_rlimit(process->rlimits[i].resource));
			}
	return 0;
}

int spec_parse_process(const struct json *process, const char *field, struct spec_process *ret,
		       struct err *err)
{
	const struct place place = { .name = field };
	struct spec_process result = { .present = true };
	int r;

	if (json_kind(process) != JSON_OBJECT)
		return place_wrong_kind(&place, process, "an object", err);
	r = fields_read(&place, process, spec_process_fields, &result, err);
	if (r == 0)
		r = spec_process_check(&place, &result, err);
	if (r < 0) {
		spec_process_clear(&result);
		return r;
	}
	*ret = result;
	return 0;
}

void spec_process_clear(struct spec_process *process)
{
	fields_clear(spec_process_fields, process);
	memset(process, 0, sizeof(*process));
}
