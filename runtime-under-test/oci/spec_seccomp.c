/* linux.seccomp: the words libseccomp has, and the rules config-linux.md#seccomp puts on top of them. */
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/spec_fields.h"
#include "runtime-under-test/oci/spec_tables.h"

/* The largest errno the kernel hands on is MAX_ERRNO; a tracer gets the 16 bits of SECCOMP_RET_DATA. */
#define ERRNO_MAX 4095
#define TRACE_MAX 0xffff

const struct word spec_seccomp_actions[] = {
	{ "SCMP_ACT_KILL", 0 },          { "SCMP_ACT_KILL_PROCESS", 0 },
	{ "SCMP_ACT_KILL_THREAD", 0 },   { "SCMP_ACT_TRAP", 0 },
	{ "SCMP_ACT_ERRNO", ERRNO_MAX }, { "SCMP_ACT_TRACE", TRACE_MAX },
	{ "SCMP_ACT_ALLOW", 0 },         { "SCMP_ACT_LOG", 0 },
	{ "SCMP_ACT_NOTIFY", 0 },        { NULL, 0 },
};

const struct word spec_seccomp_operators[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	{ NULL, 0 },
};

/* Older libseccomp has fewer: a name it cannot resolve is refused here rather than left without a filter. */
const struct word spec_seccomp_archs[] = {
	{ "SCMP_ARCH_X86", 0 },         { "SCMP_ARCH_X86_64", 0 },
	{ "SCMP_ARCH_X32", 0 },         { "SCMP_ARCH_ARM", 0 },
	{ "SCMP_ARCH_AARCH64", 0 },
#ifdef SCMP_ARCH_LOONGARCH64
	{ "SCMP_ARCH_LOONGARCH64", 0 },
#endif
#ifdef SCMP_ARCH_M68K
	{ "SCMP_ARCH_M68K", 0 },
#endif
	{ "SCMP_ARCH_MIPS", 0 },        { "SCMP_ARCH_MIPS64", 0 },
	{ "SCMP_ARCH_MIPS64N32", 0 },   { "SCMP_ARCH_MIPSEL", 0 },
	{ "SCMP_ARCH_MIPSEL64", 0 },    { "SCMP_ARCH_MIPSEL64N32", 0 },
	{ "SCMP_ARCH_PPC", 0 },         { "SCMP_ARCH_PPC64", 0 },
	{ "SCMP_ARCH_PPC64LE", 0 },     { "SCMP_ARCH_S390", 0 },
	{ "SCMP_ARCH_S390X", 0 },
#ifdef SCMP_ARCH_SH
	{ "SCMP_ARCH_SH", 0 },          { "SCMP_ARCH_SHEB", 0 },
#endif
	{ "SCMP_ARCH_PARISC", 0 },      { "SCMP_ARCH_PARISC64", 0 },
	{ "SCMP_ARCH_RISCV64", 0 },     { NULL, 0 },
};

const struct word spec_seccomp_flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 },
	{ "SECCOMP_FILTER_FLAG_LOG", 0 },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 0 },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0 },
	{ NULL, 0 },
};

static const struct field arg_fields[] = {
	{ "index", &kind_u32, offsetof(struct spec_seccomp_arg, index), .flags = FIELD_REQUIRED, .max = 5 },
	{ "value", &kind_u64, offsetof(struct spec_seccomp_arg, value), .flags = FIELD_REQUIRED },
	{ "valueTwo", &kind_u64, offsetof(struct spec_seccomp_arg, value_two) },
	{ "op", &kind_word, offsetof(struct spec_seccomp_arg, op), .flags = FIELD_REQUIRED,
	  .words = spec_seccomp_operators },
	{ NULL },
};

static const struct field rule_fields[] = {
	{ "names", &kind_strings, offsetof(struct spec_seccomp_rule, names),
	  .flags = FIELD_REQUIRED | FIELD_FILLED | FIELD_SOME },
	{ "action", &kind_string, offsetof(struct spec_seccomp_rule, action), .flags = FIELD_REQUIRED,
	  .words = spec_seccomp_actions },
	{ "errnoRet", &kind_unsigned, offsetof(struct spec_seccomp_rule, errno_ret) },
	{ "args", &kind_list, offsetof(struct spec_seccomp_rule, args), .fields = arg_fields,
	  .size = sizeof(struct spec_seccomp_arg), .count = offsetof(struct spec_seccomp_rule, arg_count) },
	{ NULL },
};

static int check_errno(const struct place *place, const char *name, const char *action,
		       const struct spec_unsigned *number, struct err *err)
{
	const struct place here = { .up = place, .name = name };
	const struct word *word = spec_seccomp_actions;

	if (!number->present)
		return 0;
	while (strcmp(word->name, action) != 0)
		word++;
	if (word->value == 0)
		return place_fail(&here, err, "%s has no errno", action);
	if (number->value > (uint64_t) word->value)
		return place_fail(&here, err, "%ju is above %jd", (uintmax_t) number->value,
				  (intmax_t) word->value);
	return 0;
}

static int check_rule(const struct place *place, void *item, struct err *err)
{
	const struct spec_seccomp_rule *rule = item;

	return check_errno(place, "errnoRet", rule->action, &rule->errno_ret, err);
}

const struct field spec_seccomp_fields[] = {
	{ "defaultAction", &kind_string, offsetof(struct spec_seccomp, default_action),
	  .flags = FIELD_REQUIRED, .words = spec_seccomp_actions },
	{ "defaultErrnoRet", &kind_unsigned, offsetof(struct spec_seccomp, default_errno_ret) },
	{ "architectures", &kind_strings, offsetof(struct spec_seccomp, architectures),
	  .words = spec_seccomp_archs },
	{ "flags", &kind_strings, offsetof(struct spec_seccomp, flags), .words = spec_seccomp_flags },
	{ "listenerPath", &kind_string, offsetof(struct spec_seccomp, listener_path) },
	{ "listenerMetadata", &kind_string, offsetof(struct spec_seccomp, listener_metadata) },
	{ "syscalls", &kind_list, offsetof(struct spec_seccomp, rules), .fields = rule_fields,
	  .size = sizeof(struct spec_seccomp_rule), .count = offsetof(struct spec_seccomp, rule_count),
	  .check_item = check_rule },
	{ NULL },
};

static bool notifies(const struct spec_seccomp *seccomp)
{
	static const char notify[] = "SCMP_ACT_NOTIFY";

	for (size_t i = 0; i < seccomp->rule_count; i++)
		if (strcmp(seccomp->rules[i].action, notify) == 0)
			return true;
	return strcmp(seccomp->default_action, notify) == 0;
}

int spec_seccomp_check(const struct place *place, void *pointer, struct err *err)
{
	const struct spec_seccomp *seccomp = pointer;
	const struct place path = { .up = place, .name = "listenerPath" };
	const struct place metadata = { .up = place, .name = "listenerMetadata" };
	bool listens = notifies(seccomp);

	if (seccomp->listener_metadata && !seccomp->listener_path)
		return place_fail(&metadata, err, "needs a listenerPath");
	if (listens && !seccomp->listener_path)
		return place_fail(&path, err, "missing, SCMP_ACT_NOTIFY needs it");
	/* Without SCMP_ACT_NOTIFY "this value is ignored", whatever it is. */
	if (listens && seccomp->listener_path[0] != '/')
		return place_fail(&path, err, "must be an absolute path, is \"%s\"", seccomp->listener_path);
	return check_errno(place, "defaultErrnoRet", seccomp->default_action, &seccomp->default_errno_ret,
			   err);
}
